//! Who owns what is there.

use super::{Finding, Problem, Remedy, Subject};
use crate::plugin::error::OperationError;
use crate::plugin::rows;
use crate::store::Sha256;
use plugin_api::db::Database;
use plugin_api::descriptor::Descriptor;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Those who may own something.
#[derive(Debug)]
pub(super) struct Owners {
    installed: BTreeSet<String>,
    /// Their data was kept.
    kept: BTreeSet<String>,
    /// An operation about them was cut off: the next start or change of plugins ends it.
    unfinished: BTreeMap<String, Vec<(i64, String)>>,
    /// The models of all of them, by name.
    models: BTreeMap<String, String>,
    /// The jobs of those whose descriptors are known.
    jobs: BTreeMap<String, BTreeSet<String>>,
    /// Of some of them the models are not known any more.
    models_unknown: bool,
    /// The files of installed versions: hash and version.
    pub(super) bundles: BTreeMap<Sha256, (String, String)>,
    pub(super) libraries: BTreeMap<Sha256, (String, String)>,
    unreadable: Vec<Finding>,
}

/// What can be said of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Installed,
    Kept,
    /// What becomes of it is for the operation to say.
    Unfinished,
    Nobody,
}

#[derive(Deserialize)]
struct OperationRow {
    id: i64,
    plugin_id: String,
    operation: String,
}

impl Owners {
    pub(super) async fn of(db: &Database) -> Result<Self, OperationError> {
        let (installed, faults) = rows::installed(db).await?;
        let ids: Vec<String> = db.query("SELECT id FROM plugin").fetch_all().await?;
        let sql = "SELECT plugin_id, descriptor FROM plugin_kept";
        let kept: Vec<(String, Option<String>)> = db.query(sql).fetch_all().await?;
        let sql = "SELECT id, plugin_id, operation FROM plugin_operation WHERE state = 'running' ORDER BY id";
        let running: Vec<OperationRow> = db.query(sql).fetch_all().await?;
        let sql = "SELECT v.plugin_id, v.descriptor FROM plugin_version v JOIN plugin p ON p.id = v.plugin_id";
        let descriptors: Vec<(String, String)> = db.query(sql).fetch_all().await?;
        let unreadable = faults.iter().map(|fault| {
            Finding::of(Subject::Plugin, fault.to_string(), None, Problem::Unreadable(fault.to_string()), Remedy::None)
        });
        let mut owners = Self {
            installed: ids.into_iter().collect(),
            kept: kept.iter().map(|(id, _)| id.clone()).collect(),
            unfinished: BTreeMap::new(),
            models: BTreeMap::new(),
            jobs: BTreeMap::new(),
            models_unknown: !faults.is_empty(),
            bundles: BTreeMap::new(),
            libraries: BTreeMap::new(),
            unreadable: unreadable.collect(),
        };
        for row in running {
            owners.unfinished.entry(row.plugin_id).or_default().push((row.id, row.operation));
        }
        for (id, known) in installed.iter().flat_map(|plugin| plugin.versions.iter().map(|known| (&plugin.id, known))) {
            let of = (id.to_string(), known.version.to_string());
            owners.bundles.insert(known.sha256, of.clone());
            owners.libraries.insert(known.library_sha256, of);
        }
        let descriptors = descriptors.into_iter().map(|(id, text)| (id, Some(text)));
        descriptors.chain(kept).for_each(|(id, text)| owners.add(&id, text.as_deref()));
        Ok(owners)
    }

    fn add(&mut self, id: &str, descriptor: Option<&str>) {
        match descriptor.and_then(|text| serde_json::from_str::<Descriptor>(text).ok()) {
            Some(descriptor) => {
                let jobs = descriptor.jobs.into_iter().map(|job| job.name).collect();
                self.jobs.insert(id.to_owned(), jobs);
                self.models.extend(descriptor.models.into_iter().map(|model| (model.name, id.to_owned())));
            }
            None => self.models_unknown = true,
        }
    }

    /// Who owns what is of the plugin `id`.
    pub(super) fn owner(&self, id: &str) -> Owner {
        if self.unfinished.contains_key(id) {
            Owner::Unfinished
        } else if self.installed.contains(id) {
            Owner::Installed
        } else if self.kept.contains(id) {
            Owner::Kept
        } else {
            Owner::Nobody
        }
    }

    /// Whether an installed plugin has this job; one whose descriptor can't be read may have.
    pub(super) fn has_job(&self, id: &str, name: &str) -> bool {
        self.jobs.get(id).is_none_or(|jobs| jobs.contains(name))
    }

    /// Whether a row of a plugin can't be read: what it refers to is not known then.
    pub(super) fn are_incomplete(&self) -> bool {
        !self.unreadable.is_empty()
    }

    /// The owner of a model; None if that can't be known.
    pub(super) fn owner_of_model(&self, model: &str) -> Option<(Owner, Option<&str>)> {
        match self.models.get(model) {
            Some(id) => Some((self.owner(id), Some(id))),
            None if self.models_unknown => None,
            None => Some((Owner::Nobody, None)),
        }
    }

    /// Something of the plugin `id`, if there is anything to say about it.
    pub(super) fn judged(
        &self,
        subject: Subject,
        name: impl Into<String>,
        id: &str,
        remedy: Remedy,
    ) -> Option<Finding> {
        match self.owner(id) {
            Owner::Installed | Owner::Unfinished => None,
            Owner::Kept => Some(Finding::of(subject, name, Some(id), Problem::Kept, Remedy::None)),
            Owner::Nobody => Some(Finding::of(subject, name, Some(id), Problem::NoOwner, remedy)),
        }
    }

    /// Something that stays on purpose when the plugin `id` goes, if it has gone.
    pub(super) fn left_behind(&self, subject: Subject, name: impl Into<String>, id: &str) -> Option<Finding> {
        let has_gone = matches!(self.owner(id), Owner::Kept | Owner::Nobody);
        has_gone.then(|| Finding::of(subject, name, Some(id), Problem::Kept, Remedy::None))
    }

    /// What is wrong with the owners themselves.
    pub(super) fn faults(&self) -> Vec<Finding> {
        let operations = self.unfinished.iter().flat_map(|(id, operations)| {
            operations.iter().map(move |(number, operation)| {
                let name = format!("{operation} {number}");
                Finding::of(Subject::Operation, name, Some(id), Problem::Unfinished, Remedy::None)
            })
        });
        self.unreadable.iter().cloned().chain(operations).collect()
    }
}
