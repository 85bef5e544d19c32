//! What stands beside the API: health, its documentation, and a page at `/`.

mod console;
mod docs;
mod embedded;
mod health;
mod home;
mod plugin_ui;
mod setup;
mod uploads;

pub use plugin_ui::PLUGIN_UI_PATH;
pub use uploads::UPLOADS_PATH;

use crate::plugin::Published;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use poem::endpoint::make_sync;
use poem::http::HeaderValue;
use poem::{IntoEndpoint, Response, Route, get};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Whether the host can do its work, with how each part of it is, else why not.
pub type Check = Arc<dyn Fn() -> BoxFuture<'static, Result<Parts, String>> + Send + Sync>;

/// The parts that the host works with, by name: `ready`, or `away` for one that it works without for a while.
pub type Parts = BTreeMap<&'static str, &'static str>;

/// What the site needs to know.
#[derive(Clone)]
pub struct Site {
    /// The product's name.
    pub name: String,
    /// The host's version.
    pub version: String,
    /// IANA name of the zone of the times that the API shows.
    pub time_zone: String,
    /// Whether `/docs` is there.
    pub docs: bool,
    /// Origins whose pages may show ours in a frame, as the policy's `frame-ancestors`.
    pub frame_policy: HeaderValue,
    /// A directory to serve at `/`; None for the embedded console.
    pub console: Option<PathBuf>,
    /// The directory of uploaded files.
    pub uploads: PathBuf,
    /// What serves now, with what browsers get of it.
    pub published: Published,
    /// The live OpenAPI document.
    pub openapi: Arc<dyn Fn() -> Bytes + Send + Sync>,
    /// Whether the host can do its work, else why not.
    pub ready: Check,
}

/// Adds the site's routes.
pub(super) fn add(route: Route, site: Site) -> Route {
    let openapi = site.openapi.clone();
    let document = make_sync(move |_| json(openapi()));
    let mut route = route
        .at("/healthz", get(make_sync(|_| health::alive())))
        .at("/readyz", get(health::Ready::new(site.ready.clone())))
        .at("/openapi.json", get(document))
        .at("/console.json", setup::endpoint(&site))
        .nest_no_strip(UPLOADS_PATH, uploads::Uploads(site.uploads.clone()))
        .nest_no_strip(PLUGIN_UI_PATH, plugin_ui::PluginUi(site.published.clone()));
    if site.docs {
        route = docs::add(route, &site.name);
    }
    match &site.console {
        Some(directory) => route.nest_no_strip("/", console::Console::new(directory)),
        None if embedded::is_there() => route.nest_no_strip("/", embedded::Embedded::new(&site.frame_policy)),
        None => route.at("/", home::page(&site).into_endpoint()),
    }
}

fn json(body: impl Into<poem::Body>) -> Response {
    Response::builder().content_type("application/json").body(body)
}
