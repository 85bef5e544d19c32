//! Rules of the login log.

use super::crud;
use super::model::{LoginLogRow, NewLoginLog};
use crate::admin::journal::entries::Entries;
use crate::admin::journal::rows::{clipped, message};
use crate::admin::journal::{EntryStore, Journal};
use crate::admin::location::Locations;
use crate::admin::{Clock, UserAgent};
use crate::cache::Announcements;
use futures_util::future::BoxFuture;
use plugin_api::db::{Database, DbError, Value};
use std::sync::Arc;

/// The login log. Cheap to clone.
#[derive(Clone)]
pub struct LoginLog {
    entries: Entries<LoginLogRow>,
    journal: Arc<Journal<NewLoginLog>>,
}

impl LoginLog {
    /// The log in `db`, with the task that writes it, and what it says of addresses. Processes that hear
    /// `announcements` see deletions at once.
    pub fn new(db: Database, clock: Clock, locations: Locations, announcements: Announcements) -> Self {
        let store = Store { db: db.clone(), clock, locations };
        Self { entries: crud::entries(db, announcements), journal: Arc::new(Journal::start("login log", store)) }
    }

    /// Takes an attempt. Nobody waits: one that finds no room is lost, and said so.
    pub fn record(&self, attempt: NewLoginLog) {
        self.journal.put_now(attempt);
    }

    /// Writes what was taken, and takes nothing more.
    pub async fn close(&self) {
        self.journal.close().await;
    }

    /// What was written, to be read and deleted.
    pub fn entries(&self) -> &Entries<LoginLogRow> {
        &self.entries
    }
}

struct Store {
    db: Database,
    clock: Clock,
    locations: Locations,
}

impl EntryStore for Store {
    type Entry = NewLoginLog;

    fn keep<'a>(&'a self, entries: &'a [NewLoginLog]) -> BoxFuture<'a, Result<(), DbError>> {
        let now_ms = self.clock.now_ms();
        let rows = entries.iter().map(|entry| row(entry, now_ms, &self.locations)).collect();
        Box::pin(crud::insert(&self.db, rows))
    }
}

/// The values of an entry, in the order of [`crud`]'s columns.
fn row(entry: &NewLoginLog, now_ms: i64, locations: &Locations) -> Vec<Value> {
    let place = entry.ip.parse().map(|ip| locations.of(ip)).unwrap_or_default();
    let agent = UserAgent::parse(&entry.user_agent);
    vec![
        clipped(&entry.user_uuid, 64),
        clipped(&entry.username, 64),
        Value::from(entry.status),
        clipped(&entry.ip, 64),
        clipped(&place.country, 64),
        clipped(&place.region, 64),
        clipped(&place.city, 64),
        clipped(&entry.user_agent, 512),
        clipped(&agent.os, 64),
        clipped(&agent.browser, 64),
        clipped(&agent.device, 64),
        message(&entry.msg),
        Value::from(entry.login_time),
        Value::from(now_ms),
    ]
}
