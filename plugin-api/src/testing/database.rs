//! A database in memory: one connection, which statements and transactions share in turn.

use crate::db::{DbError, DbErrorKind, Dialect, Executor, Value};
use crate::sqlite;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::future::Future;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

/// The host's own limit of an answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long a statement waits for an open transaction. The host waits longer, for other requests;
/// here nobody else is likely to end it.
const WAIT: Duration = Duration::from_secs(2);

pub(super) struct MemoryDatabase {
    shared: Arc<Shared>,
    runtime: Handle,
}

struct Shared {
    connection: Mutex<Connection>,
    /// One permit: for a statement of its own, or for as long as a transaction is open.
    turn: Arc<Semaphore>,
    transactions: AtomicU64,
}

struct Connection {
    sqlite: SqliteConnection,
    open: Option<Open>,
}

struct Open {
    tx: u64,
    _turn: OwnedSemaphorePermit,
}

impl MemoryDatabase {
    /// Opens one on the current runtime, on which every statement will run.
    pub(super) async fn open() -> Result<Self, DbError> {
        let options = SqliteConnectOptions::from_str("sqlite::memory:").map_err(sqlite::error)?;
        // A remembered statement would keep the columns of an earlier schema.
        let options = options.foreign_keys(true).statement_cache_capacity(0).disable_statement_logging();
        let sqlite = options.connect().await.map_err(sqlite::error)?;
        let shared = Shared {
            connection: Mutex::new(Connection { sqlite, open: None }),
            turn: Arc::new(Semaphore::new(1)),
            transactions: AtomicU64::new(0),
        };
        Ok(Self { shared: Arc::new(shared), runtime: Handle::current() })
    }

    /// Runs a migration's text, wholly or not at all.
    pub(super) async fn script(&self, sql: &str) -> Result<(), DbError> {
        let _turn = self.shared.turn().await?;
        let mut connection = self.shared.connection.lock().await;
        sqlite::script(&mut connection.sqlite, "BEGIN IMMEDIATE").await?;
        let outcome = sqlite::script(&mut connection.sqlite, sql).await;
        let end = if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" };
        sqlite::script(&mut connection.sqlite, end).await?;
        outcome
    }

    /// Futures of a plugin may be polled on any thread; the work stays on the runtime.
    fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, DbError>> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, DbError>> {
        let task = self.runtime.spawn(work);
        Box::pin(async move {
            let ended = |error: tokio::task::JoinError| DbError::new(DbErrorKind::Unavailable, error.to_string());
            task.await.map_err(ended)?
        })
    }

    fn end(&self, tx: u64, sql: &'static str) -> BoxFuture<'static, Result<(), DbError>> {
        let shared = Arc::clone(&self.shared);
        self.run(async move {
            let mut connection = shared.connection.lock().await;
            connection.check(tx)?;
            let outcome = sqlite::script(&mut connection.sqlite, sql).await;
            // Taken in any case, as the host does.
            if outcome.is_err() {
                let _ = sqlite::script(&mut connection.sqlite, "ROLLBACK").await;
            }
            connection.open = None;
            outcome
        })
    }
}

impl Shared {
    async fn turn(&self) -> Result<OwnedSemaphorePermit, DbError> {
        let waiting = tokio::time::timeout(WAIT, Arc::clone(&self.turn).acquire_owned()).await;
        let words = "another transaction is open; run the statement on it, or end it first";
        let timeout = || DbError::new(DbErrorKind::Timeout, words);
        waiting.map_err(|_| timeout())?.map_err(|_| DbError::new(DbErrorKind::Unavailable, "the database is closed"))
    }

    /// A turn for a statement, unless it is part of a transaction, which has its own.
    async fn turn_unless(&self, tx: u64) -> Result<Option<OwnedSemaphorePermit>, DbError> {
        if tx == 0 { self.turn().await.map(Some) } else { Ok(None) }
    }
}

impl Connection {
    fn check(&self, tx: u64) -> Result<(), DbError> {
        let open = self.open.as_ref().map_or(0, |open| open.tx);
        if open == tx {
            return Ok(());
        }
        Err(DbError::new(DbErrorKind::TransactionEnded, format!("transaction {tx} has ended")))
    }
}

impl Executor for MemoryDatabase {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn query(&self, tx: u64, sql: &str, parameters: Vec<Value>) -> BoxFuture<'static, Result<Bytes, DbError>> {
        let (shared, sql) = (Arc::clone(&self.shared), sql.to_owned());
        self.run(async move {
            let _turn = shared.turn_unless(tx).await?;
            let mut connection = shared.connection.lock().await;
            connection.check(tx)?;
            sqlite::query(&mut connection.sqlite, &sql, parameters, ANSWER_BYTES_MAX).await
        })
    }

    fn execute(&self, tx: u64, sql: &str, parameters: Vec<Value>) -> BoxFuture<'static, Result<u64, DbError>> {
        let (shared, sql) = (Arc::clone(&self.shared), sql.to_owned());
        self.run(async move {
            let _turn = shared.turn_unless(tx).await?;
            let mut connection = shared.connection.lock().await;
            connection.check(tx)?;
            sqlite::execute(&mut connection.sqlite, &sql, parameters).await
        })
    }

    fn begin(&self) -> BoxFuture<'static, Result<u64, DbError>> {
        let shared = Arc::clone(&self.shared);
        self.run(async move {
            let turn = shared.turn().await?;
            let mut connection = shared.connection.lock().await;
            sqlite::script(&mut connection.sqlite, "BEGIN IMMEDIATE").await?;
            let tx = shared.transactions.fetch_add(1, Ordering::Relaxed) + 1;
            connection.open = Some(Open { tx, _turn: turn });
            Ok(tx)
        })
    }

    fn commit(&self, tx: u64) -> BoxFuture<'static, Result<(), DbError>> {
        self.end(tx, "COMMIT")
    }

    fn rollback(&self, tx: u64) -> BoxFuture<'static, Result<(), DbError>> {
        self.end(tx, "ROLLBACK")
    }

    fn abandon(&self, tx: u64) {
        // The task goes on without the future that would tell its outcome.
        drop(self.end(tx, "ROLLBACK"));
    }

    fn new_id(&self) -> Option<i64> {
        None
    }
}
