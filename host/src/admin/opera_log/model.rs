//! Rows of the operation log.

use crate::admin::journal::entries::Entry;
use serde::Deserialize;

/// An entry.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct OperaLogRow {
    /// The key.
    pub id: i64,
    /// The request's id.
    pub trace_id: String,
    /// Who; None for nobody who is logged in.
    pub username: Option<String>,
    /// The HTTP method.
    pub method: String,
    /// What the route does.
    pub title: String,
    /// The path.
    pub path: String,
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
    /// JSON.
    pub args: Option<String>,
    /// 1 success, 0 failure.
    pub status: i32,
    /// The code in the answer.
    pub code: String,
    /// The text in the answer.
    pub msg: Option<String>,
    /// Milliseconds.
    pub cost_time: f64,
    /// Unix milliseconds.
    pub opera_time: i64,
    /// Unix milliseconds.
    pub created_time: i64,
}

impl Entry for OperaLogRow {
    fn id(&self) -> i64 {
        self.id
    }
}
