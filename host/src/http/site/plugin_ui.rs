//! `/plugin-ui/{plugin}/{hash}/…`: what browsers get of the plugins that serve.
//!
//! The hash is of all files of a version together, so an answer never changes and what a module
//! imports by a relative path is of the same version. Another hash than that of the version that
//! serves is answered like a plugin that is not there.

use crate::plugin::Published;
use crate::store::{Sha256, ui};
use bytes::Bytes;
use poem::error::{MethodNotAllowedError, NotFoundError};
use poem::http::{HeaderValue, Method, header};
use poem::{Endpoint, Request, Response};

/// Where the files of plugins are served.
pub const PLUGIN_UI_PATH: &str = "/plugin-ui";
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Opened by itself, a picture with a script in it runs nothing, and has no origin.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");
/// Whatever the header above the answer would say of its kind.
const NO_SNIFFING: HeaderValue = HeaderValue::from_static("nosniff");

/// The files of plugins, out of the published table.
pub(super) struct PluginUi(pub(super) Published);

impl PluginUi {
    /// A file and its content type. Names are looked up as they are, so no path leads anywhere else.
    fn file(&self, path: &str) -> Option<(Bytes, &'static str)> {
        let mut segments = path.strip_prefix(PLUGIN_UI_PATH)?.strip_prefix('/')?.splitn(3, '/');
        let (plugin, hash, name) = (segments.next()?, segments.next()?, segments.next()?);
        let hash: Sha256 = hash.parse().ok()?;
        let table = self.0.load();
        let ui = table.plugins().get(plugin)?.active.as_ref()?.ui.as_ref()?;
        let bytes = ui.file(name).filter(|_| ui.hash() == hash)?;
        Some((bytes, ui::content_type(name)?))
    }
}

impl Endpoint for PluginUi {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Err(MethodNotAllowedError.into());
        }
        let (bytes, kind) = self.file(request.uri().path()).ok_or(NotFoundError)?;
        let mut response = Response::builder().content_type(kind).body(bytes);
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, FOREVER);
        headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFFING);
        Ok(response)
    }
}
