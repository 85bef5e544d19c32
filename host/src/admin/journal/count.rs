//! How many entries of a log fit, without counting a million rows for every page.
//!
//! What was counted is remembered for a while; then only what has come since is counted. Only of
//! many rows: few are counted in no time, and exactly.

use super::filter::{Condition, LogFilter};
use crate::cache::{Announcement, Announcements, Memory};
use crate::tasks;
use parking_lot::Mutex;
use plugin_api::db::{Database, DbError};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Fewer rows are counted each time.
const MANY: u64 = 10_000;
/// How long a count is believed without looking again.
const BELIEVED_FOR: Duration = Duration::from_secs(30);
/// How long it is told once more, while entries are counted anew.
const REMEMBERED_FOR: Duration = Duration::from_secs(3600);
/// Filters whose counts are remembered at once.
const REMEMBERED_MAX: usize = 64;

/// Counts the entries of one table.
pub(super) struct Counter {
    db: Database,
    table: &'static str,
    announcements: Announcements,
    remembered: Mutex<HashMap<LogFilter, Remembered>>,
    /// Counts deletions, so that a count that began before one is not remembered after it.
    epoch: AtomicU64,
}

/// Entries of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    /// How many.
    pub(super) count: u64,
    /// The newest of them, if there is one.
    pub(super) newest: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
struct Remembered {
    count: u64,
    newest: i64,
    since: Instant,
    /// When it was found too old last.
    renewed: Instant,
}

impl Counter {
    /// Of `table`, which has the columns that are filtered by. Processes that hear `announcements`
    /// forget together.
    pub(super) fn new(db: Database, table: &'static str, announcements: Announcements) -> Arc<Self> {
        let (remembered, epoch) = (Mutex::default(), AtomicU64::new(0));
        let counter = Arc::new(Self { db, table, announcements, remembered, epoch });
        counter.announcements.enlist(&counter);
        // The first page of a long log need not wait for this.
        counter.renew_behind(LogFilter::default());
        counter
    }

    /// How many entries fit `filter`, whose condition is `condition`.
    pub(super) async fn count(self: &Arc<Self>, filter: &LogFilter, condition: &Condition) -> Result<Counted, DbError> {
        let Some(known) = self.known(filter) else {
            return self.count_all(filter, condition).await;
        };
        let since = self.counted(&condition.clone().after(known.newest)).await?;
        Ok(Counted { count: known.count + since.count, newest: since.newest.or(Some(known.newest)) })
    }

    /// Something was deleted.
    pub(super) async fn forget(&self) {
        self.announcements.tell(Announcement::Logs).await;
    }

    async fn count_all(&self, filter: &LogFilter, condition: &Condition) -> Result<Counted, DbError> {
        let (since, epoch) = (Instant::now(), self.epoch.load(Ordering::Acquire));
        let counted = self.counted(condition).await?;
        if let Some(newest) = counted.newest.filter(|_| counted.count >= MANY) {
            self.remember(filter, Remembered { count: counted.count, newest, since, renewed: since }, epoch);
        }
        Ok(counted)
    }

    async fn counted(&self, condition: &Condition) -> Result<Counted, DbError> {
        let (count, newest) =
            self.db.query(condition.count(self.table)).bind_all(condition.parameters()).fetch_one().await?;
        Ok(Counted { count, newest })
    }

    /// What is remembered; if that is not to be believed any more, it is renewed behind this request.
    fn known(self: &Arc<Self>, filter: &LogFilter) -> Option<Remembered> {
        if !self.announcements.are_heard() {
            return None;
        }
        let mut remembered = self.remembered.lock();
        let known = remembered.get_mut(filter).filter(|known| known.since.elapsed() < REMEMBERED_FOR)?;
        if known.renewed.elapsed() >= BELIEVED_FOR {
            known.renewed = Instant::now();
            self.renew_behind(filter.clone());
        }
        Some(*known)
    }

    fn renew_behind(self: &Arc<Self>, filter: LogFilter) {
        let counter = Arc::clone(self);
        tasks::spawn("count of a log", async move { counter.renew(&filter).await });
    }

    async fn renew(&self, filter: &LogFilter) {
        let condition = Condition::of(&self.db, self.table, filter).await;
        let counted = match condition {
            Ok(condition) => self.count_all(filter, &condition).await,
            Err(error) => Err(error),
        };
        if let Err(error) = counted {
            // Whoever asks next counts, and hears of what is wrong.
            tracing::debug!(%error, "failed to count the entries of {}", self.table);
        }
    }

    fn remember(&self, filter: &LogFilter, counted: Remembered, epoch: u64) {
        let mut remembered = self.remembered.lock();
        if self.epoch.load(Ordering::Acquire) != epoch {
            return;
        }
        if remembered.len() >= REMEMBERED_MAX && !remembered.contains_key(filter) {
            remembered.clear();
        }
        remembered.insert(filter.clone(), counted);
    }
}

impl Memory for Counter {
    fn forget(&self, what: &Announcement) {
        if matches!(what, Announcement::Logs | Announcement::Everything) {
            let mut remembered = self.remembered.lock();
            self.epoch.fetch_add(1, Ordering::AcqRel);
            remembered.clear();
        }
    }
}
