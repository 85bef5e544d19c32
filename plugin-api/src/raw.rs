//! Handlers without a framework: what a plugin uses with `default-features = false`.
//!
//! ```
//! use plugin_api::raw::{Body, Head, Reply, Response};
//!
//! fn hello(head: Head<'_>, _body: Body) -> Reply {
//!     let name = head.param("name").unwrap_or("world");
//!     Response::text(format!("hello {name}")).into()
//! }
//! ```

use crate::abi::{ContentType, FfiBody, FfiBytes, FfiCall, FfiFuture, FfiHead, FfiHeader, FfiResponse, FfiStream};
use crate::request_info::RequestInfo;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The head of a request, lent for the call.
#[derive(Clone, Copy)]
pub struct Head<'a>(&'a FfiHead<'a>);

impl<'a> Head<'a> {
    pub(crate) fn new(head: &'a FfiHead<'a>) -> Self {
        Self(head)
    }

    /// In capitals.
    pub fn method(&self) -> &'a str {
        self.0.method.as_str()
    }

    /// Path and query below the API's prefix.
    pub fn uri(&self) -> &'a str {
        self.0.uri.as_str()
    }

    /// The query after `?`, as sent; empty if there is none.
    pub fn query(&self) -> &'a str {
        self.uri().split_once('?').map_or("", |(_, query)| query)
    }

    /// A parameter of the path, percent-encoded as sent.
    pub fn param(&self, name: &str) -> Option<&'a str> {
        self.0.params.as_slice().iter().find(|param| param.name.as_str() == name).map(|param| param.value.as_str())
    }

    /// The first header of that name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers().iter().find(|header| header.name.as_str() == name).map(|header| header.value.as_slice())
    }

    /// Who asks, copied so that it may be kept.
    pub fn info(&self) -> RequestInfo {
        RequestInfo::copied(self.0)
    }

    pub(crate) fn headers(&self) -> &'a [FfiHeader<'a>] {
        self.0.headers.as_slice()
    }

    #[cfg(feature = "poem")]
    pub(crate) fn ffi(&self) -> &'a FfiHead<'a> {
        self.0
    }
}

/// The body of a request. The host has already bounded it by the plugin's `body_bytes_max`.
pub struct Body(FfiBody);

impl Body {
    pub(crate) fn new(body: FfiBody) -> Self {
        Self(body)
    }

    #[cfg(feature = "poem")]
    pub(crate) fn into_ffi(self) -> FfiBody {
        self.0
    }

    /// All of it.
    ///
    /// # Errors
    /// When the client goes away, or the body is longer than the host allows.
    pub async fn bytes(self) -> std::io::Result<Bytes> {
        match self.0 {
            FfiBody::Empty => Ok(Bytes::new()),
            FfiBody::Full(bytes) => Ok(bytes.into_bytes()),
            FfiBody::Stream(mut stream) => {
                let mut whole = BytesMut::new();
                while let Some(chunk) = stream.next().await {
                    whole.extend_from_slice(&chunk?);
                }
                Ok(whole.freeze())
            }
        }
    }

    /// Piece by piece.
    pub fn stream(self) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
        let (whole, pieces) = match self.0 {
            FfiBody::Empty => (None, None),
            FfiBody::Full(bytes) => (Some(Ok(bytes.into_bytes())), None),
            FfiBody::Stream(stream) => (None, Some(stream)),
        };
        futures_util::stream::iter(whole).chain(futures_util::stream::iter(pieces).flatten())
    }
}

/// A response.
pub struct Response {
    status: u16,
    content_type: ContentType,
    headers: Vec<u8>,
    body: FfiBody,
}

impl Response {
    /// An empty response.
    pub fn status(status: u16) -> Self {
        Self { status, content_type: ContentType::Other, headers: Vec::new(), body: FfiBody::Empty }
    }

    /// 200 with text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::full(ContentType::Text, Bytes::from(text.into()))
    }

    /// 200 with JSON.
    ///
    /// # Errors
    /// When `value` can't be written as JSON.
    pub fn json(value: &impl serde::Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self::full(ContentType::Json, Bytes::from(serde_json::to_vec(value)?)))
    }

    /// 200 with bytes.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::full(ContentType::Binary, bytes.into())
    }

    /// 200 with bytes that are part of the plugin.
    pub fn static_bytes(bytes: &'static [u8]) -> Self {
        Self { body: FfiBody::Full(FfiBytes::from_static(bytes)), ..Self::full(ContentType::Binary, Bytes::new()) }
    }

    /// 200 with a body that is sent while it is made.
    pub fn stream<E: ToString>(stream: impl Stream<Item = Result<Bytes, E>> + Send + 'static) -> Self {
        Self { body: FfiBody::Stream(FfiStream::new(stream)), ..Self::full(ContentType::Binary, Bytes::new()) }
    }

    /// With another status, 100 to 999.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// With one more header.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        FfiResponse::push_header(&mut self.headers, name, value.as_bytes());
        self
    }

    fn full(content_type: ContentType, bytes: Bytes) -> Self {
        let body = if bytes.is_empty() { FfiBody::Empty } else { FfiBody::Full(bytes.into()) };
        Self { status: 200, content_type, headers: Vec::new(), body }
    }
}

impl From<Response> for FfiResponse {
    fn from(response: Response) -> Self {
        Self {
            status: response.status,
            content_type: response.content_type,
            headers: response.headers.into(),
            body: response.body,
        }
    }
}

/// What a handler answers: a response, or a future of one.
pub enum Reply {
    /// At once.
    Ready(Response),
    /// Later. It must not refer to the head; copy what it needs.
    Later(Pin<Box<dyn Future<Output = Response> + Send>>),
}

impl Reply {
    /// Answers when `future` is done.
    pub fn later(future: impl Future<Output = Response> + Send + 'static) -> Self {
        Self::Later(Box::pin(future))
    }
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Self::Ready(response)
    }
}

pub(crate) type BoxHandler = Box<dyn Handler>;

/// Answers the requests of one route.
pub(crate) trait Handler: Send + Sync {
    fn call(&self, head: Head<'_>, body: Body, context: &mut Context<'_>) -> FfiCall;
}

impl<F: Fn(Head<'_>, Body) -> Reply + Send + Sync> Handler for F {
    fn call(&self, head: Head<'_>, body: Body, context: &mut Context<'_>) -> FfiCall {
        match self(head, body) {
            Reply::Ready(response) => FfiCall::Ready(response.into()),
            Reply::Later(future) => poll_once(async move { future.await.into() }, context),
        }
    }
}

/// Polls before the future crosses: most handlers are ready at once, and then nothing crosses.
pub(crate) fn poll_once(
    future: impl Future<Output = FfiResponse> + Send + 'static,
    context: &mut Context<'_>,
) -> FfiCall {
    let mut future = Box::pin(future);
    match future.as_mut().poll(context) {
        Poll::Ready(response) => FfiCall::Ready(response),
        Poll::Pending => FfiCall::Pending(FfiFuture::new(future)),
    }
}
