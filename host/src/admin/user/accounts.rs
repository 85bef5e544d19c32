//! Accounts that nobody who is logged in creates: the first start and the command line do.

use super::error::UserError;
use super::model::{NewUser, Rank};
use super::{UserService, crud};
use crate::admin::auth::password::{self, PasswordError, Passwords};
use plugin_api::db::{DbError, DbErrorKind};

/// The login name of the administrator that the first start creates.
const ADMIN: &str = "admin";

/// The administrator that was created because there was no user.
#[derive(Clone, PartialEq, Eq)]
pub struct FirstAdmin {
    /// The login name.
    pub username: &'static str,
    /// The password, if the host made it up: to be shown once, since only its hash is kept.
    pub generated_password: Option<String>,
}

/// Why there is no first administrator.
#[derive(Debug, thiserror::Error)]
pub enum FirstAdminError {
    /// The database.
    #[error("failed to create the first administrator")]
    Storage(#[from] DbError),
    /// The password.
    #[error("failed to create the first administrator")]
    Password(#[from] PasswordError),
    /// `admin.password` is too long.
    #[error("admin.password is longer than {} bytes", password::PASSWORD_BYTES_MAX)]
    TooLong,
}

impl UserService {
    /// Creates the administrator if there is no user at all, with `configured` as the password
    /// or, if that is empty, a random one.
    ///
    /// # Errors
    /// [`FirstAdminError`].
    pub async fn ensure_admin(
        &self,
        passwords: &Passwords,
        configured: &str,
    ) -> Result<Option<FirstAdmin>, FirstAdminError> {
        if crud::count(&self.db).await? > 0 {
            return Ok(None);
        }
        if configured.len() > password::PASSWORD_BYTES_MAX {
            return Err(FirstAdminError::TooLong);
        }
        let generated_password = configured.is_empty().then(password::random);
        let chosen = generated_password.as_deref().unwrap_or(configured);
        let user = self.administrator(ADMIN, passwords.hash(chosen).await?);
        match crud::insert(&self.db, &user).await {
            Ok(_) => Ok(Some(FirstAdmin { username: ADMIN, generated_password })),
            // Another node was first.
            Err(error) if error.kind == DbErrorKind::Unique => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Creates a super-user who is staff.
    ///
    /// # Errors
    /// [`UserError::NameTaken`], [`UserError::Password`].
    pub async fn create_administrator(&self, username: &str, password: &str) -> Result<(), UserError> {
        let user = self.administrator(username, self.password_rules.hash_first(password).await?);
        match crud::insert(&self.db, &user).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_unique() => Err(UserError::NameTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives the user of a login name another password, and ends the user's sessions.
    ///
    /// # Errors
    /// [`UserError::NotFound`], [`UserError::Password`].
    pub async fn reset_password_of(&self, username: &str, password: &str) -> Result<(), UserError> {
        let user = crud::by_username(&self.db, username).await?.ok_or(UserError::NotFound)?;
        self.change_password(user.id, password).await
    }

    fn administrator(&self, username: &str, password: String) -> NewUser {
        NewUser {
            uuid: uuid::Uuid::new_v4().to_string(),
            username: username.to_owned(),
            nickname: username.to_owned(),
            password,
            email: None,
            phone: None,
            dept_id: None,
            rank: Rank::Administrator,
            now_ms: self.clock.now_ms(),
        }
    }
}
