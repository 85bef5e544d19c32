//! Rules of the login log.

use super::crud;
use super::model::{LoginLogRow, NewLoginLog};
use crate::admin::journal::count::Counter;
use crate::admin::journal::filter::{LogFilter, Stretch};
use crate::admin::journal::rows::{clipped, message};
use crate::admin::journal::{EntryStore, Journal};
use crate::admin::{Clock, UserAgent};
use crate::cache::Announcements;
use futures_util::future::BoxFuture;
use plugin_api::db::{Database, DbError, Value};
use std::sync::Arc;

/// The login log. Cheap to clone.
#[derive(Clone)]
pub struct LoginLog {
    db: Database,
    counter: Arc<Counter>,
    journal: Arc<Journal<NewLoginLog>>,
}

impl LoginLog {
    /// The log in `db`, with the task that writes it. Processes that hear `announcements` see
    /// deletions at once.
    pub fn new(db: Database, clock: Clock, announcements: Announcements) -> Self {
        let store = Store { db: db.clone(), clock };
        Self {
            db,
            counter: Arc::new(Counter::new(crud::TABLE, announcements)),
            journal: Arc::new(Journal::start("login log", store)),
        }
    }

    /// Takes an attempt. Nobody waits: one that finds no room is lost, and said so.
    pub fn record(&self, attempt: NewLoginLog) {
        self.journal.put_now(attempt);
    }

    /// Writes what was taken, and takes nothing more.
    pub async fn close(&self) {
        self.journal.close().await;
    }

    /// Entries that fit, newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self, filter: &LogFilter, stretch: Stretch) -> Result<Vec<LoginLogRow>, DbError> {
        crud::list(&self.db, filter, stretch).await
    }

    /// How many entries fit.
    ///
    /// # Errors
    /// The database's.
    pub async fn count(&self, filter: &LogFilter) -> Result<u64, DbError> {
        self.counter.count(&self.db, filter).await
    }

    /// Deletes entries; gives how many of them there were.
    ///
    /// # Errors
    /// The database's.
    pub async fn delete(&self, ids: &[i64]) -> Result<u64, DbError> {
        let deleted = crud::delete(&self.db, ids).await;
        self.counter.forget().await;
        deleted
    }

    /// Deletes every entry.
    ///
    /// # Errors
    /// The database's.
    pub async fn clear(&self) -> Result<(), DbError> {
        let cleared = crud::clear(&self.db).await;
        self.counter.forget().await;
        cleared.map(drop)
    }
}

struct Store {
    db: Database,
    clock: Clock,
}

impl EntryStore for Store {
    type Entry = NewLoginLog;

    fn keep<'a>(&'a self, entries: &'a [NewLoginLog]) -> BoxFuture<'a, Result<(), DbError>> {
        let now_ms = self.clock.now_ms();
        Box::pin(crud::insert(&self.db, entries.iter().map(|entry| row(entry, now_ms)).collect()))
    }
}

/// The values of an entry, in the order of [`crud`]'s columns.
fn row(entry: &NewLoginLog, now_ms: i64) -> Vec<Value> {
    let agent = UserAgent::parse(&entry.user_agent);
    vec![
        clipped(&entry.user_uuid, 64),
        clipped(&entry.username, 64),
        Value::from(entry.status),
        clipped(&entry.ip, 64),
        clipped(&entry.user_agent, 512),
        clipped(&agent.os, 64),
        clipped(&agent.browser, 64),
        clipped(&agent.device, 64),
        message(&entry.msg),
        Value::from(entry.login_time),
        Value::from(now_ms),
    ]
}
