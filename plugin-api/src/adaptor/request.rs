//! A poem request of a lent head.

use crate::RequestInfo;
use crate::abi::{FfiBody, FfiHead};
use crate::raw::Response;
use bytes::Bytes;
use poem::http::uri::{PathAndQuery, Scheme};
use poem::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use poem::web::{LocalAddr, RemoteAddr};
use poem::{Body, Request, RequestParts};

/// Copies the head into one block and cuts it into URI, header values and request info. The body comes
/// later; see [`body_of`].
///
/// # Errors
/// A 400 answer for what the `http` crate of this plugin does not accept.
pub(super) fn of(head: &FfiHead<'_>) -> Result<(Request, RequestInfo), Response> {
    let headers = head.headers.as_slice();
    let uri = head.uri.as_str().as_bytes();
    let length = uri.len() + headers.iter().map(|header| header.value.len()).sum::<usize>() + RequestInfo::len(head);
    let mut block = Vec::with_capacity(length);
    block.extend_from_slice(uri);
    for header in headers {
        block.extend_from_slice(header.value.as_slice());
    }
    let fields = RequestInfo::append(head, &mut block);
    let block = Bytes::from(block);

    let mut parts = poem::http::Request::new(()).into_parts().0;
    parts.method = Method::from_bytes(head.method.as_str().as_bytes()).map_err(|_| refused())?;
    parts.uri = PathAndQuery::from_maybe_shared(block.slice(..uri.len())).map(Uri::from).map_err(|_| refused())?;
    parts.headers = HeaderMap::with_capacity(headers.len());
    let mut at = uri.len();
    for header in headers {
        let name = HeaderName::from_bytes(header.name.as_str().as_bytes()).map_err(|_| refused())?;
        let end = at + header.value.len();
        let value = HeaderValue::from_maybe_shared(block.slice(at..end)).map_err(|_| refused())?;
        parts.headers.append(name, value);
        at = end;
    }
    let info = RequestInfo::shared(head, block, fields);
    let parts = RequestParts::from((parts, LocalAddr::default(), RemoteAddr::default(), Scheme::HTTP));
    Ok((Request::from_parts(parts, Body::empty()), info))
}

/// A poem body of one that crossed.
pub(super) fn body_of(body: FfiBody) -> Body {
    match body {
        FfiBody::Empty => Body::empty(),
        FfiBody::Full(bytes) => Body::from_bytes(bytes.into_bytes()),
        FfiBody::Stream(stream) => Body::from_bytes_stream(stream),
    }
}

fn refused() -> Response {
    Response::text("the request's head is malformed").with_status(400)
}
