//! One connection, taken out of its pool for a statement or a transaction.

use super::pool::Shared;
use super::postgres;
use super::sqlite::SqliteLease;
use plugin_api::db::{DbError, DbErrorKind, Value};
use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// A connection of either database.
///
/// Dropped while a statement or a transaction is open on it (a cancelled future, a passed deadline,
/// an answer too large), it is closed, which rolls back; else it goes back to its pool.
pub(super) struct Lease {
    link: Link,
    /// A statement runs, or was given up half-way.
    running: bool,
    in_transaction: bool,
    /// The transaction changes the schema.
    alters: bool,
}

enum Link {
    Sqlite(SqliteLease),
    Postgres(Option<PoolConnection<Postgres>>),
}

/// The bounds of one statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) bytes_max: usize,
    pub(super) deadline: Duration,
}

impl Lease {
    pub(super) fn sqlite(lease: SqliteLease) -> Self {
        Self { link: Link::Sqlite(lease), running: false, in_transaction: false, alters: false }
    }

    pub(super) fn postgres(connection: PoolConnection<Postgres>) -> Self {
        Self { link: Link::Postgres(Some(connection)), running: false, in_transaction: false, alters: false }
    }

    pub(super) async fn query(
        &mut self,
        sql: &str,
        parameters: Vec<Value>,
        bounds: Bounds,
    ) -> Result<bytes::Bytes, DbError> {
        self.running = true;
        let Bounds { bytes_max, deadline } = bounds;
        let run = async {
            match &mut self.link {
                Link::Sqlite(lease) => lease.query(sql, parameters, bytes_max, deadline).await,
                Link::Postgres(connection) => postgres::query(open(connection)?, sql, parameters, bytes_max).await,
            }
        };
        let began = Instant::now();
        let answer = in_time(deadline, run).await;
        tell(sql, began);
        self.running = is_unfinished(&answer);
        answer
    }

    pub(super) async fn execute(
        &mut self,
        sql: &str,
        parameters: Vec<Value>,
        deadline: Duration,
    ) -> Result<u64, DbError> {
        self.running = true;
        let run = async {
            match &mut self.link {
                Link::Sqlite(lease) => lease.execute(sql, parameters, deadline).await,
                Link::Postgres(connection) => postgres::execute(open(connection)?, sql, parameters).await,
            }
        };
        let began = Instant::now();
        let answer = in_time(deadline, run).await;
        tell(sql, began);
        self.running = is_unfinished(&answer);
        answer
    }

    /// Runs several statements, without a deadline of its own.
    pub(super) async fn script(&mut self, sql: &str) -> Result<(), DbError> {
        self.running = true;
        let answer = match &mut self.link {
            Link::Sqlite(lease) => lease.script(sql).await,
            Link::Postgres(connection) => postgres::script(open(connection)?, sql).await,
        };
        self.running = is_unfinished(&answer);
        answer
    }

    /// Begins a transaction; on SQLite it holds the one right to write from now on.
    pub(super) async fn begin(&mut self) -> Result<(), DbError> {
        self.in_transaction = true;
        match self.link {
            Link::Sqlite(_) => self.script("BEGIN IMMEDIATE").await,
            Link::Postgres(_) => self.script("BEGIN").await,
        }
    }

    /// Begins a transaction that sees everything as it is at one instant, and changes nothing.
    pub(super) async fn begin_reading(&mut self) -> Result<(), DbError> {
        self.in_transaction = true;
        match self.link {
            Link::Sqlite(_) => self.script("BEGIN").await,
            Link::Postgres(_) => self.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await,
        }
    }

    /// Notes that the transaction changes the schema.
    pub(super) fn will_alter(&mut self) {
        self.alters = true;
    }

    /// Commits; after an error everything is rolled back.
    pub(super) async fn commit(mut self, shared: &Shared) -> Result<(), DbError> {
        match self.script("COMMIT").await {
            Ok(()) => {
                self.in_transaction = false;
                if self.alters {
                    shared.schema_changed();
                }
                Ok(())
            }
            Err(error) => {
                self.rollback().await?;
                Err(error)
            }
        }
    }

    /// Rolls back.
    pub(super) async fn rollback(mut self) -> Result<(), DbError> {
        if self.running {
            // Closing the connection rolls back, and doesn't wait for what still runs on it.
            return Ok(());
        }
        self.script("ROLLBACK").await?;
        self.in_transaction = false;
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let clean = !self.running && !self.in_transaction;
        match &mut self.link {
            Link::Sqlite(lease) if clean => lease.give_back(),
            // A SQLite lease closes its connection when it is dropped.
            Link::Sqlite(_) => {}
            Link::Postgres(connection) if clean => drop(connection.take()),
            Link::Postgres(connection) => drop(connection.take().map(PoolConnection::detach)),
        }
    }
}

fn open(connection: &mut Option<PoolConnection<Postgres>>) -> Result<&mut sqlx::PgConnection, DbError> {
    match connection {
        Some(connection) => Ok(&mut *connection),
        None => Err(DbError::new(DbErrorKind::Unavailable, "the connection is closed")),
    }
}

/// For whoever looks for slow statements. Parameters may be secrets.
fn tell(sql: &str, began: Instant) {
    tracing::trace!(sql, took_us = began.elapsed().as_micros(), "ran a statement");
}

/// After these errors the connection may still be busy with the statement, or be lost.
fn is_unfinished<T>(answer: &Result<T, DbError>) -> bool {
    use DbErrorKind::{Decode, Timeout, TooLarge, Unavailable};
    answer.as_ref().is_err_and(|error| matches!(error.kind, Decode | Timeout | TooLarge | Unavailable))
}

/// Bounds a statement. SQLite interrupts itself at the same deadline, whichever comes first.
async fn in_time<T>(deadline: Duration, run: impl Future<Output = Result<T, DbError>>) -> Result<T, DbError> {
    let interrupted = |error: &DbError| error.kind == DbErrorKind::Timeout && error.message == "interrupted";
    match timeout(deadline, run).await {
        Ok(Err(error)) if interrupted(&error) => {}
        Ok(answer) => return answer,
        Err(_elapsed) => {}
    }
    Err(DbError::new(DbErrorKind::Timeout, format!("the statement ran longer than {} ms", deadline.as_millis())))
}
