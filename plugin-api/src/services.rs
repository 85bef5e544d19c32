//! What the host does for a plugin, as one trait.
//!
//! The host implements it over its pools and clocks, the harness of the feature `testing` over
//! an in-memory SQLite. A plugin never sees it: it works with
//! [`PluginContext`](crate::PluginContext), whose calls cross the ABI and end here.

mod error;

pub use error::{ServiceError, ServiceErrorKind};

use crate::IdForm;
use crate::db::{DbError, Executor};
use crate::files::{FileEntry, WriteMode};
use crate::http::{Request, Response};
use crate::permitted::Permitted;
use bytes::Bytes;
use futures_util::future::BoxFuture;

/// How grave a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Level {
    /// For the author, while looking for something.
    Trace = 0,
    /// For the author.
    Debug = 1,
    /// For the operator: what happened.
    Info = 2,
    /// For the operator: worth a look.
    Warn = 3,
    /// For the operator: a person should act.
    Error = 4,
}

/// The host's side of every service.
///
/// Futures may be polled on any thread, also on one that the host does not know: an implementation
/// enters its own runtime where it needs one.
pub trait HostServices: Executor {
    /// Writes one line to the host's log; `fields` is a JSON object.
    fn log(&self, level: Level, target: &str, message: &str, fields: &str);
    /// Milliseconds since 1970-01-01 UTC.
    fn now_ms(&self) -> i64;
    /// `YYYY-MM-DD HH:MM:SS` in the configured zone; the form of every time in the HTTP API.
    fn format_time(&self, unix_ms: i64) -> String;
    /// Completes after `ms` milliseconds.
    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()>;
    /// The effective settings as a JSON object: environment over stored over default.
    fn settings(&self) -> String;
    /// How answers show ids.
    fn id_form(&self) -> IdForm;
    /// What of the rows of `model`, one of the plugin's own, the asking user is permitted to see. `user_id`
    /// is the plugin's word for who asks, 0 for nobody; an implementation that knows better refuses another.
    fn permitted(&self, user_id: i64, model: &str) -> BoxFuture<'static, Result<Permitted, DbError>>;
    /// Told once for each panic on a thread that the plugin started itself.
    fn panicked(&self, message: &str);
    /// Sends a request, if its host and those of its redirects are granted.
    fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, ServiceError>> {
        drop(request);
        unavailable("requests")
    }
    /// A file of the plugin's, whole.
    fn read_file(&self, name: &str) -> BoxFuture<'static, Result<Bytes, ServiceError>> {
        let _ = name;
        unavailable("files")
    }
    /// Writes a file of the plugin's.
    fn write_file(&self, name: &str, content: Bytes, mode: WriteMode) -> BoxFuture<'static, Result<(), ServiceError>> {
        let _ = (name, content, mode);
        unavailable("files")
    }
    /// Deletes a file of the plugin's.
    fn delete_file(&self, name: &str) -> BoxFuture<'static, Result<(), ServiceError>> {
        let _ = name;
        unavailable("files")
    }
    /// Publishes an event of the plugin's, `data` being JSON; as a part of the transaction `tx` unless that is 0.
    fn publish(&self, tx: u64, name: &str, data: String) -> BoxFuture<'static, Result<(), ServiceError>> {
        let _ = (tx, name, data);
        unavailable("events")
    }
    /// Starts a job of the plugin's now.
    fn run_job(&self, name: &str) -> BoxFuture<'static, Result<(), ServiceError>> {
        let _ = name;
        unavailable("jobs")
    }
    /// Calls a service of another plugin; JSON in and out.
    fn call_service(
        &self,
        plugin: &str,
        service: &str,
        input: String,
    ) -> BoxFuture<'static, Result<Bytes, ServiceError>> {
        let _ = (plugin, service, input);
        unavailable("services of other plugins")
    }
    /// Every file of the plugin's, by name.
    fn list_files(&self) -> BoxFuture<'static, Result<Vec<FileEntry>, ServiceError>> {
        unavailable("files")
    }
}

fn unavailable<T: Send + 'static>(what: &str) -> BoxFuture<'static, Result<T, ServiceError>> {
    let error = ServiceError::new(ServiceErrorKind::Unavailable, format!("there is no host here that offers {what}"));
    Box::pin(std::future::ready(Err(error)))
}
