#![cfg_attr(not(feature = "poem"), doc = "What a Backplane plugin is written against; handlers are in [`raw`].")]
#![cfg_attr(feature = "poem", doc = include_str!("tutorial/begin.md"))]
#![cfg_attr(feature = "poem", doc = "```standalone_crate")]
#![cfg_attr(
    feature = "poem",
    doc = "# macro_rules! migrations { () => { plugin_api::migrations!(\"$CARGO_MANIFEST_DIR/src/tutorial/migrations\") } }"
)]
#![cfg_attr(feature = "poem", doc = include_str!("tutorial/guestbook.rs"))]
#![cfg_attr(feature = "poem", doc = "# fn main() {}\n```\n")]
#![cfg_attr(feature = "poem", doc = include_str!("tutorial/end.md"))]

pub mod abi;
#[cfg(feature = "poem")]
mod adaptor;
mod context;
mod contributions;
mod data_model;
pub mod db;
pub mod descriptor;
#[cfg(feature = "poem")]
mod envelope;
#[cfg(feature = "poem")]
mod error;
pub mod events;
#[cfg(feature = "poem")]
mod fault;
pub mod files;
pub mod http;
mod id;
pub mod jobs;
mod menu;
#[doc(hidden)]
pub mod migrations;
#[cfg(feature = "poem")]
mod page;
pub mod peer;
mod permitted;
mod plugin;
pub mod prelude;
pub mod raw;
mod report;
mod request_info;
#[cfg(feature = "openapi")]
pub mod schema;
pub mod services;
mod settings;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(feature = "testing")]
pub mod testing;

pub use context::PluginContext;
pub use contributions::{ContributionError, Contributions};
#[cfg(feature = "poem")]
pub use envelope::Envelope;
#[cfg(feature = "poem")]
pub use error::ApiError;
pub use id::{ID_FORMAT, Id, IdForm};
#[cfg(feature = "poem")]
pub use page::{Page, PageLinks, PageQuery};
pub use permitted::Permitted;
pub use plugin::{Plugin, PluginError};
#[cfg(feature = "poem")]
pub use poem;
#[cfg(feature = "poem")]
pub use poem_openapi;
pub use request_info::RequestInfo;
pub use schemars;
pub use settings::{Secret, Settings};
