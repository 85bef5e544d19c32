//! What crosses of a poem response.

use crate::abi::{ContentType, FfiBody, FfiResponse, FfiStream};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use http_body::Body as _;
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use poem::Response;
use poem::http::{HeaderMap, header};

pub(super) async fn of(response: Response) -> FfiResponse {
    let (parts, body) = response.into_parts();
    let (content_type, headers) = encoded(&parts.headers);
    FfiResponse { status: parts.status.as_u16(), content_type, headers: headers.into(), body: body_of(body).await }
}

fn encoded(headers: &HeaderMap) -> (ContentType, Vec<u8>) {
    let short = headers.get(header::CONTENT_TYPE).and_then(|value| ContentType::of(value.as_bytes()));
    let mut block = Vec::new();
    for (name, value) in headers {
        if short.is_none() || name != header::CONTENT_TYPE {
            FfiResponse::push_header(&mut block, name.as_str(), value.as_bytes());
        }
    }
    (short.unwrap_or(ContentType::Other), block)
}

/// Most bodies are one piece that is there at once; only the others are streamed.
async fn body_of(body: poem::Body) -> FfiBody {
    let mut body: BoxBody<Bytes, std::io::Error> = body.into();
    let size = body.size_hint().exact();
    if size == Some(0) {
        return FfiBody::Empty;
    }
    if size.is_none() {
        return FfiBody::Stream(FfiStream::new(pieces(body)));
    }
    match body.frame().await.map(|frame| frame.map(|frame| frame.into_data().unwrap_or_default())) {
        None => FfiBody::Empty,
        Some(Ok(first)) if body.is_end_stream() => FfiBody::Full(first.into()),
        Some(first) => FfiBody::Stream(FfiStream::new(futures_util::stream::iter([first]).chain(pieces(body)))),
    }
}

fn pieces(body: BoxBody<Bytes, std::io::Error>) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    poem::Body::from(body).into_bytes_stream()
}
