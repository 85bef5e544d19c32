//! Answers made smaller, for those who can read them.
//!
//! Not poem's own middleware: that also compresses streams of events, which then come late, and
//! pictures, which then are larger, and does not tell caches that the answer depends on who asks.

use bytes::Bytes;
use http_body::Body as _;
use http_body_util::combinators::BoxBody;
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use poem::web::{Compress, CompressionAlgo, CompressionLevel};
use poem::{Endpoint, IntoResponse, Request, Response};
use std::io;

/// A shorter answer fits one packet anyway.
const BYTES_MIN: u64 = 1_024;
/// Beginnings of the types that get smaller.
const TYPES: [&str; 5] = ["text/", "application/json", "application/javascript", "application/xml", "image/svg"];
/// A text that is passed on while it is written.
const EVENTS: &str = "text/event-stream";

/// Compresses the answers of an endpoint.
pub struct Compressed<E>(E);

impl<E> Compressed<E> {
    /// Around `inner`.
    pub fn new(inner: E) -> Self {
        Self(inner)
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for Compressed<E> {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let wanted = preferred(request.headers());
        let has_body = *request.method() != Method::HEAD;
        let mut response = self.0.call(request).await?;
        if !has_body || !gets_smaller(&mut response) {
            return Ok(response);
        }
        response.headers_mut().append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        let Some(algorithm) = wanted else { return Ok(response) };
        response.headers_mut().remove(header::CONTENT_LENGTH);
        Ok(Compress::new(response, algorithm).with_quality(CompressionLevel::Fastest).into_response())
    }
}

fn gets_smaller(response: &mut Response) -> bool {
    let headers = response.headers();
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_text = TYPES.iter().any(|text| kind.starts_with(text)) && !kind.starts_with(EVENTS);
    let is_whole = response.status() != StatusCode::PARTIAL_CONTENT && !headers.contains_key(header::CONTENT_ENCODING);
    is_text && is_whole && !is_short(response)
}

fn is_short(response: &mut Response) -> bool {
    let body: BoxBody<Bytes, io::Error> = response.take_body().into();
    let length = body.size_hint().exact();
    response.set_body(body);
    length.is_some_and(|length| length < BYTES_MIN)
}

/// The smallest form that the client accepts.
fn preferred(headers: &HeaderMap) -> Option<CompressionAlgo> {
    let accepted = headers.get_all(header::ACCEPT_ENCODING);
    let accepted: Vec<&str> =
        accepted.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).collect();
    let accepts = |name: &str| {
        accepted.iter().any(|form| {
            let (form, weight) = form.split_once(";").unwrap_or((form, ""));
            let refused = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok()) == Some(0.0);
            form.trim().eq_ignore_ascii_case(name) && !refused
        })
    };
    [("br", CompressionAlgo::BR), ("gzip", CompressionAlgo::GZIP)]
        .into_iter()
        .find_map(|(name, algorithm)| accepts(name).then_some(algorithm))
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::endpoint::make_sync;

    async fn encoding(kind: &'static str, length: usize, accepted: &'static str) -> Option<String> {
        let answer = make_sync(move |_| Response::builder().content_type(kind).body("x".repeat(length)));
        let request = Request::builder().header("accept-encoding", accepted).finish();
        let response = Compressed::new(answer).call(request).await.unwrap();
        response.headers().get("content-encoding").map(|value| value.to_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn long_texts_are_compressed_in_the_best_form_that_is_accepted() {
        let cases = [
            ("application/json", 5_000, "gzip, deflate, br", Some("br")),
            ("text/html; charset=utf-8", 5_000, "gzip;q=0.8", Some("gzip")),
            ("application/json", 5_000, "br;q=0, GZIP", Some("gzip")),
            ("application/json", 5_000, "identity", None),
            ("application/json", 5_000, "", None),
            ("application/json", 500, "gzip", None),
            ("image/png", 5_000, "gzip", None),
            ("text/event-stream", 5_000, "gzip", None),
        ];
        for (kind, length, accepted, expected) in cases {
            assert_eq!(encoding(kind, length, accepted).await.as_deref(), expected, "{kind} {length} {accepted}");
        }
    }
}
