//! What the server and the offline commands have in common: everything but HTTP.

use super::data_dir::{DataDir, DataDirError};
use crate::admin::auth::secret::{self, SecretError};
use crate::admin::user::FirstAdmin;
use crate::admin::user::service::FirstAdminError;
use crate::admin::{Admin, AdminSettings, Published};
use crate::config::Config;
use crate::db::migrate::{self, MigrateError};
use crate::db::{OpenError, Pool};
use plugin_api::db::DbError;
use std::path::Path;
use std::sync::Arc;

/// The data directory, the database and the core's features.
pub struct Core {
    /// What the operator has turned.
    pub config: Config,
    /// The directory, locked.
    pub data: DataDir,
    /// The database.
    pub pool: Pool,
    /// The features.
    pub admin: Admin,
}

/// Why the core can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum CoreError {
    /// The data directory.
    #[error(transparent)]
    Data(#[from] DataDirError),
    /// The database can't be opened.
    #[error("failed to open the database")]
    Database(#[from] OpenError),
    /// The schema can't be brought up to date.
    #[error("failed to update the database's schema")]
    Migrate(#[from] MigrateError),
    /// The signing key.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The first administrator.
    #[error(transparent)]
    FirstAdmin(#[from] FirstAdminError),
}

impl Core {
    /// Locks the directory, opens the database and brings its schema up to date. Entries and
    /// codes of plugins are there while `published` says so.
    ///
    /// # Errors
    /// [`CoreError`].
    pub async fn open(
        config: Config,
        data: &Path,
        published: Arc<dyn Published>,
    ) -> Result<Self, CoreError> {
        let data = DataDir::open(data)?;
        let pool = Pool::open(&config.database_url(data.path())).await?;
        let applied = migrate::core(&pool).await?;
        if !applied.is_empty() {
            tracing::info!(migrations = ?applied, "the database's schema was updated");
        }
        let key = secret::load(&config.auth.jwt_secret, data.path())?;
        let settings = AdminSettings {
            zone: config.server.zone(),
            access_token_seconds: config.auth.access_token_seconds,
            trusted_proxies: config.server.trusted_proxies.clone(),
        };
        let admin = Admin::new(pool.database(), settings, key, published);
        Ok(Self {
            config,
            data,
            pool,
            admin,
        })
    }

    /// Creates the first administrator if there is no user at all.
    ///
    /// # Errors
    /// [`CoreError::FirstAdmin`].
    pub async fn ensure_admin(&self) -> Result<Option<FirstAdmin>, CoreError> {
        Ok(self.admin.ensure_admin(&self.config.admin.password).await?)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// The database's.
    pub async fn ready(&self) -> Result<(), DbError> {
        self.pool.ping().await
    }

    /// Ends every statement and closes the database.
    pub async fn close(self) {
        self.pool.close().await;
    }
}
