//! Errors that a handler answers, and how any error is written.

use crate::adaptor::{Spoken, current_language};
use crate::db::{DbError, DbErrorKind};
use crate::fault::{self, Form};
use crate::services::{ServiceError, ServiceErrorKind};
use crate::{RequestInfo, report};
use poem::error::ResponseError;
use poem::http::StatusCode;
use poem::{IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::error::ContentTypeError;
use poem_openapi::registry::{MetaResponses, Registry};
use serde_json::json;

/// An error with a status, and a text in both languages.
///
/// ```
/// use plugin_api::ApiError;
///
/// let error = ApiError::not_found("there is no notice 7", "公告 7 不存在");
/// assert_eq!(error.status(), 404);
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[error("{english}")]
pub struct ApiError {
    status: StatusCode,
    code: i32,
    english: String,
    chinese: String,
    cause: Option<String>,
}

impl ApiError {
    /// Any status; the envelope's `code` is the same number.
    pub fn new(status: StatusCode, english: impl Into<String>, chinese: impl Into<String>) -> Self {
        let code = i32::from(status.as_u16());
        Self { status, code, english: english.into(), chinese: chinese.into(), cause: None }
    }

    /// 400.
    pub fn bad_request(english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, english, chinese)
    }

    /// 403.
    pub fn forbidden(english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, english, chinese)
    }

    /// 404.
    pub fn not_found(english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, english, chinese)
    }

    /// 409.
    pub fn conflict(english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, english, chinese)
    }

    /// 422, for a field that is well-formed but not acceptable.
    pub fn invalid(english: impl Into<String>, chinese: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, english, chinese)
    }

    /// 500; `cause` is logged by the host and never sent.
    pub fn internal(cause: impl ToString) -> Self {
        let error = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error", "服务器内部错误");
        Self { cause: Some(cause.to_string()), ..error }
    }

    /// Another `code` in the envelope than the status.
    pub fn with_code(mut self, code: i32) -> Self {
        self.code = code;
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }
}

/// A statement that failed is the plugin's mistake, unless the caller says otherwise: 500, or 503
/// when the database can't be reached in time.
impl From<DbError> for ApiError {
    fn from(error: DbError) -> Self {
        match error.kind {
            DbErrorKind::Timeout | DbErrorKind::Unavailable => {
                let answer = Self::new(StatusCode::SERVICE_UNAVAILABLE, "the database is busy", "数据库繁忙");
                Self { cause: Some(error.to_string()), ..answer }
            }
            _ => Self::internal(error),
        }
    }
}

/// What another server does not do is no mistake of the caller's either: 502 where it can't be reached, 504 where
/// it takes too long, 503 while the plugin is being stopped, else 500.
impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        let (status, english, chinese) = match error.kind {
            ServiceErrorKind::Unreachable => {
                (StatusCode::BAD_GATEWAY, "another server did not answer", "上游服务无响应")
            }
            ServiceErrorKind::Timeout => (StatusCode::GATEWAY_TIMEOUT, "another server took too long", "上游服务超时"),
            ServiceErrorKind::Unavailable | ServiceErrorKind::Busy => {
                (StatusCode::SERVICE_UNAVAILABLE, "try again in a moment", "请稍后再试")
            }
            _ => return Self::internal(error),
        };
        Self { cause: Some(error.to_string()), ..Self::new(status, english, chinese) }
    }
}

impl ResponseError for ApiError {
    fn status(&self) -> StatusCode {
        self.status
    }

    fn as_response(&self) -> Response {
        written(self, "")
    }
}

/// Operations may answer `Result<_, ApiError>`; their documents list no status for it, since any may come.
impl ApiResponse for ApiError {
    fn meta() -> MetaResponses {
        MetaResponses { responses: Vec::new() }
    }

    fn register(_: &mut Registry) {}
}

pub(crate) fn text<'a>(language: Spoken, english: &'a str, chinese: &'a str) -> &'a str {
    match language {
        Spoken::English => english,
        Spoken::Chinese => chinese,
    }
}

/// Writes any error of a handler or an extractor in the envelope; `form` and `body` tell what a request
/// got wrong.
pub(crate) fn enveloped(error: poem::Error, info: Option<&RequestInfo>, form: &Form, body: &[u8]) -> Response {
    let request_id = info.map_or("", RequestInfo::request_id);
    if let Some(own) = error.downcast_ref::<ApiError>() {
        return written(own, request_id);
    }
    if error.is_from_response() {
        return error.into_response();
    }
    if let Some(faults) = form.faults(&error, body) {
        return fault::written(&faults, request_id);
    }
    let unsupported = error.is::<ContentTypeError>();
    let status = if unsupported { StatusCode::UNSUPPORTED_MEDIA_TYPE } else { error.status() };
    if status.is_server_error() {
        return written(&ApiError { status, ..ApiError::internal(error) }, request_id);
    }
    let said = error.to_string();
    written(&ApiError::new(status, said.clone(), said), request_id)
}

/// Writes an error in the envelope.
pub(crate) fn written(error: &ApiError, request_id: &str) -> Response {
    if let Some(cause) = &error.cause {
        report::error(cause);
    }
    let msg = text(current_language(), &error.english, &error.chinese);
    let body = json!({ "code": error.code, "msg": msg, "data": null, "trace_id": request_id });
    json_response(error.status, &body)
}

pub(crate) fn json_response(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = body.to_string().with_content_type("application/json; charset=utf-8").into_response();
    response.set_status(status);
    response
}
