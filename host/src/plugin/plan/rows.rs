//! Plans that wait to be applied, where several processes share the database.

use crate::store::Sha256;
use plugin_api::db::{Database, DbError, Transaction};
use serde::Deserialize;
use uuid::Uuid;

/// A plan, as far as another process needs it to make it again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::plugin) struct PlanRow {
    /// JSON.
    pub(in crate::plugin) asked: String,
    pub(in crate::plugin) bundle_sha256: Option<String>,
    pub(in crate::plugin) hash: String,
    pub(in crate::plugin) expires_time: i64,
}

/// Adds a plan, and removes those that have expired and the oldest beyond `plans_max`.
pub(in crate::plugin) async fn put(
    tx: &Transaction,
    id: Uuid,
    row: &PlanRow,
    plans_max: usize,
    now_ms: i64,
) -> Result<(), DbError> {
    tx.query("DELETE FROM plugin_plan WHERE expires_time <= $1").bind(now_ms).execute().await?;
    let sql = "INSERT INTO plugin_plan (id, asked, bundle_sha256, hash, expires_time) VALUES ($1, $2, $3, $4, $5)";
    let insert = tx.query(sql).bind(id.to_string()).bind(row.asked.as_str()).bind(row.bundle_sha256.clone());
    insert.bind(row.hash.as_str()).bind(row.expires_time).execute().await?;
    let sql =
        "DELETE FROM plugin_plan WHERE id NOT IN (SELECT id FROM plugin_plan ORDER BY expires_time DESC LIMIT $1)";
    tx.query(sql).bind(i64::try_from(plans_max).unwrap_or(i64::MAX)).execute().await.map(drop)
}

/// A plan that may be applied.
pub(in crate::plugin) async fn find(db: &Database, id: Uuid, now_ms: i64) -> Result<Option<PlanRow>, DbError> {
    let sql = "SELECT asked, bundle_sha256, hash, expires_time FROM plugin_plan WHERE id = $1 AND expires_time > $2";
    db.query(sql).bind(id.to_string()).bind(now_ms).fetch_optional().await
}

/// Removes a plan; false if somebody else has.
pub(in crate::plugin) async fn remove(db: &Database, id: Uuid) -> Result<bool, DbError> {
    Ok(db.query("DELETE FROM plugin_plan WHERE id = $1").bind(id.to_string()).execute().await? > 0)
}

impl PlanRow {
    /// The bundle that it brings.
    pub(in crate::plugin) fn bundle(&self) -> Option<Sha256> {
        self.bundle_sha256.as_ref()?.parse().ok()
    }
}
