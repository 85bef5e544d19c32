//! The database of the other system. It is only read.

use super::ids::kept_max;
use super::tables::{self, Table};
use super::{ImportError, Origin};
use crate::db::Pool;
use plugin_api::db::{Rows, Transaction};
use std::collections::HashSet;

/// Rows that are read at once.
pub(super) const BATCH: usize = 500;

/// The source, as it was when the import began.
pub(super) struct Source {
    pool: Pool,
    transaction: Transaction,
    /// Quoted.
    schema: String,
    present: HashSet<&'static str>,
}

impl Source {
    /// Connects, and looks whether the tables are there.
    ///
    /// # Errors
    /// [`ImportError`].
    pub(super) async fn open(origin: Origin<'_>) -> Result<Self, ImportError> {
        if !["postgres://", "postgresql://"].iter().any(|scheme| origin.url.starts_with(scheme)) {
            return Err(ImportError::NotPostgres);
        }
        let pool = Pool::open(origin.url).await.map_err(ImportError::Open)?;
        let failed = |source| ImportError::Source { table: "the beginning", source };
        let transaction = pool.database().begin().await.map_err(failed)?;
        let read_only = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
        transaction.query(read_only).execute().await.map_err(failed)?;
        let schema = format!("\"{}\"", origin.schema.replace('"', "\"\""));
        let mut source = Self { pool, transaction, schema, present: HashSet::new() };
        for table in tables::ALL {
            if source.look_at(table, origin.schema).await? {
                source.present.insert(table.name);
            }
        }
        Ok(source)
    }

    /// Whether it has this table.
    pub(super) fn has(&self, table: &Table) -> bool {
        self.present.contains(table.name)
    }

    /// Whether it has this table, with every column.
    async fn look_at(&self, table: &'static Table, schema: &str) -> Result<bool, ImportError> {
        let columns: Vec<String> = self
            .transaction
            .query(
                "SELECT column_name::text FROM information_schema.columns \
                 WHERE table_schema = $1 AND table_name = $2",
            )
            .bind(schema)
            .bind(table.name)
            .fetch_all()
            .await
            .map_err(failed(table))?;
        let not_fba = |what| Err(ImportError::NotFba { schema: schema.to_owned(), what });
        if columns.is_empty() {
            return if table.is_required {
                not_fba(format!("no table {} that may be read", table.name))
            } else {
                Ok(false)
            };
        }
        let wanted = table.columns.iter().map(|column| column.name).chain(["id"]);
        let missing: Vec<&str> = wanted.filter(|name| !columns.iter().any(|column| column == name)).collect();
        if missing.is_empty() {
            return Ok(true);
        }
        not_fba(format!("a table {} without {}", table.name, missing.join(", ")))
    }

    /// How many rows a table has, and the largest id that is kept.
    pub(super) async fn size(&self, table: &'static Table) -> Result<(u64, i64), ImportError> {
        let sql = format!(
            "SELECT COUNT(*), COALESCE(MAX(id) FILTER (WHERE id <= {}), 0)::bigint FROM {}.{}",
            kept_max(),
            self.schema,
            table.name
        );
        let (count, last): (i64, i64) = self.transaction.query(sql).fetch_one().await.map_err(failed(table))?;
        Ok((count.unsigned_abs(), last))
    }

    /// The next rows after the one with the id `after`: the id, then the table's columns.
    pub(super) async fn rows(&self, table: &'static Table, after: i64) -> Result<Rows, ImportError> {
        let columns: Vec<String> = table.columns.iter().map(super::column::Column::expression).collect();
        let sql = format!(
            "SELECT id, {} FROM {}.{} WHERE id > $1 ORDER BY id LIMIT {BATCH}",
            columns.join(", "),
            self.schema,
            table.name
        );
        self.transaction.query(sql).bind(after).rows().await.map_err(failed(table))
    }

    /// Ends the connection.
    pub(super) async fn close(self) {
        // It has changed nothing, whichever way it ends.
        let _ = self.transaction.rollback().await;
        self.pool.close().await;
    }
}

fn failed(table: &'static Table) -> impl Fn(plugin_api::db::DbError) -> ImportError {
    |source| ImportError::Source { table: table.name, source }
}
