//! What publishes the events of one generation.

use super::rows::{self, NewEvent};
use super::{Outbox, subscribers};
use crate::db::PluginDatabase;
use crate::plugin::contribution::is_name;
use crate::plugin::id::PluginId;
use crate::plugin::services::now_ms;
use crate::plugin::table::Published;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use plugin_api::db::{DbError, Executor};
use plugin_api::services::{ServiceError, ServiceErrorKind};
use serde::de::IgnoredAny;
use std::collections::HashSet;
use std::sync::Arc;

/// Publishes the events of one generation.
pub(in crate::plugin) struct Publisher {
    id: PluginId,
    is_granted: bool,
    outbox: Arc<Outbox>,
    published: Published,
    database: PluginDatabase,
    /// The open transactions with events in them.
    open: Arc<Mutex<HashSet<u64>>>,
}

impl Publisher {
    /// Publishes as `id`, through the plugin's own connection to the database.
    pub(in crate::plugin) fn new(
        id: PluginId,
        is_granted: bool,
        outbox: Arc<Outbox>,
        published: Published,
        database: PluginDatabase,
    ) -> Self {
        Self { id, is_granted, outbox, published, database, open: Arc::default() }
    }

    /// Stores an event for each plugin that handles it, as a part of the transaction `tx` unless that is 0.
    pub(in crate::plugin) fn publish(
        &self,
        tx: u64,
        name: &str,
        data: String,
    ) -> BoxFuture<'static, Result<(), ServiceError>> {
        if let Err(error) = self.check(name, &data) {
            return Box::pin(std::future::ready(Err(error)));
        }
        let to = subscribers(&self.published.load(), &format!("{}.{name}", self.id));
        if to.is_empty() {
            return Box::pin(std::future::ready(Ok(())));
        }
        let event = NewEvent { source: self.id.to_string(), name: name.to_owned(), data, now_ms: now_ms() };
        let (database, outbox, open) = (self.database.clone(), Arc::clone(&self.outbox), Arc::clone(&self.open));
        Box::pin(async move {
            if tx == 0 {
                put_all(&database, &outbox, &to, &event).await.map_err(unstored)?;
                outbox.stir();
            } else {
                put_each(&database, tx, &outbox, &to, &event).await.map_err(unstored)?;
                open.lock().insert(tx);
            }
            Ok(())
        })
    }

    /// The end of a transaction, after which what was published in it is there.
    pub(in crate::plugin) fn after(
        &self,
        tx: u64,
        committed: BoxFuture<'static, Result<(), DbError>>,
    ) -> BoxFuture<'static, Result<(), DbError>> {
        if !self.open.lock().remove(&tx) {
            return committed;
        }
        let outbox = Arc::clone(&self.outbox);
        Box::pin(async move {
            committed.await?;
            outbox.stir();
            Ok(())
        })
    }

    /// What was published in a transaction is not.
    pub(in crate::plugin) fn undone(&self, tx: u64) {
        self.open.lock().remove(&tx);
    }

    fn check(&self, name: &str, data: &str) -> Result<(), ServiceError> {
        let (id, bytes_max) = (&self.id, self.outbox.limits.bytes_max);
        let (kind, message) = if !self.is_granted {
            let message = format!(
                "plugin {id} may not publish events: it would need events = true in [capabilities] of its plugin.toml"
            );
            (ServiceErrorKind::Refused, message)
        } else if !is_name(name) {
            let message =
                format!("{name:?} is no name of an event: small letters, digits and _, 64 at most, and a letter first");
            (ServiceErrorKind::Invalid, message)
        } else if data.len() > bytes_max {
            let message =
                format!("the data of event {name} has {} bytes, at most {bytes_max} are accepted", data.len());
            (ServiceErrorKind::TooLarge, message)
        } else if let Err(error) = serde_json::from_str::<IgnoredAny>(data) {
            (ServiceErrorKind::Invalid, format!("the data of event {name} is no JSON: {error}"))
        } else {
            return Ok(());
        };
        Err(ServiceError::new(kind, message))
    }
}

/// For all of them, or for none.
async fn put_all(database: &PluginDatabase, outbox: &Outbox, to: &[PluginId], event: &NewEvent) -> Result<(), DbError> {
    if to.len() == 1 {
        return put_each(database, 0, outbox, to, event).await;
    }
    let tx = database.begin().await?;
    match put_each(database, tx, outbox, to, event).await {
        Ok(()) => database.commit(tx).await,
        Err(error) => {
            database.abandon(tx);
            Err(error)
        }
    }
}

async fn put_each(
    database: &PluginDatabase,
    tx: u64,
    outbox: &Outbox,
    to: &[PluginId],
    event: &NewEvent,
) -> Result<(), DbError> {
    for id in to {
        let (sql, values) = rows::put(id, event, outbox.limits.waiting_max);
        if database.execute(tx, sql, values).await? == 0 {
            outbox.note_lost(id, event);
        }
    }
    Ok(())
}

fn unstored(error: DbError) -> ServiceError {
    let ServiceError { kind, message } = error.into();
    ServiceError::new(kind, format!("the event can't be stored: {message}"))
}
