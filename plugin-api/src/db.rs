//! The database, as the host offers it: one dialect for SQLite and PostgreSQL.
//!
//! Statements use `$1`, `$2`, … on both databases. Times are `BIGINT` Unix milliseconds.
//! Rows arrive as one encoded buffer and are decoded where they are read.

use futures_util::future::BoxFuture;

/// Runs statements. Implemented by the host's pools, and inside a plugin by the ABI.
///
/// `tx` is 0 for a statement of its own, else what [`Executor::begin`] gave.
pub trait Executor: Send + Sync + 'static {
    /// Which database it is.
    fn dialect(&self) -> Dialect;
    /// Runs a statement that answers rows; the answer is one buffer in the encoding of `Rows`.
    fn query(&self, tx: u64, sql: &str, parameters: Vec<Value>) -> BoxFuture<'static, Result<bytes::Bytes, DbError>>;
    /// Runs a statement that answers none; gives the number of rows it touched.
    fn execute(&self, tx: u64, sql: &str, parameters: Vec<Value>) -> BoxFuture<'static, Result<u64, DbError>>;
    /// Begins a transaction, gives its number (never 0).
    fn begin(&self) -> BoxFuture<'static, Result<u64, DbError>>;
    /// Commits and ends transaction `tx`.
    fn commit(&self, tx: u64) -> BoxFuture<'static, Result<(), DbError>>;
    /// Rolls back and ends transaction `tx`.
    fn rollback(&self, tx: u64) -> BoxFuture<'static, Result<(), DbError>>;
    /// Rolls back transaction `tx` some time later; does nothing if it has ended.
    fn abandon(&self, tx: u64);
}

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Dialect {
    /// The embedded one.
    Sqlite = 0,
    /// The one for several nodes.
    Postgres = 1,
}

/// A value of a statement or a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL's NULL.
    Null,
    /// A truth value; 0 or 1 on SQLite.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// Why a statement failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DbError {
    /// What the caller can do about it.
    pub kind: DbErrorKind,
    /// The database's words.
    pub message: String,
}

/// The kinds of failure that a caller treats differently. The numbers cross the ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum DbErrorKind {
    /// Anything else.
    Other = 0,
    /// A unique constraint.
    Unique = 1,
    /// A foreign key.
    ForeignKey = 2,
    /// A missing value.
    NotNull = 3,
    /// A check constraint.
    Check = 4,
    /// The host refused the statement.
    Refused = 5,
    /// The answer is larger than the host allows.
    TooLarge = 6,
    /// The statement took longer than the host allows.
    Timeout = 7,
    /// The transaction has ended: committed, rolled back, idle too long, or the plugin stops.
    TransactionEnded = 8,
    /// There is no database here, or it can't be reached.
    Unavailable = 9,
    /// A row did not fit the type asked for.
    Decode = 10,
    /// A row was asked for and none came.
    RowNotFound = 11,
}
