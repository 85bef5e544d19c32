//! What the host does for one generation of a plugin.

use super::fence::Fence;
use super::files::Keeper;
use super::guard::{Strike, Watch};
use super::id::PluginId;
use super::jobs::OwnJobs;
use super::log::{LogLimits, PluginLog, Words};
use super::outbox::Publisher;
use super::outgoing::Sender;
use super::own_models::OwnModels;
use super::peers::Peers;
use super::stats::PluginStats;
use crate::db::PluginDatabase;
use crate::loader::RequestDigits;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use parking_lot::RwLock;
use plugin_api::IdForm;
use plugin_api::Permitted;
use plugin_api::db::{DbError, Dialect, Executor, Value};
use plugin_api::files::{FileEntry, WriteMode};
use plugin_api::http::{Request, Response};
use plugin_api::services::{HostServices, Level, ServiceError, ServiceErrorKind};
use semver::Version;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::runtime::Handle;

/// The services of one generation. Each call may come from any thread.
pub struct PluginServices {
    id: PluginId,
    version: Arc<str>,
    database: PluginDatabase,
    /// A JSON object.
    settings: RwLock<Arc<str>>,
    time_zone: TimeZone,
    stats: Arc<PluginStats>,
    log: Arc<PluginLog>,
    models: OwnModels,
    watch: Arc<Watch>,
    /// None on trial, where there is nothing to guard.
    fence: Option<Fence>,
    /// None on trial, where nobody else is there.
    granted: Option<Granted>,
    runtime: Handle,
}

/// What does for a generation what capabilities govern; each looks itself at what is granted.
pub(super) struct Granted {
    pub(super) sender: Sender,
    pub(super) keeper: Keeper,
    pub(super) publisher: Publisher,
    pub(super) jobs: OwnJobs,
    pub(super) peers: Peers,
}

impl PluginServices {
    /// The services of a generation of `id` in `version`, which has no models; `settings` is a JSON object.
    ///
    /// # Panics
    /// Outside a tokio runtime: timers run on the caller's.
    #[must_use]
    pub fn new(
        id: PluginId,
        version: Version,
        database: PluginDatabase,
        settings: String,
        time_zone: TimeZone,
        stats: Arc<PluginStats>,
    ) -> Self {
        let models = OwnModels::none(id.clone());
        let settings = RwLock::new(settings.into());
        let log = Arc::new(PluginLog::new(id.clone(), LogLimits::NONE));
        let watch = Watch::silent(id.clone(), Arc::clone(&stats), Arc::clone(&log));
        Self {
            id,
            version: version.to_string().into(),
            database,
            settings,
            time_zone,
            stats,
            log,
            models,
            watch,
            fence: None,
            granted: None,
            runtime: Handle::current(),
        }
    }

    /// The same for a generation that has these models.
    #[must_use]
    pub fn with_models(self, models: OwnModels) -> Self {
        Self { models, ..self }
    }

    /// The same for a generation whose conduct somebody acts on, and whose words are kept.
    #[must_use]
    pub fn watched_by(self, watch: Arc<Watch>) -> Self {
        Self { log: Arc::clone(watch.log()), watch, ..self }
    }

    /// What is said by it and about it.
    #[must_use]
    pub fn log(&self) -> &Arc<PluginLog> {
        &self.log
    }

    /// Says something about this generation, by itself or of the call of `request`.
    pub(super) fn note(&self, level: Level, message: &str, request: Option<RequestDigits>) {
        self.log.note(&self.version, level, message, request);
    }

    /// Its conduct.
    #[must_use]
    pub fn watch(&self) -> &Arc<Watch> {
        &self.watch
    }

    /// The same for a generation whose statements are held to this.
    #[must_use]
    pub(super) fn with_fence(self, fence: Fence) -> Self {
        Self { fence: Some(fence), ..self }
    }

    /// The same for a generation that has this done for it.
    #[must_use]
    pub(super) fn granting(self, granted: Granted) -> Self {
        Self { granted: Some(granted), ..self }
    }

    fn check(&self, sql: &str) -> Result<(), DbError> {
        self.fence.as_ref().map_or(Ok(()), |fence| fence.check(sql))
    }

    /// The settings that the plugin sees, a JSON object.
    #[must_use]
    pub fn current_settings(&self) -> String {
        self.settings.read().to_string()
    }

    /// From now on the plugin sees these, a JSON object.
    pub fn set_settings(&self, settings: String) {
        *self.settings.write() = settings.into();
    }

    /// Rolls back what the plugin left open and breaks off what it sends; every later call fails.
    pub async fn close(&self) {
        if let Some(Granted { sender, keeper, peers, .. }) = &self.granted {
            sender.close();
            keeper.close();
            peers.close();
        }
        self.database.close().await;
    }

    fn undone(&self, tx: u64) {
        if let Some(granted) = &self.granted {
            granted.publisher.undone(tx);
        }
    }
}

/// Why nothing is done any more.
pub(super) fn stopping() -> ServiceError {
    ServiceError::new(ServiceErrorKind::Unavailable, "the plugin is being stopped")
}

fn on_trial<T: Send + 'static>() -> BoxFuture<'static, Result<T, ServiceError>> {
    let error = ServiceError::new(ServiceErrorKind::Unavailable, "the plugin is only tried here");
    Box::pin(std::future::ready(Err(error)))
}

/// Milliseconds since 1970-01-01 UTC.
pub(super) fn now_ms() -> i64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// The same after `duration` from now.
pub(super) fn later_ms(duration: Duration) -> i64 {
    now_ms().saturating_add(millis(duration))
}

/// In milliseconds, as rows have it.
pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl HostServices for PluginServices {
    fn log(&self, level: Level, target: &str, message: &str, fields: &str) {
        self.log.say(&self.version, Words { level, target, message, fields });
    }

    fn now_ms(&self) -> i64 {
        now_ms()
    }

    fn format_time(&self, unix_ms: i64) -> String {
        let instant = Timestamp::from_millisecond(unix_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        instant.to_zoned(self.time_zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()> {
        // A timer belongs to the runtime it is made in, and the caller may be on no runtime at all.
        let timer = {
            let _entered = self.runtime.enter();
            tokio::time::sleep(Duration::from_millis(ms))
        };
        Box::pin(timer)
    }

    fn settings(&self) -> String {
        self.current_settings()
    }

    fn id_form(&self) -> IdForm {
        self.database.id_form()
    }

    fn permitted(&self, user_id: i64, model: &str) -> BoxFuture<'static, Result<Permitted, DbError>> {
        self.models.permitted(user_id, model)
    }

    fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, ServiceError>> {
        self.granted.as_ref().map_or_else(on_trial, |granted| granted.sender.send(request))
    }

    fn read_file(&self, name: &str) -> BoxFuture<'static, Result<Bytes, ServiceError>> {
        self.granted.as_ref().map_or_else(on_trial, |granted| granted.keeper.read(name))
    }

    fn write_file(&self, name: &str, content: Bytes, mode: WriteMode) -> BoxFuture<'static, Result<(), ServiceError>> {
        self.granted.as_ref().map_or_else(on_trial, |granted| granted.keeper.write(name, content, mode))
    }

    fn delete_file(&self, name: &str) -> BoxFuture<'static, Result<(), ServiceError>> {
        self.granted.as_ref().map_or_else(on_trial, |granted| granted.keeper.delete(name))
    }

    fn list_files(&self) -> BoxFuture<'static, Result<Vec<FileEntry>, ServiceError>> {
        self.granted.as_ref().map_or_else(on_trial, |granted| granted.keeper.list())
    }

    fn publish(&self, tx: u64, name: &str, data: String) -> BoxFuture<'static, Result<(), ServiceError>> {
        self.granted.as_ref().map_or_else(on_trial, |granted| granted.publisher.publish(tx, name, data))
    }

    fn run_job(&self, name: &str) -> BoxFuture<'static, Result<(), ServiceError>> {
        self.granted.as_ref().map_or_else(on_trial, |granted| granted.jobs.run(name))
    }

    fn call_service(
        &self,
        plugin: &str,
        service: &str,
        input: String,
    ) -> BoxFuture<'static, Result<Bytes, ServiceError>> {
        self.granted.as_ref().map_or_else(on_trial, |granted| granted.peers.call(plugin, service, input))
    }

    fn panicked(&self, message: &str) {
        self.stats.record_panic();
        self.note(Level::Error, &format!("plugin {} panicked: {message}", self.id), None);
        self.watch.strike(Strike::Panic, Some(message));
    }
}

impl Executor for PluginServices {
    fn dialect(&self) -> Dialect {
        self.database.dialect()
    }

    fn query(&self, tx: u64, sql: &str, parameters: Vec<Value>) -> BoxFuture<'static, Result<Bytes, DbError>> {
        match self.check(sql) {
            Ok(()) => self.database.query(tx, sql, parameters),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn execute(&self, tx: u64, sql: &str, parameters: Vec<Value>) -> BoxFuture<'static, Result<u64, DbError>> {
        match self.check(sql) {
            Ok(()) => self.database.execute(tx, sql, parameters),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn begin(&self) -> BoxFuture<'static, Result<u64, DbError>> {
        self.database.begin()
    }

    fn commit(&self, tx: u64) -> BoxFuture<'static, Result<(), DbError>> {
        let committed = self.database.commit(tx);
        match &self.granted {
            Some(granted) => granted.publisher.after(tx, committed),
            None => committed,
        }
    }

    fn rollback(&self, tx: u64) -> BoxFuture<'static, Result<(), DbError>> {
        self.undone(tx);
        self.database.rollback(tx)
    }

    fn abandon(&self, tx: u64) {
        self.undone(tx);
        self.database.abandon(tx);
    }

    fn new_id(&self) -> Option<i64> {
        self.database.new_id()
    }
}
