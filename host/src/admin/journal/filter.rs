//! Which entries of a log are shown, and how to find them without reading all of them (ADR 0013).

use crate::admin::sql::{ESCAPE, escaped};
use plugin_api::db::{Database, DbError, Value, placeholders};

/// So many different values are looked up one by one; beyond, the database may as well read on.
const VALUES_MAX: usize = 100;
/// So many different values of a column are looked at for those that fit: some milliseconds.
const HOPS_MAX: i64 = 10_000;

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

/// Which end of the log comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::admin) enum Order {
    /// The oldest entry.
    OldestFirst,
    /// The newest entry.
    NewestFirst,
}

/// A condition on a log's table with its parameters.
#[derive(Debug, Clone, Default)]
pub(in crate::admin) struct Condition {
    conjuncts: Vec<String>,
    parameters: Vec<Value>,
    /// An indexed column, and the numbers of the parameters of which it must have one.
    among: Option<(&'static str, Vec<usize>)>,
}

impl Condition {
    /// The condition of `filter` on `table`.
    ///
    /// No index serves a part of a text. But a log has few different names and addresses in many
    /// rows: those that fit are found first, by hopping through the index, then their rows by it.
    pub(in crate::admin) async fn of(db: &Database, table: &str, filter: &LogFilter) -> Result<Self, DbError> {
        let mut condition = Self::default();
        let mut choices = Vec::new();
        for (column, part) in [("username", &filter.username), ("ip", &filter.ip)] {
            let Some(part) = part.as_deref().filter(|part| !part.is_empty()) else { continue };
            let pattern = format!("%{}%", escaped(part));
            match fitting(db, table, column, &pattern).await? {
                Some(values) => choices.push((column, values)),
                None => condition.add(&format!("{column} LIKE "), pattern, &format!(" ESCAPE '{ESCAPE}'")),
            }
        }
        choices.sort_by_key(|(_, values)| values.len());
        for (column, values) in choices {
            condition.one_of(column, values);
        }
        if let Some(status) = filter.status {
            // Half of the entries have it: a column that a text is looked for in has the better index,
            // which the plus sign leaves as the only one.
            let alone = condition.conjuncts.is_empty() && condition.among.is_none();
            condition.add(if alone { "status = " } else { "+status = " }, status, "");
        }
        Ok(condition)
    }

    /// And older than the entry `id`.
    pub(in crate::admin) fn before(mut self, id: i64) -> Self {
        self.add("id < ", id, "");
        self
    }

    /// And not newer than the entry `id`.
    pub(in crate::admin) fn up_to(mut self, id: i64) -> Self {
        self.add("id <= ", id, "");
        self
    }

    /// And newer than the entry `id`.
    pub(in crate::admin) fn after(mut self, id: i64) -> Self {
        self.add("id > ", id, "");
        self
    }

    /// How many entries of `table` fit, and the newest of them.
    pub(in crate::admin) fn count(&self, table: &str) -> String {
        let condition = self.all();
        if condition.is_empty() {
            // Each by itself, SQLite counts without looking at entries.
            return format!("SELECT (SELECT COUNT(*) FROM {table}), (SELECT MAX(id) FROM {table})");
        }
        format!("SELECT COUNT(*), MAX(id) FROM {table} {condition}")
    }

    /// The ids of the entries of `table` that fit, from the `offset`th on.
    ///
    /// Where a column has one of several values, no index has all of them in order; so those of each
    /// value are taken in order, and merged.
    pub(in crate::admin) fn ids(&self, table: &str, order: Order, limit: i64, offset: i64) -> String {
        let order = order.sql();
        let Some((column, numbers)) = self.among.as_ref().filter(|(_, numbers)| numbers.len() > 1) else {
            return format!("SELECT id FROM {table} {} ORDER BY id {order} LIMIT {limit} OFFSET {offset}", self.all());
        };
        let most = limit.saturating_add(offset);
        let branch = |number: &usize| {
            let condition = self.with(Some(format!("{column} = ${number}")));
            format!("SELECT id FROM (SELECT id FROM {table} {condition} ORDER BY id {order} LIMIT {most}) AS b{number}")
        };
        let branches: Vec<String> = numbers.iter().map(branch).collect();
        let branches = branches.join(" UNION ALL ");
        format!("SELECT id FROM ({branches}) AS m ORDER BY id {order} LIMIT {limit} OFFSET {offset}")
    }

    /// The values of its parameters.
    pub(in crate::admin) fn parameters(&self) -> impl Iterator<Item = Value> + '_ {
        self.parameters.iter().cloned()
    }

    /// `WHERE …`, or nothing.
    fn all(&self) -> String {
        let among = self.among.as_ref().map(|(column, numbers)| match numbers.as_slice() {
            [] => "1 = 0".to_owned(),
            [one] => format!("{column} = ${one}"),
            [first, ..] => format!("{column} IN ({})", placeholders(*first, numbers.len())),
        });
        self.with(among)
    }

    fn with(&self, among: Option<String>) -> String {
        let conjuncts: Vec<&str> = among.iter().chain(&self.conjuncts).map(String::as_str).collect();
        if conjuncts.is_empty() { String::new() } else { format!("WHERE {}", conjuncts.join(" AND ")) }
    }

    fn add(&mut self, before: &str, value: impl Into<Value>, after: &str) {
        let number = self.parameter(value);
        self.conjuncts.push(format!("{before}${number}{after}"));
    }

    /// The first column, which has the fewest values, goes by its index; others are compared.
    fn one_of(&mut self, column: &'static str, values: Vec<String>) {
        let first = self.parameters.len() + 1;
        let numbers: Vec<usize> = values.into_iter().map(|value| self.parameter(value)).collect();
        if self.among.is_none() {
            self.among = Some((column, numbers));
        } else if !numbers.is_empty() {
            self.conjuncts.push(format!("{column} IN ({})", placeholders(first, numbers.len())));
        }
    }

    fn parameter(&mut self, value: impl Into<Value>) -> usize {
        self.parameters.push(value.into());
        self.parameters.len()
    }
}

impl Order {
    fn sql(self) -> &'static str {
        match self {
            Self::OldestFirst => "ASC",
            Self::NewestFirst => "DESC",
        }
    }
}

/// The different values of an indexed column that fit a pattern; None if those are too many, or all
/// values are.
async fn fitting(db: &Database, table: &str, column: &str, pattern: &str) -> Result<Option<Vec<String>>, DbError> {
    let sql = format!(
        "WITH RECURSIVE hop(v, n) AS (SELECT MIN({column}), 1 FROM {table} UNION ALL \
         SELECT (SELECT MIN({column}) FROM {table} WHERE {column} > hop.v), hop.n + 1 FROM hop \
         WHERE hop.v IS NOT NULL AND hop.n < {HOPS_MAX}) \
         SELECT v, n FROM hop WHERE v LIKE $1 ESCAPE '{ESCAPE}' OR (v IS NOT NULL AND n = {HOPS_MAX}) LIMIT {}",
        VALUES_MAX + 1
    );
    let found: Vec<(String, i64)> = db.query(sql).bind(pattern).fetch_all().await?;
    let few = found.len() <= VALUES_MAX && found.iter().all(|(_, hop)| *hop < HOPS_MAX);
    Ok(few.then(|| found.into_iter().map(|(value, _)| value).collect()))
}
