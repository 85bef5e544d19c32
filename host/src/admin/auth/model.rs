//! Rows of sessions.

use serde::Deserialize;
use uuid::Uuid;

/// A session with what of its user decides about it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct SessionRow {
    /// Unix milliseconds.
    pub(super) expire_time: i64,
    pub(super) user_id: i64,
    pub(super) uuid: String,
    pub(super) username: String,
    pub(super) status: i32,
    pub(super) is_superuser: bool,
    pub(super) is_staff: bool,
    /// None without a department.
    pub(super) dept_status: Option<i32>,
    /// None without a department.
    pub(super) dept_deleted: Option<bool>,
}

/// A session to be begun.
#[derive(Debug, Clone)]
pub(super) struct NewSession {
    pub(super) session: Uuid,
    pub(super) user_id: i64,
    pub(super) username: String,
    pub(super) nickname: String,
    pub(super) ip: Option<String>,
    /// Unix milliseconds.
    pub(super) now_ms: i64,
    /// Unix milliseconds.
    pub(super) expire_time: i64,
}
