//! What an administrator may do to plugins, wherever they are: over HTTP on a running server
//! ([`Remote`](super::remote::Remote)) or on a data directory at rest
//! ([`Offline`](super::offline::Offline)).

use std::path::Path;

use futures_util::future::BoxFuture;
use semver::Version;
use serde_json::{Map, Value};

use super::error::CliError;
use crate::plugin::{Acceptance, Dependents, PluginId, Tables, Way};

/// An answer of the API: its `data`, the same whoever gives it.
pub(super) type Answer<'a> = BoxFuture<'a, Result<Value, CliError>>;

/// What a fresh install does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// The plugin answers at once.
    Enabled,
    /// The plugin waits until somebody enables it.
    Disabled,
}

/// A change of an installed plugin that needs no more words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Routes and menus appear.
    Enable,
    /// Routes and menus vanish.
    Disable(Dependents),
    /// The host's quarantine ends.
    Release,
}

impl Change {
    /// The word of the API.
    #[must_use]
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Enable => "enable",
            Self::Disable(_) => "disable",
            Self::Release => "release",
        }
    }

    /// What has happened then, for people.
    #[must_use]
    pub(super) fn done(self) -> &'static str {
        match self {
            Self::Enable => "enabled",
            Self::Disable(_) => "disabled",
            Self::Release => "released",
        }
    }
}

/// What becomes of the data of a plugin that is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leavings {
    /// Tables and settings stay.
    Keep,
    /// Tables and settings are deleted.
    Purge,
}

impl Leavings {
    /// The word of the API.
    #[must_use]
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Purge => "purge",
        }
    }
}

/// A change of an installed plugin, to be planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Planned {
    /// It would serve.
    Enable,
    /// It would stop.
    Disable(Dependents),
    /// A kept version would be installed, or the one before.
    Rollback(Option<Version>, Tables),
    /// It would go.
    Uninstall(Leavings, Dependents),
}

/// The operations. Every future ends with the API's own `data`.
pub(super) trait Admin: Send + Sync {
    /// Where the plugins are, for people: a URL or a directory.
    fn place(&self) -> String;
    /// All plugins.
    fn list(&self) -> Answer<'_>;
    /// One plugin.
    fn detail<'a>(&'a self, id: &'a PluginId) -> Answer<'a>;
    /// Installs this bundle.
    fn install<'a>(&'a self, bundle: &'a Path, start: Start) -> Answer<'a>;
    /// Puts this bundle's version in the place of the installed one.
    fn upgrade<'a>(&'a self, id: &'a PluginId, bundle: &'a Path, way: Way, acceptance: Acceptance) -> Answer<'a>;
    /// Enables, disables or releases.
    fn change<'a>(&'a self, id: &'a PluginId, change: Change) -> Answer<'a>;
    /// The settings of one plugin.
    fn settings<'a>(&'a self, id: &'a PluginId) -> Answer<'a>;
    /// Changes settings, null taking a value away; ends with all of them.
    fn configure<'a>(&'a self, id: &'a PluginId, changes: Map<String, Value>) -> Answer<'a>;
    /// Removes.
    fn uninstall<'a>(&'a self, id: &'a PluginId, leavings: Leavings, dependents: Dependents) -> Answer<'a>;
    /// Puts a kept version in the place of the installed one: `version`, or the one before.
    fn rollback<'a>(&'a self, id: &'a PluginId, version: Option<&'a Version>, tables: Tables) -> Answer<'a>;
    /// Whether a plan outlives this value.
    fn keeps_plans(&self) -> bool;
    /// What this bundle would change.
    fn plan_bundle<'a>(&'a self, bundle: &'a Path, start: Start, way: Way) -> Answer<'a>;
    /// What a change of an installed plugin would come to.
    fn plan_change<'a>(&'a self, id: &'a PluginId, change: Planned) -> Answer<'a>;
    /// A plan that waits.
    fn plan<'a>(&'a self, plan: &'a str) -> Answer<'a>;
    /// Does what a plan says.
    fn apply<'a>(&'a self, plan: &'a str) -> Answer<'a>;
    /// Forgets a plan.
    fn withdraw<'a>(&'a self, plan: &'a str) -> Answer<'a>;
    /// Its jobs.
    fn jobs<'a>(&'a self, id: &'a PluginId) -> Answer<'a>;
    /// Starts one of them.
    fn run_job<'a>(&'a self, id: &'a PluginId, job: &'a str) -> Answer<'a>;
    /// The copies of its tables.
    fn snapshots<'a>(&'a self, id: &'a PluginId) -> Answer<'a>;
    /// Copies its tables.
    fn take_snapshot<'a>(&'a self, id: &'a PluginId, reason: &'a str) -> Answer<'a>;
    /// Brings its tables back.
    fn restore_snapshot<'a>(&'a self, id: &'a PluginId, number: i64) -> Answer<'a>;
    /// Deletes a copy.
    fn delete_snapshot<'a>(&'a self, id: &'a PluginId, number: i64) -> Answer<'a>;
    /// Writes everything of it to a file.
    fn export<'a>(&'a self, id: &'a PluginId, file: &'a Path) -> Answer<'a>;
    /// Ends the work in good order; to be called last.
    fn close(self: Box<Self>) -> BoxFuture<'static, ()>;
}
