//! The one place where errors become HTTP.

use super::{Context, Language, Message, context, validation};
use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use poem::{Body, IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;
use std::error::Error as StdError;
use std::fmt;

/// A failed request, as the client sees it, and why it failed, as only the log sees it.
///
/// It answers `{code, msg, data, trace_id}` (and `poem::Error` does the same by way of
/// [`respond`]). Built with one of the constructors, refined with the `with_…` methods.
#[derive(Debug)]
pub struct ApiError(Box<Failure>);

#[derive(Debug)]
struct Failure {
    status: StatusCode,
    code: i32,
    message: Message,
    payload: Option<Value>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

#[derive(Serialize)]
struct FailureBody<'a> {
    code: i32,
    msg: &'a str,
    data: &'a Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
}

impl ApiError {
    /// An error with the status' number as its code.
    pub fn new(status: StatusCode, message: Message) -> Self {
        Self(Box::new(Failure {
            status,
            code: i32::from(status.as_u16()),
            message,
            payload: None,
            cause: None,
            headers: Vec::new(),
        }))
    }

    /// 400: the request makes no sense.
    pub fn bad_request(message: Message) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 401: there is no valid token. Clients refresh or log in again, so nothing else may be a 401.
    pub fn unauthorized(message: Message) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, message)
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 403: this user may not.
    pub fn forbidden(message: Message) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// 404: there is no such thing.
    pub fn not_found(message: Message) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// 409: it contradicts something that is there.
    pub fn conflict(message: Message) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    /// 413: the body is over a limit.
    pub fn too_large(message: Message) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    }

    /// 503: not now; the client may try again after `retry_after_s` seconds.
    pub fn unavailable(message: Message, retry_after_s: u32) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
            .with_header(header::RETRY_AFTER, HeaderValue::from(retry_after_s))
    }

    /// 500: our own fault. The client learns nothing of the cause; the log gets all of it.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Message::fixed("Internal Server Error", "服务器内部错误"))
            .with_cause(cause)
    }

    /// The error of a status that needs no more words than its own.
    pub fn of_status(status: StatusCode) -> Self {
        let message = match status {
            StatusCode::NOT_FOUND => Message::fixed("Not Found", "Not Found"),
            StatusCode::METHOD_NOT_ALLOWED => Message::fixed("Method Not Allowed", "Method Not Allowed"),
            StatusCode::INTERNAL_SERVER_ERROR => Message::fixed("Internal Server Error", "服务器内部错误"),
            other => Message::untranslated(other.canonical_reason().unwrap_or("Error")),
        };
        Self::new(status, message)
    }

    /// With another code than the status' number (the contract has one: 40001, a wrong captcha).
    #[must_use]
    pub fn with_code(mut self, code: i32) -> Self {
        self.0.code = code;
        self
    }

    /// With something in `data`.
    #[must_use]
    pub fn with_payload(mut self, payload: Value) -> Self {
        self.0.payload = Some(payload);
        self
    }

    /// With the reason for the log. It is never sent.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// With a header of the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The code in the body.
    pub fn code(&self) -> i32 {
        self.0.code
    }

    /// The text for people.
    pub fn message(&self) -> &Message {
        &self.0.message
    }

    /// Renders it for the running request, and logs it if a person should look.
    pub fn to_response(&self) -> Response {
        let context = Context::current();
        self.log(context);
        context::note(|seen| seen.told = Some((self.0.code, self.0.message.clone())));
        let language = context.map_or_else(Language::default, |context| context.language);
        let body = FailureBody {
            code: self.0.code,
            msg: self.0.message.text(language),
            data: &self.0.payload,
            trace_id: context.map(|context| context.request_id.to_string()),
        };
        let body = Body::from_json(&body).unwrap_or_else(|_| Body::empty());
        let mut response = Response::builder().status(self.0.status).content_type("application/json").body(body);
        for (name, value) in &self.0.headers {
            response.headers_mut().append(name, value.clone());
        }
        response
    }

    fn log(&self, context: Option<Context>) {
        let Some(cause) = &self.0.cause else { return };
        let request_id = context.map(|context| context.request_id.to_string()).unwrap_or_default();
        let reason = chain(cause.as_ref());
        if self.0.status.is_server_error() {
            tracing::error!(request_id, status = self.0.status.as_u16(), reason, "a request failed");
        } else {
            tracing::debug!(request_id, status = self.0.status.as_u16(), reason, "a request was refused");
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.message.text(Language::English))
    }
}

impl StdError for ApiError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}

impl poem::error::ResponseError for ApiError {
    fn status(&self) -> StatusCode {
        self.0.status
    }

    fn as_response(&self) -> Response {
        self.to_response()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.to_response()
    }
}

/// Any error of poem's, as the envelope that clients know.
pub fn respond(error: poem::Error) -> Response {
    if error.is_from_response() || error.is::<ApiError>() {
        return error.into_response();
    }
    if let Some(refused) = validation::of_poem_error(&error) {
        return refused.to_response();
    }
    let status = error.status();
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        return ApiError::too_large(Message::fixed("the body is too large", "请求体过大")).to_response();
    }
    if status.is_server_error() {
        return ApiError::of_status(status).with_cause(error.to_string()).to_response();
    }
    ApiError::of_status(status).to_response()
}

/// An error and what it came from, in one line.
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(next) = source {
        line.push_str(": ");
        line.push_str(&next.to_string());
        source = next.source();
    }
    line
}
