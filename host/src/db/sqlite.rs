//! Connections to the embedded database.
//!
//! A pool of our own, because SQLite wants three things that sqlx's doesn't give: a statement's
//! deadline must reach into the thread that runs it (dropping the future doesn't stop it), writers
//! should queue up rather than poll for the one write lock, and a connection must not outlive a change
//! of the schema: it would prepare `SELECT *` by the schema it remembers, and sqlx's worker panics when
//! SQLite then answers by the new one.

use parking_lot::Mutex;
use plugin_api::db::{DbError, DbErrorKind, Value};
use plugin_api::sqlite;
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// Each connection is a thread and a page cache; readers don't wait for each other below this.
const CONNECTIONS_MAX: u32 = 8;
/// How long to wait for a connection, and for the one right to write.
const WAIT: Duration = Duration::from_secs(5);
/// How long SQLite itself waits for another process, for example the command line.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Steps of SQLite's machine between two looks at the clock: well below a millisecond.
const STEPS_BETWEEN_CHECKS: i32 = 20_000;

/// The instant from which deadlines are counted.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Connections to one database file.
pub(super) struct SqlitePool {
    options: SqliteConnectOptions,
    connections: Arc<Semaphore>,
    connections_max: u32,
    writer: Arc<Semaphore>,
    idle: Mutex<Vec<Member>>,
    /// Counts changes of the schema.
    epoch: Arc<AtomicU64>,
}

struct Member {
    connection: SqliteConnection,
    deadline: Arc<Deadline>,
    /// The pool's epoch before the connection could have read the schema.
    epoch: u64,
}

/// When the running statement is to be interrupted, in milliseconds after [`START`]; 0 is never.
#[derive(Default)]
struct Deadline(AtomicU64);

impl Deadline {
    fn set(&self, after: Option<Duration>) {
        let at = after.map_or(0, |after| millis(START.elapsed() + after).max(1));
        self.0.store(at, Ordering::Relaxed);
    }

    fn has_passed(&self) -> bool {
        let at = self.0.load(Ordering::Relaxed);
        at != 0 && millis(START.elapsed()) >= at
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// How a database is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// In a file that outlives a crash of the machine: a commit returns when it is on the disk.
    Durably,
    /// In a file that is thrown away: it never waits for the disk.
    Scratch,
    /// In memory.
    InMemory,
}

impl Kept {
    fn modes(self) -> (SqliteJournalMode, SqliteSynchronous) {
        match self {
            // With less than FULL, a commit stays in the system's memory until the next checkpoint.
            Self::Durably => (SqliteJournalMode::Wal, SqliteSynchronous::Full),
            Self::InMemory | Self::Scratch => (SqliteJournalMode::Memory, SqliteSynchronous::Off),
        }
    }
}

impl SqlitePool {
    /// Opens the first connection, which creates the file.
    pub(super) async fn open(options: SqliteConnectOptions, kept: Kept, epoch: Arc<AtomicU64>) -> sqlx::Result<Self> {
        let (journal, synchronous) = kept.modes();
        let options = options
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(journal)
            .synchronous(synchronous)
            .busy_timeout(BUSY_TIMEOUT)
            .thread_name(|number| format!("sqlite-{number}"))
            .disable_statement_logging();
        // Every connection to memory would be a database of its own.
        let connections_max = if kept == Kept::InMemory { 1 } else { CONNECTIONS_MAX };
        let pool = Self {
            options,
            connections: Arc::new(Semaphore::new(usize::try_from(connections_max).unwrap_or(1))),
            connections_max,
            writer: Arc::new(Semaphore::new(1)),
            idle: Mutex::new(Vec::new()),
            epoch,
        };
        let first = pool.connect().await?;
        pool.idle.lock().push(first);
        Ok(pool)
    }

    /// Takes a connection; with `Access::Write` also the one right to write.
    pub(super) async fn acquire(self: &Arc<Self>, access: Access) -> Result<SqliteLease, DbError> {
        // The right to write comes first, so that waiting writers don't keep readers' connections.
        let writer = match access {
            Access::Read => None,
            Access::Write => Some(permit(&self.writer, "another transaction is writing").await?),
        };
        let permit = permit(&self.connections, "every connection is in use").await?;
        let member = match self.idle_member() {
            Some(member) => member,
            None => self.connect().await.map_err(sqlite::error)?,
        };
        Ok(SqliteLease { pool: Arc::clone(self), member: Some(member), _permit: permit, _writer: writer })
    }

    /// Waits for the connections in use and closes them all.
    pub(super) async fn close(&self) {
        if timeout(WAIT, self.connections.acquire_many(self.connections_max)).await.is_err() {
            tracing::warn!("the database is closed while statements are still running");
        }
        self.connections.close();
        self.writer.close();
        let members = std::mem::take(&mut *self.idle.lock());
        for member in members {
            if let Err(error) = sqlx::Connection::close(member.connection).await {
                tracing::warn!(%error, "failed to close a connection to the database");
            }
        }
    }

    /// An idle connection that knows the schema as it is; those that don't are closed.
    fn idle_member(&self) -> Option<Member> {
        let epoch = self.epoch.load(Ordering::Acquire);
        let mut idle = self.idle.lock();
        // In memory there is one connection, which made the change itself and must not be lost.
        if self.connections_max > 1 {
            idle.retain(|member| member.epoch == epoch);
        }
        idle.pop()
    }

    async fn connect(&self) -> sqlx::Result<Member> {
        let epoch = self.epoch.load(Ordering::Acquire);
        let mut connection = self.options.connect().await?;
        let deadline = Arc::new(Deadline::default());
        let watched = Arc::clone(&deadline);
        connection.lock_handle().await?.set_progress_handler(STEPS_BETWEEN_CHECKS, move || !watched.has_passed());
        Ok(Member { connection, deadline, epoch })
    }
}

/// What a statement wants of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// It only reads.
    Read,
    /// It may write.
    Write,
}

async fn permit(semaphore: &Arc<Semaphore>, busy: &str) -> Result<OwnedSemaphorePermit, DbError> {
    match timeout(WAIT, Arc::clone(semaphore).acquire_owned()).await {
        Ok(Ok(permit)) => Ok(permit),
        Ok(Err(_closed)) => Err(DbError::new(DbErrorKind::Unavailable, "the database is closed")),
        Err(_elapsed) => {
            let message = format!("waited {} s for the database: {busy}", WAIT.as_secs());
            Err(DbError::new(DbErrorKind::Timeout, message))
        }
    }
}

/// A connection taken out of its pool. Dropped, it is closed; see [`SqliteLease::give_back`].
pub(super) struct SqliteLease {
    pool: Arc<SqlitePool>,
    member: Option<Member>,
    _permit: OwnedSemaphorePermit,
    _writer: Option<OwnedSemaphorePermit>,
}

impl SqliteLease {
    pub(super) async fn query(
        &mut self,
        sql: &str,
        parameters: Vec<Value>,
        bytes_max: usize,
        deadline: Duration,
    ) -> Result<bytes::Bytes, DbError> {
        let connection = self.armed(Some(deadline))?;
        sqlite::query(connection, sql, parameters, bytes_max).await
    }

    pub(super) async fn execute(
        &mut self,
        sql: &str,
        parameters: Vec<Value>,
        deadline: Duration,
    ) -> Result<u64, DbError> {
        let connection = self.armed(Some(deadline))?;
        sqlite::execute(connection, sql, parameters).await
    }

    pub(super) async fn script(&mut self, sql: &str) -> Result<(), DbError> {
        let connection = self.armed(None)?;
        sqlite::script(connection, sql).await
    }

    /// Puts the connection back. Only without a running statement or an open transaction.
    pub(super) fn give_back(&mut self) {
        if let Some(member) = self.member.take() {
            member.deadline.set(None);
            self.pool.idle.lock().push(member);
        }
    }

    fn armed(&mut self, deadline: Option<Duration>) -> Result<&mut SqliteConnection, DbError> {
        let member =
            self.member.as_mut().ok_or_else(|| DbError::new(DbErrorKind::Unavailable, "the connection is closed"))?;
        member.deadline.set(deadline);
        Ok(&mut member.connection)
    }
}
