//! What is known of an installed plugin at one moment.

use super::active::ActivePlugin;
use super::guard::{Guard, Quarantine};
use super::id::PluginId;
use super::log::{LogLimits, PluginLog};
use super::release::Release;
use super::stats::PluginStats;
use super::versions;
use crate::store::Sha256;
use semver::Version;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the administrator wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Desired {
    /// It should serve.
    Enabled,
    /// It should be installed and do nothing.
    Disabled,
}

/// What is true in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observed {
    /// Installed, not loaded.
    Disabled,
    /// It serves.
    Enabled,
    /// It should serve and can't; the reason says why.
    Failed,
    /// It should serve and was taken out by the host; the reason says why.
    Quarantined,
}

/// An installed plugin.
#[derive(Debug, Clone)]
pub struct PluginStatus {
    /// The version that is installed.
    pub release: Arc<Release>,
    /// The version that a rollback returns to.
    pub previous: Option<Version>,
    /// All versions whose bundles are kept, oldest first.
    pub versions: Vec<KnownVersion>,
    /// What the administrator wants.
    pub desired: Desired,
    /// What is true.
    pub observed: Observed,
    /// Why it is not what the administrator wants.
    pub reason: Option<String>,
    /// The generation that serves.
    pub active: Option<Arc<ActivePlugin>>,
    /// What its calls came to.
    pub stats: Arc<PluginStats>,
    /// What was said by it and about it.
    pub log: Arc<PluginLog>,
    /// What the host holds against it.
    pub guard: Guard,
}

/// A version whose bundle is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KnownVersion {
    /// The version.
    pub version: Version,
    /// The hash of its bundle.
    pub sha256: Sha256,
    /// The hash of its library.
    pub library_sha256: Sha256,
    /// When it came, in Unix milliseconds.
    pub installed_at_ms: i64,
}

impl Desired {
    /// The word in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
        }
    }
}

impl Observed {
    /// The word in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Failed => "failed",
            Self::Quarantined => "quarantined",
        }
    }
}

impl PluginStatus {
    /// A plugin that is installed and does nothing, of whose log so much is kept.
    #[must_use]
    pub fn disabled(release: Arc<Release>, log: LogLimits) -> Self {
        let versions = vec![KnownVersion::of(&release)];
        let log = Arc::new(PluginLog::new(release.id().clone(), log));
        Self {
            release,
            previous: None,
            versions,
            desired: Desired::Disabled,
            observed: Observed::Disabled,
            reason: None,
            active: None,
            stats: Arc::default(),
            log,
            guard: Guard::default(),
        }
    }

    /// The plugin.
    #[must_use]
    pub fn id(&self) -> &PluginId {
        self.release.id()
    }

    /// The installed version.
    #[must_use]
    pub fn version(&self) -> &Version {
        self.release.version()
    }

    /// The same plugin, served by `active`.
    #[must_use]
    pub fn serving(&self, active: Arc<ActivePlugin>) -> Self {
        Self {
            desired: Desired::Enabled,
            observed: Observed::Enabled,
            reason: None,
            active: Some(active),
            ..self.released()
        }
    }

    /// The same plugin, switched off.
    #[must_use]
    pub fn switched_off(&self) -> Self {
        Self { desired: Desired::Disabled, observed: Observed::Disabled, reason: None, active: None, ..self.released() }
    }

    /// The same plugin, not served because of `reason`. Whoever asked for it has released it.
    #[must_use]
    pub fn failed(&self, reason: String) -> Self {
        Self { observed: Observed::Failed, reason: Some(reason), active: None, ..self.released() }
    }

    /// The same plugin, taken out by the host; what the administrator wants stays.
    #[must_use]
    pub fn quarantined(&self, quarantine: Quarantine) -> Self {
        let reason = Some(quarantine.reason());
        let guard = Guard { quarantine: Some(quarantine), ..self.guard.clone() };
        Self { observed: Observed::Quarantined, reason, active: None, guard, ..self.clone() }
    }

    /// The same plugin with nothing that keeps it from serving.
    #[must_use]
    pub fn released(&self) -> Self {
        Self { guard: Guard { quarantine: None, ..self.guard.clone() }, ..self.clone() }
    }

    /// The same plugin, not even tried because of `reason`.
    #[must_use]
    pub fn held_back(&self, reason: &str) -> Self {
        Self { observed: Observed::Disabled, reason: Some(reason.to_owned()), active: None, ..self.clone() }
    }

    /// Whether it should serve and was not even tried.
    #[must_use]
    pub fn is_held_back(&self) -> bool {
        (self.desired, self.observed) == (Desired::Enabled, Observed::Disabled) && self.reason.is_some()
    }

    /// The same plugin with another version installed, of the others at most `kept` beside it.
    #[must_use]
    pub fn upgraded(&self, release: Arc<Release>, kept: usize) -> Self {
        let guard = self.guard.upgraded(self.version(), release.version(), release.installed_at_ms);
        let versions = versions::after_upgrade(&self.versions, self.version(), KnownVersion::of(&release), kept);
        Self { release, previous: Some(self.version().clone()), versions, guard, ..self.clone() }
    }

    /// The same plugin with a kept version installed again; the others stay known.
    #[must_use]
    pub fn rolled_back(&self, release: Arc<Release>) -> Self {
        let previous = versions::before(&self.versions, release.version());
        let guard = Guard { probation: None, ..self.guard.clone() };
        Self { release, previous, guard, ..self.clone() }
    }
}

impl KnownVersion {
    /// What is kept of a release.
    #[must_use]
    pub fn of(release: &Release) -> Self {
        Self {
            version: release.version().clone(),
            sha256: release.bundle,
            library_sha256: release.library,
            installed_at_ms: release.installed_at_ms,
        }
    }
}
