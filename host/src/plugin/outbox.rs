//! Events on their way: stored with what they tell of, given to the plugins that handle them.
//!
//! There is a row for each plugin that is switched on and handles an event when it is published; it goes when the
//! plugin has handled it, is given up, or is uninstalled. A row is taken before it is given to a plugin, so that of several
//! processes one does so.

mod courier;
mod publisher;
mod rows;

pub(super) use courier::deliver;
pub(super) use publisher::Publisher;
pub(super) use rows::forget_others;

use super::id::PluginId;
use super::services::now_ms;
use super::status::{Desired, PluginStatus};
use super::table::RouteTable;
use plugin_api::db::{Database, DbError, Query, Transaction};
use rows::NewEvent;
use serde_json::Value;
use std::time::Duration;
use tokio::sync::Notify;

/// The source of the server's own events.
pub(super) const CORE: &str = "core";

/// The bounds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventLimits {
    /// How long a handler may take.
    pub deadline: Duration,
    /// The longest data of an event, in bytes.
    pub bytes_max: usize,
    /// How many may wait for a plugin; those beyond are lost to it.
    pub waiting_max: u64,
}

/// The events of all plugins that are on their way.
#[derive(Debug)]
pub struct Outbox {
    database: Database,
    limits: EventLimits,
    /// There may be something to deliver.
    stirred: Notify,
}

impl Outbox {
    /// Those in the server's database.
    #[must_use]
    pub fn new(database: Database, limits: EventLimits) -> Self {
        Self { database, limits, stirred: Notify::new() }
    }

    /// Says that something has been published, or that other plugins serve.
    pub fn stir(&self) {
        self.stirred.notify_one();
    }

    /// Tells plugins of something that happens in the core, as a part of `transaction`; `about` is the plugin that it
    /// happens to, which knows.
    ///
    /// # Errors
    /// The database's.
    pub async fn tell(
        &self,
        table: &RouteTable,
        transaction: &Transaction,
        about: Option<&PluginId>,
        name: &str,
        data: &Value,
    ) -> Result<(), DbError> {
        let mut to = subscribers(table, &format!("{CORE}.{name}"));
        to.retain(|id| Some(id) != about);
        let (source, data) = (CORE.to_owned(), data.to_string());
        let event = NewEvent { source, name: name.to_owned(), data, now_ms: now_ms() };
        for id in &to {
            let (sql, values) = rows::put(id, &event, self.limits.waiting_max);
            if values.into_iter().fold(transaction.query(sql), Query::bind).execute().await? == 0 {
                self.note_lost(id, &event);
            }
        }
        Ok(())
    }

    /// Whoever publishes is not to suffer for it.
    fn note_lost(&self, id: &PluginId, event: &NewEvent) {
        tracing::error!(
            plugin.id = %id,
            "event {}.{} is lost to plugin {id}: {} wait for it already, the most that plugins.events_waiting_max allows",
            event.source, event.name, self.limits.waiting_max,
        );
    }

    /// How many events wait for a plugin.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn waiting(&self, id: &PluginId) -> Result<u64, DbError> {
        rows::waiting(&self.database, id).await
    }
}

/// Who is to get an event of this full name: also those that have failed or are being changed at this moment.
fn subscribers(table: &RouteTable, event: &str) -> Vec<PluginId> {
    let handles = |status: &PluginStatus| {
        let release = &status.release;
        status.desired == Desired::Enabled
            && release.manifest.capabilities.events
            && release.descriptor.events.iter().any(|handler| handler.event == event)
    };
    table.plugins().values().filter(|status| handles(status)).map(|status| status.id().clone()).collect()
}
