//! Requests that a plugin sends to others, by way of its host.
//!
//! The host looks at each of them, and at each redirect: it goes to hosts only that `plugin.toml` names and an
//! administrator has granted.
//!
//! ```toml
//! [capabilities]
//! http = ["api.example.com", "*.example.org"]
//! ```
//!
//! A name is that host on any port, by `http` or `https`; `*.example.org` is every host below `example.org`, not
//! `example.org` itself. Addresses of the machine and of private networks are reached only by a host that is
//! granted by its own name (or as the address itself), never by a `*.`.
//!
//! ```
//! use plugin_api::http::{Http, Response};
//! use plugin_api::services::{ServiceError, ServiceErrorKind};
//! use std::time::Duration;
//!
//! # #[derive(serde::Deserialize)] struct Rates { eur: f64 }
//! /// `http` is what `context.http()` gives.
//! async fn rate(http: &Http) -> Result<Option<f64>, ServiceError> {
//!     let request = http.get("https://api.example.com/rates").header("accept", "application/json");
//!     match request.timeout(Duration::from_secs(5)).send().await {
//!         Ok(answer) if answer.is_success() => Ok(answer.json::<Rates>().ok().map(|rates| rates.eur)),
//!         Ok(_) => Ok(None),
//!         Err(error) if error.kind == ServiceErrorKind::Timeout => Ok(None),
//!         Err(error) => Err(error),
//!     }
//! }
//! ```

use crate::db::{DecodeError, Value};
use crate::services::{HostServices, ServiceError};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Sends requests. From [`PluginContext::http`](crate::PluginContext::http); cheap to clone.
#[derive(Clone)]
pub struct Http(Arc<dyn HostServices>);

/// A request that is being written.
#[must_use = "it goes nowhere until it is sent"]
pub struct RequestBuilder {
    services: Arc<dyn HostServices>,
    request: Request,
}

/// A request.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST` or another.
    pub method: String,
    /// Absolute, with `http` or `https`.
    pub url: String,
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
    /// Empty for none.
    pub body: Bytes,
    /// How long it may take with its answer; the host's own bound holds too.
    pub timeout: Option<Duration>,
}

/// An answer, whole.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Where it came from in the end, after redirects.
    pub url: String,
    /// Names in lower case and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Http {
    pub(crate) fn new(services: Arc<dyn HostServices>) -> Self {
        Self(services)
    }

    /// A request; the URL is absolute.
    pub fn request(&self, method: &str, url: &str) -> RequestBuilder {
        let request = Request {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
            timeout: None,
        };
        RequestBuilder { services: Arc::clone(&self.0), request }
    }

    /// `GET url`
    pub fn get(&self, url: &str) -> RequestBuilder {
        self.request("GET", url)
    }

    /// `POST url`
    pub fn post(&self, url: &str) -> RequestBuilder {
        self.request("POST", url)
    }

    /// `PUT url`
    pub fn put(&self, url: &str) -> RequestBuilder {
        self.request("PUT", url)
    }

    /// `DELETE url`
    pub fn delete(&self, url: &str) -> RequestBuilder {
        self.request("DELETE", url)
    }
}

impl RequestBuilder {
    /// One header more.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.request.body = body.into();
        self
    }

    /// The body as JSON, with its `content-type`.
    ///
    /// # Panics
    /// If the value can't be JSON: a map whose keys are no texts.
    pub fn json(self, value: &impl Serialize) -> Self {
        let text = serde_json::to_vec(value).expect("a value whose maps have texts as keys");
        self.header("content-type", "application/json").body(text)
    }

    /// How long it may take, with redirects and the whole answer. The host's own bound holds too.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.request.timeout = Some(timeout);
        self
    }

    /// Sends it, follows redirects, and waits for the whole answer, whatever its status. Dropped before, the
    /// request is broken off.
    ///
    /// # Errors
    /// Of kind [`Refused`](crate::services::ServiceErrorKind::Refused) if the host of the URL or of a redirect is not
    /// granted; `Invalid`, `TooLarge`, `Timeout`, `Unreachable`; `Unavailable` while the plugin is being stopped.
    pub async fn send(self) -> Result<Response, ServiceError> {
        self.services.send(self.request).await
    }
}

impl Response {
    /// Whether the status is one of 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    /// If it is none, or does not fit.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }
}

/// Headers and query may be secrets.
impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.split(['?', '#']).next().unwrap_or_default();
        let url = url.rsplit_once('@').map_or(url, |(_, rest)| rest);
        write!(formatter, "Request({} {url}, {} bytes)", self.method, self.body.len())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Response({}, {} bytes)", self.status, self.body.len())
    }
}

// ---- how both cross the ABI: as a list of values, whose headers come last -----------------------

impl Request {
    pub(crate) fn into_crossing(self) -> Vec<Value> {
        let timeout = self.timeout.map(|timeout| i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX));
        let first = [self.method.into(), self.url.into(), timeout.into(), Value::Bytes(self.body.into())];
        first.into_iter().chain(crossing_headers(self.headers)).collect()
    }

    pub(crate) fn from_crossing(values: Vec<Value>) -> Result<Self, DecodeError> {
        let mut values = values.into_iter();
        let first = (values.next(), values.next(), values.next(), values.next());
        let (Some(Value::Text(method)), Some(Value::Text(url)), Some(timeout), Some(Value::Bytes(body))) = first else {
            return Err(DecodeError::new("an encoded request is none"));
        };
        let timeout = match timeout {
            Value::Int(ms) => Some(Duration::from_millis(u64::try_from(ms).unwrap_or_default())),
            _ => None,
        };
        Ok(Self { method, url, headers: crossed_headers(values)?, body: body.into(), timeout })
    }
}

impl Response {
    pub(crate) fn into_crossing(self) -> Vec<Value> {
        let first = [self.status.into(), self.url.into(), Value::Bytes(self.body.into())];
        first.into_iter().chain(crossing_headers(self.headers)).collect()
    }

    pub(crate) fn from_crossing(values: Vec<Value>) -> Result<Self, DecodeError> {
        let mut values = values.into_iter();
        let first = (values.next(), values.next(), values.next());
        let (Some(Value::Int(status)), Some(Value::Text(url)), Some(Value::Bytes(body))) = first else {
            return Err(DecodeError::new("an encoded answer is none"));
        };
        let status = u16::try_from(status).unwrap_or_default();
        Ok(Self { status, url, headers: crossed_headers(values)?, body: body.into() })
    }
}

fn crossing_headers(headers: Vec<(String, String)>) -> impl Iterator<Item = Value> {
    headers.into_iter().flat_map(|(name, value)| [Value::Text(name), Value::Text(value)])
}

fn crossed_headers(mut values: impl Iterator<Item = Value>) -> Result<Vec<(String, String)>, DecodeError> {
    let mut headers = Vec::new();
    while let Some(name) = values.next() {
        let (Value::Text(name), Some(Value::Text(value))) = (name, values.next()) else {
            return Err(DecodeError::new("an encoded header is none"));
        };
        headers.push((name, value));
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_answers_cross_whole() {
        let headers = vec![("a".to_owned(), "1".to_owned()), ("a".to_owned(), String::new())];
        for timeout in [None, Some(Duration::from_millis(1_500))] {
            let (method, url) = ("POST".to_owned(), "http://x/?q".to_owned());
            let request =
                Request { method, url, headers: headers.clone(), body: Bytes::from_static(b"\0\xff"), timeout };
            assert_eq!(Request::from_crossing(request.clone().into_crossing()).unwrap(), request);
        }
        let response = Response { status: 204, url: "http://x/".to_owned(), headers, body: Bytes::new() };
        assert_eq!(Response::from_crossing(response.clone().into_crossing()).unwrap(), response);
        assert!(Request::from_crossing(response.into_crossing()).is_err());
        assert!(Response::from_crossing(Vec::new()).is_err());
    }

    #[test]
    fn what_is_printed_of_a_request_is_no_secret() {
        let mut request = Request {
            method: "GET".to_owned(),
            url: "https://x/path?token=secret".to_owned(),
            headers: vec![("authorization".to_owned(), "secret".to_owned())],
            body: Bytes::from_static(b"secret"),
            timeout: None,
        };
        assert_eq!(format!("{request:?}"), "Request(GET https://x/path, 6 bytes)");
        request.url = "https://name:secret@x/path".to_owned();
        assert_eq!(format!("{request:?}"), "Request(GET x/path, 6 bytes)");
    }
}
