//! Uploaded files, as they were stored: pictures and films, and nothing else of their folder.

use crate::admin::file::StoredName;
use poem::error::{MethodNotAllowedError, NotFoundError};
use poem::http::{HeaderValue, Method, header};
use poem::web::StaticFileRequest;
use poem::{Endpoint, FromRequest, IntoResponse, Request, RequestBody, Response};
use std::path::PathBuf;

/// Where uploaded files are served.
pub const UPLOADS_PATH: &str = "/static/upload";
/// A stored file never changes: its name is never given a second time.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Whatever a file holds, a browser must not run it.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

/// The files of a folder whose names were made for them.
pub(super) struct Uploads(pub(super) PathBuf);

impl Endpoint for Uploads {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        match *request.method() {
            Method::GET => {}
            Method::HEAD => request.set_method(Method::GET),
            _ => return Err(MethodNotAllowedError.into()),
        }
        let path = request.uri().path();
        let name = path.strip_prefix(UPLOADS_PATH).and_then(|rest| rest.strip_prefix('/')).and_then(StoredName::parse);
        let name = name.ok_or(NotFoundError)?;
        let conditions = StaticFileRequest::from_request(&request, &mut RequestBody::default()).await?;
        let file = conditions.create_response(self.0.join(name.as_str()), false, false)?;
        let mut response = file.with_content_type(name.media().content_type).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, CACHE);
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        Ok(response)
    }
}
