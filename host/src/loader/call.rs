//! One call into a plugin, from the lent head to the leased body.

use super::errand::polled;
use super::generation::Lease;
use super::{Asker, CallError, Generation};
use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::BoxStream;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use plugin_api::abi::{
    FfiBody, FfiBytes, FfiCall, FfiCaller, FfiFuture, FfiHead, FfiHeader, FfiParam, FfiResponse, FfiStream, FfiWakerRef,
};
use smallvec::SmallVec;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio_util::sync::WaitForCancellationFutureOwned;

/// The head of a request, as the dispatcher knows it.
#[derive(Debug, Clone, Copy)]
pub struct CallHead<'a> {
    /// Index into the descriptor's routes.
    pub route: u32,
    /// In capitals.
    pub method: &'a str,
    /// Path and query below the API's prefix.
    pub uri: &'a str,
    /// Path and query as sent.
    pub original_uri: &'a str,
    /// As sent.
    pub headers: &'a HeaderMap,
    /// Names and values of the path's parameters, percent-encoded as sent.
    pub params: &'a [(&'a str, &'a str)],
    /// Who asks.
    pub caller: Caller<'a>,
}

/// Who asks. Empty texts and 0 stand for nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Caller<'a> {
    /// The user's id.
    pub user_id: i64,
    /// Whether every permission is granted.
    pub is_superuser: bool,
    /// Whether the user may change things in the back office.
    pub is_staff: bool,
    /// The user's public id.
    pub user_uuid: &'a str,
    /// The login name.
    pub user_name: &'a str,
    /// The client's address.
    pub ip: &'a str,
    /// `en-US` or `zh-CN`.
    pub language: &'a str,
    /// 32 hexadecimal digits.
    pub request_id: &'a str,
}

/// The body of a request.
pub enum CallBody {
    /// None.
    Empty,
    /// All of it.
    Full(Bytes),
    /// Piece by piece.
    Stream(BoxStream<'static, std::io::Result<Bytes>>),
}

/// The plugin's answer.
pub struct CallResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers, without those that belong to the connection.
    pub headers: HeaderMap,
    /// The body; it keeps the plugin's generation alive.
    pub body: ResponseBody,
}

/// The body of an answer.
pub enum ResponseBody {
    /// None.
    Empty,
    /// All of it.
    Full(Bytes),
    /// Piece by piece.
    Stream(LeasedStream),
}

/// A call that has begun. The head is not needed any more.
pub enum Begun {
    /// Answered at once.
    Ready(Result<CallResponse, CallError>),
    /// Still running.
    Pending(Running),
}

/// A call whose handler waits for something. Dropping it drops the handler's future.
///
/// The order of the fields matters: the plugin's future goes first, then the lease.
pub struct Running {
    future: FfiFuture<FfiResponse>,
    lease: Lease,
    asker: Asker,
}

impl Lease {
    /// Calls the plugin on this task. It never waits: a handler that is ready has answered, another
    /// one is to be [finished](Running::finish).
    pub async fn begin(self, head: &CallHead<'_>, body: CallBody) -> Begun {
        let asker = Asker::of(&head.caller);
        let mut body = Some(body);
        let begun = poll_fn(|context| {
            let body = body.take().unwrap_or(CallBody::Empty);
            Poll::Ready(asker.during(|| begin(self.generation(), head, body, context)))
        })
        .await;
        match begun {
            FfiCall::Ready(response) => Begun::Ready(received(response, self, asker)),
            FfiCall::Pending(future) => Begun::Pending(Running { future, lease: self, asker }),
            FfiCall::Panicked(text) => Begun::Ready(Err(CallError::Panicked(text.into_string()))),
        }
    }

    /// Calls the plugin and waits for the head of its answer.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn call(self, head: &CallHead<'_>, body: CallBody) -> Result<CallResponse, CallError> {
        match self.begin(head, body).await {
            Begun::Ready(answer) => answer,
            Begun::Pending(running) => running.finish().await,
        }
    }
}

impl Running {
    /// Polls to the end, or until the generation is cut.
    ///
    /// # Errors
    /// [`CallError`]
    pub async fn finish(self) -> Result<CallResponse, CallError> {
        // Bindings are dropped in reverse order: the future, then the lease.
        let Self { lease, mut future, asker } = self;
        let answer = polled(&lease, Some(asker), &mut future).await;
        // The handler's future ends before its lease, whatever the answer is.
        drop(future);
        received(answer?, lease, asker)
    }
}

fn begin(generation: &Generation, head: &CallHead<'_>, body: CallBody, context: &mut Context<'_>) -> FfiCall {
    let headers: SmallVec<[FfiHeader<'_>; 24]> = head
        .headers
        .iter()
        .map(|(name, value)| FfiHeader { name: name.as_str().into(), value: value.as_bytes().into() })
        .collect();
    let params: SmallVec<[FfiParam<'_>; 4]> =
        head.params.iter().map(|(name, value)| FfiParam { name: (*name).into(), value: (*value).into() }).collect();
    let caller = &head.caller;
    let ffi = FfiHead {
        route: head.route,
        method: head.method.into(),
        uri: head.uri.into(),
        original_uri: head.original_uri.into(),
        headers: headers.as_slice().into(),
        params: params.as_slice().into(),
        caller: FfiCaller {
            user_id: caller.user_id,
            flags: u32::from(caller.is_superuser) | (u32::from(caller.is_staff) << 1),
            user_uuid: caller.user_uuid.into(),
            user_name: caller.user_name.into(),
            ip: caller.ip.into(),
            language: caller.language.into(),
            request_id: caller.request_id.into(),
        },
    };
    let body = match body {
        CallBody::Empty => FfiBody::Empty,
        CallBody::Full(bytes) => FfiBody::Full(bytes.into()),
        CallBody::Stream(stream) => FfiBody::Stream(FfiStream::held(stream, generation.hold())),
    };
    generation.call(&ffi, body, &FfiWakerRef::lend(context.waker()))
}

fn received(response: FfiResponse, lease: Lease, asker: Asker) -> Result<CallResponse, CallError> {
    let status =
        StatusCode::from_u16(response.status).map_err(|_| CallError::Malformed("its status is not 100 to 999"))?;
    let mut headers = HeaderMap::new();
    if let Some(content_type) = response.content_type.as_str() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    for (name, value) in response.header_pairs() {
        let name = HeaderName::from_bytes(name).map_err(|_| CallError::Malformed("a header's name"))?;
        let value = HeaderValue::from_bytes(value).map_err(|_| CallError::Malformed("a header's value"))?;
        if !belongs_to_connection(&name) {
            headers.append(name, value);
        }
    }
    let body = match response.body {
        FfiBody::Empty => ResponseBody::Empty,
        FfiBody::Full(bytes) => ResponseBody::Full(Bytes::from_owner(LeasedBytes { bytes, _lease: lease })),
        FfiBody::Stream(stream) => ResponseBody::Stream(LeasedStream::new(stream, lease, asker)),
    };
    Ok(CallResponse { status, headers, body })
}

/// What the server decides itself; a plugin's word on it could break the connection's framing.
fn belongs_to_connection(name: &HeaderName) -> bool {
    [
        header::CONNECTION,
        header::TRANSFER_ENCODING,
        header::CONTENT_LENGTH,
        header::UPGRADE,
        header::TE,
        header::TRAILER,
    ]
    .contains(name)
}

/// The order of the fields matters: the plugin's bytes go first, then the lease.
struct LeasedBytes {
    bytes: FfiBytes,
    _lease: Lease,
}

impl AsRef<[u8]> for LeasedBytes {
    fn as_ref(&self) -> &[u8] {
        self.bytes.as_ref()
    }
}

/// A body that is made while it is sent; it ends with an error when the generation is cut.
///
/// The order of the fields matters: the plugin's stream goes first, then the lease.
pub struct LeasedStream {
    stream: FfiStream,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    lease: std::sync::Arc<Lease>,
    asker: Asker,
}

impl LeasedStream {
    fn new(stream: FfiStream, lease: Lease, asker: Asker) -> Self {
        let cut = Box::pin(lease.generation().cut_token().clone().cancelled_owned());
        Self { stream, cut, lease: std::sync::Arc::new(lease), asker }
    }
}

impl Stream for LeasedStream {
    type Item = std::io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.cut.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(std::io::Error::other(CallError::Cut))));
        }
        // A chunk may outlive the stream in the connection's buffers, so it holds the lease as well.
        let lease = std::sync::Arc::clone(&self.lease);
        let asker = self.asker;
        asker
            .during(|| Pin::new(&mut self.stream).poll_next(context))
            .map(|item| item.map(|chunk| chunk.map(|bytes| Bytes::from_owner(LeasedChunk { bytes, _lease: lease }))))
    }
}

struct LeasedChunk {
    bytes: Bytes,
    _lease: std::sync::Arc<Lease>,
}

impl AsRef<[u8]> for LeasedChunk {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}
