//! Several statements that happen together or not at all.

use super::{DbError, Executor, Insert, Query, Statements};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A transaction; dropped without [`Transaction::commit`], it is rolled back.
///
/// SQLite has one writer at a time and a transaction is one from its start: keep it short, and
/// run no statement on the [`Database`](super::Database) itself before it has ended.
pub struct Transaction {
    executor: Arc<dyn Executor>,
    tx: u64,
    ended: bool,
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("tx", &self.tx).finish_non_exhaustive()
    }
}

impl Transaction {
    pub(super) fn new(executor: Arc<dyn Executor>, tx: u64) -> Self {
        Self { executor, tx, ended: false }
    }

    /// What its executor knows it by.
    pub(crate) fn number(&self) -> u64 {
        self.tx
    }

    /// Prepares a statement of this transaction.
    pub fn query<'q>(&self, sql: impl Into<Cow<'q, str>>) -> Query<'q> {
        Query::new(Arc::clone(&self.executor), self.tx, sql.into())
    }

    /// Prepares a statement of this transaction, built by sea-query.
    #[cfg(feature = "sea-query")]
    pub fn statement(&self, statement: &impl sea_query::QueryStatementWriter) -> Query<'static> {
        super::sea::query(Arc::clone(&self.executor), self.tx, statement)
    }

    /// Prepares a row to be added in this transaction.
    pub fn insert(&self, table: &'static str) -> Insert<'_, Self> {
        Insert::new(self, table)
    }

    /// Makes every change durable.
    ///
    /// # Errors
    /// Of kind [`TransactionEnded`](super::DbErrorKind::TransactionEnded) if the host ended it
    /// before; else the database's. Nothing is changed then.
    pub async fn commit(mut self) -> Result<(), DbError> {
        self.executor.commit(self.tx).await?;
        self.ended = true;
        Ok(())
    }

    /// Takes every change back, and waits for it.
    ///
    /// # Errors
    /// As [`Transaction::commit`]; the changes are taken back in any case.
    pub async fn rollback(mut self) -> Result<(), DbError> {
        self.executor.rollback(self.tx).await?;
        self.ended = true;
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.ended {
            self.executor.abandon(self.tx);
        }
    }
}

impl Statements for Transaction {
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
