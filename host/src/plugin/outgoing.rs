//! Requests that plugins send to other servers.
//!
//! A plugin asks for one, the host sends it on its own runtime: to a host that the plugin was granted, within bounds,
//! and never longer than the plugin runs. Like the [fence](super::fence) it is no wall: native code can open a socket
//! by itself.

mod address;
mod exchange;
mod target;

use super::id::PluginId;
use super::manifest::HostPattern;
use super::services::stopping;
use address::Elsewhere;
use exchange::Exchange;
use futures_util::future::BoxFuture;
use plugin_api::http::{Request, Response};
use plugin_api::services::{ServiceError, ServiceErrorKind};
use reqwest::{Client, ClientBuilder, redirect};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// How long it may take to be connected.
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// How long a connection that nobody uses is kept.
const IDLE: Duration = Duration::from_secs(30);
/// How many of them, for each host.
const IDLE_MAX: usize = 4;

/// The bounds of what each running version of a plugin sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutgoingLimits {
    /// The longest body of a request.
    pub request_bytes_max: usize,
    /// The longest body of an answer.
    pub answer_bytes_max: usize,
    /// The longest that a request may take, with redirects and the whole answer.
    pub deadline: Duration,
    /// How many may run at a time; more wait, within their deadline.
    pub at_once_max: usize,
}

/// What sends the requests of all plugins.
#[derive(Debug)]
pub struct Outgoing {
    limits: OutgoingLimits,
    /// For hosts that are granted by their own name, wherever they are.
    named: Client,
    /// For those that a `*.` covers: it is only connected with public addresses of other machines.
    covered: Client,
}

/// What sends the requests of one generation.
#[derive(Debug)]
pub(super) struct Sender {
    id: PluginId,
    hosts: Arc<[HostPattern]>,
    outgoing: Arc<Outgoing>,
    places: Arc<Semaphore>,
    stopped: CancellationToken,
    runtime: Handle,
}

impl Outgoing {
    /// Sends within these bounds.
    ///
    /// # Errors
    /// If the cryptography for `https` can't be set up.
    pub fn new(limits: OutgoingLimits) -> Result<Self, reqwest::Error> {
        // The first of this process stays, whoever installs it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self { limits, named: client().build()?, covered: client().dns_resolver(Arc::new(Elsewhere)).build()? })
    }
}

/// Redirects are followed by [`Exchange`], which looks at each. A proxy would connect where nobody has looked.
fn client() -> ClientBuilder {
    Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("backplane/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_DEADLINE)
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_MAX)
}

impl Sender {
    /// Sends for a generation of `id` that is granted `hosts`.
    ///
    /// # Panics
    /// Outside a tokio runtime: everything is sent on the caller's.
    pub(super) fn new(id: PluginId, hosts: Vec<HostPattern>, outgoing: Arc<Outgoing>) -> Self {
        let places = Arc::new(Semaphore::new(outgoing.limits.at_once_max));
        let (stopped, runtime) = (CancellationToken::new(), Handle::current());
        Self { id, hosts: hosts.into(), outgoing, places, stopped, runtime }
    }

    /// Sends a request. Dropped before it is answered, it is broken off.
    pub(super) fn send(&self, request: Request) -> BoxFuture<'static, Result<Response, ServiceError>> {
        let (deadline, places, stopped) =
            (self.outgoing.limits.deadline, Arc::clone(&self.places), self.stopped.clone());
        let deadline = request.timeout.map_or(deadline, |timeout| timeout.min(deadline));
        let exchange = Exchange::new(self.id.clone(), Arc::clone(&self.hosts), Arc::clone(&self.outgoing));
        let work = async move {
            let _place = places.acquire_owned().await;
            exchange.run(request).await
        };
        let bounded = async move {
            tokio::select! {
                () = stopped.cancelled() => Err(stopping()),
                answer = tokio::time::timeout(deadline, work) => answer.unwrap_or_else(|_| Err(too_late(deadline))),
            }
        };
        let task = AbortOnDropHandle::new(self.runtime.spawn(bounded));
        Box::pin(async move { task.await.unwrap_or_else(|_| Err(stopping())) })
    }

    /// Breaks off what runs, and sends nothing more.
    pub(super) fn close(&self) {
        self.stopped.cancel();
    }
}

fn too_late(deadline: Duration) -> ServiceError {
    let message = format!("the request took longer than {} ms", deadline.as_millis());
    ServiceError::new(ServiceErrorKind::Timeout, message)
}
