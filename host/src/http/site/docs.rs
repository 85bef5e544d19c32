//! The API's interactive pages at `/docs`.
//!
//! Swagger UI as poem-openapi brings it, taken apart into files: so the policy can forbid inline
//! scripts, and the large ones stay in the browser's cache. The page reads the live document.

use super::home::escape;
use bytes::Bytes;
use poem::endpoint::make_sync;
use poem::http::header;
use poem::{Response, Route, get};
use poem_openapi::OpenApiService;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; font-src 'self' data:; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'self'";

const START: &str = "SwaggerUIBundle({ url: '/openapi.json', dom_id: '#ui', deepLinking: true, \
                     persistAuthorization: true, tryItOutEnabled: true });\n";

/// Adds `/docs` and its files.
pub(super) fn add(route: Route, name: &str) -> Route {
    let Some(parts) = Parts::of(&OpenApiService::new((), "", "").swagger_ui_html()) else {
        tracing::warn!("the API's pages at /docs are missing: Swagger UI has another form than expected");
        return route;
    };
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{} API</title>\
         <link rel=\"stylesheet\" href=\"/docs/swagger-ui.css\"></head>\
         <body><div id=\"ui\"></div><script src=\"/docs/swagger-ui.js\"></script>\
         <script src=\"/docs/start.js\"></script></body></html>\n",
        escape(name)
    );
    route
        .at("/docs", file("text/html; charset=utf-8", Bytes::from(html)))
        .at("/docs/start.js", file("text/javascript; charset=utf-8", Bytes::from_static(START.as_bytes())))
        .at("/docs/swagger-ui.js", file("text/javascript; charset=utf-8", parts.script))
        .at("/docs/swagger-ui.css", file("text/css; charset=utf-8", parts.style))
}

fn file(content_type: &'static str, bytes: Bytes) -> poem::RouteMethod {
    get(make_sync(move |_| {
        Response::builder()
            .content_type(content_type)
            .header(header::CONTENT_SECURITY_POLICY, POLICY)
            .header(header::CACHE_CONTROL, "max-age=3600")
            .body(bytes.clone())
    }))
}

/// What poem-openapi's page holds inline.
struct Parts {
    script: Bytes,
    style: Bytes,
}

impl Parts {
    fn of(html: &str) -> Option<Self> {
        let between = |open: &str, close: &str| {
            let (_, rest) = html.split_once(open)?;
            let (inner, _) = rest.split_once(close)?;
            Some(Bytes::copy_from_slice(inner.as_bytes()))
        };
        Some(Self {
            script: between("<script charset=\"UTF-8\">", "</script>")?,
            style: between("<style charset=\"UTF-8\">", "</style>")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swagger_ui_is_found_in_poem_openapis_page() {
        let html = OpenApiService::new((), "", "").swagger_ui_html();
        let parts = Parts::of(&html).unwrap();
        assert!(parts.script.len() > 100_000, "{}", parts.script.len());
        assert!(parts.style.len() > 10_000, "{}", parts.style.len());
        let script = std::str::from_utf8(&parts.script).unwrap();
        assert!(script.contains("SwaggerUIBundle"));
    }
}
