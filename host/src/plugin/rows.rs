//! The rows of the lifecycle: which plugins are installed, in which versions, with which settings.
//!
//! [`save`] makes the rows equal to a status, whatever they were; every operation commits with it.

use super::contribution::{Contribution, ContributionError};
use super::grants;
use super::guard::Guard;
use super::id::PluginId;
use super::jobs;
use super::manifest::Manifest;
use super::menus;
use super::outbox;
use super::release::Release;
use super::services::now_ms;
use super::status::{Desired, KnownVersion, Observed, PluginStatus};
use crate::store::Sha256;
use plugin_api::db::{Database, DbError, Statements, Transaction};
use plugin_api::descriptor::Descriptor;
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What becomes of a plugin's data when it is uninstalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Data {
    /// Tables, settings and menu grants stay for a later installation.
    Keep,
    /// Everything goes.
    Purge,
}

/// A plugin as the rows have it.
#[derive(Debug)]
pub(super) struct Installed {
    pub(super) id: PluginId,
    pub(super) desired: Desired,
    pub(super) version: Version,
    pub(super) previous: Option<Version>,
    pub(super) versions: Vec<KnownVersion>,
    pub(super) guard: Guard,
}

/// Why a row could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// The database said no.
    #[error("read the rows of plugins")]
    Database(#[from] DbError),
    /// The row is not one that this program wrote.
    #[error("read the row of plugin {plugin} {version}: {reason}")]
    Unreadable {
        /// The plugin.
        plugin: String,
        /// Its version.
        version: String,
        /// What is wrong.
        reason: String,
    },
}

/// Gives [`PluginRow`]s.
const PLUGINS: &str = "SELECT id, desired, version, previous_version, quarantine, probation, last_rollback";

#[derive(Deserialize)]
struct PluginRow {
    id: String,
    desired: Desired,
    version: String,
    previous_version: Option<String>,
    quarantine: Option<String>,
    probation: Option<String>,
    last_rollback: Option<String>,
}

#[derive(Deserialize)]
struct StandingRow {
    observed: Observed,
    reason: Option<String>,
    #[serde(flatten)]
    row: PluginRow,
}

#[derive(Deserialize)]
struct VersionRow {
    plugin_id: String,
    version: String,
    sha256: String,
    library_sha256: String,
    installed_at: i64,
}

#[derive(Deserialize)]
struct ReleaseRow {
    sha256: String,
    library_sha256: String,
    manifest: String,
    descriptor: String,
    installed_at: i64,
}

/// Every installed plugin, and what is wrong with the rows that can't be read.
pub(super) async fn installed(db: &Database) -> Result<(Vec<Installed>, Vec<RowError>), RowError> {
    let plugins: Vec<PluginRow> = db.query(format!("{PLUGINS} FROM plugin ORDER BY id")).fetch_all().await?;
    let sql = "SELECT plugin_id, version, sha256, library_sha256, installed_at FROM plugin_version";
    let versions: Vec<VersionRow> = db.query(sql).fetch_all().await?;
    let mut known: BTreeMap<String, Vec<KnownVersion>> = BTreeMap::new();
    let mut faults = Vec::new();
    for row in versions {
        match known_version(&row) {
            Ok(version) => known.entry(row.plugin_id).or_default().push(version),
            Err(fault) => faults.push(fault),
        }
    }
    let mut readable = Vec::new();
    for row in plugins {
        let mut versions = known.remove(&row.id).unwrap_or_default();
        versions.sort_by(|a, b| a.version.cmp(&b.version));
        match plugin(&row, versions) {
            Ok(plugin) => readable.push(plugin),
            Err(fault) => faults.push(fault),
        }
    }
    Ok((readable, faults))
}

/// One kept version, as it was checked when it came.
pub(super) async fn release(
    db: &Database,
    id: &PluginId,
    version: &Version,
    prefix: &str,
) -> Result<Release, RowError> {
    let sql = "SELECT sha256, library_sha256, manifest, descriptor, installed_at \
               FROM plugin_version WHERE plugin_id = $1 AND version = $2";
    let row: ReleaseRow = db.query(sql).bind(id.as_str()).bind(version.to_string()).fetch_one().await?;
    let fault = |reason: String| RowError::Unreadable { plugin: id.to_string(), version: version.to_string(), reason };
    let manifest: Manifest = serde_json::from_str(&row.manifest).map_err(|error| fault(error.to_string()))?;
    let descriptor: Descriptor = serde_json::from_str(&row.descriptor).map_err(|error| fault(error.to_string()))?;
    let contribution =
        Contribution::of(id, &descriptor, prefix).map_err(|error: ContributionError| fault(error.to_string()))?;
    Ok(Release {
        manifest,
        descriptor: Arc::new(descriptor),
        bundle: parsed(&row.sha256, &fault)?,
        library: parsed(&row.library_sha256, &fault)?,
        installed_at_ms: row.installed_at,
        contribution,
    })
}

/// Makes the rows of a plugin equal to `status`; its menu entries too, if it serves. `entry` is the operation of the
/// journal that does so.
pub(super) async fn save(
    tx: &Transaction,
    status: &PluginStatus,
    entry: Option<i64>,
    now_ms: i64,
) -> Result<(), DbError> {
    save_plugin(tx, status, now_ms).await?;
    tx.query("DELETE FROM plugin_kept WHERE plugin_id = $1").bind(status.id().as_str()).execute().await?;
    if save_version(tx, &status.release).await? {
        grants::grant(tx, &status.release, entry, now_ms).await?;
    }
    forget_other_versions(tx, status).await?;
    let descriptor = &status.release.descriptor;
    jobs::forget_others(tx, status.id(), &descriptor.jobs).await?;
    outbox::forget_others(tx, status.id(), &descriptor.events).await?;
    if status.active.is_some() {
        menus::save(tx, status.id(), &descriptor.menus, now_ms).await?;
    }
    Ok(())
}

/// Whether [`save`] would change nothing that anybody sees.
pub(super) async fn stand(db: &Database, status: &PluginStatus) -> Result<bool, RowError> {
    let sql = format!("{PLUGINS}, observed, reason FROM plugin WHERE id = $1");
    let row: Option<StandingRow> = db.query(&sql).bind(status.id().as_str()).fetch_optional().await?;
    let Some(StandingRow { observed, reason, row }) = row else { return Ok(false) };
    let stored = plugin(&row, Vec::new())?;
    let same = (observed, reason) == (status.observed, status.reason.clone())
        && (stored.desired, &stored.version) == (status.desired, status.version())
        && (&stored.previous, &stored.guard) == (&status.previous, &status.guard);
    Ok(same && (status.active.is_none() || menus::stand(db, status.id(), &status.release.descriptor.menus).await?))
}

/// Removes the rows of a plugin; of its data as much as `data` says.
pub(super) async fn remove(tx: &Transaction, id: &PluginId, data: Data) -> Result<(), DbError> {
    if data == Data::Keep {
        // So that somebody is known to own it.
        let sql = "INSERT INTO plugin_kept (plugin_id, version, descriptor, kept_time) \
                   SELECT v.plugin_id, v.version, v.descriptor, $2 FROM plugin p \
                   JOIN plugin_version v ON v.plugin_id = p.id AND v.version = p.version WHERE p.id = $1";
        tx.query(sql).bind(id.as_str()).bind(now_ms()).execute().await?;
    }
    tx.query("DELETE FROM plugin_version WHERE plugin_id = $1").bind(id.as_str()).execute().await?;
    tx.query("DELETE FROM plugin WHERE id = $1").bind(id.as_str()).execute().await?;
    grants::remove(tx, id).await?;
    if data == Data::Purge {
        tx.query("DELETE FROM plugin_setting WHERE plugin_id = $1").bind(id.as_str()).execute().await?;
        menus::remove(tx, id).await?;
    }
    Ok(())
}

/// Whether a plugin was uninstalled and has left its data.
pub(super) async fn is_kept(db: &Database, id: &PluginId) -> Result<bool, DbError> {
    let sql = "SELECT COUNT(*) FROM plugin_kept WHERE plugin_id = $1";
    Ok(db.query(sql).bind(id.as_str()).fetch_scalar::<i64>().await? > 0)
}

/// Changes only what is wanted of a plugin.
pub(super) async fn want(tx: &Transaction, id: &PluginId, desired: Desired) -> Result<(), DbError> {
    let sql = "UPDATE plugin SET desired = $2 WHERE id = $1";
    tx.query(sql).bind(id.as_str()).bind(desired.as_str()).execute().await.map(drop)
}

/// How often the rows of plugins were changed.
pub(super) async fn revision(db: &impl Statements) -> Result<i64, DbError> {
    db.query("SELECT revision FROM plugin_revision WHERE id = 1").fetch_scalar().await
}

/// Counts one change more; gives the number of it. Holds up others until the transaction ends.
pub(super) async fn advance(tx: &Transaction) -> Result<i64, DbError> {
    tx.query("UPDATE plugin_revision SET revision = revision + 1 WHERE id = 1").execute().await?;
    revision(tx).await
}

async fn save_plugin(tx: &Transaction, status: &PluginStatus, now_ms: i64) -> Result<(), DbError> {
    let sql = "INSERT INTO plugin (id, desired, version, previous_version, observed, reason, created_time, \
               updated_time, quarantine, probation, last_rollback) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, $8, $9, $10) \
               ON CONFLICT (id) DO UPDATE SET desired = $2, version = $3, previous_version = $4, observed = $5, \
               reason = $6, updated_time = $7, quarantine = $8, probation = $9, last_rollback = $10";
    let statement = tx
        .query(sql)
        .bind(status.id().as_str())
        .bind(status.desired.as_str())
        .bind(status.version().to_string())
        .bind(status.previous.as_ref().map(Version::to_string))
        .bind(status.observed.as_str())
        .bind(status.reason.clone())
        .bind(now_ms)
        .bind(status.guard.quarantine.as_ref().map(json_text))
        .bind(status.guard.probation.as_ref().map(json_text))
        .bind(status.guard.last_rollback.as_ref().map(json_text));
    statement.execute().await.map(drop)
}

/// True if the version is new.
async fn save_version(tx: &Transaction, release: &Release) -> Result<bool, DbError> {
    let sql = "INSERT INTO plugin_version \
               (plugin_id, version, sha256, library_sha256, manifest, descriptor, installed_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (plugin_id, version) DO NOTHING";
    let statement = tx
        .query(sql)
        .bind(release.id().as_str())
        .bind(release.version().to_string())
        .bind(release.bundle.to_string())
        .bind(release.library.to_string())
        .bind(json_text(&release.manifest))
        .bind(json_text(release.descriptor.as_ref()))
        .bind(release.installed_at_ms);
    Ok(statement.execute().await? > 0)
}

async fn forget_other_versions(tx: &Transaction, status: &PluginStatus) -> Result<(), DbError> {
    let sql = "SELECT version FROM plugin_version WHERE plugin_id = $1";
    let stored: Vec<String> = tx.query(sql).bind(status.id().as_str()).fetch_all().await?;
    let is_kept = |stored: &String| status.versions.iter().any(|known| known.version.to_string() == *stored);
    for version in stored.iter().filter(|version| !is_kept(version)) {
        let sql = "DELETE FROM plugin_version WHERE plugin_id = $1 AND version = $2";
        tx.query(sql).bind(status.id().as_str()).bind(version.as_str()).execute().await?;
    }
    Ok(())
}

fn json_text(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("what is kept as JSON has text keys and finite numbers only")
}

fn known_version(row: &VersionRow) -> Result<KnownVersion, RowError> {
    let fault =
        |reason: String| RowError::Unreadable { plugin: row.plugin_id.clone(), version: row.version.clone(), reason };
    Ok(KnownVersion {
        version: parsed(&row.version, &fault)?,
        sha256: parsed(&row.sha256, &fault)?,
        library_sha256: parsed(&row.library_sha256, &fault)?,
        installed_at_ms: row.installed_at,
    })
}

fn plugin(row: &PluginRow, versions: Vec<KnownVersion>) -> Result<Installed, RowError> {
    let fault = |reason: String| RowError::Unreadable { plugin: row.id.clone(), version: row.version.clone(), reason };
    Ok(Installed {
        id: parsed(&row.id, &fault)?,
        desired: row.desired,
        version: parsed(&row.version, &fault)?,
        previous: row.previous_version.as_deref().map(|version| parsed(version, &fault)).transpose()?,
        versions,
        guard: Guard {
            quarantine: json_value(row.quarantine.as_deref(), &fault)?,
            probation: json_value(row.probation.as_deref(), &fault)?,
            last_rollback: json_value(row.last_rollback.as_deref(), &fault)?,
        },
    })
}

fn json_value<T: serde::de::DeserializeOwned>(
    text: Option<&str>,
    fault: &dyn Fn(String) -> RowError,
) -> Result<Option<T>, RowError> {
    text.map(|text| serde_json::from_str(text).map_err(|error| fault(error.to_string()))).transpose()
}

fn parsed<T>(text: &str, fault: &dyn Fn(String) -> RowError) -> Result<T, RowError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| fault(error.to_string()))
}

/// The hashes that installed versions refer to: bundles, then libraries.
pub(super) fn referenced(
    installed: &[Installed],
) -> (std::collections::BTreeSet<Sha256>, std::collections::BTreeSet<Sha256>) {
    let versions = || installed.iter().flat_map(|plugin| &plugin.versions);
    (versions().map(|known| known.sha256).collect(), versions().map(|known| known.library_sha256).collect())
}
