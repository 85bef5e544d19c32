//! The server's connections: accepted, bounded in time, and ended in order.
//!
//! Not poem's own loop: that polls a connection once more after its body has failed, and hyper then
//! writes the end of the body as if it were whole (ADR 0007). A client could not tell a broken
//! answer from a good one.

use crate::tasks;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use poem::listener::Acceptor;
use poem::{Endpoint, Request, Response};
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long a connection may take to bring the next request's head. Longer than a reverse proxy
/// keeps its own connections, so that it is the one that closes them.
const HEAD_DEADLINE: Duration = Duration::from_secs(75);

/// Answers requests with `endpoint` until `stop`; then lets the running ones end within `deadline`,
/// and cuts the rest.
pub async fn serve<A, E>(mut acceptor: A, endpoint: E, stop: impl Future<Output = ()>, deadline: Duration)
where
    A: Acceptor,
    E: Endpoint<Output = Response> + 'static,
{
    let endpoint = Arc::new(endpoint);
    let builder = Arc::new(builder());
    let connections = GracefulShutdown::new();
    let cut = CancellationToken::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = acceptor.accept() => accepted,
        };
        // Why not is told by the acceptor; the next connection may succeed.
        let Ok((io, local, remote, scheme)) = accepted else { continue };
        let endpoint = Arc::clone(&endpoint);
        let service = service_fn(move |request: http::Request<Incoming>| {
            let endpoint = Arc::clone(&endpoint);
            let request = Request::from((request, local.clone(), remote.clone(), scheme.clone()));
            async move {
                let response = endpoint.get_response(request).await;
                Ok::<_, Infallible>(hyper::Response::from(response))
            }
        });
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(io), service).into_owned();
        let connection = connections.watch(connection);
        let cut = cut.clone();
        tasks::spawn("connection", async move {
            tokio::select! {
                () = cut.cancelled() => {}
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(error, "a connection ended early");
                },
            }
        });
    }
    drop(acceptor);
    if tokio::time::timeout(deadline, connections.shutdown()).await.is_err() {
        tracing::warn!("requests that still ran after {} ms were cut", deadline.as_millis());
        cut.cancel();
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_DEADLINE);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(HEAD_DEADLINE);
    builder
}
