//! The stable ABI between the host and a plugin.
//!
//! Both sides compile this module, each with its own compiler. What crosses is `repr(C)` or a
//! primitive-tagged enum, checked by `abi_stable`'s layout comparison when a library is opened.
//! The rules that every type here keeps:
//!
//! * What one side allocates, that side frees: owned values carry the function that releases them.
//! * No panic crosses: every exported function runs inside [`guard`], and so does every drop.
//! * Nothing of a plugin outlives its image: what the host keeps (bytes, streams, wakers) holds a
//!   [`Hold`] until plugin code has returned for the last time.
//! * Structures are never changed. [`PluginModule`] and [`HostApi`] may grow at their end.
//!
//! This is one of the two places of the project where `unsafe` is allowed.

#![allow(unsafe_code, reason = "the ABI is raw pointers by nature; each block argues its own case")]

mod bytes;
mod errand;
pub mod export;
mod guard;
mod host;
mod layout;
mod module;
mod request;
mod response;
mod task;
mod waker;

pub use abi_stable;
pub use bytes::FfiBytes;
pub use errand::{FfiEvent, FfiServiceCall};
pub use guard::{Panicked, guard};
pub use host::{FfiDbError, FfiHost, FfiServiceError, HostApi, HostApiRef};
pub use layout::check_layout;
pub use module::{FfiInstance, PluginModule, PluginModuleRef};
pub use request::{FfiCaller, FfiHead, FfiHeader, FfiParam};
pub use response::{ContentType, FfiBody, FfiCall, FfiResponse};
pub use task::{FfiChunk, FfiFuture, FfiPoll, FfiStream, Hold};
pub use waker::{FfiWaker, FfiWakerRef};

use abi_stable::StableAbi;

/// Opens every plugin library; anything else is not one.
pub const MAGIC: [u8; 16] = *b"plugin-abi-tag-\0";
/// Raised when a structure changes. A host loads its own major version only.
pub const MAJOR: u32 = 1;
/// Raised when a function is appended. A host loads plugins up to its own minor version.
pub const MINOR: u32 = 4;
/// The symbol under which a library exports its [`AbiTag`].
pub const TAG_SYMBOL: &str = "PLUGIN_ABI_TAG";
/// The symbol under which it exports `abi_stable`'s header of its [`PluginModule`].
pub const MODULE_SYMBOL: &str = "PLUGIN_MODULE";

/// The first thing that the host reads: plain numbers whose layout will never change.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, StableAbi)]
pub struct AbiTag {
    /// [`MAGIC`].
    pub magic: [u8; 16],
    /// [`MAJOR`] of the `plugin-api` that the plugin was built with.
    pub major: u32,
    /// [`MINOR`] of the same.
    pub minor: u32,
    /// 1 if the plugin unwinds on panic; a plugin that aborts would end the server.
    pub unwinds: u32,
    /// 0, for later.
    pub reserved: u32,
}

impl AbiTag {
    /// The tag of a plugin built with this crate.
    pub const CURRENT: AbiTag =
        AbiTag { magic: MAGIC, major: MAJOR, minor: MINOR, unwinds: cfg!(panic = "unwind") as u32, reserved: 0 };
}
