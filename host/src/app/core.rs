//! What the server and the offline commands have in common: everything but HTTP.

use super::data_dir::{DataDir, DataDirError};
use super::permissions::Permissions;
use super::plugins::{self, Plugged, PluginsError};
use crate::admin::auth::secret::{self, SecretError};
use crate::admin::auth::token::TokenKey;
use crate::admin::auth::{Rules, TokenLives};
use crate::admin::location::{LocationError, Locations};
use crate::admin::user::{FirstAdmin, FirstAdminError};
use crate::admin::{Admin, AdminSettings};
use crate::cache::{CacheError, Cluster, NumberLease};
use crate::config::{Config, IdKind};
use crate::db::migrate::{self, MigrateError};
use crate::db::{Ids, OpenError, PART_MAX, Pool};
use crate::http::Language;
use crate::loader::Loader;
use crate::plugin::{Sealer, SupervisorHandle};
use plugin_api::db::DbError;
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
    number: Option<NumberLease>,
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
    /// Every number of a process that makes ids is taken.
    #[error("failed to find a number for this process: all of ids.datacenter {datacenter} are taken; choose another")]
    NoNumber {
        /// The datacenter.
        datacenter: u8,
    },
    /// The file that says where addresses are.
    #[error(transparent)]
    Location(#[from] LocationError),
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
        let cluster = cluster(&config)?;
        let number = number(&config, &cluster).await?;
        let ids = ids(&config, number.as_ref());
        ids.form().set();
        let locations = locations(&config)?;
        let pool = Pool::open_with(&config.database_url(data.path()), ids).await?;
        let applied = migrate::core(&pool).await?;
        if !applied.is_empty() {
            tracing::info!(migrations = ?applied, "the database's schema was updated");
        }
        let secret = secret::load(&config.auth.jwt_secret, data.path())?;
        let key = TokenKey::new(&secret);
        let settings = settings(&config, data.path(), locations, &cluster);
        let plugged = Plugged::default();
        let asked = Arc::new(plugged.clone());
        let admin = Admin::new(pool.database(), settings, key, Arc::clone(&asked) as _, Arc::clone(&asked) as _, asked);
        let surroundings = plugins::Surroundings {
            document: super::api::document(&config.server.name),
            permissions: Arc::new(Permissions(admin.data_scopes().clone())),
            announcements: cluster.announcements(),
            sealer: Sealer::new(&secret),
        };
        let plugins = plugins::open(&config, data.path(), &pool, surroundings).await?;
        plugged.set(&plugins.supervisor);
        cluster.announcements().start();
        Ok(Self { config, data, pool, admin, supervisor: plugins.supervisor, cluster, number, loader: plugins.loader })
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
        if let Some(number) = &self.number {
            number.give_back().await;
        }
        self.pool.close().await;
    }
}

/// The number of this process among those that make keys: the configured one or, where processes can
/// agree, the next that is free. None where the database makes keys, and without Redis.
async fn number(config: &Config, cluster: &Cluster) -> Result<Option<NumberLease>, CoreError> {
    let (IdKind::Snowflake, Some(redis)) = (config.ids.kind, cluster.redis()) else { return Ok(None) };
    let name = format!("snowflake:{}", config.ids.datacenter);
    match redis.lease_number(&name, config.ids.worker, PART_MAX).await {
        Ok(Some(lease)) => Ok(Some(lease)),
        Ok(None) => Err(CoreError::NoNumber { datacenter: config.ids.datacenter }),
        Err(error) => {
            tracing::warn!(%error, worker = config.ids.worker, "ids are made with the configured number, unasked");
            Ok(None)
        }
    }
}

/// Who makes the keys of new rows.
fn ids(config: &Config, number: Option<&NumberLease>) -> Ids {
    match config.ids.kind {
        IdKind::Autoincrement => Ids::Autoincrement,
        IdKind::Snowflake => {
            let worker = number.map_or(config.ids.worker, NumberLease::number);
            Ids::snowflake(config.ids.datacenter, worker)
        }
    }
}

/// The file that says where addresses are, if there is one. Its names are in the server's language.
fn locations(config: &Config) -> Result<Locations, LocationError> {
    let file = &config.location.database;
    if file.as_os_str().is_empty() {
        return Ok(Locations::default());
    }
    let language = match config.server.default_language() {
        Language::Chinese => "zh-CN",
        Language::English => "en",
    };
    Locations::open(file, language)
}

/// The processes over the database. A file of SQLite has one.
fn cluster(config: &Config) -> Result<Cluster, CacheError> {
    if config.database.url.starts_with("sqlite:") {
        return Ok(Cluster::alone());
    }
    Cluster::open(&config.redis.url, &config.server.name)
}

/// What of the configuration the features need.
fn settings(config: &Config, data: &Path, locations: Locations, cluster: &Cluster) -> AdminSettings {
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
        locations,
        uploads: data.join(UPLOADS),
        trusted_proxies: config.server.trusted_proxies.clone(),
    }
}
