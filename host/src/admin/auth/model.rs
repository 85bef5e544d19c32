//! Rows of sessions, of refresh tokens and of passwords.

use super::refresh_token::RefreshToken;
use crate::admin::user_agent::UserAgent;
use serde::Deserialize;
use uuid::Uuid;

/// A session with what of its user decides about it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct SessionRow {
    /// Unix milliseconds.
    pub(super) expire_time: i64,
    /// Unix milliseconds; None before the first request.
    pub(super) last_used_time: Option<i64>,
    pub(super) user_id: i64,
    pub(super) uuid: String,
    pub(super) username: String,
    pub(super) status: i32,
    pub(super) is_superuser: bool,
    pub(super) is_staff: bool,
    pub(super) nickname: String,
    pub(super) avatar: Option<String>,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) is_multi_login: bool,
    /// Unix milliseconds.
    pub(super) join_time: i64,
    /// Unix milliseconds.
    pub(super) last_login_time: Option<i64>,
    pub(super) dept_id: Option<i64>,
    /// None without a department.
    pub(super) dept_name: Option<String>,
    /// None without a department.
    pub(super) dept_status: Option<i32>,
    /// None without a department.
    pub(super) dept_deleted: Option<bool>,
}

/// A role of a session's user.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct RoleRow {
    pub(super) name: String,
    pub(super) status: i32,
}

/// A session to be begun.
#[derive(Debug, Clone)]
pub(super) struct NewSession {
    pub(super) session: Uuid,
    /// Of everything that this login begins.
    pub(super) family: Uuid,
    pub(super) user_id: i64,
    pub(super) username: String,
    pub(super) nickname: String,
    pub(super) ip: Option<String>,
    pub(super) agent: UserAgent,
    /// The hash of a refresh token, and when it ends in Unix milliseconds.
    pub(super) refresh: Option<(String, i64)>,
    /// Unix milliseconds.
    pub(super) now_ms: i64,
    /// Unix milliseconds.
    pub(super) expire_time: i64,
}

/// What takes a session's place.
pub(super) struct Renewed {
    pub(super) session: Uuid,
    /// Unix milliseconds.
    pub(super) expire_time: i64,
    pub(super) refresh: RefreshToken,
    /// Unix milliseconds.
    pub(super) refresh_expire_time: i64,
}

/// A session that has a refresh token, with what of its user decides about renewing it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct RefreshableRow {
    pub(super) session_uuid: String,
    pub(super) family_uuid: String,
    pub(super) user_id: i64,
    /// Unix milliseconds.
    pub(super) last_login_time: i64,
    /// Unix milliseconds.
    pub(super) refresh_expire_time: i64,
    pub(super) status: i32,
    pub(super) is_multi_login: bool,
    /// None without a department.
    pub(super) dept_status: Option<i32>,
    /// None without a department.
    pub(super) dept_deleted: Option<bool>,
}

/// A refresh token that is good no more.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct SpentRow {
    pub(super) family_uuid: String,
    pub(super) user_id: i64,
    pub(super) reason: String,
}

/// A user's password.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct PasswordRow {
    /// The hash; None for users without a password.
    pub(super) password: Option<String>,
    /// Unix milliseconds.
    pub(super) last_password_changed_time: Option<i64>,
}
