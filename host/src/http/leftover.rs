//! What an answer leaves unread of its request's body.
//!
//! A client that is answered while it still sends may never see the answer: the connection is reset
//! under it. So the rest is read and thrown away first, within limits.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use parking_lot::Mutex;
use poem::Request;
use poem::http::header;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// A client that sends more than this after it has been refused is cut off.
const BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// A client that takes longer to send it is cut off.
const DEADLINE: Duration = Duration::from_secs(30);

type Inner = BoxBody<Bytes, io::Error>;

/// Where an unread body comes back to.
pub(super) struct Leftover(Arc<Mutex<Option<Inner>>>);

impl Leftover {
    /// Lends the body to whoever answers `request`. None if it has none.
    pub(super) fn lend(request: &mut Request) -> Option<Self> {
        let body: Inner = request.take_body().into();
        if body.is_end_stream() {
            return None;
        }
        let home = Arc::new(Mutex::new(None));
        // Such a client waits to be asked for its body, and is told its answer instead.
        let asked = !request.headers().contains_key(header::EXPECT);
        request.set_body(poem::Body::from(BoxBody::new(Lent { body: Some(body), asked, home: Arc::clone(&home) })));
        Some(Self(home))
    }

    /// Reads what came back, if anything did.
    pub(super) async fn throw_away(self) {
        let body = self.0.lock().take();
        if let Some(body) = body {
            // Out of time, the client is cut off.
            let _ = tokio::time::timeout(DEADLINE, read(body)).await;
        }
    }
}

async fn read(mut body: Inner) {
    let mut left = BYTES_MAX;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// A body that goes home when it is dropped before its end.
struct Lent {
    body: Option<Inner>,
    /// Whether the client sends, or will only do so once the body is read.
    asked: bool,
    home: Arc<Mutex<Option<Inner>>>,
}

impl Body for Lent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.asked = true;
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| self.asked && !body.is_end_stream()) {
            *self.home.lock() = Some(body);
        }
    }
}
