//! Files: bundles and libraries in the store, copies of plugins' tables, and what plugins keep.

use super::owners::Owners;
use super::{Finding, Patient, Problem, Remedy, Subject};
use crate::plugin::error::OperationError;
use crate::plugin::files::FOLDER;
use crate::store::{Sha256, Store, StoreError};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder of copies in the data directory, with one folder for each plugin.
const SNAPSHOTS: &str = "snapshots";
/// The rows of copies; not in every version of the schema.
const SNAPSHOT_TABLE: &str = "plugin_snapshot";

#[derive(Deserialize)]
struct SnapshotRow {
    plugin_id: String,
    file: String,
}

pub(super) async fn look(
    patient: &Patient,
    tables: &BTreeSet<String>,
    owners: &Owners,
) -> Result<Vec<Finding>, OperationError> {
    let sql = "SELECT DISTINCT sha256 FROM plugin_bundle_piece";
    let shared: Vec<String> = patient.pool.database().query(sql).fetch_all().await?;
    let mut found = store(patient, owners, &shared.into_iter().collect()).await?;
    found.extend(snapshots(patient, tables, owners).await?);
    found.extend(folders(patient, owners));
    Ok(found)
}

async fn store(patient: &Patient, owners: &Owners, shared: &BTreeSet<String>) -> Result<Vec<Finding>, OperationError> {
    if owners.are_incomplete() {
        return Ok(Vec::new());
    }
    let (bundles, libraries) = patient.store.stored()?;
    let mut found = Vec::new();
    for sha256 in bundles.iter().filter(|sha256| !owners.bundles.contains_key(sha256)) {
        let remedy = Remedy::RemoveBundle(*sha256);
        found.push(Finding::of(Subject::Bundle, sha256.to_string(), None, Problem::NoOwner, remedy));
    }
    for sha256 in libraries.iter().filter(|sha256| !owners.libraries.contains_key(sha256)) {
        let remedy = Remedy::RemoveLibrary(*sha256);
        found.push(Finding::of(Subject::Library, sha256.to_string(), None, Problem::NoOwner, remedy));
    }
    // What another process has sent can be had again.
    let gone =
        |known: &Sha256, there: &BTreeSet<Sha256>| !there.contains(known) && !shared.contains(&known.to_string());
    for (sha256, (id, version)) in owners.bundles.iter().filter(|(sha256, _)| gone(sha256, &bundles)) {
        let name = format!("{version} {sha256}");
        found.push(Finding::of(Subject::Bundle, name, Some(id), Problem::Missing, Remedy::None));
    }
    let (store, known) = (Arc::clone(&patient.store), owners.libraries.clone());
    let checked = tokio::task::spawn_blocking(move || unsound(&store, &known)).await;
    found.extend(checked.map_err(|_| OperationError::ShuttingDown)?);
    Ok(found)
}

/// Libraries of installed versions that are missing or no longer what they were. Reads all of them.
fn unsound(store: &Store, known: &BTreeMap<Sha256, (String, String)>) -> Vec<Finding> {
    let fault = |(sha256, (id, version)): (&Sha256, &(String, String))| {
        let problem = match store.library(sha256) {
            Ok(_) => return None,
            Err(StoreError::Damaged { .. }) => Problem::Damaged,
            // It is unpacked again from its bundle where that is at hand.
            Err(_) => Problem::Missing,
        };
        Some(Finding::of(Subject::Library, format!("{version} {sha256}"), Some(id), problem, Remedy::None))
    };
    known.iter().filter_map(fault).collect()
}

async fn snapshots(
    patient: &Patient,
    tables: &BTreeSet<String>,
    owners: &Owners,
) -> Result<Vec<Finding>, OperationError> {
    let folder = patient.data.join(SNAPSHOTS);
    let mut rows: Vec<SnapshotRow> = Vec::new();
    if tables.contains(SNAPSHOT_TABLE) {
        let sql = "SELECT plugin_id, file FROM plugin_snapshot ORDER BY id";
        rows = patient.pool.database().query(sql).fetch_all().await?;
    }
    // On several nodes each has its own files; the row is as good as its file on the node that took it. What a purge
    // has copied before is there to be restored.
    let left = |row: &SnapshotRow| owners.left_behind(Subject::Snapshot, &row.file, &row.plugin_id);
    let mut found: Vec<Finding> = rows.iter().filter_map(left).collect();
    let known: BTreeSet<&str> = rows.iter().map(|row| row.file.as_str()).collect();
    for (name, id) in files_of(&folder) {
        if tables.contains(SNAPSHOT_TABLE) && !known.contains(name.as_str()) {
            let remedy = Remedy::RemoveFile(folder.join(&name));
            found.push(Finding::of(Subject::Snapshot, name, Some(&id), Problem::NoOwner, remedy));
        }
    }
    Ok(found)
}

/// Folders of plugins' own files.
fn folders(patient: &Patient, owners: &Owners) -> Vec<Finding> {
    let listed = std::fs::read_dir(patient.data.join(FOLDER)).into_iter().flatten().flatten();
    let finding = |entry: std::fs::DirEntry| {
        let id = entry.file_name().to_string_lossy().into_owned();
        owners.judged(Subject::Files, format!("{FOLDER}/{id}"), &id, Remedy::RemoveFolder(entry.path()))
    };
    let mut found: Vec<Finding> = listed.filter(|entry| entry.path().is_dir()).filter_map(finding).collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// The files in the folders of plugins, with the plugins' ids.
fn files_of(folder: &Path) -> Vec<(String, String)> {
    let entries = |folder: &Path| -> Vec<PathBuf> {
        let listed = std::fs::read_dir(folder).into_iter().flatten();
        listed.filter_map(|entry| Some(entry.ok()?.path())).collect()
    };
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut files = Vec::new();
    for of_plugin in entries(folder).into_iter().filter(|path| path.is_dir()) {
        let id = name(&of_plugin);
        files.extend(entries(&of_plugin).iter().map(|file| (format!("{id}/{}", name(file)), id.clone())));
    }
    files.sort();
    files
}
