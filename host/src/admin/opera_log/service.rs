//! Rules of the operation log.

use super::model::OperaLogRow;
use super::operation::Operation;
use super::{args, crud};
use crate::admin::journal::entries::Entries;
use crate::admin::journal::rows::{clipped, message};
use crate::admin::journal::{EntryStore, Journal, JournalCounts};
use crate::admin::location::Locations;
use crate::admin::{Clock, UserAgent};
use crate::cache::Announcements;
use futures_util::future::BoxFuture;
use plugin_api::db::{Database, DbError, Value};
use std::sync::Arc;

/// The operation log. Cheap to clone.
#[derive(Clone)]
pub struct OperaLog {
    entries: Entries<OperaLogRow>,
    journal: Arc<Journal<Operation>>,
}

impl OperaLog {
    /// The log in `db`, with the task that writes it, and what it says of addresses. Processes that hear
    /// `announcements` see deletions at once.
    pub fn new(db: Database, clock: Clock, locations: Locations, announcements: Announcements) -> Self {
        let store = Store { db: db.clone(), clock, locations };
        Self { entries: crud::entries(db, announcements), journal: Arc::new(Journal::start("operation log", store)) }
    }

    /// Takes what must be in the log; waits while there is no room.
    pub async fn record(&self, operation: Operation) {
        self.journal.put(operation).await;
    }

    /// The same for those who can't wait.
    pub fn record_now(&self, operation: Operation) {
        self.journal.put_now(operation);
    }

    /// Takes what may be left out when too much comes at once.
    pub fn offer(&self, operation: Operation) {
        self.journal.offer(operation);
    }

    /// Counts what was left out.
    pub fn skip(&self) {
        self.journal.skip();
    }

    /// What became of entries since the start.
    pub fn counts(&self) -> JournalCounts {
        self.journal.counts()
    }

    /// Writes what was taken, and takes nothing more.
    pub async fn close(&self) {
        self.journal.close().await;
    }

    /// What was written, to be read and deleted.
    pub fn entries(&self) -> &Entries<OperaLogRow> {
        &self.entries
    }
}

struct Store {
    db: Database,
    clock: Clock,
    locations: Locations,
}

impl EntryStore for Store {
    type Entry = Operation;

    fn keep<'a>(&'a self, entries: &'a [Operation]) -> BoxFuture<'a, Result<(), DbError>> {
        Box::pin(async move {
            let now_ms = self.clock.now_ms();
            let mut rows = Vec::with_capacity(entries.len());
            for operation in entries {
                rows.push(row(operation, now_ms, &self.locations).await);
            }
            crud::insert(&self.db, rows).await
        })
    }
}

/// The values of an entry, in the order of [`crud`]'s columns.
async fn row(operation: &Operation, now_ms: i64, locations: &Locations) -> Vec<Value> {
    let place = operation.ip.map(|ip| locations.of(ip)).unwrap_or_default();
    let (code, told) = operation.outcome.read();
    let sent = operation.user_agent.as_deref().unwrap_or_default();
    let agent = UserAgent::parse(sent);
    let args = args::of(operation).await;
    let ip = operation.ip.map_or(String::new(), |ip| ip.to_string());
    vec![
        clipped(&String::from_utf8_lossy(&operation.trace_id), 32),
        clipped(operation.user.as_ref().map_or("", |user| &user.username), 64),
        clipped(operation.method.as_str(), 32),
        clipped(operation.route.as_ref().map_or("", |route| &route.title), 256),
        clipped(args::path(operation), 512),
        clipped(&ip, 64),
        clipped(&place.country, 64),
        clipped(&place.region, 64),
        clipped(&place.city, 64),
        clipped(sent, 512),
        clipped(&agent.os, 64),
        clipped(&agent.browser, 64),
        clipped(&agent.device, 64),
        Value::Text(args.map_or(String::new(), |args| args.to_string())),
        Value::from(i32::from((200..400).contains(&code))),
        clipped(&code.to_string(), 32),
        message(&told),
        Value::from(operation.took.as_secs_f64() * 1_000.0),
        Value::from(operation.began_ms),
        Value::from(now_ms),
    ]
}
