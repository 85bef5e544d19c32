//! Why an operation did not happen. Nothing is changed then, unless the variant says so.

use super::conflict::Conflict;
use super::contribution::ContributionError;
use super::dependencies::DependencyError;
use super::id::{ParseIdError, PluginId};
use super::manifest::{Capability, ManifestError};
use super::operation::Step;
use super::pages::PageError;
use super::rows::RowError;
use super::settings::{SettingError, SettingFault};
use crate::db::migrate::{Contraction, Fault, MigrateError};
use crate::db::snapshot::{SnapshotError, Unproven};
use crate::loader::preflight::PreflightError;
use crate::loader::{ConfigureError, LoadError, StartError};
use crate::store::{BundleError, Sha256, StagingError, StoreError};
use plugin_api::db::DbError;
use semver::Version;

/// Why an operation did not happen.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// The bundle did not arrive.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// It is no bundle for this host.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// Its manifest is wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// It is not made for this host's database.
    #[error("plugin {id} supports {}, this server runs on {database}", supported.join(" and "))]
    WrongDatabase {
        /// The plugin.
        id: PluginId,
        /// What it supports.
        supported: Vec<String>,
        /// What this host runs on.
        database: &'static str,
    },
    /// The library did not survive its first look, in a process of its own.
    #[error("the library of plugin {id} {version} can't be used")]
    Preflight {
        /// The plugin.
        id: PluginId,
        /// Its version.
        version: Version,
        /// What happened there.
        source: Box<PreflightError>,
    },
    /// Library and manifest disagree.
    #[error("the manifest says {what} {declared}, the library says {found}")]
    Disagree {
        /// About what.
        what: &'static str,
        /// What the manifest says.
        declared: String,
        /// What the library says.
        found: String,
    },
    /// The library contributes something that can't be accepted.
    #[error("plugin {id} {version} can't be accepted")]
    Contribution {
        /// The plugin.
        id: PluginId,
        /// Its version.
        version: Version,
        /// What is wrong.
        source: Box<ContributionError>,
    },
    /// Its pages can't be shown.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The text is no plugin id.
    #[error(transparent)]
    Id(#[from] ParseIdError),
    /// It is not installed.
    #[error("plugin {id} is not installed{}", nearest.as_ref().map_or_else(String::new, |nearest| format!(", did you mean {nearest}?")))]
    Unknown {
        /// What was asked for.
        id: String,
        /// The installed plugin with the most similar id.
        nearest: Option<PluginId>,
    },
    /// Exactly this bundle is installed.
    #[error("plugin {id} {version} is already installed")]
    AlreadyInstalled {
        /// The plugin.
        id: PluginId,
        /// Its version.
        version: Version,
    },
    /// That version is installed from another bundle.
    #[error(
        "plugin {id} {version} is already installed from other bytes: sha256 {installed} is installed, {offered} was offered; give the new build a new version"
    )]
    OtherBytes {
        /// The plugin.
        id: PluginId,
        /// The version of both.
        version: Version,
        /// The hash of the installed bundle.
        installed: Sha256,
        /// The hash of the other one.
        offered: Sha256,
    },
    /// Another version is installed.
    #[error("plugin {id} is already installed in version {installed}; to get {offered}, upgrade it")]
    OtherVersion {
        /// The plugin.
        id: PluginId,
        /// What is installed.
        installed: Version,
        /// What was offered.
        offered: Version,
    },
    /// The bundle is of another plugin than the one to be upgraded.
    #[error("the bundle is of plugin {found}, not of {asked}")]
    OtherPlugin {
        /// The plugin to be upgraded.
        asked: PluginId,
        /// The plugin in the bundle.
        found: PluginId,
    },
    /// There is no version to return to.
    #[error("plugin {id} {version} has no earlier version to return to")]
    NoPrevious {
        /// The plugin.
        id: PluginId,
        /// The installed version.
        version: Version,
    },
    /// That version is not among those that are kept.
    #[error("plugin {id} {version} is not kept, so it can't be returned to; {}", kept_ones(kept))]
    NotKept {
        /// The plugin.
        id: PluginId,
        /// What was asked for.
        version: Version,
        /// What could be had.
        kept: Vec<Version>,
    },
    /// There is nothing to release it from.
    #[error("plugin {id} is not in quarantine, so there is nothing to release it from")]
    NotQuarantined {
        /// The plugin.
        id: PluginId,
    },
    /// The server was started without plugins.
    #[error(
        "the server runs in safe mode, in which no plugin's code is loaded: to {what}, start it without --safe-mode and with plugins.safe_mode = false; disabling, uninstalling and releasing are possible now"
    )]
    SafeMode {
        /// What was asked for.
        what: &'static str,
    },
    /// It needs others, or others need it.
    #[error(transparent)]
    Dependency(#[from] DependencyError),
    /// The configuration keeps it.
    #[error("plugin {id} is required, so it can't be disabled or uninstalled; the setting plugins.required says so")]
    Required {
        /// The plugin.
        id: PluginId,
    },
    /// It claims what belongs to somebody else.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// Its library can't be loaded.
    #[error("plugin {id} {version} can't be loaded")]
    Load {
        /// The plugin.
        id: PluginId,
        /// Its version.
        version: Version,
        /// Why.
        source: Box<LoadError>,
    },
    /// It does not start.
    #[error("plugin {id} {version} can't be started")]
    Start {
        /// The plugin.
        id: PluginId,
        /// Its version.
        version: Version,
        /// Why.
        source: Box<StartError>,
    },
    /// Its schema can't be brought up to date, or taken away.
    #[error("the schema of plugin {id} {version} can't be changed")]
    Migrate {
        /// The plugin.
        id: PluginId,
        /// Its version.
        version: Version,
        /// Why.
        source: Box<MigrateError>,
    },
    /// There is no such plan, or not any more.
    #[error("there is no plan {id}: it was applied, withdrawn or has expired; make a new one")]
    NoPlan {
        /// What was asked for.
        id: String,
    },
    /// What a plan says is not what would be done now.
    #[error("the plan for plugin {id} is out of date, its {} changed; make a new one", listed_words(differences))]
    Outdated {
        /// The plugin.
        id: PluginId,
        /// The parts of the plan that are different now.
        differences: Vec<&'static str>,
    },
    /// A step broke off without an error of its own.
    #[error("the step {step} failed: {reason}")]
    Step {
        /// The step.
        step: Step,
        /// What is known.
        reason: String,
    },
    /// Its migrations do what no plugin's migrations may do.
    #[error("the migrations of plugin {id} {version} are refused: {}", crate::db::migrate::listed(faults))]
    Migrations {
        /// The plugin.
        id: PluginId,
        /// Its version.
        version: Version,
        /// What is wrong, at least one.
        faults: Vec<Fault>,
    },
    /// Its migrations take something from the version that serves.
    #[error(
        "plugin {id} {version} can't replace {serving} while that serves: {}; or disable the plugin before the upgrade, \
         or let the upgrade drain it first (drain=true)",
        crate::db::migrate::listed(contractions)
    )]
    Contracts {
        /// The plugin.
        id: PluginId,
        /// The version that was offered.
        version: Version,
        /// The version that serves.
        serving: Version,
        /// What would break it, at least one thing.
        contractions: Vec<Contraction>,
    },
    /// Its tables could not be copied or brought back.
    #[error("the tables of plugin {id} could not be copied, or not be brought back")]
    Snapshot {
        /// The plugin.
        id: PluginId,
        /// Why.
        source: Box<SnapshotError>,
    },
    /// Its tables can't be taken back to an older version's.
    #[error(
        "the tables of plugin {id} can't be taken back to those of {version}; roll back with the tables as they are"
    )]
    Unproven {
        /// The plugin.
        id: PluginId,
        /// The version that was asked for.
        version: Version,
        /// What happened on a copy.
        source: Box<Unproven>,
    },
    /// There is no such copy of its tables.
    #[error("plugin {id} has no snapshot {number}")]
    NoSnapshot {
        /// The plugin.
        id: PluginId,
        /// What was asked for.
        number: i64,
    },
    /// Another process is changing plugins, or the database can't say.
    #[error("another process is changing plugins; try again")]
    Turn(#[source] DbError),
    /// Another process has changed plugins although it was not its turn.
    #[error("another process has changed plugins at the same time; try again")]
    Overtaken,
    /// Its bundle is nowhere to be had.
    #[error("the bundle of plugin {id} {version} is neither in the store of this process nor in the database")]
    NoBundle {
        /// The plugin.
        id: PluginId,
        /// Its version.
        version: Version,
    },
    /// It asks for more than is granted.
    #[error(
        "plugin {id} {version} asks for more than is granted: {}; upgrade it with accept_capabilities=true to grant that",
        in_turn(added)
    )]
    CapabilitiesAdded {
        /// The plugin.
        id: PluginId,
        /// The version that asks.
        version: Version,
        /// For what.
        added: Vec<Capability>,
    },
    /// It contributes what it does not ask for.
    #[error(
        "plugin {id} {version} contributes {what}, and its plugin.toml does not ask for them: write {capability} = true in [capabilities]"
    )]
    Unasked {
        /// The plugin.
        id: PluginId,
        /// Its version.
        version: Version,
        /// What it contributes.
        what: &'static str,
        /// What it would have to ask for.
        capability: &'static str,
    },
    /// Each server keeps the copies that it takes.
    #[error(
        "the file of snapshot {number} of plugin {id} is not in this server's data directory: restore it on the server that took it, or bring {file} back"
    )]
    SnapshotElsewhere {
        /// The plugin.
        id: PluginId,
        /// The snapshot.
        number: i64,
        /// Its file, below the data directory.
        file: String,
    },
    /// It has no such job.
    #[error("plugin {id} {version} has no job {name:?}; {}", known_jobs(known))]
    NoJob {
        /// The plugin.
        id: PluginId,
        /// Its version.
        version: Version,
        /// What was asked for.
        name: String,
        /// Those that it has.
        known: Vec<String>,
    },
    /// The job runs, so it can't be started.
    #[error("job {name} of plugin {id} runs already; it can be started again when it has ended")]
    JobRuns {
        /// The plugin.
        id: PluginId,
        /// The job.
        name: String,
    },
    /// The plugin starts no jobs.
    #[error("plugin {id} runs no jobs now: it has to be enabled, and to be granted the capability jobs")]
    NoJobsNow {
        /// The plugin.
        id: PluginId,
    },
    /// A change of its settings is not one that it declares.
    #[error("the settings of plugin {id} can't be changed so: {}", in_words(faults))]
    Settings {
        /// The plugin.
        id: PluginId,
        /// What is wrong.
        faults: Vec<SettingFault>,
    },
    /// It runs, and does not take its settings.
    #[error("the settings of plugin {id} {version} are as before")]
    SettingsRefused {
        /// The plugin.
        id: PluginId,
        /// Its version.
        version: Version,
        /// Why.
        source: Box<ConfigureError>,
    },
    /// One of its settings has an unusable value.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The store said no.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database said no.
    #[error("the database refused")]
    Database(#[from] DbError),
    /// A row is not one that this program wrote.
    #[error(transparent)]
    Row(#[from] RowError),
    /// A task of the server ended before its answer came.
    #[error("the server is shutting down")]
    ShuttingDown,
}

impl OperationError {
    /// The error and everything below it in one line: what people are told, and a plugin's `reason`.
    #[must_use]
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            text.push_str(": ");
            text.push_str(&error.to_string());
            source = error.source();
        }
        text
    }
}

fn listed_words(words: &[&str]) -> String {
    match words {
        [] => "content".to_owned(),
        words => words.join(" and "),
    }
}

fn known_jobs(known: &[String]) -> String {
    if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) }
}

fn kept_ones(versions: &[Version]) -> String {
    match versions {
        [] => "no other version is".to_owned(),
        versions => format!("kept: {}", versions.iter().map(Version::to_string).collect::<Vec<_>>().join(", ")),
    }
}

fn in_words(faults: &[SettingFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn in_turn(capabilities: &[Capability]) -> String {
    capabilities.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
