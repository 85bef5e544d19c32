//! Rules about users.

use super::crud;
use super::model::{NewUser, User};
use crate::admin::Clock;
use crate::admin::auth::password::{self, PasswordError, Passwords};
use plugin_api::db::{Database, DbError, DbErrorKind};

/// The login name of the administrator that the first start creates.
pub const ADMIN: &str = "admin";

/// What the core does with users.
#[derive(Debug, Clone)]
pub struct UserService {
    db: Database,
    clock: Clock,
}

/// A user with the names of what they belong to.
#[derive(Debug, Clone, PartialEq)]
pub struct UserDetail {
    /// The user.
    pub user: User,
    /// The department's name.
    pub dept: Option<String>,
    /// The roles' names.
    pub roles: Vec<String>,
}

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
    /// Works on `db`.
    pub fn new(db: Database, clock: Clock) -> Self {
        Self { db, clock }
    }

    /// The user of a login name.
    ///
    /// # Errors
    /// The database's.
    pub async fn by_username(&self, username: &str) -> Result<Option<User>, DbError> {
        crud::by_username(&self.db, username).await
    }

    /// A user with department and roles; None if it is gone.
    ///
    /// # Errors
    /// The database's.
    pub async fn detail(&self, id: i64) -> Result<Option<UserDetail>, DbError> {
        let Some(user) = crud::by_id(&self.db, id).await? else {
            return Ok(None);
        };
        Ok(Some(UserDetail {
            dept: crud::dept_name(&self.db, id).await?,
            roles: crud::role_names(&self.db, id).await?,
            user,
        }))
    }

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
        let user = NewUser {
            uuid: uuid::Uuid::new_v4().to_string(),
            username: ADMIN.to_owned(),
            nickname: ADMIN.to_owned(),
            password: passwords.hash(chosen).await?,
            now_ms: self.clock.now_ms(),
        };
        match crud::insert_administrator(&self.db, &user).await {
            Ok(_) => Ok(Some(FirstAdmin { username: ADMIN, generated_password })),
            // Another node was first.
            Err(error) if error.kind == DbErrorKind::Unique => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
