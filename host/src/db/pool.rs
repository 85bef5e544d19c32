//! The database that the server was configured with.

use super::ids::Ids;
use super::lease::Lease;
use super::runner::{Limits, Runner};
use super::sqlite::{Access, Kept, SqlitePool};
use super::{postgres, sql};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use plugin_api::db::{Database, DbError, Dialect, Executor, Value};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::SqliteConnectOptions;
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Several nodes share the server's 100 connections.
const POSTGRES_CONNECTIONS_MAX: u32 = 16;
/// How long to wait for a connection.
const WAIT: Duration = Duration::from_secs(5);
/// A connection unused for longer is asked whether it still lives before it is used.
const PING_AFTER: Duration = Duration::from_secs(30);
/// The server's own bound on a statement; ours are shorter and told first.
const STATEMENT_TIMEOUT_MS: &str = "120000";

/// Why a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Neither of the two.
    #[error("open the database: the URL begins with {scheme:?}; expected sqlite:// or postgres://")]
    UnknownScheme {
        /// What stands before the first colon.
        scheme: String,
    },
    /// The URL itself is wrong.
    #[error("read the database's URL")]
    Url {
        /// What is wrong with it.
        #[source]
        source: sqlx::Error,
    },
    /// The folder of the file can't be made.
    #[error("create the database's folder {}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file can't be opened.
    #[error("open the database file {}", file.display())]
    Sqlite {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The server can't be reached, or refuses.
    #[error("connect to PostgreSQL at {host}:{port}")]
    Postgres {
        /// Its host.
        host: String,
        /// Its port.
        port: u16,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
}

/// Connections to the server's database. Cheap to clone.
///
/// As an [`Executor`] it serves the core; plugins get a [`PluginDatabase`](super::PluginDatabase).
#[derive(Clone)]
pub struct Pool {
    shared: Arc<Shared>,
    core: Arc<Runner>,
}

/// What the core and every plugin share.
pub(super) struct Shared {
    backend: Backend,
    /// Counts changes of the schema; see [`Shared::tagged`] and [`super::sqlite`].
    epoch: Arc<AtomicU64>,
    ids: Ids,
}

enum Backend {
    Sqlite(Arc<SqlitePool>),
    Postgres(PgPool),
}

impl Pool {
    /// Opens `sqlite://PATH` (created if missing) or `postgres://…`.
    ///
    /// Must be called on a tokio runtime; every statement will run on that one.
    ///
    /// # Errors
    /// [`OpenError`], which never contains the URL's password.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Self::open_with(url, Ids::default()).await
    }

    /// The same, where the keys of new rows come from `ids`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn open_with(url: &str, ids: Ids) -> Result<Self, OpenError> {
        let epoch = Arc::new(AtomicU64::new(0));
        let backend = match url.split_once(':').map_or(url, |(scheme, _)| scheme) {
            "sqlite" => open_sqlite(url, Arc::clone(&epoch)).await?,
            "postgres" | "postgresql" => open_postgres(url).await?,
            scheme => {
                return Err(OpenError::UnknownScheme { scheme: scheme.to_owned() });
            }
        };
        Ok(Self::of(backend, epoch, ids))
    }

    /// Opens an SQLite file that is thrown away afterwards. It never waits for the disk, which may be
    /// busy for seconds, and does not survive a crash.
    ///
    /// # Errors
    /// [`OpenError::Sqlite`].
    pub async fn open_scratch(file: &Path) -> Result<Self, OpenError> {
        let epoch = Arc::new(AtomicU64::new(0));
        let options = SqliteConnectOptions::new().filename(file);
        Ok(Self::of(sqlite_pool(options, Kept::Scratch, Arc::clone(&epoch)).await?, epoch, Ids::default()))
    }

    fn of(backend: Backend, epoch: Arc<AtomicU64>, ids: Ids) -> Self {
        let shared = Arc::new(Shared { backend, epoch, ids });
        let core = Arc::new(Runner::new(Arc::clone(&shared), Limits::CORE));
        Self { shared, core }
    }

    /// The database for the core's own statements.
    pub fn database(&self) -> Database {
        Database::new(Arc::clone(&self.core) as Arc<dyn Executor>)
    }

    /// Asks the database for an answer, for readiness checks.
    ///
    /// # Errors
    /// The database's.
    pub async fn ping(&self) -> Result<(), DbError> {
        self.database().query("SELECT 1").execute().await.map(drop)
    }

    /// Rolls back what is open, waits for running statements, and closes every connection.
    pub async fn close(&self) {
        self.core.close().await;
        match &self.shared.backend {
            Backend::Sqlite(pool) => pool.close().await,
            Backend::Postgres(pool) => pool.close().await,
        }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Shared {
    pub(super) fn ids(&self) -> &Ids {
        &self.ids
    }

    pub(super) fn dialect(&self) -> Dialect {
        match self.backend {
            Backend::Sqlite(_) => Dialect::Sqlite,
            Backend::Postgres(_) => Dialect::Postgres,
        }
    }

    /// A connection for one statement.
    pub(super) async fn acquire_for(&self, sql: &str) -> Result<Lease, DbError> {
        let access = if sql::only_reads(sql) { Access::Read } else { Access::Write };
        self.acquire(access).await
    }

    /// A connection in a transaction.
    pub(super) async fn begin(&self) -> Result<Lease, DbError> {
        let mut lease = self.acquire(Access::Write).await?;
        lease.begin().await?;
        Ok(lease)
    }

    /// A connection in a transaction that only reads; writers go on.
    pub(super) async fn begin_reading(&self) -> Result<Lease, DbError> {
        let mut lease = self.acquire(Access::Read).await?;
        lease.begin_reading().await?;
        Ok(lease)
    }

    async fn acquire(&self, access: Access) -> Result<Lease, DbError> {
        match &self.backend {
            Backend::Sqlite(pool) => pool.acquire(access).await.map(Lease::sqlite),
            Backend::Postgres(pool) => pool.acquire().await.map(Lease::postgres).map_err(postgres::error),
        }
    }

    /// The statement as connections remember it.
    ///
    /// Those to PostgreSQL remember a prepared statement by its text alone, with the types of its
    /// first parameters and the columns of its first answer. Another type later on (a number where
    /// the first call had NULL), or a column that a migration has added, is an error then. So a
    /// comment with the types and the schema's epoch makes another text of it.
    pub(super) fn tagged<'a>(&self, sql: &'a str, parameters: &[Value]) -> Cow<'a, str> {
        if self.dialect() == Dialect::Sqlite {
            return Cow::Borrowed(sql);
        }
        let epoch = self.epoch.load(Ordering::Acquire);
        let mut tagged = format!("/*{epoch}");
        tagged.reserve(parameters.len() + sql.len() + 2);
        tagged.extend(parameters.iter().map(|parameter| match parameter {
            Value::Null => 'n',
            Value::Bool(_) => 'b',
            Value::Int(_) => 'i',
            Value::Float(_) => 'f',
            Value::Text(_) => 't',
            Value::Bytes(_) => 'y',
        }));
        tagged.push_str("*/");
        tagged.push_str(sql);
        Cow::Owned(tagged)
    }

    /// Has every statement prepared anew. To be called after the change has been committed and
    /// before its lease is given back, so that the next writer finds it done.
    pub(super) fn schema_changed(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
    }
}

async fn open_sqlite(url: &str, epoch: Arc<AtomicU64>) -> Result<Backend, OpenError> {
    let options = SqliteConnectOptions::from_str(url).map_err(|source| OpenError::Url { source })?;
    let in_memory = url.contains(":memory:") || url.contains("mode=memory");
    let kept = if in_memory { Kept::InMemory } else { Kept::Durably };
    let file = options.get_filename().to_owned();
    if let (Kept::Durably, Some(folder)) = (kept, file.parent()) {
        tokio::fs::create_dir_all(folder)
            .await
            .map_err(|source| OpenError::Folder { folder: folder.to_owned(), source })?;
    }
    sqlite_pool(options, kept, epoch).await
}

async fn sqlite_pool(options: SqliteConnectOptions, kept: Kept, epoch: Arc<AtomicU64>) -> Result<Backend, OpenError> {
    let file = options.get_filename().to_owned();
    let pool = SqlitePool::open(options, kept, epoch).await.map_err(|source| OpenError::Sqlite { file, source })?;
    Ok(Backend::Sqlite(Arc::new(pool)))
}

async fn open_postgres(url: &str) -> Result<Backend, OpenError> {
    let options = PgConnectOptions::from_str(url).map_err(|source| OpenError::Url { source })?;
    let options = options
        .application_name("backplane")
        .options([("statement_timeout", STATEMENT_TIMEOUT_MS)])
        .disable_statement_logging();
    let (host, port) = (options.get_host().to_owned(), options.get_port());
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS_MAX)
        .acquire_timeout(WAIT)
        .test_before_acquire(false)
        .before_acquire(|connection, metadata| {
            Box::pin(async move {
                if metadata.idle_for < PING_AFTER {
                    return Ok(true);
                }
                Ok(sqlx::Connection::ping(connection).await.is_ok())
            })
        })
        .connect_with(options)
        .await
        .map_err(|source| OpenError::Postgres { host, port, source })?;
    Ok(Backend::Postgres(pool))
}

impl Executor for Pool {
    fn dialect(&self) -> Dialect {
        self.core.dialect()
    }

    fn query(&self, tx: u64, sql: &str, parameters: Vec<Value>) -> BoxFuture<'static, Result<Bytes, DbError>> {
        self.core.query(tx, sql, parameters)
    }

    fn execute(&self, tx: u64, sql: &str, parameters: Vec<Value>) -> BoxFuture<'static, Result<u64, DbError>> {
        self.core.execute(tx, sql, parameters)
    }

    fn begin(&self) -> BoxFuture<'static, Result<u64, DbError>> {
        self.core.begin()
    }

    fn commit(&self, tx: u64) -> BoxFuture<'static, Result<(), DbError>> {
        self.core.commit(tx)
    }

    fn rollback(&self, tx: u64) -> BoxFuture<'static, Result<(), DbError>> {
        self.core.rollback(tx)
    }

    fn abandon(&self, tx: u64) {
        self.core.abandon(tx);
    }

    fn new_id(&self) -> Option<i64> {
        self.core.new_id()
    }
}
