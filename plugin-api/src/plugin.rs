//! The trait that a plugin implements.

use crate::{Contributions, PluginContext, Settings};
use std::future::Future;

/// A plugin. Export it with [`export_plugin!`](crate::export_plugin).
///
/// ```
/// use plugin_api::prelude::*;
/// use plugin_api::raw::{Body, Head, Reply, Response};
///
/// struct Clock { context: PluginContext }
///
/// impl Plugin for Clock {
///     fn new(context: PluginContext) -> Self {
///         Self { context }
///     }
///
///     fn contributions(&self) -> Contributions {
///         let context = self.context.clone();
///         Contributions::new().route("GET /clock", Access::Public, move |_: Head<'_>, _: Body| -> Reply {
///             Response::text(context.format_time(context.now_ms())).into()
///         })
///     }
/// }
/// ```
pub trait Plugin: Send + Sync + Sized + 'static {
    /// Makes the plugin. Called for each load, and once more with a context that has no host, when
    /// the host asks what the plugin contributes: do nothing here that needs a service.
    fn new(context: PluginContext) -> Self;

    /// The routes, menu entries, permissions, migrations, settings, models, jobs, handlers of events and services.
    fn contributions(&self) -> Contributions;

    /// Called once, after the migrations and before the first request.
    ///
    /// # Errors
    /// An error's text is shown to the administrator; the plugin is then not enabled.
    fn start(&self) -> impl Future<Output = Result<(), PluginError>> + Send {
        async { Ok(()) }
    }

    /// Asked once, after [`start`](Self::start) and before the first request: whether the plugin can serve. Look at
    /// what it can't do without (a table, a remote service), and change nothing. While a plugin is replaced, the
    /// version before serves until this one is ready.
    ///
    /// # Errors
    /// An error's text is shown to the administrator; the plugin is then not enabled, or not upgraded.
    fn ready(&self) -> impl Future<Output = Result<(), PluginError>> + Send {
        async { Ok(()) }
    }

    /// Offered all settings anew when an administrator changes one while the plugin runs. They fit the
    /// declaration; here is where to look at what a declaration can't say, and to take over what was made
    /// of them. Until it returns, and for good if it refuses, [`PluginContext::settings`] shows those before.
    ///
    /// # Errors
    /// An error's text is shown to the administrator; then nothing is changed.
    fn configure(&self, settings: Settings) -> impl Future<Output = Result<(), PluginError>> + Send {
        let _ = settings;
        async { Ok(()) }
    }

    /// Called once, after the last request. End here every thread and timer that was started: what
    /// still runs keeps the library from being unloaded.
    fn stop(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// Why a plugin can't start, is not ready, refuses settings, or fails in a job or with an event, in words for the
/// administrator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PluginError(pub String);

impl PluginError {
    /// From anything that can be shown.
    pub fn new(reason: impl ToString) -> Self {
        Self(reason.to_string())
    }
}

impl From<crate::services::ServiceError> for PluginError {
    fn from(error: crate::services::ServiceError) -> Self {
        Self(error.to_string())
    }
}

impl From<crate::db::DbError> for PluginError {
    fn from(error: crate::db::DbError) -> Self {
        Self(format!("database: {error}"))
    }
}
