//! What the core serves itself: no plugin may claim it.

use super::table::Pattern;
use http::Method;
use serde_json::Value;

/// The core's routes and its OpenAPI document.
#[derive(Debug, Clone)]
pub struct CoreSurface {
    prefix: String,
    openapi: Value,
    routes: Vec<(Method, Pattern)>,
}

impl CoreSurface {
    /// Reads the routes from the core's OpenAPI document, whose paths are absolute, and adds
    /// `others`, which it does not describe. `prefix` goes before every plugin's path.
    #[must_use]
    pub fn new(prefix: &str, openapi: Value, others: &[(Method, &str)]) -> Self {
        let mut routes = described(&openapi);
        for (method, path) in others {
            routes.extend(Pattern::parse(path).ok().map(|pattern| (method.clone(), pattern)));
        }
        // The same route, described and named again, is one route.
        let mut known = std::collections::HashSet::new();
        routes.retain(|(method, pattern)| known.insert((method.clone(), pattern.canonical().to_owned())));
        Self { prefix: prefix.to_owned(), openapi, routes }
    }

    /// What goes before every plugin's path, for example `/api/v1`.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The core's own document.
    #[must_use]
    pub fn openapi(&self) -> &Value {
        &self.openapi
    }

    /// The core's routes.
    #[must_use]
    pub fn routes(&self) -> &[(Method, Pattern)] {
        &self.routes
    }
}

fn described(openapi: &Value) -> Vec<(Method, Pattern)> {
    let Some(paths) = openapi.get("paths").and_then(Value::as_object) else { return Vec::new() };
    let mut routes = Vec::new();
    for (path, item) in paths {
        // The core writes its own document: a path that is no pattern is not routable either.
        let (Ok(pattern), Some(item)) = (Pattern::parse(path), item.as_object()) else { continue };
        for name in item.keys() {
            let method = Method::from_bytes(name.to_ascii_uppercase().as_bytes());
            let known = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD];
            routes.extend(method.ok().filter(|method| known.contains(method)).map(|method| (method, pattern.clone())));
        }
    }
    routes
}
