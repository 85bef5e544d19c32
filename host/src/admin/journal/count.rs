//! How many entries of a log fit, without counting a million rows for every page.
//!
//! What was counted is remembered for a while; then only what has come since is counted. Only of
//! many rows: few are counted in no time, and exactly.

use super::filter::{Condition, LogFilter};
use crate::cache::{Announcement, Announcements, Memory};
use parking_lot::Mutex;
use plugin_api::db::{Database, DbError};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Fewer rows are counted each time.
const MANY: u64 = 10_000;
/// How long a count is believed without looking again.
const REMEMBERED_FOR: Duration = Duration::from_secs(30);
/// Filters whose counts are remembered at once.
const REMEMBERED_MAX: usize = 64;

/// Counts the entries of one table.
#[derive(Debug)]
pub(in crate::admin) struct Counter {
    table: &'static str,
    announcements: Announcements,
    counts: Arc<Counts>,
}

/// What was counted.
#[derive(Debug, Default)]
struct Counts(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    by_filter: HashMap<LogFilter, Counted>,
    /// Counts deletions, so that a count that began before one is not remembered after it.
    epoch: u64,
}

#[derive(Debug, Clone, Copy)]
struct Counted {
    since: Instant,
    count: u64,
    /// The newest entry among them.
    newest: i64,
}

impl Counter {
    /// Of `table`, which has the columns that are filtered by. Processes that hear `announcements`
    /// forget together.
    pub(in crate::admin) fn new(table: &'static str, announcements: Announcements) -> Self {
        let counts = Arc::default();
        announcements.enlist(&counts);
        Self { table, announcements, counts }
    }

    /// How many entries fit.
    pub(in crate::admin) async fn count(&self, db: &Database, filter: &LogFilter) -> Result<u64, DbError> {
        let mut condition = Condition::of(db, self.table, filter).await?;
        if let Some(known) = self.known(filter) {
            condition.after(known.newest);
            return Ok(known.count + self.counted(db, &condition).await?.0);
        }
        let (since, epoch) = (Instant::now(), self.counts.0.lock().epoch);
        let (count, newest) = self.counted(db, &condition).await?;
        if let Some(newest) = newest.filter(|_| count >= MANY) {
            self.remember(filter, Counted { since, count, newest }, epoch);
        }
        Ok(count)
    }

    /// Something was deleted.
    pub(in crate::admin) async fn forget(&self) {
        self.announcements.tell(Announcement::Logs).await;
    }

    /// Number and newest of the entries that fit, both of one moment.
    async fn counted(&self, db: &Database, condition: &Condition) -> Result<(u64, Option<i64>), DbError> {
        let sql = format!("SELECT COUNT(*), MAX(id) FROM {} {}", self.table, condition.sql());
        db.query(sql).bind_all(condition.parameters()).fetch_one().await
    }

    fn known(&self, filter: &LogFilter) -> Option<Counted> {
        let is_good = |known: &Counted| known.since.elapsed() < REMEMBERED_FOR && self.announcements.are_heard();
        self.counts.0.lock().by_filter.get(filter).copied().filter(is_good)
    }

    fn remember(&self, filter: &LogFilter, counted: Counted, epoch: u64) {
        let Remembered { by_filter, epoch: now } = &mut *self.counts.0.lock();
        if *now != epoch {
            return;
        }
        if by_filter.len() >= REMEMBERED_MAX {
            by_filter.clear();
        }
        by_filter.insert(filter.clone(), counted);
    }
}

impl Memory for Counts {
    fn forget(&self, what: &Announcement) {
        if matches!(what, Announcement::Logs | Announcement::Everything) {
            let mut remembered = self.0.lock();
            remembered.epoch += 1;
            remembered.by_filter.clear();
        }
    }
}
