//! Why plugins can't be made what a file says.

use std::{io, path::PathBuf};

use semver::{Version, VersionReq};

use crate::{
    cli::check::CheckError,
    plugin::{
        PluginId,
        dependencies::{DependencyError, Unresolved},
    },
};

/// Why plugins can't be made what a file says.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum SyncError {
    /// A file can't be read or written.
    #[error("cannot {what} {}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file does not say what it should.
    #[error("{}: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
    /// A file in the directory of bundles is none.
    #[error("{} in the directory of bundles can't be used", path.display())]
    Bundle {
        /// The file.
        path: PathBuf,
        /// Why.
        source: CheckError,
    },
    /// Two bundles claim to be the same.
    #[error("{id} {version} is in {} and, with other bytes, in {}; remove one of them", one.display(), other.display())]
    Twice {
        /// The plugin.
        id: PluginId,
        /// The version of both.
        version: Version,
        /// One file.
        one: PathBuf,
        /// The other.
        other: PathBuf,
    },
    /// Something answers that is no list of plugins.
    #[error("the server's answer about plugin {id} is not understood; it may be of another version than this program")]
    Answer {
        /// The plugin.
        id: String,
    },
    /// The wishes contradict each other.
    #[error("{contradiction}{}", off_note(off))]
    Unresolved {
        /// What does not fit together.
        contradiction: Unresolved,
        /// What is not at hand because the file wants it disabled.
        off: Vec<PluginId>,
    },
    /// There is no such version.
    #[error("plugins.toml asks for {id} {range}, and {}", at_hand(id, there))]
    NoVersion {
        /// The plugin.
        id: PluginId,
        /// What is asked for.
        range: VersionReq,
        /// What there is.
        there: Vec<Version>,
    },
    /// A plugin that must be switched off meanwhile can't be.
    #[error("a step in between is not possible")]
    Between(#[from] DependencyError),
    /// A plugin that must be switched off, meanwhile or for good, has to stay.
    #[error("plugin {id} would be disabled{}, but it is required (setting plugins.required)", if *meanwhile { " meanwhile" } else { "" })]
    Required {
        /// The plugin.
        id: PluginId,
        /// Whether it would serve again at the end.
        meanwhile: bool,
    },
    /// The plugin has no such setting.
    #[error("plugin {id} has no setting {key}; it has {}", if known.is_empty() { "none".to_owned() } else { known.join(", ") })]
    NoSetting {
        /// The plugin.
        id: PluginId,
        /// The key.
        key: String,
        /// Its settings.
        known: Vec<String>,
    },
    /// The server's configuration says something else than the file.
    #[error(
        "setting {key} of plugin {id} is held at {held} by the server's configuration; write that in plugins.toml, or take the setting out of one of them"
    )]
    Held {
        /// The plugin.
        id: PluginId,
        /// The key.
        key: String,
        /// What holds.
        held: serde_json::Value,
    },
    /// A secret stands in the file.
    #[error("setting {key} of plugin {id} is a secret, which does not belong in plugins.toml; set it on the server")]
    Secret {
        /// The plugin.
        id: PluginId,
        /// The key.
        key: String,
    },
    /// `--locked` without a lock.
    #[error("{} is missing; `plugin sync --apply` without --locked writes it", path.display())]
    NoLock {
        /// Where it should be.
        path: PathBuf,
    },
    /// The lock does not say what the file says.
    #[error("plugins.lock does not fit: {reason}; `plugin sync --apply` without --locked renews it")]
    Locked {
        /// What does not fit.
        reason: String,
    },
    /// What was planned with is not there any more.
    #[error("plugin {id} has no bundle to take the step with")]
    Vanished {
        /// The plugin.
        id: PluginId,
    },
}

impl SyncError {
    /// Whether it is the lock that refuses.
    #[must_use]
    pub(in crate::cli) fn is_of_lock(&self) -> bool {
        matches!(self, Self::NoLock { .. } | Self::Locked { .. })
    }
}

fn off_note(off: &[PluginId]) -> String {
    off.iter().map(|id| format!("; plugins.toml wants {id} disabled")).collect()
}

fn at_hand(id: &PluginId, there: &[Version]) -> String {
    if there.is_empty() {
        return format!("{id} is not at hand");
    }
    let there: Vec<String> = there.iter().map(ToString::to_string).collect();
    format!("{id} is at hand in {}", there.join(", "))
}
