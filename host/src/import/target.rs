//! Our database, in the one transaction of the import.

use super::ImportError;
use super::entry::Entry;
use super::source::BATCH;
use super::tables::{self, Table};
use crate::db::Pool;
use plugin_api::db::{DbError, DbErrorKind, Dialect, Executor, Rows, Transaction, Value, assignments, placeholders};
use std::collections::{HashMap, HashSet};

/// Rows of one statement, largest first. Few sizes, so that few statements are prepared.
const SIZES: [usize; 3] = [100, 10, 1];

/// Where rows are put.
pub(super) struct Target {
    transaction: Transaction,
    dialect: Dialect,
}

/// Whether a table is there. Not to be asked in a transaction, which would end with a no.
pub(super) async fn has(pool: &Pool, table: &'static Table) -> Result<bool, ImportError> {
    let sql = format!("SELECT id FROM {} WHERE 1 = 0", table.name);
    match pool.database().query(sql).rows().await {
        Ok(_) => Ok(true),
        Err(error) if error.kind == DbErrorKind::Other => Ok(false),
        Err(source) => Err(ImportError::Target { table: table.name, source }),
    }
}

impl Target {
    pub(super) async fn begin(pool: &Pool) -> Result<Self, ImportError> {
        let transaction = pool.database().begin().await;
        let transaction = transaction.map_err(|source| ImportError::Target { table: "everything", source })?;
        Ok(Self { transaction, dialect: pool.dialect() })
    }

    /// Keeps everything.
    pub(super) async fn commit(self) -> Result<(), ImportError> {
        if self.dialect == Dialect::Postgres {
            self.move_sequences().await?;
        }
        let done = self.transaction.commit().await;
        done.map_err(|source| ImportError::Target { table: "everything", source })
    }

    /// Takes everything back, and waits for it.
    pub(super) async fn take_back(self) -> Result<(), ImportError> {
        match self.transaction.rollback().await {
            // A statement that failed has done it already.
            Err(error) if error.kind != DbErrorKind::TransactionEnded => {
                Err(ImportError::Target { table: "everything", source: error })
            }
            _ => Ok(()),
        }
    }

    /// Explicit ids don't move a sequence by themselves, and nothing moves it back.
    async fn move_sequences(&self) -> Result<(), ImportError> {
        for table in tables::ALL {
            let name = table.name;
            let failed = |source| ImportError::Target { table: name, source };
            let there: Option<String> = self
                .transaction
                .query(format!("SELECT to_regclass('{name}')::text"))
                .fetch_scalar()
                .await
                .map_err(failed)?;
            if there.is_none() {
                continue;
            }
            let sql = format!(
                "SELECT setval(s.name, GREATEST(nextval(s.name), (SELECT COALESCE(MAX(id), 0) FROM {name}))) \
                 FROM (SELECT pg_get_serial_sequence('{name}', 'id') AS name) s WHERE s.name IS NOT NULL"
            );
            self.transaction.query(sql).rows().await.map_err(failed)?;
        }
        Ok(())
    }

    pub(super) async fn last_id(&self, table: &Table) -> Result<i64, DbError> {
        self.transaction.query(format!("SELECT COALESCE(MAX(id), 0) FROM {}", table.name)).fetch_scalar().await
    }

    /// Which of `ids` are used.
    pub(super) async fn taken(&self, table: &Table, ids: &[i64]) -> Result<HashSet<i64>, DbError> {
        let mut taken = HashSet::new();
        for some in ids.chunks(BATCH) {
            let sql = format!("SELECT id FROM {} WHERE id IN ({})", table.name, placeholders(1, BATCH));
            let found: Vec<i64> = self.transaction.query(sql).bind_all(filled(some)).fetch_all().await?;
            taken.extend(found);
        }
        Ok(taken)
    }

    /// The ids of rows by a text column, for those of `values` that are there.
    pub(super) async fn by_text(
        &self,
        table: &Table,
        key: &str,
        values: &[&str],
    ) -> Result<HashMap<String, i64>, DbError> {
        let sql = format!("SELECT {key}, id FROM {} WHERE {key} IN ({})", table.name, placeholders(1, BATCH));
        let found: Vec<(String, i64)> = self.transaction.query(sql).bind_all(filled(values)).fetch_all().await?;
        Ok(found.into_iter().collect())
    }

    /// The ids of rows by a number and a text, for those with one of the `numbers`.
    pub(super) async fn by_pair(
        &self,
        table: &Table,
        (number, text): (&str, &str),
        numbers: &[i64],
    ) -> Result<HashMap<(i64, String), i64>, DbError> {
        let sql =
            format!("SELECT {number}, {text}, id FROM {} WHERE {number} IN ({})", table.name, placeholders(1, BATCH));
        let found: Vec<(i64, String, i64)> = self.transaction.query(sql).bind_all(filled(numbers)).fetch_all().await?;
        Ok(found.into_iter().map(|(number, text, id)| ((number, text), id)).collect())
    }

    /// What a statement of the caller's own answers.
    pub(super) async fn rows(&self, sql: &str, parameters: Vec<Value>) -> Result<Rows, DbError> {
        self.transaction.query(sql).bind_all(parameters).rows().await
    }

    /// Runs a statement of the caller's own.
    pub(super) async fn execute(&self, sql: &str, parameters: Vec<Value>) -> Result<u64, DbError> {
        self.transaction.query(sql).bind_all(parameters).execute().await
    }

    pub(super) async fn insert(&self, table: &Table, id: i64, entry: &Entry) -> Result<(), DbError> {
        let columns: Vec<&str> = table.columns.iter().map(|column| column.ours).collect();
        let sql = format!(
            "INSERT INTO {} (id, {}) VALUES ({})",
            table.name,
            columns.join(", "),
            placeholders(1, columns.len() + 1)
        );
        let statement = self.transaction.query(sql).bind(id).bind_all(entry.values().iter().cloned());
        statement.execute().await.map(drop)
    }

    /// Adds many rows of a table whose only optional columns are texts, of which an empty one is NULL.
    pub(super) async fn insert_many(&self, table: &Table, rows: Vec<(i64, Entry)>) -> Result<(), DbError> {
        let mut rows = rows.into_iter();
        for size in SIZES {
            while rows.len() >= size {
                let mut parameters = Vec::with_capacity(size * (table.columns.len() + 1));
                for (id, entry) in rows.by_ref().take(size) {
                    parameters.push(Value::Int(id));
                    let filled = |value: &Value| if *value == Value::Null { Value::from("") } else { value.clone() };
                    parameters.extend(entry.values().iter().map(filled));
                }
                self.execute(&many(table, size), parameters).await?;
            }
        }
        Ok(())
    }

    /// Sets `columns` of a row that nobody has touched here; gives 1, or 0 if somebody has.
    pub(super) async fn refresh(
        &self,
        table: &Table,
        id: i64,
        entry: &Entry,
        columns: &[&'static str],
    ) -> Result<u64, DbError> {
        let columns: Vec<&str> = columns.iter().copied().chain(["updated_time"]).collect();
        let sql = format!(
            "UPDATE {} SET {} WHERE id = ${} AND updated_time IS NULL",
            table.name,
            assignments(1, &columns),
            columns.len() + 1
        );
        let values = columns.iter().map(|column| entry.value(column).clone());
        self.transaction.query(sql).bind_all(values).bind(id).execute().await
    }
}

/// A whole batch of parameters: the last one again and again, so that there is one statement only.
pub(super) fn filled<T: Into<Value> + Clone + Default>(values: &[T]) -> impl Iterator<Item = Value> {
    let last = values.last().cloned().unwrap_or_default();
    let values = values.iter().cloned().chain(std::iter::repeat(last)).take(BATCH);
    values.map(Into::into).collect::<Vec<Value>>().into_iter()
}

fn many(table: &Table, rows: usize) -> String {
    let names: Vec<&str> = table.columns.iter().map(|column| column.ours).collect();
    let width = names.len() + 1;
    let row =
        |row: usize| {
            let first = row * width + 1;
            let columns = (first + 1..).zip(table.columns);
            let values = columns.map(|(place, column)| {
                if column.is_optional_text() { format!("NULLIF(${place}, '')") } else { format!("${place}") }
            });
            format!("(${first}, {})", values.collect::<Vec<_>>().join(", "))
        };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO {} (id, {}) VALUES {}", table.name, names.join(", "), rows.join(", "))
}
