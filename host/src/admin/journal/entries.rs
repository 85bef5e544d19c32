//! The entries of a log as they are read and deleted; both logs are alike in this.

use super::count::Counter;
use super::filter::{Condition, LogFilter, Order};
use crate::cache::Announcements;
use plugin_api::db::{Database, DbError, placeholders};
use serde::de::DeserializeOwned;
use std::marker::PhantomData;
use std::sync::Arc;

/// The entries of one table, each a row `R`. Cheap to clone.
pub struct Entries<R> {
    db: Database,
    table: &'static str,
    columns: &'static str,
    counter: Arc<Counter>,
    row: PhantomData<fn() -> R>,
}

/// Something that stands in a log.
pub trait Entry: DeserializeOwned {
    /// Its key.
    fn id(&self) -> i64;
}

/// A page of a log.
#[derive(Debug)]
pub struct EntryPage<R> {
    /// How many entries there are on all pages.
    pub total: u64,
    /// This page's, newest first.
    pub rows: Vec<R>,
}

impl<R> Clone for Entries<R> {
    fn clone(&self) -> Self {
        Self { db: self.db.clone(), counter: Arc::clone(&self.counter), ..*self }
    }
}

impl<R: Entry> Entries<R> {
    /// Those in `table`, of which `columns` are read.
    pub fn new(db: Database, table: &'static str, columns: &'static str, announcements: Announcements) -> Self {
        let counter = Counter::new(db.clone(), table, announcements);
        Self { db, table, columns, counter, row: PhantomData }
    }

    /// `limit` entries that fit, newest first, after passing over `offset`.
    ///
    /// They are counted from the nearer end: the last page costs no more than the first.
    ///
    /// # Errors
    /// The database's.
    pub async fn page(&self, filter: &LogFilter, limit: i64, offset: i64) -> Result<EntryPage<R>, DbError> {
        let condition = Condition::of(&self.db, self.table, filter).await?;
        let counted = self.counter.count(filter, &condition).await?;
        let total = i64::try_from(counted.count).unwrap_or(i64::MAX);
        let Some(newest) = counted.newest.filter(|_| offset < total) else {
            return Ok(EntryPage { total: counted.count, rows: Vec::new() });
        };
        let condition = condition.up_to(newest);
        let limit = limit.min(total - offset);
        let (order, offset) = match offset <= total / 2 {
            true => (Order::NewestFirst, offset),
            false => (Order::OldestFirst, total - offset - limit),
        };
        let rows = self.rows(&condition, order, limit, offset).await?;
        Ok(EntryPage { total: counted.count, rows })
    }

    /// `limit` entries that fit and are older than the entry `before`, newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn older(&self, filter: &LogFilter, before: Option<i64>, limit: i64) -> Result<Vec<R>, DbError> {
        let condition = Condition::of(&self.db, self.table, filter).await?.before(before.unwrap_or(i64::MAX));
        self.rows(&condition, Order::NewestFirst, limit, 0).await
    }

    /// Deletes the entries of these ids; gives how many there were.
    ///
    /// # Errors
    /// The database's.
    pub async fn delete(&self, ids: &[i64]) -> Result<u64, DbError> {
        if ids.is_empty() {
            return Ok(0);
        }
        let sql = format!("DELETE FROM {} WHERE id IN ({})", self.table, placeholders(1, ids.len()));
        let deleted = self.db.query(sql).bind_all(ids.iter().copied()).execute().await;
        self.counter.forget().await;
        deleted
    }

    /// Deletes every entry.
    ///
    /// Not in batches: a whole table goes in a second per million entries, ten times as fast, and
    /// nobody who reads waits for it.
    ///
    /// # Errors
    /// The database's.
    pub async fn clear(&self) -> Result<(), DbError> {
        let cleared = self.db.query(format!("DELETE FROM {}", self.table)).execute().await;
        self.counter.forget().await;
        cleared.map(drop)
    }

    /// The ids are found in an index first: rows that are passed over are not read.
    async fn rows(&self, condition: &Condition, order: Order, limit: i64, offset: i64) -> Result<Vec<R>, DbError> {
        let ids = condition.ids(self.table, order, limit, offset);
        let sql = format!("SELECT {} FROM {} WHERE id IN ({ids}) ORDER BY id DESC", self.columns, self.table);
        self.db.query(sql).bind_all(condition.parameters()).fetch_all().await
    }
}
