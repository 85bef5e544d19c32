//! The host's services, as the harness offers them.

use super::TestError;
use super::clock::Clock;
use super::database::MemoryDatabase;
use super::errands::PublishedEvent;
use crate::IdForm;
use crate::db::{DbError, DbErrorKind, Dialect, Executor, Value};
use crate::descriptor::Descriptor;
use crate::files::{FileEntry, WriteMode};
use crate::http::{Request, Response};
use crate::permitted::Permitted;
use crate::services::{HostServices, Level, ServiceError, ServiceErrorKind};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;

/// A line that the plugin has logged.
#[derive(Debug, Clone, PartialEq)]
pub struct LogLine {
    /// How grave it is.
    pub level: Level,
    /// The plugin's id, or the part of this crate that speaks for it.
    pub target: String,
    /// The message.
    pub message: String,
    /// The fields, an object.
    pub fields: serde_json::Value,
}

pub(super) struct TestServices {
    memory: Arc<MemoryDatabase>,
    settings: Mutex<String>,
    /// The keys that there are.
    known: BTreeSet<String>,
    clock: Clock,
    logs: Mutex<Vec<LogLine>>,
    /// What is permitted of each model that the plugin contributes.
    permitted: Mutex<HashMap<String, Permitted>>,
    /// What answers requests, if the test has said.
    answering: Mutex<Option<Answering>>,
    files: Mutex<BTreeMap<String, Bytes>>,
    /// The jobs that there are.
    jobs: BTreeSet<String>,
    asked_jobs: Mutex<Vec<String>>,
    events: Mutex<Published>,
    /// How many events were given to the plugin.
    delivered: AtomicI64,
    /// What answers calls of other plugins, if the test has said.
    peers: Mutex<Option<Peers>>,
    runtime: Handle,
}

/// What the plugin has published.
#[derive(Default)]
struct Published {
    done: Vec<PublishedEvent>,
    /// As a part of transactions that are open.
    open: Vec<(u64, PublishedEvent)>,
}

impl Published {
    fn end(&mut self, tx: u64, is_committed: bool) {
        let (ended, open) = std::mem::take(&mut self.open).into_iter().partition(|(of, _)| *of == tx);
        self.open = open;
        if is_committed {
            let ended: Vec<(u64, PublishedEvent)> = ended;
            self.done.extend(ended.into_iter().map(|(_, event)| event));
        }
    }
}

/// Stands for other plugins: plugin, service and input.
pub(super) type Peers = Box<dyn FnMut(&str, &str, serde_json::Value) -> Result<serde_json::Value, ServiceError> + Send>;

/// Stands for the servers that a plugin sends requests to.
pub(super) type Answering = Box<dyn FnMut(Request) -> Result<Response, ServiceError> + Send>;

impl TestServices {
    /// `given` settings go over the defaults of the descriptor.
    pub(super) async fn open(
        descriptor: &Descriptor,
        given: Vec<(String, serde_json::Value)>,
    ) -> Result<Arc<Self>, TestError> {
        let known = descriptor.settings.iter().map(|setting| setting.key.clone()).collect();
        let mut settings = descriptor.settings_defaults();
        for (key, value) in given {
            change(&mut settings, &known, &key, value)?;
        }
        let memory = Arc::new(MemoryDatabase::open().await.map_err(TestError::Database)?);
        let settings = Mutex::new(serde_json::Value::Object(settings).to_string());
        let logs = Mutex::default();
        let models = descriptor.models.iter();
        let permitted = Mutex::new(models.map(|model| (model.name.clone(), Permitted::everything())).collect());
        let (clock, runtime) = (Clock::new(), Handle::current());
        Ok(Arc::new(Self {
            memory,
            settings,
            known,
            clock,
            logs,
            permitted,
            answering: Mutex::default(),
            files: Mutex::default(),
            jobs: descriptor.jobs.iter().map(|job| job.name.clone()).collect(),
            asked_jobs: Mutex::default(),
            events: Mutex::default(),
            delivered: AtomicI64::new(0),
            peers: Mutex::default(),
            runtime,
        }))
    }

    pub(super) fn memory(&self) -> &Arc<MemoryDatabase> {
        &self.memory
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// All settings, one of them changed.
    pub(super) fn with_setting(&self, key: &str, value: serde_json::Value) -> Result<String, TestError> {
        let mut settings = serde_json::from_str(&self.settings()).unwrap_or_default();
        change(&mut settings, &self.known, key, value)?;
        Ok(serde_json::Value::Object(settings).to_string())
    }

    pub(super) fn set_settings(&self, settings: String) {
        *lock(&self.settings) = settings;
    }

    /// False if the plugin contributes no such model.
    pub(super) fn permit(&self, model: &str, permitted: Permitted) -> bool {
        let mut models = lock(&self.permitted);
        models.get_mut(model).map(|known| *known = permitted).is_some()
    }

    pub(super) fn answer_with(&self, answering: Answering) {
        *lock(&self.answering) = Some(answering);
    }

    pub(super) fn files(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        lock(&self.files)
    }

    pub(super) fn asked_jobs(&self) -> Vec<String> {
        lock(&self.asked_jobs).clone()
    }

    pub(super) fn published(&self) -> Vec<PublishedEvent> {
        lock(&self.events).done.clone()
    }

    /// The id of an event that the plugin has not been given yet.
    pub(super) fn next_event(&self) -> i64 {
        self.delivered.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn answer_calls_with(&self, peers: Peers) {
        *lock(&self.peers) = Some(peers);
    }

    pub(super) fn logs(&self) -> Vec<LogLine> {
        lock(&self.logs).clone()
    }
}

fn change(
    settings: &mut serde_json::Map<String, serde_json::Value>,
    known: &BTreeSet<String>,
    key: &str,
    value: serde_json::Value,
) -> Result<(), TestError> {
    if known.contains(key) {
        settings.insert(key.to_owned(), value);
        return Ok(());
    }
    let known = known.iter().cloned().collect::<Vec<_>>().join(", ");
    Err(TestError::UnknownSetting { key: key.to_owned(), known })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn done<T: Send + 'static>(answer: Result<T, ServiceError>) -> BoxFuture<'static, Result<T, ServiceError>> {
    Box::pin(std::future::ready(answer))
}

fn no_file(name: &str) -> ServiceError {
    ServiceError::new(ServiceErrorKind::NotFound, format!("there is no file {name:?}"))
}

impl HostServices for TestServices {
    fn log(&self, level: Level, target: &str, message: &str, fields: &str) {
        let fields = serde_json::from_str(fields).unwrap_or_else(|_| serde_json::Value::String(fields.to_owned()));
        let line = LogLine { level, target: target.to_owned(), message: message.to_owned(), fields };
        lock(&self.logs).push(line);
    }

    fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    fn format_time(&self, unix_ms: i64) -> String {
        Clock::format(unix_ms)
    }

    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()> {
        let task = self.runtime.spawn(tokio::time::sleep(Duration::from_millis(ms)));
        Box::pin(async move {
            // An error means that the runtime ends, and with it whoever waits.
            let _ = task.await;
        })
    }

    fn settings(&self) -> String {
        lock(&self.settings).clone()
    }

    fn id_form(&self) -> IdForm {
        IdForm::Number
    }

    fn permitted(&self, _: i64, model: &str) -> BoxFuture<'static, Result<Permitted, DbError>> {
        let models = lock(&self.permitted);
        let refused = || DbError::new(DbErrorKind::Refused, format!("the plugin contributes no model {model:?}"));
        let answer = models.get(model).cloned().ok_or_else(refused);
        Box::pin(std::future::ready(answer))
    }

    fn panicked(&self, message: &str) {
        self.log(Level::Error, "panic", message, "{}");
    }

    fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, ServiceError>> {
        let mut answering = lock(&self.answering);
        let nobody = || Err(ServiceError::new(ServiceErrorKind::Unreachable, "the test does not answer requests"));
        done(answering.as_mut().map_or_else(nobody, |answer| answer(request)))
    }

    fn read_file(&self, name: &str) -> BoxFuture<'static, Result<Bytes, ServiceError>> {
        done(self.files().get(name).cloned().ok_or_else(|| no_file(name)))
    }

    fn write_file(&self, name: &str, content: Bytes, mode: WriteMode) -> BoxFuture<'static, Result<(), ServiceError>> {
        let mut files = self.files();
        let kept = files.get(name).filter(|_| mode == WriteMode::Append);
        let whole = kept.map_or_else(|| content.clone(), |kept| [kept.as_ref(), content.as_ref()].concat().into());
        files.insert(name.to_owned(), whole);
        done(Ok(()))
    }

    fn delete_file(&self, name: &str) -> BoxFuture<'static, Result<(), ServiceError>> {
        done(self.files().remove(name).map(drop).ok_or_else(|| no_file(name)))
    }

    fn list_files(&self) -> BoxFuture<'static, Result<Vec<FileEntry>, ServiceError>> {
        let entry = |(name, content): (&String, &Bytes)| FileEntry {
            name: name.clone(),
            bytes: u64::try_from(content.len()).unwrap_or(u64::MAX),
            modified_ms: self.now_ms(),
        };
        done(Ok(self.files().iter().map(entry).collect()))
    }

    fn publish(&self, tx: u64, name: &str, data: String) -> BoxFuture<'static, Result<(), ServiceError>> {
        let published = serde_json::from_str(&data).map(|data| PublishedEvent { name: name.to_owned(), data });
        done(published.map_err(ServiceError::other).map(|event| {
            let mut events = lock(&self.events);
            if tx == 0 { events.done.push(event) } else { events.open.push((tx, event)) }
        }))
    }

    fn run_job(&self, name: &str) -> BoxFuture<'static, Result<(), ServiceError>> {
        if !self.jobs.contains(name) {
            let missing =
                ServiceError::new(ServiceErrorKind::NotFound, format!("the plugin contributes no job {name:?}"));
            return done(Err(missing));
        }
        lock(&self.asked_jobs).push(name.to_owned());
        done(Ok(()))
    }

    fn call_service(
        &self,
        plugin: &str,
        service: &str,
        input: String,
    ) -> BoxFuture<'static, Result<Bytes, ServiceError>> {
        let mut peers = lock(&self.peers);
        let Some(answer) = peers.as_mut() else {
            let message = format!("the test does not stand for plugin {plugin}");
            return done(Err(ServiceError::new(ServiceErrorKind::Unavailable, message)));
        };
        let input = serde_json::from_str(&input).unwrap_or_default();
        done(answer(plugin, service, input).map(|answer| Bytes::from(answer.to_string())))
    }
}

impl Executor for TestServices {
    fn dialect(&self) -> Dialect {
        self.memory.dialect()
    }
    fn query(&self, tx: u64, sql: &str, parameters: Vec<Value>) -> BoxFuture<'static, Result<Bytes, DbError>> {
        self.memory.query(tx, sql, parameters)
    }
    fn execute(&self, tx: u64, sql: &str, parameters: Vec<Value>) -> BoxFuture<'static, Result<u64, DbError>> {
        self.memory.execute(tx, sql, parameters)
    }
    fn begin(&self) -> BoxFuture<'static, Result<u64, DbError>> {
        self.memory.begin()
    }
    fn commit(&self, tx: u64) -> BoxFuture<'static, Result<(), DbError>> {
        // Nothing else can become of it in memory.
        lock(&self.events).end(tx, true);
        self.memory.commit(tx)
    }
    fn rollback(&self, tx: u64) -> BoxFuture<'static, Result<(), DbError>> {
        lock(&self.events).end(tx, false);
        self.memory.rollback(tx)
    }
    fn abandon(&self, tx: u64) {
        lock(&self.events).end(tx, false);
        self.memory.abandon(tx);
    }
    fn new_id(&self) -> Option<i64> {
        None
    }
}
