//! `/console.json`: what the console needs to know before anybody is logged in.

use super::{Site, json};
use bytes::Bytes;
use poem::endpoint::make_sync;
use poem::http::header;
use poem::{Response, RouteMethod, get};
use serde_json::json as value;

/// Its endpoint.
pub(super) fn endpoint(site: &Site) -> RouteMethod {
    let document = value!({
        "name": site.name,
        "version": site.version,
        "time_zone": site.time_zone,
        "docs": site.docs,
    });
    let document = Bytes::from(document.to_string());
    get(make_sync(move |_| answer(document.clone())))
}

fn answer(document: Bytes) -> Response {
    let mut response = json(document);
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-cache"));
    response
}
