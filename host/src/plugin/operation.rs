//! What can be done with a plugin, as lists of steps.
//!
//! An operation runs its steps in order. Up to the step that settles it, a fault takes the earlier ones
//! back; from there on it can only be finished. The journal says in the database how far it has
//! come, so that a start after a crash does the same.

pub mod boundary;
pub(super) mod journal;
pub mod record;

use serde::{Deserialize, Serialize};
use std::fmt;

/// A step. What it does and how it is taken back stands in `supervisor/steps.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Bundle and library come into the store.
    Keep,
    /// The library is opened.
    Load,
    /// The installed version stops serving.
    SwitchOff,
    /// Its last calls end, here and in every other process.
    Drain,
    /// The plugin's tables are copied.
    Snapshot,
    /// The schema is brought up to date.
    Migrate,
    /// The schema is taken back to what the version brings, which was tried on a copy before.
    Revert,
    /// The tables become what a snapshot has.
    Restore,
    /// The new generation starts; nobody can reach it yet.
    Start,
    /// The plugin's tables go.
    Purge,
    /// The rows say what is wanted now.
    Commit,
    /// The route table is swapped.
    Publish,
    /// The old generation is drained and stopped.
    Retire,
}

/// An operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// A plugin is installed and serves.
    Install,
    /// A plugin is installed and waits.
    InstallWaiting,
    /// An installed plugin serves.
    Enable,
    /// It no longer serves.
    Disable,
    /// Another version serves in the place of the installed one.
    Upgrade,
    /// The same, but the installed version stops before the schema changes, since it could not go on.
    UpgradeDrained,
    /// Another version is installed in the place of one that does not serve.
    UpgradeWaiting,
    /// The version before serves again.
    Rollback,
    /// The same with the schema of that time: what the newer version has stored in columns of its own goes.
    RollbackReverting,
    /// The version before is installed again, in the place of one that does not serve.
    RollbackWaiting,
    /// A plugin goes, its data stays.
    Uninstall,
    /// A plugin goes with its data.
    Purge,
    /// A plugin that serves gets the tables of a snapshot.
    Restore,
    /// The same of one that does not serve.
    RestoreWaiting,
    /// The host takes a plugin out.
    Quarantine,
}

impl Operation {
    /// All there are.
    pub const ALL: [Self; 15] = [
        Self::Install,
        Self::InstallWaiting,
        Self::Enable,
        Self::Disable,
        Self::Upgrade,
        Self::UpgradeDrained,
        Self::UpgradeWaiting,
        Self::Rollback,
        Self::RollbackReverting,
        Self::RollbackWaiting,
        Self::Uninstall,
        Self::Purge,
        Self::Restore,
        Self::RestoreWaiting,
        Self::Quarantine,
    ];

    /// Its steps, in order.
    #[must_use]
    pub fn steps(self) -> &'static [Step] {
        use Step::{
            Commit, Drain, Keep, Load, Migrate, Publish, Purge, Restore, Retire, Revert, Snapshot, Start, SwitchOff,
        };
        match self {
            Self::Install => &[Keep, Load, Migrate, Start, Commit, Publish],
            Self::InstallWaiting => &[Keep, Commit, Publish],
            Self::Enable => &[Load, Migrate, Start, Commit, Publish],
            Self::Disable | Self::Uninstall | Self::Quarantine => &[Commit, Publish, Retire],
            Self::Upgrade => &[Keep, Load, Snapshot, Migrate, Start, Commit, Publish, Retire],
            Self::UpgradeDrained => &[Keep, Load, SwitchOff, Drain, Snapshot, Migrate, Start, Commit, Publish],
            Self::UpgradeWaiting => &[Keep, Commit, Publish],
            Self::Rollback => &[Load, Migrate, Start, Commit, Publish, Retire],
            Self::RollbackReverting => &[Load, SwitchOff, Drain, Snapshot, Revert, Start, Commit, Publish],
            Self::RollbackWaiting => &[Commit, Publish],
            Self::Purge => &[SwitchOff, Drain, Snapshot, Purge, Commit, Publish],
            Self::Restore => &[Load, SwitchOff, Drain, Snapshot, Restore, Migrate, Start, Commit, Publish],
            Self::RestoreWaiting => &[Snapshot, Restore, Commit, Publish],
        }
    }

    /// The step after which it can only be finished.
    #[must_use]
    pub fn settling(self) -> Step {
        match self {
            Self::Purge => Step::Purge,
            _ => Step::Commit,
        }
    }

    /// What the API and the journal call it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Install | Self::InstallWaiting => "install",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Upgrade | Self::UpgradeDrained | Self::UpgradeWaiting => "upgrade",
            Self::Rollback | Self::RollbackReverting | Self::RollbackWaiting => "rollback",
            Self::Uninstall => "uninstall",
            Self::Purge => "purge",
            Self::Restore | Self::RestoreWaiting => "restore",
            Self::Quarantine => "quarantine",
        }
    }
}

impl Step {
    /// What the API and the journal call it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Load => "load",
            Self::SwitchOff => "switch_off",
            Self::Drain => "drain",
            Self::Snapshot => "snapshot",
            Self::Migrate => "migrate",
            Self::Revert => "revert",
            Self::Restore => "restore",
            Self::Start => "start",
            Self::Purge => "purge",
            Self::Commit => "commit",
            Self::Publish => "publish",
            Self::Retire => "retire",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{Operation, Step};

    #[test]
    fn each_operation_settles_and_publishes_once() {
        for operation in Operation::ALL {
            let steps = operation.steps();
            let times = |wanted: Step| steps.iter().filter(|step| **step == wanted).count();
            let place = |wanted: Step| steps.iter().position(|step| *step == wanted);
            assert_eq!((times(operation.settling()), times(Step::Commit), times(Step::Publish)), (1, 1, 1));
            assert!(place(operation.settling()) <= place(Step::Commit), "{operation}");
            assert_eq!(place(Step::Publish), place(Step::Commit).map(|commit| commit + 1), "{operation}");
        }
    }
}
