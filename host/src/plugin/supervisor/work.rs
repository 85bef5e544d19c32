//! An operation under way: what it wants, and what it has done so far.

use super::Supervisor;
use crate::loader::Image;
use crate::plugin::active::ActivePlugin;
use crate::plugin::candidate::Candidate;
use crate::plugin::error::OperationError;
use crate::plugin::id::PluginId;
use crate::plugin::menus;
use crate::plugin::operation::journal::Remedy;
use crate::plugin::operation::{Operation, Step};
use crate::plugin::release::Release;
use crate::plugin::rows::Data;
use crate::plugin::snapshots::Snapshot;
use crate::plugin::status::PluginStatus;
use crate::plugin::table::{Plugins, RouteTable};
use crate::store::Sha256;
use semver::Version;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is asked for.
#[derive(Debug)]
pub(super) enum Change {
    Install(Box<Candidate>, super::AfterInstall),
    Upgrade(Box<Candidate>, Way),
    Enable(PluginId),
    Disable(PluginId, Dependents),
    /// To this version, or to the one before.
    Rollback(PluginId, Option<Version>, Tables),
    Uninstall(PluginId, Data, Dependents),
    /// Its tables become those of this snapshot.
    Restore(PluginId, i64),
}

/// How an upgrade gets from the old version to the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Side by side, without a gap; refused if the schema changes so that the old version could not go on.
    SideBySide,
    /// The old version stops first.
    DrainFirst,
}

/// What becomes of plugins that need one that goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dependents {
    /// They go on; while there is one, the other stays as well.
    Keep,
    /// They are switched off with it.
    SwitchOff,
}

impl Dependents {
    /// As somebody asked who may want them to go with it.
    #[must_use]
    pub fn of(cascade: bool) -> Self {
        if cascade { Self::SwitchOff } else { Self::Keep }
    }
}

/// What a rollback does with the tables of a newer version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tables {
    /// They stay as they are: older code runs on them.
    Stay,
    /// They are taken back, and with them what the newer version stored in what is its own.
    Revert,
}

/// An operation that nothing speaks against, and what it has done.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) operation: Operation,
    pub(super) before: Option<Arc<PluginStatus>>,
    /// What is to be true in the end, as far as it is known before: None where the plugin goes.
    pub(super) after: Option<PluginStatus>,
    /// The plugins that are switched off with it, as they are before: each before what it needs.
    pub(super) along: Vec<Arc<PluginStatus>>,
    /// The snapshot whose tables it gets.
    pub(super) snapshot: Option<Snapshot>,
    /// The bundle that is not in the store yet.
    pub(super) candidate: Option<Candidate>,
    /// What has been done.
    pub(super) done: Done,
}

/// What an operation has done, to be taken back or to be finished.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Its number in the journal, if it is there.
    pub(super) entry: Option<i64>,
    /// Files that came into the store.
    pub(super) kept: Vec<KeptFile>,
    pub(super) image: Option<Image>,
    pub(super) remedy: Remedy,
    /// The generation that was started.
    pub(super) active: Option<Arc<ActivePlugin>>,
    /// The old one is on its way out already.
    pub(super) drained: bool,
    /// The rows are committed, and the table that fits them.
    pub(super) committed: Option<Committed>,
    /// It can only be finished.
    pub(super) settled: bool,
    /// The plugin as it is published.
    pub(super) published: Option<Arc<PluginStatus>>,
}

/// What is to be published.
#[derive(Debug)]
pub(super) struct Committed {
    pub(super) plugins: Plugins,
    pub(super) table: RouteTable,
    pub(super) status: Option<Arc<PluginStatus>>,
}

/// A file that came into the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeptFile {
    Bundle(Sha256),
    Library(Sha256),
}

impl Change {
    pub(super) fn id(&self) -> &PluginId {
        match self {
            Self::Install(candidate, _) | Self::Upgrade(candidate, _) => candidate.id(),
            Self::Enable(id)
            | Self::Disable(id, _)
            | Self::Rollback(id, ..)
            | Self::Uninstall(id, ..)
            | Self::Restore(id, _) => id,
        }
    }

    /// The bundle that it brings.
    pub(super) fn candidate(&self) -> Option<&Candidate> {
        match self {
            Self::Install(candidate, _) | Self::Upgrade(candidate, _) => Some(candidate),
            _ => None,
        }
    }

    /// The same, taken out of it.
    pub(super) fn into_candidate(self) -> Option<Candidate> {
        match self {
            Self::Install(candidate, _) | Self::Upgrade(candidate, _) => Some(*candidate),
            _ => None,
        }
    }

    /// What it is called where it was refused.
    pub(super) fn operation(&self) -> Operation {
        match self {
            Self::Install(..) => Operation::Install,
            Self::Upgrade(..) => Operation::Upgrade,
            Self::Enable(_) => Operation::Enable,
            Self::Disable(..) => Operation::Disable,
            Self::Rollback(..) => Operation::Rollback,
            Self::Uninstall(_, Data::Keep, _) => Operation::Uninstall,
            Self::Uninstall(_, Data::Purge, _) => Operation::Purge,
            Self::Restore(..) => Operation::Restore,
        }
    }
}

impl Work {
    pub(super) fn new(operation: Operation, before: Option<Arc<PluginStatus>>, after: Option<PluginStatus>) -> Self {
        let (along, snapshot, candidate, done) = Default::default();
        Self { operation, before, after, along, snapshot, candidate, done }
    }

    /// The same, with these switched off.
    pub(super) fn along_with(self, along: Vec<Arc<PluginStatus>>) -> Self {
        Self { along, ..self }
    }

    /// Every plugin that it switches off, in order.
    pub(super) fn switched_off(&self) -> impl DoubleEndedIterator<Item = &Arc<PluginStatus>> {
        self.along.iter().chain(&self.before)
    }

    /// Whether the plugin serves in the end.
    pub(super) fn will_serve(&self) -> bool {
        self.operation.steps().contains(&Step::Start)
    }

    /// The plugin as it is to be, or was.
    pub(super) fn status(&self) -> &PluginStatus {
        let before = self.before.as_deref();
        self.after.as_ref().or(before).expect("an operation is about a plugin that is there before or after it")
    }

    pub(super) fn id(&self) -> &PluginId {
        self.status().id()
    }

    pub(super) fn release(&self) -> &Arc<Release> {
        &self.status().release
    }
}

impl Supervisor {
    /// What a change comes to, if nothing speaks against it. Changes nothing.
    pub(super) async fn prepare(&self, change: &Change) -> Result<Work, OperationError> {
        self.refuse_code_in_safe_mode(change)?;
        let work = match change {
            Change::Install(candidate, then) => self.prepare_install(candidate, *then)?,
            Change::Upgrade(candidate, way) => self.prepare_upgrade(candidate, *way).await?,
            Change::Enable(id) => self.prepare_enable(id)?,
            Change::Disable(id, dependents) => self.prepare_disable(id, *dependents)?,
            Change::Rollback(id, version, tables) => self.prepare_rollback(id, version.as_ref(), *tables).await?,
            Change::Uninstall(id, data, dependents) => self.prepare_uninstall(id, *data, *dependents)?,
            Change::Restore(id, number) => self.prepare_restore(id, *number).await?,
        };
        if work.will_serve() {
            let release = work.release();
            self.refuse_missing_dependencies(release)?;
            RouteTable::admit(&self.workplace.core, &self.plugins, release)?;
            let claims = menus::claims(&self.workplace.pool.database()).await?;
            menus::refuse_conflicts(release, &claims, &self.plugins)?;
        }
        Ok(work)
    }
}
