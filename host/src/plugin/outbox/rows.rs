//! A row for each event and each plugin that is to get it.

use crate::plugin::id::PluginId;
use plugin_api::db::{Database, DbError, Transaction, Value, placeholders};
use plugin_api::descriptor::HandlerSpec;
use serde::Deserialize;

/// How many are fetched at a time.
const BATCH: i64 = 100;

/// An event that is due.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct DueEvent {
    pub(super) id: i64,
    pub(super) plugin_id: String,
    pub(super) source: String,
    pub(super) name: String,
    pub(super) data: String,
    pub(super) created_time: i64,
    pub(super) attempts: i64,
    pub(super) due_time: i64,
}

/// An event that is published.
#[derive(Debug, Clone)]
pub(super) struct NewEvent {
    pub(super) source: String,
    pub(super) name: String,
    pub(super) data: String,
    pub(super) now_ms: i64,
}

/// Puts an event in the way to a plugin, unless too many wait there: the statement, which changes a row then, and its values.
pub(super) fn put(to: &PluginId, event: &NewEvent, waiting_max: u64) -> (&'static str, Vec<Value>) {
    let sql = "INSERT INTO plugin_event (plugin_id, source, name, data, created_time, attempts, due_time) \
               SELECT id, $2, $3, $4, $5, 0, $5 FROM plugin WHERE id = $1 \
               AND (SELECT COUNT(*) FROM plugin_event WHERE plugin_id = $1) < $6";
    let values = vec![
        to.as_str().into(),
        event.source.as_str().into(),
        event.name.as_str().into(),
        event.data.as_str().into(),
        event.now_ms.into(),
        i64::try_from(waiting_max).unwrap_or(i64::MAX).into(),
    ];
    (sql, values)
}

/// The oldest that may be given to these plugins now.
pub(super) async fn due(db: &Database, to: &[PluginId], now_ms: i64) -> Result<Vec<DueEvent>, DbError> {
    let sql = format!(
        "SELECT id, plugin_id, source, name, data, created_time, attempts, due_time FROM plugin_event \
         WHERE due_time <= $1 AND plugin_id IN ({}) ORDER BY id LIMIT {BATCH}",
        placeholders(2, to.len())
    );
    to.iter().fold(db.query(sql).bind(now_ms), |query, id| query.bind(id.as_str())).fetch_all().await
}

/// When the next one may be given to one of these plugins.
pub(super) async fn next_due(db: &Database, to: &[PluginId]) -> Result<Option<i64>, DbError> {
    let sql = format!("SELECT MIN(due_time) FROM plugin_event WHERE plugin_id IN ({})", placeholders(1, to.len()));
    to.iter().fold(db.query(sql), |query, id| query.bind(id.as_str())).fetch_scalar().await
}

/// Takes an event, until `until_ms`; false if somebody else has, or if it is gone.
pub(super) async fn take(db: &Database, event: &DueEvent, until_ms: i64) -> Result<bool, DbError> {
    let sql = "UPDATE plugin_event SET attempts = attempts + 1, due_time = $3 WHERE id = $1 AND due_time = $2";
    Ok(db.query(sql).bind(event.id).bind(event.due_time).bind(until_ms).execute().await? > 0)
}

/// It is tried again from `due_ms` on.
pub(super) async fn put_off(db: &Database, id: i64, attempts: i64, due_ms: i64) -> Result<(), DbError> {
    let sql = "UPDATE plugin_event SET attempts = $2, due_time = $3 WHERE id = $1";
    db.query(sql).bind(id).bind(attempts).bind(due_ms).execute().await.map(drop)
}

/// It has arrived, or never will.
pub(super) async fn remove(db: &Database, id: i64) -> Result<(), DbError> {
    db.query("DELETE FROM plugin_event WHERE id = $1").bind(id).execute().await.map(drop)
}

/// Removes what waits for a plugin that it does not handle any more.
pub(in crate::plugin) async fn forget_others(
    tx: &Transaction,
    id: &PluginId,
    handlers: &[HandlerSpec],
) -> Result<(), DbError> {
    let mut sql = "DELETE FROM plugin_event WHERE plugin_id = $1".to_owned();
    if !handlers.is_empty() {
        sql.push_str(&format!(" AND source || '.' || name NOT IN ({})", placeholders(2, handlers.len())));
    }
    let query = tx.query(sql).bind(id.as_str());
    handlers.iter().fold(query, |query, handler| query.bind(handler.event.as_str())).execute().await.map(drop)
}

/// How many wait for a plugin.
pub(super) async fn waiting(db: &Database, id: &PluginId) -> Result<u64, DbError> {
    let sql = "SELECT COUNT(*) FROM plugin_event WHERE plugin_id = $1";
    let count: i64 = db.query(sql).bind(id.as_str()).fetch_scalar().await?;
    Ok(u64::try_from(count).unwrap_or_default())
}
