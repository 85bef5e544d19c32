//! What authors call: statements on a database.

use super::rows::row_not_found;
use super::{DbError, Dialect, Executor, Insert, Rows, Transaction, Value};
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::fmt;
#[cfg(feature = "sea-query")]
use std::future::Future;
use std::sync::Arc;

/// A database. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    executor: Arc<dyn Executor>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("dialect", &self.dialect()).finish_non_exhaustive()
    }
}

impl Database {
    /// The database behind an executor.
    pub fn new(executor: Arc<dyn Executor>) -> Self {
        Self { executor }
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        self.executor.dialect()
    }

    /// Prepares a statement; nothing runs before one of its `fetch_…` methods or `execute`.
    pub fn query<'q>(&self, sql: impl Into<Cow<'q, str>>) -> Query<'q> {
        Query::new(Arc::clone(&self.executor), 0, sql.into())
    }

    /// Prepares a statement built by sea-query.
    #[cfg(feature = "sea-query")]
    pub fn statement(&self, statement: &impl sea_query::QueryStatementWriter) -> Query<'static> {
        super::sea::query(Arc::clone(&self.executor), 0, statement)
    }

    /// Prepares a row to be added.
    pub fn insert(&self, table: &'static str) -> Insert<'_, Self> {
        Insert::new(self, table)
    }

    /// Begins a transaction. It is rolled back when dropped without
    /// [`commit`](Transaction::commit), when idle for too long, and when the plugin stops.
    ///
    /// # Errors
    /// Of kind [`Refused`](super::DbErrorKind::Refused) if too many are open,
    /// [`Timeout`](super::DbErrorKind::Timeout) if another writer held the database too long,
    /// [`Unavailable`](super::DbErrorKind::Unavailable) without a database.
    pub async fn begin(&self) -> Result<Transaction, DbError> {
        let tx = self.executor.begin().await?;
        Ok(Transaction::new(Arc::clone(&self.executor), tx))
    }
}

/// Where statements run: a [`Database`], each by itself, or a [`Transaction`].
///
/// Take `&impl Statements` in functions that serve both.
pub trait Statements: Send + Sync + Sized {
    /// Prepares a statement; nothing runs before one of its `fetch_…` methods or `execute`.
    fn query<'q>(&self, sql: impl Into<Cow<'q, str>>) -> Query<'q>;

    /// Prepares a statement built by sea-query.
    #[cfg(feature = "sea-query")]
    fn statement(&self, statement: &impl sea_query::QueryStatementWriter) -> Query<'static>;

    /// Runs `select` for `limit` rows after the first `offset`, and tells how many rows there are without these
    /// two: one statement, unless the page is empty. `select` must not group, and no column of it may be
    /// called `rows_on_all_pages`.
    ///
    /// # Errors
    /// As [`Query::fetch_all`].
    #[cfg(feature = "sea-query")]
    fn page<T: DeserializeOwned + Send>(
        &self,
        select: &sea_query::SelectStatement,
        limit: u64,
        offset: u64,
    ) -> impl Future<Output = Result<(Vec<T>, u64), DbError>> + Send {
        super::sea::page(self, select, limit, offset)
    }

    /// Prepares a row to be added.
    fn insert(&self, table: &'static str) -> Insert<'_, Self> {
        Insert::new(self, table)
    }

    /// A key for a new row; None where the database makes them. [`insert`](Self::insert) asks for it.
    fn new_id(&self) -> Option<i64>;
}

impl Statements for Database {
    fn query<'q>(&self, sql: impl Into<Cow<'q, str>>) -> Query<'q> {
        Self::query(self, sql)
    }

    #[cfg(feature = "sea-query")]
    fn statement(&self, statement: &impl sea_query::QueryStatementWriter) -> Query<'static> {
        Self::statement(self, statement)
    }

    fn new_id(&self) -> Option<i64> {
        self.executor.new_id()
    }
}

/// A statement with its parameters.
#[must_use = "a statement does nothing until it is fetched or executed"]
pub struct Query<'q> {
    executor: Arc<dyn Executor>,
    tx: u64,
    sql: Cow<'q, str>,
    parameters: Vec<Value>,
    /// Why the statement could not be built; told when it is run.
    broken: Option<DbError>,
}

impl fmt::Debug for Query<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Parameters may be secrets.
        f.debug_struct("Query").field("tx", &self.tx).field("sql", &self.sql).finish_non_exhaustive()
    }
}

impl<'q> Query<'q> {
    pub(super) fn new(executor: Arc<dyn Executor>, tx: u64, sql: Cow<'q, str>) -> Self {
        Self { executor, tx, sql, parameters: Vec::new(), broken: None }
    }

    #[cfg(feature = "sea-query")]
    pub(super) fn with_parameters(mut self, parameters: Result<Vec<Value>, DbError>) -> Self {
        match parameters {
            Ok(parameters) => self.parameters = parameters,
            Err(error) => self.broken = Some(error),
        }
        self
    }

    /// Gives the next parameter: the first call is `$1`.
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.parameters.push(value.into());
        self
    }

    /// Gives several parameters, as [`Query::bind`] one after the other.
    pub fn bind_all<V: Into<Value>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.parameters.extend(values.into_iter().map(Into::into));
        self
    }

    /// Runs the statement and gives its rows, undecoded.
    ///
    /// # Errors
    /// The database's; see [`DbErrorKind`](super::DbErrorKind).
    pub async fn rows(self) -> Result<Rows, DbError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        let buffer = self.executor.query(self.tx, &self.sql, self.parameters).await?;
        Ok(Rows::decode(buffer)?)
    }

    /// Runs the statement and reads every row: a struct by the columns' names, a tuple by their
    /// order, a number or text if there is one column.
    ///
    /// # Errors
    /// The database's, or of kind [`Decode`](super::DbErrorKind::Decode).
    pub async fn fetch_all<T: DeserializeOwned>(self) -> Result<Vec<T>, DbError> {
        self.rows().await?.deserialize()
    }

    /// Runs the statement and reads the first row, if one came.
    ///
    /// # Errors
    /// As [`Query::fetch_all`].
    pub async fn fetch_optional<T: DeserializeOwned>(self) -> Result<Option<T>, DbError> {
        self.rows().await?.first()
    }

    /// Runs the statement and reads the first row.
    ///
    /// # Errors
    /// As [`Query::fetch_all`], and of kind [`RowNotFound`](super::DbErrorKind::RowNotFound).
    pub async fn fetch_one<T: DeserializeOwned>(self) -> Result<T, DbError> {
        self.fetch_optional().await?.ok_or_else(row_not_found)
    }

    /// Runs the statement and reads the first value of the first row; an `Option` takes NULL.
    ///
    /// # Errors
    /// As [`Query::fetch_one`].
    pub async fn fetch_scalar<T: DeserializeOwned>(self) -> Result<T, DbError> {
        self.rows().await?.scalar()
    }

    /// Runs the statement and gives the number of rows it touched.
    ///
    /// # Errors
    /// The database's; see [`DbErrorKind`](super::DbErrorKind).
    pub async fn execute(self) -> Result<u64, DbError> {
        if let Some(error) = self.broken {
            return Err(error);
        }
        self.executor.execute(self.tx, &self.sql, self.parameters).await
    }
}
