//! Routes about users.

mod form;
mod me;
mod view;

pub use form::{AvatarForm, NewUserForm, NicknameForm, OwnPasswordForm, PasswordForm, UserForm, UserPermission};
pub use me::MeApi;
pub use view::{Me, UserDeptView, UserDetailView, UserView};

use super::error::UserError;
use super::model::UserFilter;
use super::service::UserService;
use crate::admin::Clock;
use crate::admin::role::api::RoleView;
use crate::http::{Allowed, Answer, ApiError, Caller, Done, JsonBody, Message, Page, PageQuery, SuperCaller};
use crate::permissions;
use plugin_api::Id;
use poem::Request;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};

permissions! {
    ListUsers = "sys:user:list",
    DeleteUser = "sys:user:del",
}

/// `/sys/users`
pub struct UserApi {
    users: UserService,
    clock: Clock,
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
    /// List users, newest first
    #[oai(path = "/sys/users", method = "get", operation_id = "list_users")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the route")]
    async fn list(
        &self,
        _caller: Allowed<ListUsers>,
        /// The department
        dept: Query<Option<Id>>,
        /// A part of the login name
        #[oai(validator(max_length = 64))]
        username: Query<Option<String>>,
        /// A part of the telephone number
        #[oai(validator(max_length = 11))]
        phone: Query<Option<String>>,
        /// 1 enabled, 0 disabled
        status: Query<Option<i32>>,
        /// From 1
        #[oai(name = "page")]
        _page: Query<Option<i64>>,
        /// 1 to 200
        #[oai(name = "size")]
        _size: Query<Option<i64>>,
        request: &Request,
    ) -> Result<Answer<Page<UserDetailView>>, ApiError> {
        let uri = request.original_uri();
        let page = PageQuery::of(uri)?;
        let filter = UserFilter { dept: dept.0.map(Id::get), username: username.0, phone: phone.0, status: status.0 };
        let (limit, offset) = (page.limit().unsigned_abs(), page.offset().unsigned_abs());
        let (users, total) = self.users.page(&filter, limit, offset).await?;
        let users = users.into_iter().map(|user| UserDetailView::listed(user, &self.clock)).collect();
        Ok(Answer::of(page.answer(uri, users, total)))
    }

    /// Read a user
    #[oai(path = "/sys/users/:pk", method = "get", operation_id = "get_user")]
    async fn read(&self, caller: Caller, pk: Path<Id>) -> Result<Answer<UserDetailView>, ApiError> {
        may_see(&caller, pk.0.get())?;
        let person = self.users.person(pk.0.get()).await?;
        Ok(Answer::of(UserDetailView::of(person, &self.clock)))
    }

    /// The roles of a user
    #[oai(path = "/sys/users/:pk/roles", method = "get", operation_id = "get_user_roles")]
    async fn roles(&self, caller: Caller, pk: Path<Id>) -> Result<Answer<Vec<RoleView>>, ApiError> {
        may_see(&caller, pk.0.get())?;
        let roles = self.users.roles_of(pk.0.get()).await?;
        Ok(Answer::of(roles.into_iter().map(|role| RoleView::of(role, &self.clock)).collect()))
    }

    /// Add a user
    #[oai(path = "/sys/users", method = "post", operation_id = "create_user")]
    async fn create(
        &self,
        _caller: SuperCaller,
        form: JsonBody<NewUserForm>,
    ) -> Result<Answer<UserDetailView>, ApiError> {
        let person = self.users.create(form.0.into()).await?;
        Ok(Answer::of(UserDetailView::of(person, &self.clock)))
    }

    /// Change a user
    #[oai(path = "/sys/users/:pk", method = "put", operation_id = "update_user")]
    async fn update(&self, _caller: SuperCaller, pk: Path<Id>, form: JsonBody<UserForm>) -> Result<Done, ApiError> {
        self.users.update(pk.0.get(), form.0.into()).await?;
        Ok(Done::done())
    }

    /// Switch on what is off for another user, or off what is on
    #[oai(path = "/sys/users/:pk/permissions", method = "put", operation_id = "toggle_user_permission")]
    async fn toggle(
        &self,
        caller: SuperCaller,
        pk: Path<Id>,
        /// What
        #[oai(name = "type")]
        permission: Query<UserPermission>,
    ) -> Result<Done, ApiError> {
        self.users.toggle(caller.0.user_id, pk.0.get(), permission.0.into()).await?;
        Ok(Done::done())
    }

    /// Give a user another password; every session of the user ends
    #[oai(path = "/sys/users/:pk/password", method = "put", operation_id = "reset_user_password")]
    async fn reset_password(
        &self,
        _caller: SuperCaller,
        pk: Path<Id>,
        form: JsonBody<PasswordForm>,
    ) -> Result<Done, ApiError> {
        self.users.change_password(pk.0.get(), &form.0.password).await?;
        Ok(Done::done())
    }

    /// Delete another user
    #[oai(path = "/sys/users/:pk", method = "delete", operation_id = "delete_user")]
    async fn delete(&self, caller: Allowed<DeleteUser>, pk: Path<Id>) -> Result<Done, ApiError> {
        self.users.delete(&caller.0, pk.0.get()).await?;
        Ok(Done::done())
    }
}

/// Oneself, or anybody with the code.
fn may_see(caller: &Caller, id: i64) -> Result<(), ApiError> {
    if caller.0.user_id == id { Ok(()) } else { caller.may_read::<ListUsers>() }
}

impl From<UserError> for ApiError {
    fn from(error: UserError) -> Self {
        match error {
            UserError::NotFound => Self::not_found(Message::fixed("the user does not exist", "用户不存在")),
            UserError::DeptNotFound => Self::not_found(Message::fixed("the department does not exist", "部门不存在")),
            UserError::NameTaken => Self::conflict(Message::fixed("the user name is taken", "用户名已被使用")),
            UserError::EmailTaken => Self::conflict(Message::fixed("the e-mail address is taken", "邮箱已被使用")),
            UserError::OwnPermissions => {
                Self::forbidden(Message::fixed("nobody changes their own permissions", "不能修改自己的权限"))
            }
            UserError::OwnAccount => Self::forbidden(Message::fixed("nobody deletes themselves", "不能删除自己的账号")),
            UserError::AboveCaller => Self::forbidden(Message::fixed(
                "only a super-user deletes a super-user",
                "仅超级管理员可以删除超级管理员",
            )),
            UserError::LastAdministrator => Self::forbidden(Message::fixed(
                "there must be an enabled super-user who is staff",
                "必须保留至少一个可用的超级管理员",
            )),
            UserError::PasswordsDiffer => {
                Self::bad_request(Message::fixed("the two new passwords differ", "两次输入的新密码不同"))
            }
            UserError::WrongPassword => Self::bad_request(Message::fixed("the old password is wrong", "旧密码不正确")),
            UserError::Password(error) => error.into(),
            UserError::Role(error) => error.into(),
            error @ UserError::Storage(_) => Self::internal(error),
        }
    }
}
