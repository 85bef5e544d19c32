//! A logged-in user, as requests see one.

use std::collections::HashSet;
use std::sync::Arc;
use uuid::Uuid;

/// The user behind a valid token, with what their roles grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The row's id.
    pub user_id: i64,
    /// The id that never changes and says nothing of the order of users.
    pub uuid: String,
    /// The login name.
    pub username: String,
    /// Passes every permission check.
    pub is_superuser: bool,
    /// May change things, not only look.
    pub is_staff: bool,
    /// The codes that enabled menus of enabled roles grant.
    pub permissions: Arc<HashSet<String>>,
    /// The session of the token.
    pub session: Uuid,
    /// Has at least one enabled role.
    pub has_roles: bool,
    /// Those roles have at least one menu.
    pub has_menus: bool,
    /// What is shown to the user of themselves.
    pub profile: Profile,
}

/// What a user is shown of themselves, beside what decides about requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// The name that is shown.
    pub nickname: String,
    /// A picture's address.
    pub avatar: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
    /// A telephone number.
    pub phone: Option<String>,
    /// May be logged in several times at once.
    pub is_multi_login: bool,
    /// Unix milliseconds.
    pub join_time: i64,
    /// Unix milliseconds.
    pub last_login_time: Option<i64>,
    /// The department.
    pub dept_id: Option<i64>,
    /// The department's name.
    pub dept: Option<String>,
    /// The roles' names, by id.
    pub roles: Vec<String>,
}
