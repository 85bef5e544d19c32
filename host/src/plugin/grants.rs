//! What plugins have been granted: the rows, and what an upgrade may not take by itself.

use super::id::PluginId;
use super::manifest::{Capabilities, Capability, DatabaseAccess};
use super::release::Release;
use plugin_api::db::{DbError, Statements, Transaction};
use serde::Deserialize;

/// Whether an administrator takes what a new version asks for beyond what is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    /// It is granted with the version.
    Accept,
    /// The version is refused.
    Refuse,
}

/// A capability that a plugin has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Grant {
    /// Which one.
    pub capability: String,
    /// How far.
    pub detail: String,
    /// The login name of who granted it; none for the command line on a data directory at rest.
    pub granted_by: Option<String>,
    /// Since when, in Unix milliseconds.
    pub granted_time: i64,
}

/// What a plugin has been granted.
pub(super) async fn load(db: &impl Statements, id: &PluginId) -> Result<Vec<Grant>, DbError> {
    let sql = "SELECT capability, detail, granted_by, granted_time FROM plugin_capability \
               WHERE plugin_id = $1 ORDER BY capability, detail";
    db.query(sql).bind(id.as_str()).fetch_all().await
}

/// Grants what a version asks for that has just been taken in: whoever did so, by the operation `entry` of the journal,
/// has agreed to it.
pub(super) async fn grant(tx: &Transaction, release: &Release, entry: Option<i64>, now_ms: i64) -> Result<(), DbError> {
    // No entry has the number 0.
    let entry = entry.unwrap_or_default();
    for asked in release.manifest.capabilities.list() {
        let sql = "INSERT INTO plugin_capability (plugin_id, capability, detail, granted_by, granted_time) \
                   VALUES ($1, $2, $3, (SELECT username FROM plugin_operation WHERE id = $4), $5) ON CONFLICT (plugin_id, capability, detail) DO NOTHING";
        let row = tx.query(sql).bind(release.id().as_str()).bind(asked.name).bind(asked.detail);
        row.bind(entry).bind(now_ms).execute().await?;
    }
    Ok(())
}

/// Takes everything back.
pub(super) async fn remove(tx: &Transaction, id: &PluginId) -> Result<(), DbError> {
    tx.query("DELETE FROM plugin_capability WHERE plugin_id = $1").bind(id.as_str()).execute().await.map(drop)
}

/// What of `asked` is not granted. A plugin's own tables always are.
pub(super) fn added(asked: &Capabilities, granted: &[Grant]) -> Vec<Capability> {
    let is_granted =
        |one: &Capability| granted.iter().any(|grant| grant.capability == one.name && grant.detail == one.detail);
    let is_own = |one: &Capability| one.name == "database" && one.detail == "own";
    asked.list().into_iter().filter(|one| !is_own(one) && !is_granted(one)).collect()
}

/// What a generation of `release` has: what it asks for, as far as it is granted. A version that is not in the rows yet
/// is being taken in, by somebody who has agreed to what it asks for.
pub(super) async fn had(db: &impl Statements, release: &Release) -> Result<Capabilities, DbError> {
    let asked = &release.manifest.capabilities;
    let sql = "SELECT COUNT(*) FROM plugin_version WHERE plugin_id = $1 AND version = $2";
    let known: i64 =
        db.query(sql).bind(release.id().as_str()).bind(release.version().to_string()).fetch_scalar().await?;
    if known == 0 {
        return Ok(asked.clone());
    }
    let missing = added(asked, &load(db, release.id()).await?);
    let is_had = |name: &str, detail: &str| !missing.iter().any(|one| one.name == name && one.detail == detail);
    Ok(Capabilities {
        database: if is_had("database", "read") { asked.database } else { DatabaseAccess::Own },
        http: asked.http.iter().filter(|host| is_had("http", host.as_str())).cloned().collect(),
        files: asked.files && is_had("files", ""),
        events: asked.events && is_had("events", ""),
        jobs: asked.jobs && is_had("jobs", ""),
        services: asked.services.iter().filter(|id| is_had("services", id.as_str())).cloned().collect(),
    })
}
