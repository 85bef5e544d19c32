//! Puts the rooms together and runs them: start, serve, stop.

mod api;
mod core;
mod data_dir;
pub mod log;
mod permissions;
mod plugins;

pub use core::{Core, CoreError};
pub use data_dir::{Announced, DataDir, DataDirError};
pub use plugins::{PluginsError, inspection};

use crate::config::{Config, Operations};
use crate::http::compressed::Compressed;
use crate::http::dispatch::Dispatcher;
use crate::http::listener::Listener;
use crate::http::recorder::Recorded;
use crate::http::site::Parts;
use crate::http::tls::{Tls, TlsError};
use crate::http::{Cors, Edge, Recorder, Site, TrustedProxies, routes, serve};
use crate::plugin::PluginId;
use crate::tasks;
use poem::{Endpoint, Response};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long background work may take to end after everything else has.
const TASKS_DEADLINE: Duration = Duration::from_secs(5);

/// Something that the operator should see once, on standard output.
#[derive(Clone, PartialEq, Eq)]
pub enum Notice {
    /// There was no user; this one was created.
    FirstAdmin {
        /// The login name.
        username: &'static str,
        /// The password, if the host made it up.
        generated_password: Option<String>,
    },
    /// Requests are answered from now on.
    Listening {
        /// Where.
        url: String,
    },
}

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// What stands behind HTTP.
    #[error(transparent)]
    Core(#[from] CoreError),
    /// The data directory.
    #[error(transparent)]
    Data(#[from] DataDirError),
    /// The certificate or its key.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address can't be listened on.
    #[error("failed to listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The system refuses to tell us of its signals.
    #[error("failed to wait for signals")]
    Signals(#[source] io::Error),
}

/// A server that answers requests.
pub struct Running {
    core: Arc<Core>,
    url: String,
    stopping: CancellationToken,
    server: JoinHandle<()>,
    announced: Announced,
}

/// Runs the server until the process is told to end (SIGTERM, SIGINT).
///
/// # Errors
/// [`ServeError`].
pub async fn serve(config: Config, data: &Path, notify: impl Fn(Notice)) -> Result<(), ServeError> {
    crate::loader::heap::give_back_at_once();
    let mut signals = Signals::listen().map_err(ServeError::Signals)?;
    let running = start(config, data, notify).await?;
    let name = signals.next().await;
    tracing::info!(signal = name, "shutting down");
    running.stop().await;
    if let Err(still_running) = tasks::join(TASKS_DEADLINE).await {
        tracing::warn!(%still_running, "background work was cut off");
    }
    Ok(())
}

/// Starts the server and returns when it answers requests.
///
/// # Errors
/// [`ServeError`].
pub async fn start(config: Config, data: &Path, notify: impl Fn(Notice)) -> Result<Running, ServeError> {
    let tls = tls(&config)?;
    warn_of_contradictions(&config);
    let core = Arc::new(Core::open(config, data).await?);
    if let Some(admin) = core.ensure_admin().await? {
        notify(Notice::FirstAdmin { username: admin.username, generated_password: admin.generated_password });
    }
    warn_of_missing_plugins(&core);
    let address = SocketAddr::new(core.config.server.host, core.config.server.port);
    let listener = Listener::bind(address).await.map_err(|source| ServeError::Listen { address, source })?;
    let stopping = CancellationToken::new();
    let (listener, scheme) = match tls {
        Some(tls) => {
            tls.clone().follow(stopping.clone());
            (listener.with_tls(tls), "https")
        }
        None => (listener, "http"),
    };
    let url = format!("{scheme}://{}", listener.address());
    let server = listen(listener, endpoint(&core), &core.config, stopping.clone());
    let announced = core.data.announce(&url, certificate(&core.config).as_deref())?;
    notify(Notice::Listening { url: url.clone() });
    Ok(Running { core, url, stopping, server, announced })
}

impl Running {
    /// Where requests are answered, without a `/` at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What stands behind HTTP.
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// Takes no new request, lets the running ones end, then stops everything behind them.
    pub async fn stop(self) {
        let Self { core, stopping, server, announced, .. } = self;
        drop(announced);
        core.supervisor.end_watches();
        stopping.cancel();
        if let Err(error) = server.await {
            tracing::error!(%error, "the HTTP server panicked");
        }
        core.close().await;
    }
}

/// The certificate and its key, if TLS is spoken.
fn tls(config: &Config) -> Result<Option<Tls>, TlsError> {
    let files = &config.tls;
    if files.certificate.as_os_str().is_empty() {
        return Ok(None);
    }
    Tls::open(&files.certificate, &files.key).map(Some)
}

/// The file with the certificate, findable from any directory.
fn certificate(config: &Config) -> Option<PathBuf> {
    let file = &config.tls.certificate;
    let named = !file.as_os_str().is_empty();
    named.then(|| std::path::absolute(file).unwrap_or_else(|_| file.clone()))
}

/// Everything that answers requests.
fn endpoint(core: &Arc<Core>) -> impl Endpoint<Output = Response> + 'static {
    let server = &core.config.server;
    let version = env!("CARGO_PKG_VERSION");
    let published = core.supervisor.published().clone();
    let document = published.clone();
    let cors = Cors::new(&server.cors_origins);
    let frame_policy = cors.frame_policy(&server.frame_origins);
    let site = Site {
        name: server.name.clone(),
        version: version.to_owned(),
        time_zone: server.time_zone.clone(),
        docs: server.docs,
        frame_policy: frame_policy.clone(),
        console: Some(core.config.console.dir.clone()).filter(|directory| !directory.as_os_str().is_empty()),
        uploads: core.uploads(),
        published: published.clone(),
        openapi: Arc::new(move || document.load().openapi().clone()),
        ready: readiness(core),
    };
    let authenticator = core.admin.authenticator();
    let routes = routes::routes(api::of(core), Arc::clone(authenticator), site);
    let proxies = TrustedProxies::new(server.trusted_proxies.clone());
    let mut dispatcher = Dispatcher::new(routes, published, Arc::clone(authenticator), proxies.clone());
    if core.cluster.announcements().reach_others() {
        dispatcher = dispatcher.following(core.supervisor.clone());
    }
    let edge = Edge::new(dispatcher, cors, server.default_language());
    let edge = edge.framed(frame_policy).behind(proxies).recorded(recorder(core));
    if server.demo { edge.demo() } else { edge }
}

/// What puts requests into the operation log, if that is wanted.
fn recorder(core: &Core) -> Option<Recorder> {
    let recorded = match core.config.log.operations {
        Operations::All => Recorded::All,
        Operations::Writes => Recorded::Writes,
        Operations::None => return None,
    };
    let proxies = TrustedProxies::new(core.config.server.trusted_proxies.clone());
    Some(Recorder::new(core.admin.opera_log().clone(), recorded, proxies))
}

fn readiness(core: &Arc<Core>) -> crate::http::site::Check {
    let core = Arc::clone(core);
    Arc::new(move || {
        let core = Arc::clone(&core);
        Box::pin(async move {
            core.ready().await.map_err(|error| {
                tracing::warn!(%error, "the database does not answer");
                "the database does not answer".to_owned()
            })?;
            let mut parts = Parts::from([("database", "ready")]);
            if core.cluster.redis().is_some() {
                parts.insert("redis", if core.cluster.announcements().are_heard() { "ready" } else { "away" });
            }
            Ok(parts)
        })
    })
}

fn listen(
    listener: Listener,
    endpoint: impl Endpoint<Output = Response> + 'static,
    config: &Config,
    stopping: CancellationToken,
) -> JoinHandle<()> {
    let deadline = config.server.shutdown_deadline();
    let compress = config.server.compression;
    tasks::spawn("http server", async move {
        let stop = stopping.cancelled_owned();
        if compress {
            serve::serve(listener, Compressed::new(endpoint), stop, deadline).await;
        } else {
            serve::serve(listener, endpoint, stop, deadline).await;
        }
    })
}

/// Settings that do not go together.
fn warn_of_contradictions(config: &Config) {
    if config.redis.url.is_empty() {
        return;
    }
    if config.database.url.starts_with("sqlite:") {
        tracing::warn!("redis.url is set, but a file of SQLite has one process only: Redis is not used");
    } else if config.auth.jwt_secret.is_empty() {
        tracing::warn!(
            "redis.url is set and auth.jwt_secret is not: each node signs with a key of its own and refuses the tokens of the others"
        );
    }
}

/// The server works without them; pages that lean on them don't.
fn warn_of_missing_plugins(core: &Core) {
    let installed = |id: &PluginId| core.supervisor.installed(id).is_ok();
    for id in core.config.plugins.required.iter().filter(|id| !installed(id)) {
        tracing::warn!(plugin.id = %id, "plugin {id} is required (setting plugins.required) and not installed");
    }
}

/// The signals that end the process.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(test)]
mod tests;
