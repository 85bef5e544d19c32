//! What the host does about a plugin that misbehaves: it counts, takes out, and returns to the version before.
//!
//! Owns what is known of a plugin's conduct. A generation's conduct is with its [`Watch`], which raises an
//! [`Alarm`]; what the supervisor made of it is the plugin's [`Guard`], which is kept in its row.
//! Nothing here starts or stops a plugin.

mod marker;
mod probation;
mod quarantine;
mod redact;
mod watch;

pub(super) use marker::StartMarker;
pub use probation::{LastRollback, Probation};
pub use quarantine::{Quarantine, QuarantineCause};
pub(super) use watch::{ALARMS_MAX, Alarm, Trouble};
pub use watch::{GuardRules, Strike, Watch};

use super::id::PluginId;
use super::table::Plugins;

/// What the host holds against a plugin, and what it has done about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guard {
    /// Why it was taken out, while it is.
    pub quarantine: Option<Quarantine>,
    /// The upgrade whose version has yet to prove itself.
    pub probation: Option<Probation>,
    /// The last time that the host returned to the version before.
    pub last_rollback: Option<LastRollback>,
}

/// Those of its dependencies that should serve and do not.
#[must_use]
pub fn degraded_by(id: &PluginId, plugins: &Plugins) -> Vec<PluginId> {
    let Some(status) = plugins.get(id).filter(|status| status.active.is_some()) else { return Vec::new() };
    let rests = |id: &&PluginId| plugins.get(*id).is_none_or(|needed| needed.active.is_none());
    status.release.manifest.needed().filter(rests).cloned().collect()
}

/// The plugins that serve and depend on `id`.
pub(super) fn dependents(id: &PluginId, plugins: &Plugins) -> Vec<PluginId> {
    let leans = |(_, status): &(&PluginId, &std::sync::Arc<super::PluginStatus>)| {
        status.active.is_some() && status.release.manifest.needed().any(|needed| needed == id)
    };
    plugins.iter().filter(leans).map(|(id, _)| id.clone()).collect()
}
