//! Keeps the beginning of a body while somebody else reads all of it.

use crate::admin::opera_log::{PAYLOAD_BYTES_MAX, Payload};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::combinators::BoxBody;
use parking_lot::Mutex;
use poem::Request;
use poem::http::header;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Where the beginning of a body is kept.
pub(super) struct Kept(Arc<Mutex<Payload>>);

/// The body of `request` from now on is kept, as far as it is read. None if it has none.
pub(super) fn keep(request: &mut Request) -> Option<Kept> {
    let inner: BoxBody<Bytes, io::Error> = request.take_body().into();
    if inner.is_end_stream() {
        return None;
    }
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let payload = Payload { content_type: content_type.map(Into::into), ..Payload::default() };
    let kept = Arc::new(Mutex::new(payload));
    request.set_body(poem::Body::from(BoxBody::new(Tee { inner, kept: Arc::clone(&kept) })));
    Some(Kept(kept))
}

impl Kept {
    /// What was read so far.
    pub(super) fn take(&self) -> Payload {
        std::mem::take(&mut self.0.lock())
    }
}

struct Tee {
    inner: BoxBody<Bytes, io::Error>,
    kept: Arc<Mutex<Payload>>,
}

impl Body for Tee {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(bytes) = frame.data_ref()
        {
            let mut kept = self.kept.lock();
            let room = PAYLOAD_BYTES_MAX - kept.beginning.len();
            kept.beginning.extend_from_slice(&bytes[..bytes.len().min(room)]);
            kept.bytes += bytes.len() as u64;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
