//! A request's body on its way to a plugin, and an answer's on its way back.

use crate::loader::{CallBody, LeasedStream};
use crate::plugin::Permit;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http_body::Body as _;
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use plugin_api::services::Level;
use poem::Request;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A body that says it is at most this long crosses in one piece: cheaper than a stream.
const WHOLE_BYTES_MAX: u64 = 64 << 10;

/// Why a body can't be given to a plugin.
pub(super) enum Refused {
    /// It says so itself.
    TooLarge {
        /// The plugin's limit.
        bytes_max: u64,
    },
    /// A short one did not come in time.
    TooSlow,
    /// The client went away.
    Broken,
}

/// Takes the body out of `request`. A long one is passed on as it comes and breaks off at `bytes_max`.
pub(super) async fn taken(request: &mut Request, bytes_max: u64, deadline: Duration) -> Result<CallBody, Refused> {
    let body: BoxBody<Bytes, io::Error> = request.take_body().into();
    if body.is_end_stream() {
        return Ok(CallBody::Empty);
    }
    match body.size_hint().exact() {
        Some(length) if length > bytes_max => Err(Refused::TooLarge { bytes_max }),
        Some(length) if length <= WHOLE_BYTES_MAX => match tokio::time::timeout(deadline, body.collect()).await {
            Ok(Ok(whole)) => Ok(CallBody::Full(whole.to_bytes())),
            Ok(Err(_)) => Err(Refused::Broken),
            Err(_) => Err(Refused::TooSlow),
        },
        _ => Ok(CallBody::Stream(bounded(poem::Body::from(body).into_bytes_stream(), bytes_max).boxed())),
    }
}

fn bounded(
    pieces: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    bytes_max: u64,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let mut left = bytes_max;
    pieces.map(move |piece| {
        let piece = piece?;
        match left.checked_sub(piece.len() as u64) {
            Some(rest) => {
                left = rest;
                Ok(piece)
            }
            None => Err(io::Error::other(format!("the body is larger than {bytes_max} bytes"))),
        }
    })
}

/// A body that takes one of the plugin's places until it has been sent.
pub(super) fn holding(stream: LeasedStream, permit: Permit) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    Holding { stream, permit }
}

struct Holding {
    stream: LeasedStream,
    permit: Permit,
}

impl Stream for Holding {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = ready!(Pin::new(&mut self.stream).poll_next(context));
        Poll::Ready(piece.map(|piece| {
            piece.map_err(|error| {
                // The plugin's own words may hold secrets: its log hides them, the connection's does not.
                self.permit.plugin().note(Level::Warn, &format!("the body of an answer broke off: {error}"), None);
                io::Error::other("the body that the plugin sent broke off")
            })
        }))
    }
}
