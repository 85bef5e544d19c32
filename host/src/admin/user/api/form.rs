//! What is written of users.

use crate::admin::user::model::{Switch, UserChange, UserDraft};
use plugin_api::Id;
use poem_openapi::types::MaybeUndefined;
use poem_openapi::{Enum, Object};

/// What is written of a new user.
#[derive(Object)]
pub struct NewUserForm {
    /// The login name
    #[oai(validator(min_length = 1, max_length = 64))]
    pub username: String,
    /// 6 to 32 characters with a letter and a digit
    #[oai(validator(max_length = 256))]
    pub password: String,
    /// The name that is shown; the login name unless it is said
    #[oai(validator(max_length = 64))]
    pub nickname: Option<String>,
    /// An e-mail address, or nothing
    #[oai(validator(max_length = 256, pattern = r"^([^@\s]+@[^@\s.]+(\.[^@\s.]+)+)?$"))]
    pub email: Option<String>,
    /// A Chinese mobile number, or nothing
    #[oai(validator(max_length = 11, pattern = "^(1[3-9][0-9]{9})?$"))]
    pub phone: Option<String>,
    /// The department
    pub dept_id: Id,
    /// The roles' ids
    #[oai(validator(max_items = 1000))]
    pub roles: Vec<Id>,
}

/// What is changed of a user. What is not there stays as it was.
#[derive(Debug, Object)]
pub struct UserForm {
    /// The login name
    #[oai(validator(min_length = 1, max_length = 64))]
    pub username: String,
    /// The name that is shown; the login name if it is empty
    #[oai(validator(max_length = 64))]
    pub nickname: String,
    /// The department
    pub dept_id: MaybeUndefined<Id>,
    /// A picture's address: absolute, or a path on this server
    #[oai(validator(max_length = 256, pattern = r"^(https?://\S+|/([^/\\\s]\S*)?)?$"))]
    pub avatar: MaybeUndefined<String>,
    /// An e-mail address, or nothing
    #[oai(validator(max_length = 256, pattern = r"^([^@\s]+@[^@\s.]+(\.[^@\s.]+)+)?$"))]
    pub email: MaybeUndefined<String>,
    /// A Chinese mobile number, or nothing
    #[oai(validator(max_length = 11, pattern = "^(1[3-9][0-9]{9})?$"))]
    pub phone: MaybeUndefined<String>,
    /// The roles' ids, all of them
    #[oai(validator(max_items = 1000))]
    pub roles: Vec<Id>,
}

/// A password for somebody else.
#[derive(Object)]
pub struct PasswordForm {
    /// 6 to 32 characters with a letter and a digit
    #[oai(validator(max_length = 256))]
    pub password: String,
}

/// A password of one's own.
#[derive(Object)]
pub struct OwnPasswordForm {
    /// The one so far
    #[oai(validator(max_length = 256))]
    pub old_password: String,
    /// 6 to 32 characters with a letter and a digit
    #[oai(validator(max_length = 256))]
    pub new_password: String,
    /// The same again
    #[oai(validator(max_length = 256))]
    pub confirm_password: String,
}

/// A name to be shown.
#[derive(Debug, Object)]
pub struct NicknameForm {
    /// The name
    #[oai(validator(min_length = 1, max_length = 64))]
    pub nickname: String,
}

/// A picture.
#[derive(Debug, Object)]
pub struct AvatarForm {
    /// Its address: absolute, or a path on this server
    #[oai(validator(max_length = 256, pattern = r"^(https?://\S+|/([^/\\\s]\S*)?)$"))]
    pub avatar: String,
}

/// What can be switched on and off for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum UserPermission {
    /// Passes every permission check
    Superuser,
    /// May change things
    Staff,
    /// May log in
    Status,
    /// May be logged in several times at once
    MultiLogin,
}

impl From<NewUserForm> for UserDraft {
    fn from(form: NewUserForm) -> Self {
        Self {
            username: form.username,
            nickname: form.nickname,
            password: form.password,
            email: form.email.filter(|email| !str::is_empty(email)),
            phone: form.phone.filter(|phone| !str::is_empty(phone)),
            dept_id: form.dept_id.get(),
            roles: Id::all(form.roles),
        }
    }
}

impl From<UserForm> for UserChange {
    fn from(form: UserForm) -> Self {
        let nickname = if str::is_empty(&form.nickname) { form.username.clone() } else { form.nickname };
        Self {
            nickname,
            username: form.username,
            dept_id: change(form.dept_id).map(|dept| dept.map(Id::get)),
            avatar: text(form.avatar),
            email: text(form.email),
            phone: text(form.phone),
            roles: Id::all(form.roles),
        }
    }
}

impl From<UserPermission> for Switch {
    fn from(permission: UserPermission) -> Self {
        match permission {
            UserPermission::Superuser => Self::Superuser,
            UserPermission::Staff => Self::Staff,
            UserPermission::Status => Self::Status,
            UserPermission::MultiLogin => Self::MultiLogin,
        }
    }
}

/// None where nothing was said, Some(None) for null.
fn change<T>(said: MaybeUndefined<T>) -> Option<Option<T>> {
    match said {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

/// The same, where an empty text means null.
fn text(said: MaybeUndefined<String>) -> Option<Option<String>> {
    change(said).map(|text| text.filter(|text| !str::is_empty(text)))
}
