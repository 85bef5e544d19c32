//! The layer around everything: request id, language, other origins, panics, errors, unread bodies,
//! the operation log.
//!
//! One endpoint in place of seven middlewares, since every request of every plugin pays for it.

use super::cors::Cors;
use super::leftover::Leftover;
use super::{ApiError, Context, Language, Message, Recorder, RequestId, TrustedProxies, demo, error, request_id};
use futures_util::FutureExt;
use poem::http::{HeaderMap, HeaderName, HeaderValue, header};
use poem::{Endpoint, IntoResponse, Request, Response};
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

const REQUEST_ID: HeaderName = HeaderName::from_static(request_id::HEADER);

/// For a year; without subdomains, which are not ours to decide about.
const HTTPS_ONLY: &str = "max-age=31536000";

/// Answers with the inner endpoint's answer or, whatever goes wrong, with the envelope.
///
/// It sets the [`Context`] for everything inside.
pub struct Edge<E> {
    inner: E,
    cors: Cors,
    language: Language,
    recorder: Option<Recorder>,
    proxies: TrustedProxies,
    frame_policy: HeaderValue,
    is_demo: bool,
}

/// A handler panicked.
#[derive(Debug, thiserror::Error)]
#[error("a handler panicked: {0}")]
struct Panicked(String);

impl<E: Endpoint> Edge<E> {
    /// Around `inner`; `language` is for clients that ask for none of ours.
    pub fn new(inner: E, cors: Cors, language: Language) -> Self {
        let frame_policy = cors.frame_policy(&[]);
        let proxies = TrustedProxies::default();
        Self { inner, cors, language, recorder: None, proxies, frame_policy, is_demo: false }
    }

    /// With every request recorded.
    #[must_use]
    pub fn recorded(mut self, recorder: Option<Recorder>) -> Self {
        self.recorder = recorder;
        self
    }

    /// Under this policy about who may show answers in a frame.
    #[must_use]
    pub fn framed(self, frame_policy: HeaderValue) -> Self {
        Self { frame_policy, ..self }
    }

    /// Believing these proxies about how the client came.
    #[must_use]
    pub fn behind(mut self, proxies: TrustedProxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// With everything refused that would change something.
    #[must_use]
    pub fn demo(mut self) -> Self {
        self.is_demo = true;
        self
    }

    fn language(&self, headers: &HeaderMap) -> Language {
        headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|header| header.to_str().ok())
            .and_then(Language::of_accept_header)
            .unwrap_or(self.language)
    }

    async fn identified(&self, request: Request) -> Response {
        let language = self.language(request.headers());
        match RequestId::adopt(request.headers().get(REQUEST_ID)) {
            Ok(request_id) => {
                let context = Context { request_id, language };
                let mut response = context.scope(self.guarded(request, request_id)).await;
                response.headers_mut().insert(REQUEST_ID, request_id.header_value());
                response
            }
            Err(_) => ApiError::bad_request(Message::fixed("BAD_REQUEST", "BAD_REQUEST")).to_response(),
        }
    }

    async fn guarded(&self, mut request: Request, request_id: RequestId) -> Response {
        let line = AccessLine::begin(&request, request_id);
        let recording = self.recorder.as_ref().and_then(|recorder| recorder.begin(&mut request, request_id));
        let response = match demo::refusal(&request).filter(|_| self.is_demo) {
            Some(refusal) => refusal.to_response(),
            None => self.answered(request).await,
        };
        if let Some(line) = line {
            line.end(&response);
        }
        if let Some(recording) = recording {
            recording.end(response.status().as_u16()).await;
        }
        response
    }

    async fn answered(&self, request: Request) -> Response {
        match AssertUnwindSafe(self.inner.call(request)).catch_unwind().await {
            Ok(Ok(response)) => response.into_response(),
            Ok(Err(failure)) => error::respond(failure),
            Err(panic) => ApiError::internal(Panicked(panic_text(panic.as_ref()))).to_response(),
        }
    }

    /// What browsers are told with every answer; what it says of itself stays.
    fn protect(&self, headers: &mut HeaderMap, is_https: bool) {
        headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
        headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert_with(|| self.frame_policy.clone());
        if is_https {
            headers.entry(header::STRICT_TRANSPORT_SECURITY).or_insert(HeaderValue::from_static(HTTPS_ONLY));
        }
    }
}

impl<E: Endpoint> Endpoint for Edge<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        if let Some(answer) = self.cors.preflight(&request) {
            return Ok(answer);
        }
        let origin = self.cors.allowed(request.headers());
        let is_https = self.proxies.transport(&request) == super::Transport::Https;
        let leftover = Leftover::lend(&mut request);
        let mut response = self.identified(request).await;
        if let Some(leftover) = leftover {
            leftover.throw_away().await;
        }
        let headers = response.headers_mut();
        self.protect(headers, is_https);
        if let Some(origin) = origin {
            Cors::allow(origin, headers);
        }
        Ok(response)
    }
}

/// One line of the access log, written at `debug`: nothing is collected while nobody reads it.
struct AccessLine {
    method: String,
    path: String,
    request_id: RequestId,
    since: Instant,
}

impl AccessLine {
    fn begin(request: &Request, request_id: RequestId) -> Option<Self> {
        tracing::enabled!(target: "backplane::access", tracing::Level::DEBUG).then(|| Self {
            method: request.method().to_string(),
            // Without the query: it may hold what does not belong in a log.
            path: request.uri().path().to_owned(),
            request_id,
            since: Instant::now(),
        })
    }

    fn end(self, response: &Response) {
        let duration_ms = self.since.elapsed().as_secs_f64() * 1000.0;
        tracing::debug!(
            target: "backplane::access",
            request_id = %self.request_id,
            method = self.method,
            path = self.path,
            status = response.status().as_u16(),
            duration_ms,
            "{} {} {}",
            self.method,
            self.path,
            response.status().as_u16(),
        );
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "a value that is no text".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::endpoint::make;
    use poem::http::StatusCode;
    use serde_json::{Value, json};

    async fn body(response: Response) -> Value {
        serde_json::from_str(&response.into_body().into_string().await.unwrap()).unwrap()
    }

    fn edge<E: Endpoint>(inner: E) -> Edge<E> {
        Edge::new(inner, Cors::new(&["http://a".to_owned()]), Language::Chinese)
    }

    #[tokio::test]
    async fn a_panic_is_a_500_with_the_envelope_and_its_request_id() {
        let edge = edge(make(|_| async { panic!("secret words") as poem::Result<()> }));
        let id = "aaaaaaaaaaaa4aaa8aaaaaaaaaaaaaaa";
        let request = Request::builder().header("x-request-id", id).header("accept-language", "en").finish();
        let response = edge.call(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()["x-request-id"], id);
        let expected = json!({"code": 500, "msg": "Internal Server Error", "data": null, "trace_id": id});
        assert_eq!(body(response).await, expected);
    }

    #[tokio::test]
    async fn a_bad_request_id_is_refused_before_anything_runs() {
        let edge = edge(make(|_| async { panic!("not reached") as poem::Result<()> }));
        let request = Request::builder().header("x-request-id", "x").finish();
        let response = edge.call(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert!(!response.headers().contains_key("x-request-id"));
        assert_eq!(body(response).await, json!({"code": 400, "msg": "BAD_REQUEST", "data": null}));
    }

    #[tokio::test]
    async fn poems_own_errors_wear_the_envelope_and_allowed_origins_may_read_them() {
        let edge = edge(poem::Route::new());
        let request = Request::builder().header("origin", "http://a").finish();
        let response = edge.call(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()["access-control-allow-origin"], "http://a");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        let body = body(response).await;
        assert_eq!((&body["code"], &body["msg"]), (&json!(404), &json!("Not Found")));
        assert_eq!(body["trace_id"].as_str().unwrap().len(), 32);
    }
}
