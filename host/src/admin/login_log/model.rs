//! Rows of the login log.

use crate::admin::journal::entries::Entry;
use serde::Deserialize;

/// An attempt to log in, to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLoginLog {
    /// Of the user; empty if nobody has this name.
    pub user_uuid: String,
    /// The name that was given.
    pub username: String,
    /// 1 success, 0 failure.
    pub status: i32,
    /// Where from, if that is known.
    pub ip: String,
    /// As it was sent.
    pub user_agent: String,
    /// What the client was told.
    pub msg: String,
    /// Unix milliseconds.
    pub login_time: i64,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct LoginLogRow {
    /// The key.
    pub id: i64,
    /// Of the user; empty if nobody has this name.
    pub user_uuid: String,
    /// The name that was given.
    pub username: String,
    /// 1 success, 0 failure.
    pub status: i32,
    /// Where from.
    pub ip: String,
    /// Of the address.
    pub country: Option<String>,
    /// Of the address.
    pub region: Option<String>,
    /// Of the address.
    pub city: Option<String>,
    /// As it was sent.
    pub user_agent: Option<String>,
    /// Of the user agent.
    pub os: Option<String>,
    /// Of the user agent.
    pub browser: Option<String>,
    /// Of the user agent.
    pub device: Option<String>,
    /// What the client was told.
    pub msg: String,
    /// Unix milliseconds.
    pub login_time: i64,
    /// Unix milliseconds.
    pub created_time: i64,
}

impl Entry for LoginLogRow {
    fn id(&self) -> i64 {
        self.id
    }
}
