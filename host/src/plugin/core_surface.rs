//! What the core serves itself: no plugin may claim it.

use super::table::Pattern;
use http::Method;
use serde_json::Value;
use std::sync::Arc;

/// The core's routes, its OpenAPI document and its models.
#[derive(Debug, Clone)]
pub struct CoreSurface {
    prefix: String,
    openapi: Arc<Value>,
    routes: Vec<CoreRoute>,
    models: Vec<String>,
}

/// One of the core's routes.
#[derive(Debug, Clone)]
pub struct CoreRoute {
    /// Its method.
    pub method: Method,
    /// Its absolute path.
    pub pattern: Pattern,
    /// One line for people; empty if nothing describes it.
    pub summary: String,
}

impl CoreSurface {
    /// Reads the routes from the core's OpenAPI document, whose paths are absolute, and adds
    /// `others`, which it does not describe. `prefix` goes before every plugin's path.
    #[must_use]
    pub fn new(prefix: &str, openapi: Value, others: &[(Method, &str)]) -> Self {
        let mut routes = described(&openapi);
        for (method, path) in others {
            routes.extend(Pattern::parse(path).ok().map(|pattern| CoreRoute {
                method: method.clone(),
                pattern,
                summary: String::new(),
            }));
        }
        // The same route, described and named again, is one route.
        let mut known = std::collections::HashSet::new();
        routes.retain(|route| known.insert((route.method.clone(), route.pattern.canonical().to_owned())));
        Self { prefix: prefix.to_owned(), openapi: Arc::new(openapi), routes, models: Vec::new() }
    }

    /// With models of these names.
    #[must_use]
    pub fn with_models(self, models: Vec<String>) -> Self {
        Self { models, ..self }
    }

    /// What goes before every plugin's path, for example `/api/v1`.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The core's own document.
    #[must_use]
    pub fn openapi(&self) -> &Arc<Value> {
        &self.openapi
    }

    /// The names of the core's models.
    #[must_use]
    pub fn models(&self) -> &[String] {
        &self.models
    }

    /// The core's routes.
    #[must_use]
    pub fn routes(&self) -> &[CoreRoute] {
        &self.routes
    }
}

fn described(openapi: &Value) -> Vec<CoreRoute> {
    let Some(paths) = openapi.get("paths").and_then(Value::as_object) else { return Vec::new() };
    let mut routes = Vec::new();
    for (path, item) in paths {
        // The core writes its own document: a path that is no pattern is not routable either.
        let (Ok(pattern), Some(item)) = (Pattern::parse(path), item.as_object()) else { continue };
        for (name, operation) in item {
            let method = Method::from_bytes(name.to_ascii_uppercase().as_bytes());
            let known = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD];
            let Some(method) = method.ok().filter(|method| known.contains(method)) else { continue };
            let summary = operation["summary"].as_str().unwrap_or_default().to_owned();
            routes.push(CoreRoute { method, pattern: pattern.clone(), summary });
        }
    }
    routes
}
