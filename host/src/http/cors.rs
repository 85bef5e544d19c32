//! Which pages of other origins may call the API from a browser.

use poem::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use poem::{Request, Response};

/// How long a browser may remember a preflight, in seconds.
const PREFLIGHT_SECONDS: &str = "600";
const METHODS: &str = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";

/// The rule about other origins.
///
/// A request that is not allowed is still answered, without the headers that would let the page
/// read the answer: pages of our own origin send `Origin` too.
#[derive(Debug, Clone)]
pub struct Cors {
    origins: Vec<HeaderValue>,
}

impl Cors {
    /// Allows these origins, each `scheme://host[:port]`; what can't be a header is left out.
    pub fn new(origins: &[String]) -> Self {
        Self { origins: origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()).collect() }
    }

    /// The answer to a preflight; None if the request is none.
    pub fn preflight(&self, request: &Request) -> Option<Response> {
        let headers = request.headers();
        if request.method() != Method::OPTIONS || !headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
            return None;
        }
        let origin = headers.get(header::ORIGIN)?;
        let mut response = Response::builder().content_type("text/plain; charset=utf-8").header(header::VARY, "Origin");
        if !self.origins.contains(origin) {
            return Some(response.status(StatusCode::BAD_REQUEST).body("Disallowed CORS origin"));
        }
        response = response
            .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin)
            .header(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true")
            .header(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS)
            .header(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS);
        if let Some(wanted) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            response = response.header(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted);
        }
        Some(response.body("OK"))
    }

    /// The policy by which only our own pages, those of allowed origins and those of `framing` ones may
    /// show an answer in a frame.
    pub fn frame_policy(&self, framing: &[String]) -> HeaderValue {
        let mut policy = b"frame-ancestors 'self'".to_vec();
        for origin in self.origins.iter().map(HeaderValue::as_bytes).chain(framing.iter().map(String::as_bytes)) {
            policy.push(b' ');
            policy.extend_from_slice(origin);
        }
        HeaderValue::from_bytes(&policy).unwrap_or(HeaderValue::from_static("frame-ancestors 'self'"))
    }

    /// The origin of a request, if its page may read the answer.
    pub fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        self.origins.contains(origin).then(|| origin.clone())
    }

    /// Lets the page of an allowed origin read the answer.
    pub fn allow(origin: HeaderValue, headers: &mut HeaderMap) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("X-Request-ID"));
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preflight(origin: &'static str) -> Request {
        Request::builder()
            .method(Method::OPTIONS)
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type")
            .finish()
    }

    #[test]
    fn only_listed_origins_pass_a_preflight() {
        let cors = Cors::new(&["http://localhost:5173".to_owned()]);
        let good = cors.preflight(&preflight("http://localhost:5173")).unwrap();
        assert_eq!(good.status(), StatusCode::OK);
        assert_eq!(good.headers()[header::ACCESS_CONTROL_ALLOW_HEADERS], "authorization,content-type");
        let bad = cors.preflight(&preflight("http://localhost:51730")).unwrap();
        assert_eq!(bad.status(), StatusCode::BAD_REQUEST);
        assert!(!bad.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
        let plain = Request::builder().method(Method::OPTIONS).finish();
        assert!(cors.preflight(&plain).is_none());
    }
}
