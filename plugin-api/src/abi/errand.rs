//! What a plugin is given to do beside requests, lent for the time of one call.

use abi_stable::StableAbi;
use abi_stable::std_types::RStr;

/// An event for one of the plugin's handlers.
#[repr(C)]
#[derive(StableAbi, Clone, Copy)]
pub struct FfiEvent<'a> {
    /// The same whenever the plugin is given it.
    pub id: i64,
    /// The plugin that published it, or `core`.
    pub source: RStr<'a>,
    /// Without the source.
    pub name: RStr<'a>,
    /// JSON.
    pub data: RStr<'a>,
    /// Unix milliseconds.
    pub published_ms: i64,
    /// From 1.
    pub attempt: u32,
}

/// A call of one of the plugin's services.
#[repr(C)]
#[derive(StableAbi, Clone, Copy)]
pub struct FfiServiceCall<'a> {
    /// The plugin that calls.
    pub caller: RStr<'a>,
    /// JSON.
    pub input: RStr<'a>,
}
