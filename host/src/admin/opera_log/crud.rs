//! Statements about the operation log.

use super::model::OperaLogRow;
use crate::admin::journal::entries::Entries;
use crate::admin::journal::rows::{self, Column};
use crate::cache::Announcements;
use plugin_api::db::{Database, DbError, Value};

const TABLE: &str = "sys_opera_log";

/// What is read.
const READ: &str = "id, trace_id, username, method, title, path, ip, country, region, city, \
     user_agent, os, browser, device, args, status, code, msg, cost_time, opera_time, created_time";

/// What is written, in the order of the values of a row.
const WRITTEN: [Column; 20] = [
    Column::Plain("trace_id"),
    Column::EmptyIsNull("username"),
    Column::Plain("method"),
    Column::Plain("title"),
    Column::Plain("path"),
    Column::Plain("ip"),
    Column::EmptyIsNull("country"),
    Column::EmptyIsNull("region"),
    Column::EmptyIsNull("city"),
    Column::EmptyIsNull("user_agent"),
    Column::Plain("os"),
    Column::Plain("browser"),
    Column::Plain("device"),
    Column::EmptyIsNull("args"),
    Column::Plain("status"),
    Column::Plain("code"),
    Column::EmptyIsNull("msg"),
    Column::Plain("cost_time"),
    Column::Plain("opera_time"),
    Column::Plain("created_time"),
];

pub(super) async fn insert(db: &Database, rows: Vec<Vec<Value>>) -> Result<(), DbError> {
    rows::insert(db, TABLE, &WRITTEN, rows).await
}

/// The table, to be read and deleted from.
pub(super) fn entries(db: Database, announcements: Announcements) -> Entries<OperaLogRow> {
    Entries::new(db, TABLE, READ, announcements)
}
