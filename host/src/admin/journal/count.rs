//! How many entries of a log fit, without counting a million rows for every page.
//!
//! What was counted is remembered for a while; then only what has come since is counted. Only of
//! many rows: few are counted in no time, and exactly.

use super::filter::{Condition, LogFilter};
use parking_lot::Mutex;
use plugin_api::db::{Database, DbError};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Fewer rows are counted each time.
const MANY: u64 = 10_000;
/// How long a count is believed: what another process deletes is seen after that.
const REMEMBERED_FOR: Duration = Duration::from_secs(30);
/// Filters whose counts are remembered at once.
const REMEMBERED_MAX: usize = 64;

/// Counts the entries of one table.
#[derive(Debug)]
pub(in crate::admin) struct Counter {
    table: &'static str,
    remembered: Mutex<HashMap<LogFilter, Counted>>,
    /// Counts deletions, so that a count that began before one is not remembered after it.
    epoch: AtomicU64,
}

#[derive(Debug, Clone, Copy)]
struct Counted {
    since: Instant,
    count: u64,
    /// The newest entry among them.
    newest: i64,
}

impl Counter {
    /// Of `table`, which has the columns that are filtered by.
    pub(in crate::admin) fn new(table: &'static str) -> Self {
        Self { table, remembered: Mutex::new(HashMap::new()), epoch: AtomicU64::new(0) }
    }

    /// How many entries fit.
    pub(in crate::admin) async fn count(&self, db: &Database, filter: &LogFilter) -> Result<u64, DbError> {
        let mut condition = Condition::of(db, self.table, filter).await?;
        if let Some(known) = self.known(filter) {
            condition.after(known.newest);
            return Ok(known.count + self.counted(db, &condition).await?.0);
        }
        let (since, epoch) = (Instant::now(), self.epoch.load(Ordering::Acquire));
        let (count, newest) = self.counted(db, &condition).await?;
        if let Some(newest) = newest.filter(|_| count >= MANY) {
            self.remember(filter, Counted { since, count, newest }, epoch);
        }
        Ok(count)
    }

    /// Something was deleted.
    pub(in crate::admin) fn forget(&self) {
        let mut remembered = self.remembered.lock();
        self.epoch.fetch_add(1, Ordering::AcqRel);
        remembered.clear();
    }

    /// Number and newest of the entries that fit, both of one moment.
    async fn counted(&self, db: &Database, condition: &Condition) -> Result<(u64, Option<i64>), DbError> {
        let sql = format!("SELECT COUNT(*), MAX(id) FROM {} {}", self.table, condition.sql());
        db.query(sql).bind_all(condition.parameters()).fetch_one().await
    }

    fn known(&self, filter: &LogFilter) -> Option<Counted> {
        self.remembered.lock().get(filter).copied().filter(|known| known.since.elapsed() < REMEMBERED_FOR)
    }

    fn remember(&self, filter: &LogFilter, counted: Counted, epoch: u64) {
        let mut remembered = self.remembered.lock();
        if self.epoch.load(Ordering::Acquire) != epoch {
            return;
        }
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(filter.clone(), counted);
    }
}
