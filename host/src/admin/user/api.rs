//! Routes about users.

use super::model::User;
use super::service::{UserDetail, UserService};
use crate::admin::Clock;
use crate::admin::auth::AuthError;
use crate::http::{Answer, ApiError, Caller};
use poem_openapi::{Object, OpenApi};

/// `/sys/users`
pub struct UserApi {
    users: UserService,
    clock: Clock,
}

/// A user, as everybody who is logged in may see it.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "User")]
pub struct UserView {
    /// The department.
    pub dept_id: Option<i64>,
    /// The login name.
    pub username: String,
    /// The name that is shown.
    pub nickname: String,
    /// A picture's address.
    pub avatar: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
    /// A telephone number.
    pub phone: Option<String>,
    /// The key.
    pub id: i64,
    /// The public id.
    pub uuid: String,
    /// 1 enabled, 0 disabled.
    pub status: i32,
    /// Passes every permission check.
    pub is_superuser: bool,
    /// May change things.
    pub is_staff: bool,
    /// May be logged in several times at once.
    pub is_multi_login: bool,
    /// `YYYY-MM-DD HH:MM:SS`
    pub join_time: String,
    /// `YYYY-MM-DD HH:MM:SS`
    pub last_login_time: Option<String>,
}

/// The user who asks.
#[derive(Debug, Clone, PartialEq, Object)]
pub struct Me {
    /// What everybody may see.
    #[oai(flatten)]
    pub user: UserView,
    /// The department's name.
    pub dept: Option<String>,
    /// The roles' names.
    pub roles: Vec<String>,
}

impl UserView {
    /// A row, with its times in the clock's zone.
    pub fn of(user: User, clock: &Clock) -> Self {
        Self {
            dept_id: user.dept_id,
            username: user.username,
            nickname: user.nickname,
            avatar: user.avatar,
            email: user.email,
            phone: user.phone,
            id: user.id,
            uuid: user.uuid,
            status: user.status,
            is_superuser: user.is_superuser,
            is_staff: user.is_staff,
            is_multi_login: user.is_multi_login,
            join_time: clock.format(user.join_time),
            last_login_time: user.last_login_time.map(|time| clock.format(time)),
        }
    }
}

impl UserApi {
    /// The routes over `users`.
    pub fn new(users: UserService, clock: Clock) -> Self {
        Self { users, clock }
    }
}

/// Users
#[OpenApi]
impl UserApi {
    /// The user who asks
    #[oai(path = "/sys/users/me", method = "get", operation_id = "get_me")]
    async fn me(&self, caller: Caller) -> Result<Answer<Me>, ApiError> {
        let detail = self.users.detail(caller.0.user_id).await.map_err(ApiError::internal)?;
        // Deleted since the token was looked at.
        let UserDetail { user, dept, roles } = detail.ok_or(AuthError::Expired)?;
        Ok(Answer::of(Me { user: UserView::of(user, &self.clock), dept, roles }))
    }
}
