//! Why something could not be done with a user.

use crate::admin::auth::policy::PolicyError;
use crate::admin::role::RoleError;
use plugin_api::db::DbError;

/// Why something could not be done with a user.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// There is no such user.
    #[error("no such user")]
    NotFound,
    /// There is no such department.
    #[error("no such department")]
    DeptNotFound,
    /// Another user has the login name.
    #[error("the user name is taken")]
    NameTaken,
    /// Another user has the e-mail address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Nobody changes their own permissions.
    #[error("own permissions")]
    OwnPermissions,
    /// Nobody deletes themselves.
    #[error("own account")]
    OwnAccount,
    /// Only a super-user deletes a super-user.
    #[error("a super-user")]
    AboveCaller,
    /// Nobody would be left who may administer users.
    #[error("the last administrator")]
    LastAdministrator,
    /// The new password was typed in two ways.
    #[error("the passwords differ")]
    PasswordsDiffer,
    /// The old password is another one.
    #[error("wrong old password")]
    WrongPassword,
    /// The roles.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// The new password is not taken.
    #[error(transparent)]
    Password(#[from] PolicyError),
    /// The database.
    #[error("failed to reach the users")]
    Storage(#[from] DbError),
}
