//! What the server and the offline commands have in common: everything but HTTP.

use super::data_dir::{DataDir, DataDirError};
use super::plugins::{self, Plugged, PluginsError};
use crate::admin::auth::secret::{self, SecretError};
use crate::admin::auth::{Rules, TokenLives};
use crate::admin::user::{FirstAdmin, FirstAdminError};
use crate::admin::{Admin, AdminSettings};
use crate::cache::{CacheError, Cluster};
use crate::config::Config;
use crate::db::migrate::{self, MigrateError};
use crate::db::{OpenError, Pool};
use crate::loader::Loader;
use crate::plugin::SupervisorHandle;
use plugin_api::db::{DbError, Dialect};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder of uploaded files in the data directory.
const UPLOADS: &str = "upload";

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
    /// What manages plugins.
    pub supervisor: SupervisorHandle,
    /// The processes over the same database.
    pub cluster: Cluster,
    loader: Arc<Loader>,
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
    /// The Redis that processes share.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The signing key.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The first administrator.
    #[error(transparent)]
    FirstAdmin(#[from] FirstAdminError),
    /// What manages plugins.
    #[error(transparent)]
    Plugins(#[from] PluginsError),
}

impl Core {
    /// Locks the directory, opens the database, brings its schema up to date, and brings every
    /// plugin into its desired state.
    ///
    /// # Errors
    /// [`CoreError`]. A plugin that does not start is none: it is recorded with its reason.
    pub async fn open(config: Config, data: &Path) -> Result<Self, CoreError> {
        let data = DataDir::open(data)?;
        let pool = Pool::open(&config.database_url(data.path())).await?;
        let applied = migrate::core(&pool).await?;
        if !applied.is_empty() {
            tracing::info!(migrations = ?applied, "the database's schema was updated");
        }
        let key = secret::load(&config.auth.jwt_secret, data.path())?;
        let cluster = cluster(&config, &pool)?;
        let settings = settings(&config, data.path(), &cluster);
        let plugged = Plugged::default();
        let admin = Admin::new(pool.database(), settings, key, Arc::new(plugged.clone()), Arc::new(plugged.clone()));
        let document = super::api::document(&config.server.name);
        let plugins = plugins::open(&config, data.path(), &pool, document, cluster.announcements()).await?;
        plugged.set(plugins.supervisor.published().clone());
        cluster.announcements().start();
        Ok(Self { config, data, pool, admin, supervisor: plugins.supervisor, cluster, loader: plugins.loader })
    }

    /// Creates the first administrator if there is no user at all.
    ///
    /// # Errors
    /// [`CoreError::FirstAdmin`].
    pub async fn ensure_admin(&self) -> Result<Option<FirstAdmin>, CoreError> {
        Ok(self.admin.ensure_admin(&self.config.admin.password).await?)
    }

    /// The directory of uploaded files.
    pub fn uploads(&self) -> PathBuf {
        self.data.path().join(UPLOADS)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// The database's.
    pub async fn ready(&self) -> Result<(), DbError> {
        self.pool.ping().await
    }

    /// Stops the plugins, writes what is still to be written, ends every statement and closes the database.
    pub async fn close(&self) {
        self.supervisor.shutdown().await;
        let loader = Arc::clone(&self.loader);
        if tokio::task::spawn_blocking(move || loader.shut_down()).await.is_err() {
            tracing::error!("the loader's shutdown panicked");
        }
        self.admin.close().await;
        self.cluster.announcements().stop();
        self.pool.close().await;
    }
}

/// The processes over the database. A file of SQLite has one.
fn cluster(config: &Config, pool: &Pool) -> Result<Cluster, CacheError> {
    match pool.database().dialect() {
        Dialect::Sqlite => Ok(Cluster::alone()),
        Dialect::Postgres => Cluster::open(&config.redis.url, &config.server.name),
    }
}

/// What of the configuration the features need.
fn settings(config: &Config, data: &Path, cluster: &Cluster) -> AdminSettings {
    let (login, password) = (&config.login, &config.password);
    AdminSettings {
        zone: config.server.zone(),
        name: config.server.name.clone(),
        redis_url: config.redis.url.clone(),
        cluster: cluster.clone(),
        lives: TokenLives {
            access_seconds: config.auth.access_token_seconds,
            refresh_seconds: config.auth.refresh_token_seconds,
        },
        cookie_name: config.cookie_name(),
        rules: Rules {
            captcha: login.captcha,
            lock_failures: login.lock_failures,
            lock_seconds: login.lock_seconds,
            min_length: password.min_length,
            max_length: password.max_length,
            require_special: password.require_special,
            history: password.history,
            expire_days: password.expire_days,
            reminder_days: password.reminder_days,
        },
        logins_per_minute: config.limits.login_per_minute,
        captchas_per_half_minute: config.limits.captcha_per_half_minute,
        uploads: data.join(UPLOADS),
        trusted_proxies: config.server.trusted_proxies.clone(),
    }
}
