//! Statements about the login log.

use super::model::LoginLogRow;
use crate::admin::journal::entries::Entries;
use crate::admin::journal::rows::{self, Column};
use crate::cache::Announcements;
use plugin_api::db::{Database, DbError, Value};

const TABLE: &str = "sys_login_log";

/// What is read.
const READ: &str = "id, user_uuid, username, status, ip, country, region, city, user_agent, os, \
     browser, device, msg, login_time, created_time";

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

/// The table, to be read and deleted from.
pub(super) fn entries(db: Database, announcements: Announcements) -> Entries<LoginLogRow> {
    Entries::new(db, TABLE, READ, announcements)
}
