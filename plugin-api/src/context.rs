//! What a plugin holds of its host.

use crate::IdForm;
use crate::db::{Database, DbError, DbErrorKind, Dialect, Executor, Value};
use crate::events::Events;
use crate::files::Files;
use crate::http::Http;
use crate::jobs::Jobs;
use crate::peer::Peer;
use crate::permitted::Permitted;
use crate::request_info::RequestInfo;
use crate::services::{HostServices, Level};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// The host's services, given to [`Plugin::new`](crate::Plugin::new). Cheap to clone.
#[derive(Clone)]
pub struct PluginContext {
    id: &'static str,
    services: Arc<dyn HostServices>,
}

impl PluginContext {
    pub(crate) fn new(id: &'static str, services: Arc<dyn HostServices>) -> Self {
        Self { id, services }
    }

    /// A context without a host: every service answers that it is unavailable. The host uses it to
    /// ask a plugin what it contributes.
    pub fn detached(id: &'static str) -> Self {
        Self::new(id, Arc::new(Detached))
    }

    /// The plugin's id.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// The database.
    pub fn database(&self) -> Database {
        Database::new(Arc::new(Shared(Arc::clone(&self.services))))
    }

    /// What of the rows of `model` whoever asks is permitted to see, by the data rules of their roles.
    ///
    /// `asking` is the request that is being answered. The host goes by whom it let in itself: nobody is
    /// permitted nothing, a super-user everything. Ask in the handler, not in a task that it starts; a rule
    /// that an administrator changes holds for the next question.
    ///
    /// # Errors
    /// Of kind [`Refused`](DbErrorKind::Refused) if the plugin does not [contribute](crate::Contributions::model) the
    /// model, or if `asking` is not the request that this task is answering; the database's.
    pub async fn permitted(&self, asking: &RequestInfo, model: &str) -> Result<Permitted, DbError> {
        self.services.permitted(asking.user_id().unwrap_or_default(), model).await
    }

    /// Sends requests to other servers: to the hosts that `http` in `[capabilities]` names.
    pub fn http(&self) -> Http {
        Http::new(Arc::clone(&self.services))
    }

    /// Files of the plugin's own, with `files = true` in `[capabilities]`.
    pub fn files(&self) -> Files {
        Files::new(Arc::clone(&self.services))
    }

    /// The plugin's jobs, with `jobs = true` in `[capabilities]`.
    pub fn jobs(&self) -> Jobs {
        Jobs::new(Arc::clone(&self.services))
    }

    /// Publishes events, with `events = true` in `[capabilities]`.
    pub fn events(&self) -> Events {
        Events::new(Arc::clone(&self.services))
    }

    /// Another plugin, one that `services` in `[capabilities]` names; it need not be installed.
    pub fn peer(&self, id: &str) -> Peer {
        Peer::new(id, Arc::clone(&self.services))
    }

    /// The settings, read into `T`: environment over stored over default.
    ///
    /// # Errors
    /// When `T` does not fit what is stored.
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.services.settings())
    }

    /// Milliseconds since 1970-01-01 UTC: the form in which times are stored.
    pub fn now_ms(&self) -> i64 {
        self.services.now_ms()
    }

    /// `YYYY-MM-DD HH:MM:SS` in the host's zone: the form in which times are answered.
    pub fn format_time(&self, unix_ms: i64) -> String {
        self.services.format_time(unix_ms)
    }

    /// Waits without a runtime of the plugin's own.
    pub async fn sleep(&self, duration: std::time::Duration) {
        self.services.sleep(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)).await;
    }

    /// Writes to the host's log.
    pub fn log(&self, level: Level, message: &str) {
        self.services.log(level, self.id, message, "{}");
    }

    /// Writes to the host's log, with fields that can be searched; `fields` should be a JSON object.
    pub fn log_fields(&self, level: Level, message: &str, fields: &serde_json::Value) {
        self.services.log(level, self.id, message, &fields.to_string());
    }
}

/// An executor needs a size; the services have none.
struct Shared(Arc<dyn HostServices>);

impl Executor for Shared {
    fn dialect(&self) -> Dialect {
        self.0.dialect()
    }
    fn query(&self, tx: u64, sql: &str, parameters: Vec<Value>) -> BoxFuture<'static, Result<Bytes, DbError>> {
        self.0.query(tx, sql, parameters)
    }
    fn execute(&self, tx: u64, sql: &str, parameters: Vec<Value>) -> BoxFuture<'static, Result<u64, DbError>> {
        self.0.execute(tx, sql, parameters)
    }
    fn begin(&self) -> BoxFuture<'static, Result<u64, DbError>> {
        self.0.begin()
    }
    fn commit(&self, tx: u64) -> BoxFuture<'static, Result<(), DbError>> {
        self.0.commit(tx)
    }
    fn rollback(&self, tx: u64) -> BoxFuture<'static, Result<(), DbError>> {
        self.0.rollback(tx)
    }
    fn abandon(&self, tx: u64) {
        self.0.abandon(tx);
    }
    fn new_id(&self) -> Option<i64> {
        self.0.new_id()
    }
}

struct Detached;

fn unavailable<T: Send + 'static>() -> BoxFuture<'static, Result<T, DbError>> {
    let message = "there is no host here: the plugin is only asked what it contributes".to_owned();
    Box::pin(std::future::ready(Err(DbError { kind: DbErrorKind::Unavailable, message })))
}

impl Executor for Detached {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }
    fn query(&self, _: u64, _: &str, _: Vec<Value>) -> BoxFuture<'static, Result<Bytes, DbError>> {
        unavailable()
    }
    fn execute(&self, _: u64, _: &str, _: Vec<Value>) -> BoxFuture<'static, Result<u64, DbError>> {
        unavailable()
    }
    fn begin(&self) -> BoxFuture<'static, Result<u64, DbError>> {
        unavailable()
    }
    fn commit(&self, _: u64) -> BoxFuture<'static, Result<(), DbError>> {
        unavailable()
    }
    fn rollback(&self, _: u64) -> BoxFuture<'static, Result<(), DbError>> {
        unavailable()
    }
    fn abandon(&self, _: u64) {}
    fn new_id(&self) -> Option<i64> {
        None
    }
}

impl HostServices for Detached {
    fn log(&self, _: Level, _: &str, _: &str, _: &str) {}
    fn now_ms(&self) -> i64 {
        0
    }
    fn format_time(&self, _: i64) -> String {
        String::new()
    }
    fn sleep(&self, _: u64) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
    fn settings(&self) -> String {
        "{}".to_owned()
    }
    fn id_form(&self) -> IdForm {
        IdForm::Number
    }
    fn permitted(&self, _: i64, _: &str) -> BoxFuture<'static, Result<Permitted, DbError>> {
        unavailable()
    }
    fn panicked(&self, _: &str) {}
}
