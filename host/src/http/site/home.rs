//! The page at `/` when no console is built in or configured.

use super::Site;
use poem::endpoint::make_sync;
use poem::http::header;
use poem::{IntoEndpoint, Response, RouteMethod, get};

const TEMPLATE: &str = include_str!("home.html");
/// The page has its style inside and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'self'";

/// The endpoint of the built-in page.
pub(super) fn page(site: &Site) -> impl IntoEndpoint<Endpoint = RouteMethod> {
    let docs = if site.docs { r#"<a class="primary" href="/docs">API documentation</a>"# } else { "" };
    let html = TEMPLATE
        .replace("{docs}", docs)
        .replace("{version}", &escape(&site.version))
        .replace("{name}", &escape(&site.name));
    let html = bytes::Bytes::from(html);
    get(make_sync(move |_| {
        Response::builder()
            .content_type("text/html; charset=utf-8")
            .header(header::CONTENT_SECURITY_POLICY, POLICY)
            .header(header::CACHE_CONTROL, "no-cache")
            .body(html.clone())
    }))
}

/// Text as HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
