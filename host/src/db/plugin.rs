//! The database service of one generation of a plugin.

use super::pool::Pool;
use super::runner::{Limits, Runner};
use super::sql;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use plugin_api::IdForm;
use plugin_api::db::{DbError, DbErrorKind, Dialect, Executor, Value};

/// An [`Executor`] that holds a plugin to its limits and can be closed under it.
///
/// A plugin shares the server's database and connections. It is not fenced in by that: the checks
/// here catch mistakes (a transaction left open on a pooled connection, two statements in one),
/// not malice, which in-process code could do anyway.
#[derive(Clone)]
pub struct PluginDatabase {
    runner: Runner,
}

impl PluginDatabase {
    /// A service with these limits. Must be called on the server's tokio runtime.
    pub fn new(pool: &Pool, limits: Limits) -> Self {
        Self { runner: Runner::new(pool.shared().clone(), limits) }
    }

    /// How many transactions are open.
    pub fn open_transactions(&self) -> usize {
        self.runner.open_transactions()
    }

    /// How ids are shown.
    pub fn id_form(&self) -> IdForm {
        self.runner.id_form()
    }

    /// Rolls back what is open; every later call fails with [`DbErrorKind::Unavailable`].
    pub async fn close(&self) {
        self.runner.close().await;
    }
}

fn refused(message: String) -> DbError {
    DbError::new(DbErrorKind::Refused, message)
}

/// Refuses what would escape transactions and limits, or run differently on the other database.
fn check(sql: &str) -> Result<(), DbError> {
    let first = sql::first_word(sql).to_ascii_uppercase();
    match first.as_str() {
        "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "WITH" | "VALUES" | "REPLACE" | "EXPLAIN" | "CREATE" | "ALTER"
        | "DROP" | "TRUNCATE" => {}
        "BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT" | "SAVEPOINT" | "RELEASE" => {
            return Err(refused(format!("{first} is not run as a statement; call begin() on the database")));
        }
        _ => {
            return Err(refused(format!("statements that begin with {first:?} are not run for plugins")));
        }
    }
    if sql::holds_several(sql) {
        return Err(refused("one statement at a time; begin() a transaction for several".to_owned()));
    }
    Ok(())
}

impl Executor for PluginDatabase {
    fn dialect(&self) -> Dialect {
        self.runner.dialect()
    }

    fn query(&self, tx: u64, sql: &str, parameters: Vec<Value>) -> BoxFuture<'static, Result<Bytes, DbError>> {
        match check(sql) {
            Ok(()) => self.runner.query(tx, sql, parameters),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn execute(&self, tx: u64, sql: &str, parameters: Vec<Value>) -> BoxFuture<'static, Result<u64, DbError>> {
        match check(sql) {
            Ok(()) => self.runner.execute(tx, sql, parameters),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn begin(&self) -> BoxFuture<'static, Result<u64, DbError>> {
        self.runner.begin()
    }

    fn commit(&self, tx: u64) -> BoxFuture<'static, Result<(), DbError>> {
        self.runner.commit(tx)
    }

    fn rollback(&self, tx: u64) -> BoxFuture<'static, Result<(), DbError>> {
        self.runner.rollback(tx)
    }

    fn abandon(&self, tx: u64) {
        self.runner.abandon(tx);
    }

    fn new_id(&self) -> Option<i64> {
        self.runner.new_id()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_outside_the_plan_are_refused() {
        for sql in [
            "SELECT 1",
            " /* x */ select 1;",
            "-- a\nINSERT INTO t VALUES (';')",
            "WITH a AS (SELECT 1) SELECT * FROM a",
        ] {
            assert_eq!(check(sql), Ok(()), "{sql}");
        }
        for sql in [
            "BEGIN",
            "commit",
            "/* */ ROLLBACK",
            "PRAGMA foreign_keys = off",
            "",
            "SELECT 1; COMMIT",
            "SET x = 1",
            "ATTACH 'x' AS y",
        ] {
            assert_eq!(check(sql).expect_err(sql).kind, DbErrorKind::Refused, "{sql}");
        }
    }
}
