//! One row to be added.

use super::{DbError, Query, Statements, Value, placeholders};
use std::fmt;

/// A row to be added to a table whose key is the column `id`, which the host fills: with an id of its
/// own where the operator has chosen those, else by leaving it to the database.
#[must_use = "a row is added by `execute` or `returning_id`"]
pub struct Insert<'d, D> {
    db: &'d D,
    table: &'static str,
    columns: Vec<&'static str>,
    values: Vec<Value>,
}

impl<D> fmt::Debug for Insert<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secrets.
        f.debug_struct("Insert").field("table", &self.table).field("columns", &self.columns).finish_non_exhaustive()
    }
}

impl<'d, D: Statements> Insert<'d, D> {
    pub(super) fn new(db: &'d D, table: &'static str) -> Self {
        let insert = Self { db, table, columns: Vec::new(), values: Vec::new() };
        match db.new_id() {
            Some(id) => insert.value("id", id),
            None => insert,
        }
    }

    /// Gives a column its value.
    pub fn value(mut self, column: &'static str, value: impl Into<Value>) -> Self {
        self.columns.push(column);
        self.values.push(value.into());
        self
    }

    /// Adds the row.
    ///
    /// # Errors
    /// The database's; see [`DbErrorKind`](super::DbErrorKind).
    pub async fn execute(self) -> Result<(), DbError> {
        self.query("").execute().await.map(drop)
    }

    /// Adds the row and gives its key.
    ///
    /// # Errors
    /// The database's; see [`DbErrorKind`](super::DbErrorKind).
    pub async fn returning_id(self) -> Result<i64, DbError> {
        self.query(" RETURNING id").fetch_scalar().await
    }

    fn query(self, end: &str) -> Query<'static> {
        let (columns, places) = (self.columns.join(", "), placeholders(1, self.values.len()));
        let sql = format!("INSERT INTO {} ({columns}) VALUES ({places}){end}", self.table);
        self.db.query(sql).bind_all(self.values)
    }
}
