//! Why an operation did not happen. Nothing is changed then, unless the variant says so.

use super::conflict::Conflict;
use super::contribution::ContributionError;
use super::id::{ParseIdError, PluginId};
use super::manifest::{Capability, ManifestError};
use super::rows::RowError;
use super::settings::{SettingError, SettingFault};
use crate::db::migrate::MigrateError;
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
    /// Another plugin must be enabled first.
    #[error("plugin {id} needs plugin {needs}, which is not enabled")]
    Needs {
        /// The plugin.
        id: PluginId,
        /// What it needs.
        needs: PluginId,
    },
    /// Other plugins need it.
    #[error("plugin {id} is needed by {}; disable them first", listed(by))]
    NeededBy {
        /// The plugin.
        id: PluginId,
        /// The enabled plugins that need it.
        by: Vec<PluginId>,
    },
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

fn listed(ids: &[PluginId]) -> String {
    ids.iter().map(PluginId::as_str).collect::<Vec<_>>().join(", ")
}

fn in_words(faults: &[SettingFault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn in_turn(capabilities: &[Capability]) -> String {
    capabilities.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
