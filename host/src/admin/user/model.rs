//! Rows of users.

use serde::Deserialize;

/// A row of `sys_user`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct User {
    /// The key.
    pub id: i64,
    /// The public id.
    pub uuid: String,
    /// The login name.
    pub username: String,
    /// The name that is shown.
    pub nickname: String,
    /// The hash, in PHC form; None for users without a password.
    pub password: Option<String>,
    /// A picture's address.
    pub avatar: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
    /// A telephone number.
    pub phone: Option<String>,
    /// 1 enabled, 0 disabled.
    pub status: i32,
    /// Passes every permission check.
    pub is_superuser: bool,
    /// May change things.
    pub is_staff: bool,
    /// May be logged in several times at once.
    pub is_multi_login: bool,
    /// Unix milliseconds.
    pub join_time: i64,
    /// Unix milliseconds.
    pub last_login_time: Option<i64>,
    /// The department.
    pub dept_id: Option<i64>,
}

/// A user to be created.
#[derive(Debug, Clone)]
pub(super) struct NewUser {
    pub(super) uuid: String,
    pub(super) username: String,
    pub(super) nickname: String,
    /// The hash, in PHC form.
    pub(super) password: String,
    /// Unix milliseconds.
    pub(super) now_ms: i64,
}
