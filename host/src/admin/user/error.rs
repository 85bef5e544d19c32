//! Why something could not be done with a user.

use crate::admin::auth::password::PasswordError;
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
    /// The new password is not good enough.
    #[error(transparent)]
    Weak(#[from] WeakPassword),
    /// The roles.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// A password could not be hashed.
    #[error("failed to work on a password")]
    Password(#[from] PasswordError),
    /// The database.
    #[error("failed to reach the users")]
    Storage(#[from] DbError),
}

/// What a new password lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Too few characters.
    #[error("a password has at least {} characters", WeakPassword::CHARACTERS_MIN)]
    TooShort,
    /// Too many characters.
    #[error("a password has at most {} characters", WeakPassword::CHARACTERS_MAX)]
    TooLong,
    /// No digit.
    #[error("a password has a digit")]
    NoDigit,
    /// No letter.
    #[error("a password has a letter")]
    NoLetter,
}

impl WeakPassword {
    /// Fewest characters of a password.
    pub const CHARACTERS_MIN: usize = 6;
    /// Most characters of a password.
    pub const CHARACTERS_MAX: usize = 32;

    /// Whether a new password is good enough.
    ///
    /// # Errors
    /// The first thing that it lacks.
    pub fn check(password: &str) -> Result<(), Self> {
        let characters = password.chars().count();
        if characters < Self::CHARACTERS_MIN {
            Err(Self::TooShort)
        } else if characters > Self::CHARACTERS_MAX {
            Err(Self::TooLong)
        } else if !password.contains(|c: char| c.is_ascii_digit()) {
            Err(Self::NoDigit)
        } else if !password.contains(|c: char| c.is_ascii_alphabetic()) {
            Err(Self::NoLetter)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_a_length_a_digit_and_a_letter() {
        let cases = [
            ("abc12", Err(WeakPassword::TooShort)),
            ("abc123", Ok(())),
            ("密码密码a1", Ok(())),
            ("abcdefgh", Err(WeakPassword::NoDigit)),
            ("12345678", Err(WeakPassword::NoLetter)),
            ("a1345678901234567890123456789012", Ok(())),
            ("a13456789012345678901234567890123", Err(WeakPassword::TooLong)),
        ];
        for (password, expected) in cases {
            assert_eq!(WeakPassword::check(password), expected, "{password}");
        }
    }
}
