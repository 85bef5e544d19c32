//! The life of plugins: what they declare, which are installed, and what is served at this moment.
//!
//! One task, the supervisor, changes state; everybody else sends it a command or reads the
//! published route table. This room knows neither poem nor dlopen.
//!
//! Invariants: what the table lists is what it serves; rows are committed right before the table
//! is published, and everything before that is undone when a step fails.

mod active;
mod conflict;
mod contribution;
mod core_surface;
pub mod id;
pub mod manifest;
mod openapi;
mod release;
mod stats;
mod status;
mod table;

pub use active::{ActivePlugin, Permit};
pub use conflict::{Conflict, Owner};
pub use contribution::{CheckedRoute, Contribution, ContributionError};
pub use core_surface::CoreSurface;
pub use id::{ParseIdError, PluginId};
pub use manifest::{Limits, Manifest, ManifestError};
pub use release::Release;
pub use stats::{Counts, Outcome, PluginStats};
pub use status::{Desired, KnownVersion, Observed, PluginStatus};
pub use table::{Lookup, Matched, PathParams, Pattern, PatternError, Plugins, Published, RouteTable, Target};
