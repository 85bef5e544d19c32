//! What is told to those who watch.

use super::id::PluginId;
use super::operation::{Operation, Step};
use semver::Version;
use serde::Serialize;

/// A change of one plugin's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PluginEvent {
    /// The plugin.
    pub id: PluginId,
    /// The version it is about.
    pub version: Version,
    /// What became of it.
    pub state: EventState,
    /// The step of an operation that begins, where that is what is told.
    pub step: Option<(Operation, Step)>,
    /// Why, where it failed.
    pub reason: Option<String>,
    /// When, in Unix milliseconds.
    pub at: i64,
}

/// What can become of a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventState {
    /// A step of an operation begins.
    Working,
    /// It is installed and does nothing.
    Installed,
    /// A generation is being started.
    Starting,
    /// It serves.
    Enabled,
    /// It no longer serves.
    Disabled,
    /// A generation waits for its last calls.
    Draining,
    /// That generation has ended.
    Stopped,
    /// Another version is installed.
    Upgraded,
    /// The version before is installed again.
    RolledBack,
    /// What was asked for did not happen.
    Failed,
    /// It was taken out by the host.
    Quarantined,
    /// It serves, and a plugin that it depends on does not any more.
    Degraded,
    /// A plugin that it depends on serves again.
    Restored,
    /// The version that an upgrade has put there did not prove itself; the one before comes back.
    ProbationFailed,
    /// It has the tables of a snapshot.
    TablesRestored,
    /// It is gone.
    Uninstalled,
    /// Its settings were changed.
    Configured,
}

impl EventState {
    /// What the API calls it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Installed => "installed",
            Self::Starting => "starting",
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Draining => "draining",
            Self::Stopped => "stopped",
            Self::Upgraded => "upgraded",
            Self::RolledBack => "rolled_back",
            Self::Failed => "failed",
            Self::Quarantined => "quarantined",
            Self::Degraded => "degraded",
            Self::Restored => "restored",
            Self::TablesRestored => "tables_restored",
            Self::ProbationFailed => "probation_failed",
            Self::Uninstalled => "uninstalled",
            Self::Configured => "configured",
        }
    }
}
