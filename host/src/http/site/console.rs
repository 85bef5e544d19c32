//! A web page served from a directory, whose own router knows paths that are no files.

use crate::http::API_PREFIX;
use poem::endpoint::StaticFilesEndpoint;
use poem::error::{MethodNotAllowedError, NotFoundError};
use poem::http::Method;
use poem::{Endpoint, Request, Response};
use std::path::Path;

/// Files of a directory; `index.html` for every other path that is no API's and names no file.
pub(super) struct Console {
    pages: StaticFilesEndpoint,
    files: StaticFilesEndpoint,
}

impl Console {
    pub(super) fn new(directory: &Path) -> Self {
        let files = || StaticFilesEndpoint::new(directory).index_file("index.html").no_cache_index();
        Self { pages: files().fallback_to_index(), files: files() }
    }
}

impl Endpoint for Console {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let path = request.uri().path();
        if belongs_to_an_api(path) {
            return Err(NotFoundError.into());
        }
        let names_a_file = names_a_file(path);
        match *request.method() {
            Method::GET => {}
            Method::HEAD => request.set_method(Method::GET),
            _ => return Err(MethodNotAllowedError.into()),
        }
        if names_a_file { self.files.call(request).await } else { self.pages.call(request).await }
    }
}

/// A client that asks an API for JSON must never get a page with status 200.
pub(super) fn belongs_to_an_api(path: &str) -> bool {
    let root = API_PREFIX.split('/').nth(1).unwrap_or_default();
    path.split('/').nth(1) == Some(root)
}

/// Whether a path asks for a file, not for a page of the console's own router.
pub(super) fn names_a_file(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|last| last.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::http::StatusCode;

    #[tokio::test]
    async fn pages_fall_back_to_the_index_and_apis_and_files_do_not() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("index.html"), "the page").unwrap();
        std::fs::write(directory.path().join("app.js"), "code").unwrap();
        let console = Console::new(directory.path());
        let cases = [
            ("/", Some("the page")),
            ("/app.js", Some("code")),
            ("/system/users", Some("the page")),
            ("/missing.js", None),
            ("/api/v1/nope", None),
            ("/api", None),
            ("/../../etc/passwd", None),
            ("/%2e%2e/secret.txt", None),
        ];
        for (path, expected) in cases {
            let request = Request::builder().uri_str(path).finish();
            let response = console.get_response(request).await;
            let status = response.status();
            let body = response.into_body().into_string().await.unwrap();
            match expected {
                Some(text) => assert_eq!((status, body.as_str()), (StatusCode::OK, text), "{path}"),
                None => assert_ne!(status, StatusCode::OK, "{path}"),
            }
        }
    }
}
