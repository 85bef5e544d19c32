//! The rows of settings.

use super::sealer::Sealer;
use crate::plugin::id::PluginId;
use plugin_api::db::{DbError, Statements, Transaction};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// Values by key; None for one that can't be decrypted.
pub(in crate::plugin) type Stored = BTreeMap<String, Option<Value>>;

#[derive(Deserialize)]
struct Row {
    key: String,
    value: String,
    sealed: i64,
}

/// What is stored of a plugin's settings.
pub(in crate::plugin) async fn load(db: &impl Statements, id: &PluginId, sealer: &Sealer) -> Result<Stored, DbError> {
    let sql = "SELECT key, value, sealed FROM plugin_setting WHERE plugin_id = $1";
    let rows: Vec<Row> = db.query(sql).bind(id.as_str()).fetch_all().await?;
    Ok(rows.into_iter().map(|row| (row.key.clone(), value(id, &row, sealer))).collect())
}

/// What is stored without encryption.
pub(in crate::plugin) async fn load_open(
    db: &impl Statements,
    id: &PluginId,
) -> Result<BTreeMap<String, Value>, DbError> {
    let sql = "SELECT key, value FROM plugin_setting WHERE plugin_id = $1 AND sealed = 0";
    let rows: Vec<(String, String)> = db.query(sql).bind(id.as_str()).fetch_all().await?;
    Ok(rows.into_iter().filter_map(|(key, json)| Some((key, serde_json::from_str(&json).ok()?))).collect())
}

/// What is no JSON can't be used like what can't be decrypted.
fn value(id: &PluginId, row: &Row, sealer: &Sealer) -> Option<Value> {
    let json = match row.sealed {
        0 => row.value.clone(),
        _ => sealer.open(id.as_str(), &row.key, &row.value)?,
    };
    serde_json::from_str(&json).ok()
}

/// Stores a value, encrypted if a sealer is given; None takes it away.
pub(in crate::plugin) async fn write(
    tx: &Transaction,
    id: &PluginId,
    (key, value): (&str, Option<&Value>),
    sealer: Option<&Sealer>,
    now_ms: i64,
) -> Result<(), DbError> {
    let Some(value) = value else {
        let sql = "DELETE FROM plugin_setting WHERE plugin_id = $1 AND key = $2";
        return tx.query(sql).bind(id.as_str()).bind(key).execute().await.map(drop);
    };
    let (text, sealed) = match sealer {
        Some(sealer) => (sealer.seal(id.as_str(), key, &value.to_string()), 1_i64),
        None => (value.to_string(), 0),
    };
    let sql = "INSERT INTO plugin_setting (plugin_id, key, value, sealed, updated_time) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (plugin_id, key) DO UPDATE SET value = $3, sealed = $4, updated_time = $5";
    tx.query(sql).bind(id.as_str()).bind(key).bind(text).bind(sealed).bind(now_ms).execute().await.map(drop)
}
