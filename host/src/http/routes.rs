//! The core's own routes, as one endpoint. The dispatcher of plugins stands before it, the
//! [`Edge`](super::edge::Edge) around both.

use super::site::{self, Site};
use super::{API_PREFIX, ApiError, Message, context, error, nul};
use crate::admin::auth::Authenticator;
use poem::endpoint::{BoxEndpoint, make, make_sync};
use poem::http::{HeaderValue, Method, StatusCode, header};
use poem::{Endpoint, EndpointExt, IntoEndpoint, Request, Response, Route};
use poem_openapi::registry::{MetaApi, Registry};
use poem_openapi::{OpenApi, OpenApiService};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;

/// The methods that a known path answers with 405 when it has no operation for them.
const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// The OpenAPI document of `A` alone, with whole paths. The plugins' are merged into it.
pub fn document<A: OpenApi>(name: &str, version: &str) -> String {
    OpenApiService::new(Described::<A>(PhantomData), name, version).url_prefix(API_PREFIX).spec()
}

/// `api` under the API's prefix, the site around it, and 404 for the rest.
pub fn routes<A>(api: A, authenticator: Arc<Authenticator>, site: Site) -> impl Endpoint<Output = Response>
where
    A: OpenApi + 'static,
{
    let service = OpenApiService::new(Enveloped(api), site.name.clone(), site.version.clone());
    let api = service.into_endpoint().after(envelop).data(authenticator);
    let route = Route::new().nest(API_PREFIX, api);
    site::add(route, site).after(envelop)
}

/// Gives the envelope to the errors that poem's routers answer by themselves.
async fn envelop(result: poem::Result<Response>) -> poem::Result<Response> {
    let response = match result {
        Ok(response) => response,
        Err(failure) => return Ok(error::respond(failure)),
    };
    let status = response.status();
    let bare = matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)
        && !response.content_type().is_some_and(|kind| kind.starts_with("application/json"));
    if bare { Ok(ApiError::of_status(status).to_response()) } else { Ok(response) }
}

/// An API that is only described: its document needs its type, not what it works on.
struct Described<A>(PhantomData<fn() -> A>);

impl<A: OpenApi> OpenApi for Described<A> {
    fn meta() -> Vec<MetaApi> {
        A::meta()
    }

    fn register(registry: &mut Registry) {
        A::register(registry);
    }

    fn add_routes(self, _table: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}

/// An API whose errors become envelopes where they arise: poem turns them into text otherwise,
/// and what went wrong is lost.
struct Enveloped<A>(A);

impl<A: OpenApi> OpenApi for Enveloped<A> {
    fn meta() -> Vec<MetaApi> {
        A::meta()
    }

    fn register(registry: &mut Registry) {
        A::register(registry);
    }

    fn add_routes(self, table: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {
        let mut own = HashMap::new();
        self.0.add_routes(&mut own);
        let names = ParameterNames::of(&A::meta());
        for (path, endpoints) in own {
            let allow = allow_header(endpoints.keys());
            let names = names.below(&path);
            let of_path = table.entry(path).or_default();
            for (method, endpoint) in endpoints {
                let names = Arc::clone(&names);
                let endpoint = endpoint.before(move |request| storable(request, Arc::clone(&names)));
                let endpoint = endpoint.catch_all_error(|failure| async { error::respond(failure) });
                let endpoint = endpoint.map_to_response();
                let endpoint = if method.is_safe() { endpoint.boxed() } else { lasting(endpoint).boxed() };
                of_path.insert(method, endpoint);
            }
            for method in METHODS {
                let allow = allow.clone();
                of_path.entry(method).or_insert_with(|| make_sync(move |_| refused(&allow)).boxed());
            }
            of_path.entry(Method::OPTIONS).or_insert_with(|| make_sync(move |_| options(&allow)).boxed());
        }
    }
}

/// What may change something is done to its end, whether its client waits for it or not: between a
/// commit and what has to follow it, nothing must be cut off.
fn lasting(endpoint: impl Endpoint<Output = Response> + 'static) -> impl Endpoint<Output = Response> {
    let endpoint = Arc::new(endpoint);
    make(move |request| {
        let endpoint = Arc::clone(&endpoint);
        context::detached("a request that may change something", async move { endpoint.call(request).await })
    })
}

/// Lets only those requests in whose parameters every database can store.
async fn storable(request: Request, names: Arc<[String]>) -> poem::Result<Request> {
    nul::refuse_in_parameters(&request, &names)?;
    Ok(request)
}

/// What the parameters of each path are called in the document: to poem's router they are
/// `param0`, `param1`, ….
struct ParameterNames(HashMap<String, Arc<[String]>>);

impl ParameterNames {
    fn of(apis: &[MetaApi]) -> Self {
        let paths = apis.iter().flat_map(|api| &api.paths);
        Self(paths.map(|path| routed(&path.path)).collect())
    }

    /// In their order; none for a path that is not in the document.
    fn below(&self, path: &str) -> Arc<[String]> {
        self.0.get(path).cloned().unwrap_or_default()
    }
}

/// A path of the document as the router knows it, with the names that are lost by it.
fn routed(path: &str) -> (String, Arc<[String]>) {
    let mut names = Vec::new();
    let segments = path.split('/').map(|segment| {
        let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            return segment.to_owned();
        };
        names.push(name.to_owned());
        format!(":param{}", names.len() - 1)
    });
    let path = segments.collect::<Vec<_>>().join("/");
    (path, names.into())
}

fn allow_header<'a>(methods: impl Iterator<Item = &'a Method>) -> HeaderValue {
    let mut names: Vec<&str> = methods.map(Method::as_str).collect();
    if names.contains(&"GET") && !names.contains(&"HEAD") {
        names.push("HEAD");
    }
    if !names.contains(&"OPTIONS") {
        names.push("OPTIONS");
    }
    names.sort_unstable();
    HeaderValue::from_str(&names.join(", ")).expect("methods are tokens, which a header may hold")
}

fn refused(allow: &HeaderValue) -> Response {
    let message = Message::fixed("Method Not Allowed", "Method Not Allowed");
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, message).with_header(header::ALLOW, allow.clone()).to_response()
}

fn options(allow: &HeaderValue) -> Response {
    Response::builder().status(StatusCode::NO_CONTENT).header(header::ALLOW, allow).finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Context;
    use crate::http::request_id::RequestId;
    use poem::Request;
    use std::time::Duration;
    use tokio::sync::oneshot;
    use tokio::time::timeout;

    #[tokio::test]
    async fn what_may_change_something_goes_on_when_its_client_has_gone() {
        let (begun, has_begun) = oneshot::channel();
        let (open, opened) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        let parts = parking_lot::Mutex::new(Some((begun, opened, done)));
        let endpoint = lasting(make(move |_| {
            let (begun, opened, done) = parts.lock().take().unwrap();
            async move {
                begun.send(()).unwrap();
                opened.await.unwrap();
                done.send(Context::current().map(|context| context.request_id)).unwrap();
                Response::default()
            }
        }));
        let context = Context { request_id: RequestId::adopt(None).unwrap(), language: Default::default() };
        let request = context.scope(endpoint.call(Request::default()));
        // The client hangs up as soon as the work has begun.
        tokio::select! {
            _ = request => panic!("it waits"),
            begun = has_begun => begun.unwrap(),
        }
        open.send(()).unwrap();
        let seen = timeout(Duration::from_secs(10), is_done).await.expect("it goes on").unwrap();
        assert_eq!(seen, Some(context.request_id), "of the request that it belongs to");
    }

    #[tokio::test]
    async fn a_panic_there_is_a_panic_here() {
        let endpoint = lasting(make(|_| async { panic!("words") as Response }));
        let caught =
            futures_util::FutureExt::catch_unwind(std::panic::AssertUnwindSafe(endpoint.call(Request::default())));
        let panic = caught.await.expect_err("it panics");
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"words"));
    }
}
