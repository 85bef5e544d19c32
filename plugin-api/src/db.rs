//! The database, as the host offers it: one dialect for SQLite and PostgreSQL.
//!
//! Statements use `$1`, `$2`, … on both databases. Times are `BIGINT` Unix milliseconds.
//! Rows arrive as one encoded buffer and are decoded where they are read.
//!
//! ```no_run
//! # use plugin_api::db::{Database, DbError};
//! #[derive(serde::Deserialize)]
//! struct Notice {
//!     id: i64,
//!     title: String,
//!     shown: bool,
//! }
//!
//! # async fn example(db: Database) -> Result<(), DbError> {
//! let shown: Vec<Notice> = db
//!     .query("SELECT id, title, shown FROM notice WHERE shown = $1 ORDER BY id")
//!     .bind(true)
//!     .fetch_all()
//!     .await?;
//!
//! let tx = db.begin().await?;
//! tx.query("UPDATE notice SET shown = $1").bind(false).execute().await?;
//! tx.commit().await?; // dropped without `commit`, it is rolled back
//! # Ok(())
//! # }
//! ```

mod codec;
mod database;
mod de;
mod insert;
mod numbered;
mod reader;
mod rows;
#[cfg(feature = "sea-query")]
mod sea;
mod transaction;
mod value;

pub use codec::{DecodeError, RowEncoder, decode_parameters, encode_parameters};
pub use database::{Database, Query, Statements};
pub use insert::Insert;
pub use numbered::{assignments, placeholders};
pub use reader::ValueRef;
pub use rows::{Row, Rows};
pub use transaction::Transaction;
pub use value::Value;

use futures_util::future::BoxFuture;

/// Runs statements. Implemented by the host's pools, and inside a plugin by the ABI.
///
/// `tx` is 0 for a statement of its own, else what [`Executor::begin`] gave.
pub trait Executor: Send + Sync + 'static {
    /// Which database it is.
    fn dialect(&self) -> Dialect;
    /// Runs a statement that answers rows; the answer is one buffer in the encoding of [`Rows`].
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
    /// A key for a new row; None where the database makes them.
    fn new_id(&self) -> Option<i64>;
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

impl Dialect {
    /// The number that crosses the ABI.
    pub fn to_code(self) -> u8 {
        match self {
            Self::Sqlite => 0,
            Self::Postgres => 1,
        }
    }

    /// The dialect of a number that crossed the ABI; None for a number of a newer host.
    pub fn from_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Sqlite),
            1 => Some(Self::Postgres),
            _ => None,
        }
    }

    /// The name used in manifests: `sqlite` or `postgresql`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
        }
    }
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

impl DbError {
    /// An error of this kind.
    pub fn new(kind: DbErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// True if a unique constraint or primary key refused the row.
    pub fn is_unique(&self) -> bool {
        self.kind == DbErrorKind::Unique
    }
}

impl From<DecodeError> for DbError {
    fn from(error: DecodeError) -> Self {
        Self::new(DbErrorKind::Decode, error.to_string())
    }
}

/// The kinds of failure that a caller treats differently. The numbers cross the ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

impl DbErrorKind {
    const ALL: [Self; 12] = [
        Self::Other,
        Self::Unique,
        Self::ForeignKey,
        Self::NotNull,
        Self::Check,
        Self::Refused,
        Self::TooLarge,
        Self::Timeout,
        Self::TransactionEnded,
        Self::Unavailable,
        Self::Decode,
        Self::RowNotFound,
    ];

    /// The number that crosses the ABI.
    pub fn to_code(self) -> u32 {
        self as u32
    }

    /// The kind of a number that crossed the ABI; [`DbErrorKind::Other`] for one of a newer host.
    pub fn from_code(code: u32) -> Self {
        Self::ALL.into_iter().find(|kind| kind.to_code() == code).unwrap_or(Self::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_kinds_and_dialects_come_back() {
        for (code, kind) in (0..).zip(DbErrorKind::ALL) {
            assert_eq!(kind.to_code(), code);
            assert_eq!(DbErrorKind::from_code(code), kind);
        }
        assert_eq!(DbErrorKind::from_code(4_000), DbErrorKind::Other);
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            assert_eq!(Dialect::from_code(dialect.to_code()), Some(dialect));
        }
        assert_eq!(Dialect::from_code(9), None);
    }
}
