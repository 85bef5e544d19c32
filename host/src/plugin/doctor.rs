//! Looking for what belongs to nobody, and taking it away.
//!
//! Everything of a plugin has an owner: the plugin that is installed, or the one that was uninstalled and left its
//! data. What has neither comes from operations that were cut off and from hands outside of this program. The
//! examination reads only; a repair does to each finding what the finding says, and can be made again and again.
//! Nobody may change plugins meanwhile: on a running server the supervisor does both, else the data directory's lock
//! keeps others out.

mod files;
mod ledgers;
mod owners;
mod repair;
mod rows;

pub use repair::repair;

use super::error::OperationError;
use crate::db::{Pool, catalogue};
use crate::store::{Sha256, Store};
use owners::Owners;
use std::path::PathBuf;
use std::sync::Arc;

/// What is examined.
#[derive(Clone)]
pub struct Patient {
    /// The database.
    pub pool: Pool,
    /// The store.
    pub store: Arc<Store>,
    /// The data directory.
    pub data: PathBuf,
    /// The names of the core's own models.
    pub core_models: Vec<String>,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Diagnosis {
    /// What is not as it should be.
    pub faults: Vec<Finding>,
    /// What uninstalled plugins have left on purpose.
    pub kept: Vec<Finding>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What kind of thing it is.
    pub subject: Subject,
    /// Which one.
    pub name: String,
    /// The plugin that it is of, or was.
    pub plugin: Option<String>,
    /// What is the matter with it.
    pub problem: Problem,
    /// What mends it.
    remedy: Remedy,
}

/// A kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A plugin's row.
    Plugin,
    /// The table that says which migrations of a plugin are applied.
    Ledger,
    /// A table that a plugin has created.
    Table,
    /// A menu entry, which carries permissions.
    Menu,
    /// A grant of menu entries to a role.
    Grant,
    /// A plugin's setting.
    Setting,
    /// A version of a plugin.
    Version,
    /// A rule about a model.
    DataRule,
    /// A bundle in the store or in the database.
    Bundle,
    /// A library in the store.
    Library,
    /// A copy of a plugin's tables.
    Snapshot,
    /// The folder with a plugin's files.
    Files,
    /// What is known of a job.
    Job,
    /// An event that waits for a plugin.
    Event,
    /// An operation in the journal.
    Operation,
}

/// What is the matter with something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Nobody owns it.
    NoOwner,
    /// An uninstalled plugin has left it on purpose.
    Kept,
    /// It is known, and not there.
    Missing,
    /// It is not what was written.
    Damaged,
    /// It names something that does not exist.
    Dangling,
    /// It has not ended.
    Unfinished,
    /// It can't be read.
    Unreadable(String),
}

/// What mends a finding.
#[derive(Debug, Clone, PartialEq)]
enum Remedy {
    /// Nothing that could be done here.
    None,
    /// The migrations are taken back, the ledger goes.
    Purge(String),
    /// One of the host's own statements, each with its one parameter, all or none.
    Statements(Vec<(String, plugin_api::db::Value)>),
    /// A bundle leaves the store.
    RemoveBundle(Sha256),
    /// A library leaves the store.
    RemoveLibrary(Sha256),
    /// A file is removed.
    RemoveFile(PathBuf),
    /// A folder is removed with all that is in it.
    RemoveFolder(PathBuf),
}

/// What became of one finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Repaired {
    /// What had been found.
    pub finding: Finding,
    /// Why it is still there, if it is.
    pub failure: Option<String>,
}

/// Looks at everything that plugins own. Changes nothing.
///
/// # Errors
/// [`OperationError`] if the database or the store can't be read.
pub async fn examine(patient: &Patient) -> Result<Diagnosis, OperationError> {
    let database = patient.pool.database();
    let tables = catalogue::tables(&database).await?;
    let owners = Owners::of(&database).await?;
    let mut diagnosis = Diagnosis::default();
    let mut found = owners.faults();
    found.extend(ledgers::look(&database, &tables, &owners).await?);
    found.extend(rows::look(&database, &owners, &patient.core_models).await?);
    found.extend(files::look(patient, &tables, &owners).await?);
    for finding in found {
        if finding.problem == Problem::Kept {
            diagnosis.kept.push(finding);
        } else {
            diagnosis.faults.push(finding);
        }
    }
    Ok(diagnosis)
}

impl Finding {
    /// Whether a repair can do something about it.
    #[must_use]
    pub fn is_repairable(&self) -> bool {
        self.remedy != Remedy::None
    }

    fn of(subject: Subject, name: impl Into<String>, plugin: Option<&str>, problem: Problem, remedy: Remedy) -> Self {
        Self { subject, name: name.into(), plugin: plugin.map(str::to_owned), problem, remedy }
    }
}

impl Subject {
    /// What the API calls it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plugin => "plugin",
            Self::Ledger => "ledger",
            Self::Table => "table",
            Self::Menu => "menu",
            Self::Grant => "grant",
            Self::Setting => "setting",
            Self::Version => "version",
            Self::DataRule => "data_rule",
            Self::Bundle => "bundle",
            Self::Library => "library",
            Self::Snapshot => "snapshot",
            Self::Files => "files",
            Self::Job => "job",
            Self::Event => "event",
            Self::Operation => "operation",
        }
    }
}

impl Problem {
    /// What the API calls it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NoOwner => "no_owner",
            Self::Kept => "kept",
            Self::Missing => "missing",
            Self::Damaged => "damaged",
            Self::Dangling => "dangling",
            Self::Unfinished => "unfinished",
            Self::Unreadable(_) => "unreadable",
        }
    }
}
