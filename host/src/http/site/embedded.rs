//! The console that is built into the binary.
//!
//! `host/console/dist` holds each file as it is and, where that is smaller, compressed with brotli
//! and gzip beside it. Everything below `assets/` has its content's hash in its name.

use super::console::{belongs_to_an_api, names_a_file};
use bytes::Bytes;
use poem::error::{MethodNotAllowedError, NotFoundError};
use poem::http::{HeaderMap, HeaderValue, Method, header};
use poem::{Endpoint, Request, Response};
use rust_embed::RustEmbed;
use std::borrow::Cow;

const INDEX: &str = "index.html";
/// Files below it never change.
const HASHED: &str = "assets/";
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
/// Pictures and frames come from anywhere, since avatars and menu entries name any address.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob: https: http:; \
                      connect-src 'self'; font-src 'self'; manifest-src 'self'; frame-src 'self' https: http:; \
                      base-uri 'none'; form-action 'self'; ";
/// The compressed forms, the smallest first: coding and ending.
const FORMS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

#[derive(RustEmbed)]
#[folder = "console/dist"]
struct Files;

/// Whether the console was there when the server was built.
pub(super) fn is_there() -> bool {
    Files::get(INDEX).is_some()
}

/// Serves the embedded files; the index for every path that is no API's and names no file.
pub(super) struct Embedded {
    policy: HeaderValue,
}

impl Embedded {
    /// `frame_policy` names the pages that may show the console in a frame.
    pub(super) fn new(frame_policy: &HeaderValue) -> Self {
        let policy = [POLICY.as_bytes(), frame_policy.as_bytes()].concat();
        Self { policy: HeaderValue::from_bytes(&policy).unwrap_or(HeaderValue::from_static(POLICY)) }
    }

    fn response(&self, name: &str, accepted: &HeaderMap) -> Option<Response> {
        let (bytes, coding) = form(name, accepted)?;
        let mut response = Response::builder().content_type(content_type(name)).body(bytes);
        let headers = response.headers_mut();
        let is_hashed = name.starts_with(HASHED);
        headers.insert(header::CACHE_CONTROL, if is_hashed { FOREVER } else { NO_CACHE });
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        if let Some(coding) = coding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        Some(response)
    }
}

impl Endpoint for Embedded {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let path = request.uri().path();
        if belongs_to_an_api(path) {
            return Err(NotFoundError.into());
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Err(MethodNotAllowedError.into());
        }
        let name = if names_a_file(path) { path.trim_start_matches('/') } else { INDEX };
        self.response(name, request.headers()).ok_or_else(|| NotFoundError.into())
    }
}

/// A file in the smallest form that the client reads.
fn form(name: &str, headers: &HeaderMap) -> Option<(Bytes, Option<&'static str>)> {
    let smaller = FORMS.iter().filter(|(coding, _)| accepts(headers, coding));
    let compressed = smaller.filter_map(|(coding, ending)| Some((read(&format!("{name}{ending}"))?, Some(*coding))));
    compressed.into_iter().next().or_else(|| Some((read(name)?, None)))
}

/// None for what is hidden: it belongs to the folder, not to the page.
fn read(name: &str) -> Option<Bytes> {
    Files::get(name).filter(|_| !name.starts_with('.')).map(|file| match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    })
}

fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING);
    let mut accepted = accepted.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    accepted.any(|form| {
        let (form, weight) = form.split_once(';').unwrap_or((form, ""));
        let refused = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok()) == Some(0.0);
        form.trim().eq_ignore_ascii_case(coding) && !refused
    })
}

/// Of the few kinds that a built page has.
fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::http::StatusCode;

    async fn asked(method: Method, path: &str) -> Response {
        let console = Embedded::new(&HeaderValue::from_static("frame-ancestors 'self'"));
        console.get_response(Request::builder().method(method).uri_str(path).finish()).await
    }

    #[tokio::test]
    async fn apis_and_missing_files_and_other_methods_get_no_page() {
        for path in ["/api/v1/nope", "/api", "/missing.js", "/.gitignore", "/../Cargo.toml", "/assets/../../build.rs"] {
            assert_eq!(asked(Method::GET, path).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(asked(Method::POST, "/system/user").await.status(), StatusCode::METHOD_NOT_ALLOWED);
    }

    #[tokio::test]
    async fn pages_are_there_exactly_if_the_console_was_built() {
        let response = asked(Method::GET, "/system/user").await;
        assert_eq!(response.status() == StatusCode::OK, is_there());
    }

    #[test]
    fn a_coding_is_accepted_by_name_and_weight() {
        let cases =
            [("gzip, br", true), ("gzip;q=0.8, BR;q=0.5", true), ("br;q=0, gzip", false), ("gzip", false), ("", false)];
        for (accepted, expected) in cases {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted))]);
            assert_eq!(accepts(&headers, "br"), expected, "{accepted}");
        }
    }

    #[test]
    fn the_policy_allows_nothing_inline() {
        assert!(!POLICY.contains("unsafe"), "{POLICY}");
    }
}
