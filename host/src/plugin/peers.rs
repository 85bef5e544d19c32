//! Calls of what plugins do for each other.
//!
//! A call is one of the called plugin's: it takes a place among its calls, ends at its deadline, is counted with them, and
//! keeps its generation. It runs in a task of the server's own; what goes in and what comes out is copied.

use super::active::ActivePlugin;
use super::id::PluginId;
use super::services::stopping;
use super::stats::Outcome;
use super::table::Published;
use crate::loader::CallError;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use plugin_api::services::{Level, ServiceError, ServiceErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// The table may be replaced so often while a call looks for who serves.
const LOOKS_MAX: usize = 3;

/// What calls the services of other plugins for one generation.
#[derive(Debug)]
pub(super) struct Peers {
    id: PluginId,
    granted: Arc<[PluginId]>,
    published: Published,
    bytes_max: usize,
    stopped: CancellationToken,
    runtime: Handle,
}

/// A call under way.
struct Call {
    caller: PluginId,
    service: String,
    input: String,
    bytes_max: usize,
}

impl Peers {
    /// Calls for a generation of `id` that is granted these plugins; input and answer have `bytes_max` bytes at most.
    ///
    /// # Panics
    /// Outside a tokio runtime: every call runs on the caller's.
    pub(super) fn new(id: PluginId, granted: Vec<PluginId>, published: Published, bytes_max: usize) -> Self {
        let (stopped, runtime) = (CancellationToken::new(), Handle::current());
        Self { id, granted: granted.into(), published, bytes_max, stopped, runtime }
    }

    /// Calls a service. Dropped before it is answered, the call is broken off.
    pub(super) fn call(
        &self,
        plugin: &str,
        service: &str,
        input: String,
    ) -> BoxFuture<'static, Result<Bytes, ServiceError>> {
        let Some(id) = self.granted.iter().find(|granted| granted.as_str() == plugin).cloned() else {
            return Box::pin(std::future::ready(Err(self.not_granted(plugin))));
        };
        if let Err(error) = bounded("input", input.len(), self.bytes_max) {
            return Box::pin(std::future::ready(Err(error)));
        }
        let call = Call { caller: self.id.clone(), service: service.to_owned(), input, bytes_max: self.bytes_max };
        let (published, stopped) = (self.published.clone(), self.stopped.clone());
        let task = AbortOnDropHandle::new(self.runtime.spawn(async move {
            tokio::select! {
                () = stopped.cancelled() => Err(stopping()),
                answer = call.run(&id, &published) => answer,
            }
        }));
        Box::pin(async move { task.await.unwrap_or_else(|_| Err(stopping())) })
    }

    /// Breaks off what runs, and calls nobody more.
    pub(super) fn close(&self) {
        self.stopped.cancel();
    }

    fn not_granted(&self, plugin: &str) -> ServiceError {
        let granted: Vec<&str> = self.granted.iter().map(PluginId::as_str).collect();
        let granted = if granted.is_empty() { "none".to_owned() } else { granted.join(", ") };
        let message = format!(
            "plugin {} may not call plugin {plugin}: it would need it among services in [capabilities] of its plugin.toml; \
             granted are: {granted}",
            self.id
        );
        ServiceError::new(ServiceErrorKind::Refused, message)
    }
}

impl Call {
    async fn run(&self, id: &PluginId, published: &Published) -> Result<Bytes, ServiceError> {
        for _ in 0..LOOKS_MAX {
            let active = serving(id, published)?;
            // A generation drains only after another table has been published: the next look finds what serves now.
            if let Some(answer) = self.answered_by(&active).await? {
                return Ok(answer);
            }
        }
        Err(ServiceError::new(ServiceErrorKind::Unavailable, format!("plugin {id} is being replaced; try again")))
    }

    /// None if the generation takes no calls any more.
    async fn answered_by(&self, active: &Arc<ActivePlugin>) -> Result<Option<Bytes>, ServiceError> {
        let (id, service) = (&active.id, &self.service);
        let offered = &active.generation.descriptor().services;
        let Some(index) = offered.iter().position(|offered| offered.name == *service) else {
            let names: Vec<&str> = offered.iter().map(|offered| offered.name.as_str()).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let message = format!("plugin {id} {} has no service {service}; it has: {names}", active.version);
            return Err(ServiceError::new(ServiceErrorKind::NotFound, message));
        };
        let Some(lease) = active.generation.lease() else { return Ok(None) };
        let Some(_permit) = active.enter() else {
            active.stats.record_rejected();
            let message = format!("plugin {id} already answers {} calls, its limit", active.limits.concurrency_max);
            return Err(ServiceError::new(ServiceErrorKind::Busy, message));
        };
        let (began, deadline) = (Instant::now(), Duration::from_millis(active.limits.deadline_ms));
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        let serving = lease.serve(index, self.caller.as_str(), &self.input);
        let (outcome, answer) = match tokio::time::timeout(deadline, serving).await {
            Ok(Ok(Ok(answer))) => (Outcome::Answered, bounded("answer", answer.len(), self.bytes_max).map(|()| answer)),
            Ok(Ok(Err(error))) => {
                let message = active.log().secrets().hide(&error.message).into_owned();
                (Outcome::Answered, Err(ServiceError::new(error.kind, message)))
            }
            Ok(Err(CallError::Cut)) => {
                let message = format!("plugin {id} was stopped while it answered");
                (Outcome::Answered, Err(ServiceError::new(ServiceErrorKind::Unavailable, message)))
            }
            Ok(Err(error)) => {
                active.note(Level::Error, &format!("service {service}, called by {}: {error}", self.caller), None);
                (Outcome::Error, Err(ServiceError::other(format!("service {service} of plugin {id} failed: {error}"))))
            }
            Err(_elapsed) => {
                let message = format!("plugin {id} did not answer within {} ms", deadline.as_millis());
                active.note(Level::Warn, &format!("service {service}, called by {}: no answer", self.caller), None);
                (Outcome::Timeout, Err(ServiceError::new(ServiceErrorKind::Timeout, message)))
            }
        };
        active.record(outcome, began.elapsed());
        answer.map(Some)
    }
}

fn serving(id: &PluginId, published: &Published) -> Result<Arc<ActivePlugin>, ServiceError> {
    let table = published.load();
    let unavailable = |message| Err(ServiceError::new(ServiceErrorKind::Unavailable, message));
    match table.plugins().get(id) {
        None => unavailable(format!("plugin {id} is not installed")),
        Some(status) => match &status.active {
            None => unavailable(format!("plugin {id} does not serve")),
            Some(active) => Ok(Arc::clone(active)),
        },
    }
}

fn bounded(what: &str, bytes: usize, bytes_max: usize) -> Result<(), ServiceError> {
    if bytes <= bytes_max {
        return Ok(());
    }
    let message = format!("the {what} of the service has {bytes} bytes, at most {bytes_max} are accepted");
    Err(ServiceError::new(ServiceErrorKind::TooLarge, message))
}
