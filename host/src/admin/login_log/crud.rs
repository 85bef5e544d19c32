//! Statements about the login log.

use super::model::LoginLogRow;
use crate::admin::journal::filter::{self, Condition, LogFilter, Stretch};
use crate::admin::journal::rows::{self, Column};
use plugin_api::db::{Database, DbError, Value};

pub(super) const TABLE: &str = "sys_login_log";

/// What is written, in the order of the values of a row.
const WRITTEN: [Column; 14] = [
    Column::Plain("user_uuid"),
    Column::Plain("username"),
    Column::Plain("status"),
    Column::Plain("ip"),
    Column::EmptyIsNull("country"),
    Column::EmptyIsNull("region"),
    Column::EmptyIsNull("city"),
    Column::EmptyIsNull("user_agent"),
    Column::Plain("os"),
    Column::Plain("browser"),
    Column::Plain("device"),
    Column::Plain("msg"),
    Column::Plain("login_time"),
    Column::Plain("created_time"),
];

pub(super) async fn insert(db: &Database, rows: Vec<Vec<Value>>) -> Result<(), DbError> {
    rows::insert(db, TABLE, &WRITTEN, rows).await
}

/// Entries that fit, newest first.
pub(super) async fn list(db: &Database, filter: &LogFilter, stretch: Stretch) -> Result<Vec<LoginLogRow>, DbError> {
    let mut condition = Condition::of(db, TABLE, filter).await?;
    if let Some(id) = stretch.before {
        condition.before(id);
    }
    let sql = format!(
        "SELECT id, user_uuid, username, status, ip, country, region, city, user_agent, os, browser, device, msg, \
         login_time, created_time FROM {TABLE} {} ORDER BY id DESC LIMIT {} OFFSET {}",
        condition.sql(),
        stretch.limit,
        stretch.offset
    );
    db.query(sql).bind_all(condition.parameters()).fetch_all().await
}

pub(super) async fn delete(db: &Database, ids: &[i64]) -> Result<u64, DbError> {
    filter::delete(db, TABLE, ids).await
}

pub(super) async fn clear(db: &Database) -> Result<u64, DbError> {
    db.query(format!("DELETE FROM {TABLE}")).execute().await
}
