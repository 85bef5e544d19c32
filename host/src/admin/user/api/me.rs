//! Routes about the user who asks.

use super::form::{AvatarForm, NicknameForm, OwnPasswordForm};
use super::view::Me;
use crate::admin::Clock;
use crate::admin::auth::AuthError;
use crate::admin::user::UserError;
use crate::admin::user::service::UserService;
use crate::http::{Answer, ApiError, Caller, Done, JsonBody};
use poem_openapi::OpenApi;

/// `/sys/users/me`
pub struct MeApi {
    users: UserService,
    clock: Clock,
}

impl MeApi {
    /// The routes over `users`.
    pub fn new(users: UserService, clock: Clock) -> Self {
        Self { users, clock }
    }
}

/// Users
#[OpenApi]
impl MeApi {
    /// The user who asks
    #[oai(path = "/sys/users/me", method = "get", operation_id = "get_me")]
    async fn me(&self, caller: Caller) -> Result<Answer<Me>, ApiError> {
        Ok(Answer::of(Me::of(&caller.0, &self.clock)))
    }

    /// Change the own password; every session of the user ends
    #[oai(path = "/sys/users/me/password", method = "put", operation_id = "change_own_password")]
    async fn password(&self, caller: Caller, form: JsonBody<OwnPasswordForm>) -> Result<Done, ApiError> {
        let OwnPasswordForm { old_password, new_password, confirm_password } = form.0;
        let id = caller.0.user_id;
        self.users.change_own_password(id, &old_password, &new_password, &confirm_password).await.map_err(own)?;
        Ok(Done::done())
    }

    /// Change the own name that is shown
    #[oai(path = "/sys/users/me/nickname", method = "put", operation_id = "change_own_nickname")]
    async fn nickname(&self, caller: Caller, form: JsonBody<NicknameForm>) -> Result<Done, ApiError> {
        self.users.set_nickname(caller.0.user_id, &form.0.nickname).await.map_err(own)?;
        Ok(Done::done())
    }

    /// Change the own picture
    #[oai(path = "/sys/users/me/avatar", method = "put", operation_id = "change_own_avatar")]
    async fn avatar(&self, caller: Caller, form: JsonBody<AvatarForm>) -> Result<Done, ApiError> {
        self.users.set_avatar(caller.0.user_id, &form.0.avatar).await.map_err(own)?;
        Ok(Done::done())
    }
}

/// A caller who is not found was deleted since the token was looked at.
fn own(error: UserError) -> ApiError {
    match error {
        UserError::NotFound => AuthError::Expired.into(),
        other => other.into(),
    }
}
