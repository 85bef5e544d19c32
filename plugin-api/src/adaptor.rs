//! Ordinary poem-openapi APIs behind the ABI.
//!
//! Each operation becomes a route of its own with its own endpoint, found by index: the host has
//! already matched the path, so the plugin does not search again among all its routes.
//! A request's head is copied once, into one block that URI, header values and request info share.

mod endpoint;
mod language;
mod nul;
mod request;
mod response;

pub(crate) use language::{Spoken, current as current_language};

use crate::Contributions;
use crate::descriptor::{Access, RouteSpec};
use crate::fault::Form;
use endpoint::OperationHandler;
use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem_openapi::registry::{MetaApi, MetaOperation, Registry};
use poem_openapi::{OpenApi, OpenApiService};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

type Endpoints = HashMap<String, HashMap<Method, BoxEndpoint<'static>>>;

impl Contributions {
    /// The routes of an API written with poem-openapi; several APIs go in as a tuple, or one by one.
    ///
    /// Without [`access`](Contributions::access) every logged-in user may call them.
    ///
    /// # Panics
    /// When an operation of the document has no endpoint: the host would serve less than the document says.
    pub fn openapi<A: OpenApi + 'static>(mut self, api: A) -> Self {
        let document = OpenApiService::new(Described::<A>(PhantomData), "", "").spec();
        let document = serde_json::from_str(&document).unwrap_or_default();
        self.openapi = Some(match self.openapi.take() {
            Some(earlier) => merged(earlier, document),
            None => document,
        });
        let registry = registry_of::<A>();
        let mut endpoints = Endpoints::new();
        api.add_routes(&mut endpoints);
        for (path, operation) in A::meta().into_iter().flat_map(|api| api.paths).flat_map(each_operation) {
            let numbered = numbered(&path);
            let Some(endpoint) = endpoints.get_mut(&numbered).and_then(|methods| methods.remove(&operation.method))
            else {
                panic!("operation {} {path} has no endpoint", operation.method);
            };
            let form = Form::of(&operation, Arc::clone(&registry));
            let spec = RouteSpec {
                method: operation.method.to_string(),
                path: braced(&path),
                access: Access::default(),
                summary: operation.summary.unwrap_or_default().to_owned(),
            };
            self.routes.push((spec, Box::new(OperationHandler::new(numbered, operation.method, endpoint, form))));
        }
        self
    }
}

/// The types of an API's operations.
fn registry_of<A: OpenApi>() -> Arc<Registry> {
    let mut registry = Registry::new();
    A::register(&mut registry);
    Arc::new(registry)
}

fn each_operation(path: poem_openapi::registry::MetaPath) -> impl Iterator<Item = (String, MetaOperation)> {
    let name = path.path;
    path.operations.into_iter().map(move |operation| (name.clone(), operation))
}

/// `/things/{id}` as `/things/:param0`: the name under which poem-openapi keeps an operation's endpoint,
/// which finds its parameters by their number.
fn numbered(path: &str) -> String {
    let mut number = 0;
    let segments = path.split('/').map(|segment| {
        if !segment.starts_with('{') {
            return segment.to_owned();
        }
        number += 1;
        format!(":param{}", number - 1)
    });
    segments.collect::<Vec<_>>().join("/")
}

/// `/things/*rest` as `/things/{*rest}`; other parameters are written in braces already.
fn braced(path: &str) -> String {
    let segment = |segment: &str| match segment.strip_prefix('*') {
        Some(name) => format!("{{*{name}}}"),
        None => segment.to_owned(),
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// Two documents of one plugin: their paths, schemas and tags together.
fn merged(mut one: serde_json::Value, other: serde_json::Value) -> serde_json::Value {
    match (&mut one, other) {
        (serde_json::Value::Object(one), serde_json::Value::Object(other)) => {
            for (key, value) in other {
                let value = match one.remove(&key) {
                    Some(earlier) => merged(earlier, value),
                    None => value,
                };
                one.insert(key, value);
            }
        }
        (serde_json::Value::Array(one), serde_json::Value::Array(other)) => {
            one.extend(other.into_iter().filter(|item| !one.contains(item)).collect::<Vec<_>>());
        }
        _ => {}
    }
    one
}

/// The document of `A` without an instance of it.
struct Described<A>(PhantomData<A>);

impl<A: OpenApi> OpenApi for Described<A> {
    fn meta() -> Vec<MetaApi> {
        A::meta()
    }
    fn register(registry: &mut Registry) {
        A::register(registry);
    }
    fn add_routes(self, _: &mut Endpoints) {}
}

/// One operation as an API, so that [`OpenApiService`] sets up for it what it sets up for any.
struct One {
    path: String,
    method: Method,
    endpoint: BoxEndpoint<'static>,
}

impl OpenApi for One {
    fn meta() -> Vec<MetaApi> {
        Vec::new()
    }
    fn register(_: &mut Registry) {}
    fn add_routes(self, table: &mut Endpoints) {
        table.entry(self.path).or_default().insert(self.method, self.endpoint);
    }
}
