//! A server that everybody may look at and nobody may change.

use super::{API_PREFIX, ApiError, Message};
use poem::Request;
use poem::http::Method;

/// What is allowed besides reading: a visitor comes in and goes.
const ALLOWED: [&str; 5] = ["/auth/login", "/auth/login/swagger", "/auth/logout", "/auth/refresh", "/auth/captcha"];

/// Why a demonstration does not answer `request`; None if it does.
pub(super) fn refusal(request: &Request) -> Option<ApiError> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let path = request.uri().path().strip_prefix(API_PREFIX).unwrap_or_default();
    if reads || ALLOWED.contains(&path) {
        return None;
    }
    let message = Message::fixed("this is not allowed in a demonstration", "演示环境下禁止执行此操作");
    Some(ApiError::forbidden(message))
}
