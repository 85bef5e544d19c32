//! One request with the redirects that follow it, and its answer.

use super::Outgoing;
use super::address::TooNear;
use super::target::{self, Reach};
use crate::plugin::id::PluginId;
use crate::plugin::manifest::HostPattern;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use plugin_api::http::{Request, Response};
use plugin_api::services::{ServiceError, ServiceErrorKind};
use reqwest::Url;
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

/// More lead nowhere.
const REDIRECTS_MAX: usize = 5;

/// Headers that belong to the connection, or say where the request goes.
const OWN_HEADERS: &[HeaderName] = &[
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Headers that are meant for one server only.
const CREDENTIALS: &[HeaderName] = &[header::AUTHORIZATION, header::COOKIE];

/// What one request needs.
pub(super) struct Exchange {
    id: PluginId,
    hosts: Arc<[HostPattern]>,
    outgoing: Arc<Outgoing>,
}

/// A request, as it is sent next.
struct Next {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
}

impl Exchange {
    pub(super) fn new(id: PluginId, hosts: Arc<[HostPattern]>, outgoing: Arc<Outgoing>) -> Self {
        Self { id, hosts, outgoing }
    }

    pub(super) async fn run(&self, request: Request) -> Result<Response, ServiceError> {
        let mut next = self.read(request)?;
        for _ in 0..=REDIRECTS_MAX {
            let reach = target::admit(&self.id, &self.hosts, &next.url)?;
            let answer = self.ask(&next, reach).await?;
            match next.follow(&answer)? {
                Some(followed) => next = followed,
                None => return self.received(answer).await,
            }
        }
        let message = format!("{} leads to more than {REDIRECTS_MAX} redirects", target::shown(&next.url));
        Err(ServiceError::new(ServiceErrorKind::Unreachable, message))
    }

    fn read(&self, request: Request) -> Result<Next, ServiceError> {
        let most = self.outgoing.limits.request_bytes_max;
        if request.body.len() > most {
            let message = format!("the body of the request has {} bytes, {most} at most are sent", request.body.len());
            return Err(ServiceError::new(ServiceErrorKind::TooLarge, message));
        }
        let method: Method =
            request.method.parse().map_err(|_| target::invalid(format!("there is no method {:?}", request.method)))?;
        if method == Method::CONNECT {
            return Err(target::invalid("CONNECT is not sent for plugins"));
        }
        Ok(Next { method, url: target::parse(&request.url)?, headers: headers(&request.headers)?, body: request.body })
    }

    async fn ask(&self, next: &Next, reach: Reach) -> Result<reqwest::Response, ServiceError> {
        let client = match reach {
            Reach::Named => &self.outgoing.named,
            Reach::Covered => &self.outgoing.covered,
        };
        let began = Instant::now();
        let mut request = client.request(next.method.clone(), next.url.clone()).headers(next.headers.clone());
        if !next.body.is_empty() {
            request = request.body(next.body.clone());
        }
        let answer = request.send().await.map_err(|error| self.failed(&error.without_url(), &next.url));
        let status = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
        let (url, took) = (target::shown(&next.url), began.elapsed().as_millis());
        tracing::debug!(
            plugin.id = %self.id, http.status = status, duration_ms = took,
            "plugin {} asked {} {url}", self.id, next.method
        );
        answer
    }

    /// The whole answer.
    async fn received(&self, mut answer: reqwest::Response) -> Result<Response, ServiceError> {
        let most = self.outgoing.limits.answer_bytes_max;
        let url = answer.url().clone();
        let too_large = || {
            let message = format!("the answer of {} has more than {most} bytes", target::shown(&url));
            ServiceError::new(ServiceErrorKind::TooLarge, message)
        };
        if answer.content_length().is_some_and(|length| usize::try_from(length).map_or(true, |length| length > most)) {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.failed(&error.without_url(), &url))? {
            if body.len() + chunk.len() > most {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = answer.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        Ok(Response { status: answer.status().as_u16(), url: url.into(), headers, body: body.freeze() })
    }

    fn failed(&self, error: &reqwest::Error, url: &Url) -> ServiceError {
        let first: Option<&(dyn Error + 'static)> = error.source();
        let causes: Vec<_> = std::iter::successors(first, |cause| (*cause).source()).collect();
        if causes.iter().any(|cause| cause.is::<TooNear>()) {
            return target::too_near(&self.id, &self.hosts, url);
        }
        let kind = match error {
            error if error.is_timeout() => ServiceErrorKind::Timeout,
            error if error.is_builder() => ServiceErrorKind::Invalid,
            _ => ServiceErrorKind::Unreachable,
        };
        let why = causes.last().map_or_else(|| error.to_string(), ToString::to_string);
        ServiceError::new(kind, format!("{} does not answer: {why}", target::shown(url)))
    }
}

impl Next {
    /// What to ask instead, if an answer says so (RFC 9110, 15.4): what was not asked for may not be repeated, and
    /// what was meant for one server is not told to another.
    fn follow(&self, answer: &reqwest::Response) -> Result<Option<Self>, ServiceError> {
        let status = answer.status();
        let Some(place) = answer.headers().get(header::LOCATION).filter(|_| leads_on(status)) else { return Ok(None) };
        let wrong = || ServiceError::new(ServiceErrorKind::Unreachable, "the answer leads to a place that is no URL");
        let url = place.to_str().ok().and_then(|place| self.url.join(place).ok()).ok_or_else(wrong)?;
        let mut headers = self.headers.clone();
        if !target::is_same_origin(&self.url, &url) {
            CREDENTIALS.iter().for_each(|name| drop(headers.remove(name)));
        }
        let is_repeated = matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT)
            || matches!(self.method, Method::GET | Method::HEAD);
        if is_repeated {
            return Ok(Some(Self { method: self.method.clone(), url, headers, body: self.body.clone() }));
        }
        headers.remove(header::CONTENT_TYPE);
        Ok(Some(Self { method: Method::GET, url, headers, body: Bytes::new() }))
    }
}

fn leads_on(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn headers(given: &[(String, String)]) -> Result<HeaderMap, ServiceError> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let wrong = || target::invalid(format!("the header {name:?} can't be sent"));
        let parsed: HeaderName = name.parse().map_err(|_| wrong())?;
        if OWN_HEADERS.contains(&parsed) {
            return Err(target::invalid(format!("the header {name} is set by the host alone")));
        }
        headers.append(parsed, HeaderValue::from_str(value).map_err(|_| wrong())?);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::outgoing::OutgoingLimits;
    use std::time::Duration;
    use tokio::net::TcpListener;

    fn exchange(hosts: &[&str]) -> Exchange {
        let limits = OutgoingLimits {
            request_bytes_max: 10,
            answer_bytes_max: 10,
            deadline: Duration::from_secs(10),
            at_once_max: 1,
        };
        let hosts = hosts.iter().map(|host| host.parse().unwrap()).collect();
        Exchange::new("shop".parse().unwrap(), hosts, Arc::new(Outgoing::new(limits).unwrap()))
    }

    fn request(url: String) -> Request {
        Request { method: "GET".to_owned(), url, headers: Vec::new(), body: Bytes::new(), timeout: None }
    }

    #[tokio::test]
    async fn this_machine_is_asked_by_its_own_name_only() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let exchange = exchange(&["*.example.org"]);
        let next =
            exchange.read(request(format!("http://localhost:{}", listener.local_addr().unwrap().port()))).unwrap();
        let told = exchange.ask(&next, Reach::Covered).await.unwrap_err();
        assert_eq!(told.kind, ServiceErrorKind::Refused);
        let words = "plugin shop may not send requests to localhost: it is at an address of this machine or of a private \
                     network, which needs to be granted by its own name; granted are *.example.org";
        assert_eq!(told.message, words);
        // Nobody has knocked.
        assert!(tokio::time::timeout(Duration::from_millis(50), listener.accept()).await.is_err());
    }

    #[tokio::test]
    async fn what_can_not_be_sent_is_told() {
        let exchange = exchange(&["a.example"]);
        let with = |change: fn(&mut Request)| {
            let mut request = request("http://a.example".to_owned());
            change(&mut request);
            exchange.read(request).map(drop).unwrap_err()
        };
        let header = |name: &str| (name.to_owned(), "x".to_owned());
        for (told, kind, words) in [
            (with(|it| it.method = "G E T".to_owned()), ServiceErrorKind::Invalid, "there is no method \"G E T\""),
            (with(|it| it.method = "CONNECT".to_owned()), ServiceErrorKind::Invalid, "CONNECT is not sent"),
            (with(|it| it.url = "nowhere".to_owned()), ServiceErrorKind::Invalid, "the URL can't be read"),
            (
                with(|it| it.body = Bytes::from_static(b"0123456789a")),
                ServiceErrorKind::TooLarge,
                "has 11 bytes, 10 at most",
            ),
        ] {
            assert!(told.kind == kind && told.message.contains(words), "{told:?}");
        }
        for name in ["host", "Content-Length", "transfer-encoding", "a b", ""] {
            assert!(headers(&[header(name)]).is_err(), "{name}");
        }
        assert!(headers(&[("a".to_owned(), "x\r\nb: y".to_owned())]).is_err());
    }
}
