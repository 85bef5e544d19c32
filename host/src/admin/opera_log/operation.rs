//! A request as the log takes it: nothing of it is read yet.

use crate::admin::auth::Identity;
use http::Method;
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// More of a body is not kept.
pub const PAYLOAD_BYTES_MAX: usize = 10 * 1024;

/// A request that was answered.
#[derive(Debug)]
pub struct Operation {
    /// Its id, 32 hexadecimal digits.
    pub trace_id: [u8; 32],
    /// Who sent it, if they were logged in.
    pub user: Option<Arc<Identity>>,
    /// Its method.
    pub method: Method,
    /// Path and query.
    pub target: Box<str>,
    /// What served it; None if nothing does.
    pub route: Option<Route>,
    /// Where it came from.
    pub ip: Option<IpAddr>,
    /// What sent it.
    pub user_agent: Option<Box<str>>,
    /// Its body, if it had one.
    pub payload: Option<Payload>,
    /// The fields of its body that are secret, beside those whose names say so.
    pub secrets: Option<Vec<String>>,
    /// How it was answered.
    pub outcome: Outcome,
    /// When it began, Unix milliseconds.
    pub began_ms: i64,
    /// How long the answer took.
    pub took: Duration,
}

/// What serves a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// One line for people.
    pub title: Arc<str>,
    /// The absolute path with the parameters' names in braces.
    pub pattern: Arc<str>,
}

/// The beginning of a body.
#[derive(Debug, Default)]
pub struct Payload {
    /// Its type, as the client named it.
    pub content_type: Option<Box<str>>,
    /// At most [`PAYLOAD_BYTES_MAX`] bytes of it.
    pub beginning: Vec<u8>,
    /// How long it is, as far as it was read.
    pub bytes: u64,
}

/// How a request was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The HTTP status.
    pub http_status: u16,
    /// The code in the envelope, where it is known to differ.
    pub code: Option<i32>,
    /// The text in the envelope, where it is not the ordinary one.
    pub message: Option<Cow<'static, str>>,
    /// The envelope that a plugin answered with, if it is short.
    pub envelope: Option<Box<[u8]>>,
}

impl Outcome {
    /// Reads the envelope, if there is one to read: code and text.
    pub(super) fn read(&self) -> (i64, Cow<'_, str>) {
        let envelope =
            self.envelope.as_deref().and_then(|bytes| serde_json::from_slice::<serde_json::Value>(bytes).ok());
        let told = |key: &str| envelope.as_ref().and_then(|envelope| envelope.get(key));
        let code = told("code").and_then(serde_json::Value::as_i64).or(self.code.map(i64::from));
        let code = code.unwrap_or(i64::from(self.http_status));
        let message = match (told("msg").and_then(serde_json::Value::as_str), &self.message) {
            (Some(text), _) => Cow::Owned(text.to_owned()),
            (None, Some(text)) => Cow::Borrowed(text.as_ref()),
            (None, None) if (200..400).contains(&code) => Cow::Borrowed("Success"),
            (None, None) => Cow::Borrowed(""),
        };
        (code, message)
    }
}
