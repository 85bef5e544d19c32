//! What happens in plugins and in the server, told to plugins that want to know.
//!
//! ```toml
//! [capabilities]
//! events = true
//! ```
//!
//! An event has a name, `<plugin>.<name>`, and data. Whoever [publishes](Events::publish) it need not know who
//! [handles](crate::Contributions::on) it. The server's own events begin with `core.`; the [first page](crate) lists them.
//!
//! **An event waits until it is handled.** It is stored for each plugin that is switched on and handles it; published
//! [in a transaction](Events::publish_in), it is there if and only if that is committed. It is given to one server of several, in
//! the order of publishing, one at a time for each plugin. A handler that fails, or is cut off by a stop or a crash, gets it
//! again, later and later, ten times in all, while the next ones go on; so it may see an event twice, and out of order: [`Event::id`]
//! tells them apart. An event that fails the last time is given up, and so is one for a plugin for which more wait than the operator
//! allows: both are errors in the log, and nothing that whoever published it hears of.
//!
//! ```
//! use plugin_api::events::Event;
//! use plugin_api::prelude::*;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct EntryAdded { id: i64 }
//!
//! struct Board { context: PluginContext }
//!
//! impl Board {
//!     /// As a part of handling a request.
//!     async fn add(&self, text: &str) -> Result<(), Box<dyn std::error::Error>> {
//!         let transaction = self.context.database().begin().await?;
//!         let added = transaction.query("INSERT INTO board_entry (text) VALUES ($1) RETURNING id");
//!         let id: i64 = added.bind(text).fetch_scalar().await?;
//!         self.context.events().publish_in(&transaction, "entry_added", &EntryAdded { id }).await?;
//!         Ok(transaction.commit().await?)
//!     }
//! }
//!
//! impl Plugin for Board {
//!     fn new(context: PluginContext) -> Self {
//!         Self { context }
//!     }
//!
//!     fn contributions(&self) -> Contributions {
//!         let context = self.context.clone();
//!         // Mostly it is another plugin that handles it.
//!         Contributions::new().on("board.entry_added", move |event: Event| {
//!             let context = context.clone();
//!             async move {
//!                 let EntryAdded { id } = event.read()?;
//!                 context.log(Level::Info, &format!("entry {id} was added"));
//!                 Ok(())
//!             }
//!         })
//!     }
//! }
//! ```

use crate::PluginError;
use crate::abi::FfiEvent;
use crate::db::Transaction;
use crate::services::{HostServices, ServiceError, ServiceErrorKind};
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// Publishes events. From [`PluginContext::events`](crate::PluginContext::events); cheap to clone.
#[derive(Clone)]
pub struct Events(Arc<dyn HostServices>);

/// Something that has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The same each time that this plugin gets it, and of no other event that it gets.
    pub id: i64,
    /// The plugin that published it; `core` for the server itself.
    pub source: String,
    /// Its name, without the source.
    pub name: String,
    /// When it was published, in Unix milliseconds.
    pub published_ms: i64,
    /// How often the plugin was given it, this time included.
    pub attempt: u32,
    /// What is said of it, as JSON.
    pub data: String,
}

/// What handles an event.
pub(crate) type EventHandler = Arc<dyn Fn(Event) -> BoxFuture<'static, Result<(), PluginError>> + Send + Sync>;

impl Events {
    pub(crate) fn new(services: Arc<dyn HostServices>) -> Self {
        Self(services)
    }

    /// Publishes an event of the plugin's: others know it as `<plugin>.<name>`. It is stored when this returns. A `name`
    /// is of small letters, digits and `_`, begins with a letter and has 64 characters at most.
    ///
    /// # Errors
    /// Of kind `Invalid` for a name that can't be one or data that is no JSON, `TooLarge` for more than the operator
    /// allows, `Refused` without the capability.
    pub async fn publish(&self, name: &str, data: &impl Serialize) -> Result<(), ServiceError> {
        let data = written(data)?;
        self.0.publish(0, name, data).await
    }

    /// The same as a part of `transaction`, one of [`PluginContext::database`](crate::PluginContext::database): with it, it
    /// happens or not.
    ///
    /// # Errors
    /// As of [`publish`](Self::publish); of kind `Unavailable` if the transaction has ended.
    pub async fn publish_in(
        &self,
        transaction: &Transaction,
        name: &str,
        data: &impl Serialize,
    ) -> Result<(), ServiceError> {
        let data = written(data)?;
        self.0.publish(transaction.number(), name, data).await
    }
}

fn written(data: &impl Serialize) -> Result<String, ServiceError> {
    serde_json::to_string(data).map_err(|error| ServiceError::new(ServiceErrorKind::Invalid, error.to_string()))
}

impl Event {
    /// What is said of it, read into `T`.
    ///
    /// # Errors
    /// When `T` does not fit.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, PluginError> {
        serde_json::from_str(&self.data).map_err(|error| {
            PluginError(format!("event {}.{} is not what was expected: {error}", self.source, self.name))
        })
    }

    pub(crate) fn copied(event: &FfiEvent<'_>) -> Self {
        Self {
            id: event.id,
            source: event.source.into(),
            name: event.name.into(),
            published_ms: event.published_ms,
            attempt: event.attempt,
            data: event.data.into(),
        }
    }
}
