//! Which entries of a log are shown, and how to find them without reading all of them.

use crate::admin::sql::{ESCAPE, escaped, placeholders};
use plugin_api::db::{Database, DbError, Value};

/// So many different values are looked up one by one; beyond, the database may as well read on.
const VALUES_MAX: usize = 100;

/// Which entries are asked for; what is None does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct LogFilter {
    /// A part of the user name.
    pub username: Option<String>,
    /// A part of the address.
    pub ip: Option<String>,
    /// 1 success, 0 failure.
    pub status: Option<i32>,
}

/// Where a list goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Entries older than this one.
    pub before: Option<i64>,
    /// Most entries.
    pub limit: i64,
    /// Entries to pass over.
    pub offset: i64,
}

/// A condition of a statement with its parameters.
#[derive(Debug, Default)]
pub(in crate::admin) struct Condition {
    sql: String,
    parameters: Vec<Value>,
}

impl Condition {
    /// The condition of `filter` on `table`.
    ///
    /// No index serves a part of a text. But a log has few different names and addresses in many
    /// rows: those that fit are found first, by hopping through the index, then their rows by it.
    pub(in crate::admin) async fn of(db: &Database, table: &str, filter: &LogFilter) -> Result<Self, DbError> {
        let mut condition = Self::default();
        for (column, part) in [("username", &filter.username), ("ip", &filter.ip)] {
            let Some(part) = part.as_deref().filter(|part| !part.is_empty()) else { continue };
            let pattern = format!("%{}%", escaped(part));
            let values = fitting(db, table, column, &pattern).await?;
            if values.len() > VALUES_MAX {
                condition.add(&format!("{column} LIKE "), pattern.into(), &format!(" ESCAPE '{ESCAPE}'"));
            } else {
                condition.one_of(column, values);
            }
        }
        if let Some(status) = filter.status {
            condition.add("status = ", status.into(), "");
        }
        Ok(condition)
    }

    /// And older than the entry `id`.
    pub(in crate::admin) fn before(&mut self, id: i64) {
        self.add("id < ", id.into(), "");
    }

    /// And newer than the entry `id`.
    pub(in crate::admin) fn after(&mut self, id: i64) {
        self.add("id > ", id.into(), "");
    }

    /// `WHERE …`, or nothing.
    pub(in crate::admin) fn sql(&self) -> &str {
        &self.sql
    }

    /// The values of its parameters.
    pub(in crate::admin) fn parameters(&self) -> impl Iterator<Item = Value> + '_ {
        self.parameters.iter().cloned()
    }

    fn add(&mut self, before: &str, value: Value, after: &str) {
        self.parameters.push(value);
        let number = self.parameters.len();
        self.and(&format!("{before}${number}{after}"));
    }

    fn one_of(&mut self, column: &str, values: Vec<String>) {
        match values.len() {
            0 => self.and("1 = 0"),
            1 => values.into_iter().for_each(|value| self.add(&format!("{column} = "), value.into(), "")),
            _ => {
                let first = self.parameters.len() + 1;
                let numbers = placeholders(first, values.len());
                self.parameters.extend(values.into_iter().map(Value::from));
                self.and(&format!("{column} IN ({numbers})"));
            }
        }
    }

    fn and(&mut self, condition: &str) {
        self.sql.push_str(if self.sql.is_empty() { "WHERE " } else { " AND " });
        self.sql.push_str(condition);
    }
}

/// The different values of an indexed column that fit a pattern, one more than [`VALUES_MAX`] at most.
async fn fitting(db: &Database, table: &str, column: &str, pattern: &str) -> Result<Vec<String>, DbError> {
    let sql = format!(
        "WITH RECURSIVE hop(v) AS (SELECT MIN({column}) FROM {table} UNION ALL \
         SELECT (SELECT MIN({column}) FROM {table} WHERE {column} > hop.v) FROM hop WHERE hop.v IS NOT NULL) \
         SELECT v FROM hop WHERE v LIKE $1 ESCAPE '{ESCAPE}' LIMIT {}",
        VALUES_MAX + 1
    );
    db.query(sql).bind(pattern).fetch_all().await
}

/// Deletes the entries of these ids; gives how many there were.
pub(in crate::admin) async fn delete(db: &Database, table: &str, ids: &[i64]) -> Result<u64, DbError> {
    if ids.is_empty() {
        return Ok(0);
    }
    let sql = format!("DELETE FROM {table} WHERE id IN ({})", placeholders(1, ids.len()));
    db.query(sql).bind_all(ids.iter().copied()).execute().await
}
