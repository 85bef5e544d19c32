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

/// The department of a user.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct UserDept {
    /// The key.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// The department above.
    pub parent_id: Option<i64>,
    /// Ascending.
    pub sort: i64,
    /// Who leads it.
    pub leader: Option<String>,
    /// A telephone number.
    pub phone: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
    /// 1 enabled, 0 disabled.
    pub status: i32,
    /// Deleted; such a department is nobody's.
    pub del_flag: bool,
    /// Unix milliseconds.
    pub created_time: i64,
    /// Unix milliseconds.
    pub updated_time: Option<i64>,
}

/// Which users a list shows; what is None does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// The department.
    pub dept: Option<i64>,
    /// A part of the login name.
    pub username: Option<String>,
    /// A part of the telephone number.
    pub phone: Option<String>,
    /// 1 enabled, 0 disabled.
    pub status: Option<i32>,
}

/// What people write of a new user; the rest of the row is ours.
#[derive(Clone)]
pub struct UserDraft {
    /// The login name.
    pub username: String,
    /// The name that is shown; the login name if there is none.
    pub nickname: Option<String>,
    /// In clear.
    pub password: String,
    /// An e-mail address.
    pub email: Option<String>,
    /// A telephone number.
    pub phone: Option<String>,
    /// The department.
    pub dept_id: i64,
    /// The roles.
    pub roles: Vec<i64>,
}

/// What people change of a user. Where the outer value is None, the row stays as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserChange {
    /// The login name.
    pub username: String,
    /// The name that is shown.
    pub nickname: String,
    /// The department.
    pub dept_id: Option<Option<i64>>,
    /// A picture's address.
    pub avatar: Option<Option<String>>,
    /// An e-mail address.
    pub email: Option<Option<String>>,
    /// A telephone number.
    pub phone: Option<Option<String>>,
    /// The roles, all of them.
    pub roles: Vec<i64>,
}

/// What can be switched on and off for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// Passes every permission check.
    Superuser,
    /// May change things.
    Staff,
    /// May log in.
    Status,
    /// May be logged in several times at once.
    MultiLogin,
}

/// A row to be written.
#[derive(Debug, Clone)]
pub(in crate::admin) struct NewUser {
    pub(super) uuid: String,
    pub(super) username: String,
    pub(super) nickname: String,
    /// The hash, in PHC form.
    pub(super) password: String,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) dept_id: Option<i64>,
    pub(super) rank: Rank,
    /// Unix milliseconds.
    pub(super) now_ms: i64,
}

/// What a new user may do at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::admin) enum Rank {
    /// What the roles grant, as a reader, in one session.
    Member,
    /// Everything, in several sessions.
    Administrator,
}
