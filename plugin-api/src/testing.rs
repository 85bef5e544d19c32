//! Runs a plugin in process: its real entry points, an in-memory SQLite, no server.
//!
//! The harness does what the host does with a library that it has opened: it asks what the plugin
//! contributes, applies the migrations, makes the instance and starts it, and gives each request to
//! the route that it matches, all through the functions of the ABI. Answers, database, clock and
//! log lie open to the test. What it does not do is decide about access: the test says who asks,
//! reads what a route demands with [`TestHost::access`], and says what is permitted with [`TestHost::permit`].
//!
//! ```standalone_crate
//! use plugin_api::prelude::*;
//! use plugin_api::testing::{TestError, TestHost, TestUser};
//!
//! struct Greeter;
//! struct Api;
//!
//! #[OpenApi]
//! impl Api {
//!     /// Greets.
//!     #[oai(path = "/greetings/:name", method = "get")]
//!     async fn greet(&self, name: Path<String>, asker: RequestInfo) -> PlainText<String> {
//!         PlainText(format!("{} greets {}", asker.user_name(), name.0))
//!     }
//! }
//!
//! impl Plugin for Greeter {
//!     fn new(_: PluginContext) -> Self {
//!         Self
//!     }
//!     fn contributions(&self) -> Contributions {
//!         Contributions::new().openapi(Api)
//!     }
//! }
//!
//! export_plugin!(Greeter);
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), TestError> {
//! let host = TestHost::start::<Greeter>().await?;
//! assert_eq!(host.access("GET", "/greetings/you"), Some(&Access::Authenticated));
//!
//! let answer = host.get("/greetings/you").user(TestUser::named("alice")).send().await;
//! assert_eq!((answer.status(), answer.text()), (200, "alice greets you"));
//!
//! assert_eq!(host.get("/nowhere").send().await.status(), 404);
//! host.stop().await?;
//! # Ok(())
//! # }
//! ```

mod clock;
mod database;
mod errands;
mod request;
mod response;
mod routes;
mod services;

pub use errands::PublishedEvent;
pub use request::{TestRequest, TestUser};
pub use response::TestResponse;
pub use services::LogLine;

use crate::abi::export::{Exported, Identity};
use crate::abi::{FfiFuture, FfiHost, FfiInstance, PluginModuleRef};
use crate::db::{Database, DbError, Executor};
use crate::descriptor::{Access, Descriptor};
use crate::http::{Request, Response};
use crate::report;
use crate::services::{HostServices, ServiceError};
use crate::{Permitted, Plugin};
use abi_stable::std_types::{RResult, RString};
use bytes::Bytes;
use routes::Routes;
use serde_json::Value;
use services::TestServices;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What the host allows by default for `start`, and more than enough in a test.
const START_DEADLINE: Duration = Duration::from_secs(10);

/// Why a plugin does not run in the harness; the host would refuse it for the same reason.
#[derive(Debug, thiserror::Error)]
pub enum TestError {
    /// The plugin can't say what it contributes.
    #[error("the plugin does not describe itself: {0}")]
    Describe(String),
    /// Two routes can't be told apart.
    #[error("route {path} can't be served: {reason}")]
    Route {
        /// As in the descriptor.
        path: String,
        /// What it collides with.
        reason: String,
    },
    /// A setting is given that the plugin does not have.
    #[error("setting {key:?} is not contributed; there are: {known}")]
    UnknownSetting {
        /// As given to [`TestHostBuilder::setting`].
        key: String,
        /// The settings that there are.
        known: String,
    },
    /// The in-memory database can't be opened.
    #[error("can't open a database in memory")]
    Database(#[source] DbError),
    /// A migration fails, upwards or downwards.
    #[error("migration {version} ({name}) fails")]
    Migration {
        /// The number in the file's name.
        version: i64,
        /// The rest of it.
        name: String,
        /// What the database says.
        #[source]
        source: DbError,
    },
    /// A migration can't be taken back.
    #[error("migration {version} ({name}) has no .down.sql")]
    NoDown {
        /// The number in the file's name.
        version: i64,
        /// The rest of it.
        name: String,
    },
    /// `new` or `start` fails, or panics.
    #[error("the plugin does not start: {0}")]
    Start(String),
    /// `start` takes longer than the host allows.
    #[error("the plugin has not started after {} s", START_DEADLINE.as_secs())]
    StartDeadline,
    /// `ready` says no, or panics.
    #[error("the plugin is not ready: {0}")]
    Ready(String),
    /// `configure` says no, or panics.
    #[error("the plugin refuses its settings: {0}")]
    Configure(String),
    /// `stop` panics.
    #[error("the plugin does not stop: {0}")]
    Stop(String),
}

/// A plugin that runs.
pub struct TestHost {
    /// None once released. Above the host, since a plugin uses it while it is released.
    instance: Option<FfiInstance>,
    host: FfiHost,
    module: PluginModuleRef,
    descriptor: Descriptor,
    routes: Routes,
    services: Arc<TestServices>,
    requests: AtomicU64,
}

/// What a plugin is started with.
#[derive(Debug, Default)]
pub struct TestHostBuilder {
    settings: Vec<(String, Value)>,
}

impl TestHost {
    /// Starts a plugin with the defaults of its settings.
    ///
    /// Call it on a tokio runtime, for example in a `#[tokio::test]`.
    ///
    /// # Errors
    /// [`TestError`], whenever the host would not enable the plugin either.
    pub async fn start<P: Plugin + Identity>() -> Result<Self, TestError> {
        Self::builder().start::<P>().await
    }

    /// Starts a plugin with other settings than the defaults.
    pub fn builder() -> TestHostBuilder {
        TestHostBuilder::default()
    }

    /// What the plugin says of itself.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// Who may call the route that serves this path; None if there is none.
    pub fn access(&self, method: &str, path: &str) -> Option<&Access> {
        let found = self.routes.find(method, path).ok()?;
        self.descriptor.routes.get(found.index).map(|route| &route.access)
    }

    /// The database, to prepare rows and to look at them.
    pub fn database(&self) -> Database {
        Database::new(Arc::clone(self.services.memory()) as Arc<dyn Executor>)
    }

    /// What the plugin has logged so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.services.logs()
    }

    /// The plugin's time, Unix milliseconds. It stands still, so that tests repeat; see
    /// [`advance`](Self::advance). It begins at 2026-01-01 00:00:00, and the zone is UTC.
    pub fn now_ms(&self) -> i64 {
        self.services.now_ms()
    }

    /// Lets time pass for [`PluginContext::now_ms`](crate::PluginContext::now_ms).
    pub fn advance(&self, duration: Duration) {
        self.services.clock().advance(duration);
    }

    /// From now on, this is what everybody is permitted to see of `model`: it stands for the data rules of a
    /// real server. Without it that is everything, whoever asks.
    ///
    /// # Panics
    /// If the plugin does not contribute the model: the host would refuse it to say.
    pub fn permit(&self, model: &str, permitted: Permitted) {
        assert!(self.services.permit(model, permitted), "the plugin contributes no model {model:?}");
    }

    /// From now on, `answer` answers what the plugin sends: it stands for other servers, and decides what they are.
    /// Without it nothing is reached. Whether a host is granted is decided by a real server.
    pub fn on_request(&self, answer: impl FnMut(Request) -> Result<Response, ServiceError> + Send + 'static) {
        self.services.answer_with(Box::new(answer));
    }

    /// What a file of the plugin's holds; None if it is not there. They are kept in memory, without limits.
    pub fn file(&self, name: &str) -> Option<Bytes> {
        self.services.files().get(name).cloned()
    }

    /// Changes a setting while the plugin runs, as an administrator does: it is offered all of them, and
    /// sees the new ones once it has accepted.
    ///
    /// # Errors
    /// [`TestError::UnknownSetting`]; [`TestError::Configure`] if the plugin refuses, nothing is changed then.
    pub async fn configure(&self, key: &str, value: impl Into<Value>) -> Result<(), TestError> {
        let settings = self.services.with_setting(key, value.into())?;
        if let (Some(instance), Some(configure)) = (&self.instance, self.module.configure()) {
            let offered = configure(instance, settings.as_str().into());
            self.in_time(offered).await?.map_err(TestError::Configure)?;
        }
        self.services.set_settings(settings);
        Ok(())
    }

    /// A request; the path is below the API's prefix, and may have a query.
    pub fn request<'a>(&'a self, method: &str, path: &str) -> TestRequest<'a> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        TestRequest::new(self, method, path, number)
    }

    /// `GET path`
    pub fn get(&self, path: &str) -> TestRequest<'_> {
        self.request("GET", path)
    }

    /// `POST path`
    pub fn post(&self, path: &str) -> TestRequest<'_> {
        self.request("POST", path)
    }

    /// `PUT path`
    pub fn put(&self, path: &str) -> TestRequest<'_> {
        self.request("PUT", path)
    }

    /// `DELETE path`
    pub fn delete(&self, path: &str) -> TestRequest<'_> {
        self.request("DELETE", path)
    }

    /// Takes back every migration, newest first, as a purge does. The plugin goes on running.
    ///
    /// # Errors
    /// [`TestError::NoDown`] or [`TestError::Migration`], naming the migration.
    pub async fn revert_migrations(&self) -> Result<(), TestError> {
        for migration in self.descriptor.migrations.iter().rev() {
            let (version, name) = (migration.version, migration.name.clone());
            let Some(down) = &migration.down else {
                return Err(TestError::NoDown { version, name });
            };
            let reverted = self.services.memory().script(down).await;
            reverted.map_err(|source| TestError::Migration { version, name, source })?;
        }
        Ok(())
    }

    /// Stops the plugin and releases it.
    ///
    /// # Errors
    /// [`TestError::Stop`] when it panics.
    pub async fn stop(mut self) -> Result<(), TestError> {
        let Some(instance) = self.instance.take() else {
            return Ok(());
        };
        let stop = self.module.stop()(&instance);
        let stopped = finished(&self.host, stop).await.map_err(TestError::Stop);
        report::beside(&self.host, || drop(instance));
        stopped
    }
}

impl Drop for TestHost {
    fn drop(&mut self) {
        if let Some(instance) = self.instance.take() {
            report::beside(&self.host, || drop(instance));
        }
    }
}

impl TestHostBuilder {
    /// Stores a value for a setting.
    pub fn setting(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.settings.push((key.to_owned(), value.into()));
        self
    }

    /// Starts a plugin.
    ///
    /// # Errors
    /// As [`TestHost::start`].
    pub async fn start<P: Plugin + Identity>(self) -> Result<TestHost, TestError> {
        let module = Exported::<P>::module();
        let descriptor = described(module)?;
        let routes = Routes::of(&descriptor)?;
        let services = TestServices::open(&descriptor, self.settings).await?;
        migrate(&descriptor, &services).await?;
        let shared = Arc::clone(&services) as Arc<dyn HostServices>;
        let host = FfiHost::export(shared, Arc::new(()));
        let instance = created(module, &host)?;
        let requests = AtomicU64::new(0);
        let test = TestHost { instance: Some(instance), host, module, descriptor, routes, services, requests };
        test.started().await?;
        Ok(test)
    }
}

impl TestHost {
    /// The plugin's instance, which is there until it is stopped.
    fn running(&self) -> &FfiInstance {
        self.instance.as_ref().expect("whoever stops a plugin gives it up")
    }

    async fn started(&self) -> Result<(), TestError> {
        let Some(instance) = &self.instance else {
            return Ok(());
        };
        let start = self.module.start()(instance);
        self.in_time(start).await?.map_err(TestError::Start)?;
        match self.module.ready() {
            Some(ready) => self.in_time(ready(instance)).await?.map_err(TestError::Ready),
            None => Ok(()),
        }
    }

    async fn in_time(&self, work: FfiFuture<RResult<(), RString>>) -> Result<Result<(), String>, TestError> {
        let finished = finished(&self.host, work);
        tokio::time::timeout(START_DEADLINE, finished).await.map_err(|_| TestError::StartDeadline)
    }
}

fn described(module: PluginModuleRef) -> Result<Descriptor, TestError> {
    let json = module.describe()().into_result().map_err(|text| TestError::Describe(text.into_string()))?;
    serde_json::from_slice(&json).map_err(|error| TestError::Describe(error.to_string()))
}

fn created(module: PluginModuleRef, host: &FfiHost) -> Result<FfiInstance, TestError> {
    let created = report::beside(host, || module.create()(host.clone()));
    created.into_result().map_err(|text| TestError::Start(text.into_string()))
}

async fn migrate(descriptor: &Descriptor, services: &TestServices) -> Result<(), TestError> {
    for migration in &descriptor.migrations {
        let applied = services.memory().script(&migration.up).await;
        applied.map_err(|source| TestError::Migration {
            version: migration.version,
            name: migration.name.clone(),
            source,
        })?;
    }
    Ok(())
}

/// The outcome of `start` or `stop`; a panic is a text as well.
async fn finished(host: &FfiHost, future: FfiFuture<RResult<(), RString>>) -> Result<(), String> {
    match report::polled_beside(host, future).await {
        Ok(outcome) => outcome.into_result().map_err(RString::into_string),
        Err(panicked) => Err(panicked.to_string()),
    }
}

#[cfg(test)]
mod tests;
