//! What an administrator may do to plugins, wherever they are: over HTTP on a running server
//! ([`Remote`](super::remote::Remote)) or on a data directory at rest
//! ([`Offline`](super::offline::Offline)).

use std::path::Path;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use super::error::CliError;
use crate::plugin::{Acceptance, PluginId};

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
    Disable,
    /// The version before the last upgrade returns.
    Rollback,
}

impl Change {
    /// The word of the API.
    #[must_use]
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Rollback => "rollback",
        }
    }

    /// What has happened then, for people.
    #[must_use]
    pub(super) fn done(self) -> &'static str {
        match self {
            Self::Enable => "enabled",
            Self::Disable => "disabled",
            Self::Rollback => "rolled back",
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
    fn upgrade<'a>(&'a self, id: &'a PluginId, bundle: &'a Path, acceptance: Acceptance) -> Answer<'a>;
    /// Enables, disables or rolls back.
    fn change<'a>(&'a self, id: &'a PluginId, change: Change) -> Answer<'a>;
    /// The settings of one plugin.
    fn settings<'a>(&'a self, id: &'a PluginId) -> Answer<'a>;
    /// Changes settings, null taking a value away; ends with all of them.
    fn configure<'a>(&'a self, id: &'a PluginId, changes: Map<String, Value>) -> Answer<'a>;
    /// Removes.
    fn uninstall<'a>(&'a self, id: &'a PluginId, leavings: Leavings) -> Answer<'a>;
    /// Ends the work in good order; to be called last.
    fn close(self: Box<Self>) -> BoxFuture<'static, ()>;
}
