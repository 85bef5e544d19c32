//! The life of plugins: what they declare, which are installed, and what is served at this moment.
//!
//! One task, the supervisor, changes state; everybody else sends it a command or reads the
//! published route table. This room knows neither poem nor dlopen.
//!
//! Invariants: what the table lists is what it serves; rows are committed right before the table
//! is published, and everything before that is undone when a step fails.

pub mod id;
pub mod manifest;

pub use id::{ParseIdError, PluginId};
pub use manifest::{Limits, Manifest, ManifestError};
