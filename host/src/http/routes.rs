//! The core's own routes, as one endpoint. The dispatcher of plugins stands before it, the
//! [`Edge`](super::edge::Edge) around both.

use super::site::{self, Site};
use super::validation::{self, FieldError, Part};
use super::{API_PREFIX, ApiError, Message, error};
use crate::admin::auth::Authenticator;
use poem::endpoint::{BoxEndpoint, make_sync};
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
        for (path, endpoints) in own {
            let allow = allow_header(endpoints.keys());
            let of_path = table.entry(path).or_default();
            for (method, endpoint) in endpoints {
                let endpoint = endpoint.before(async |request| without_nul(request));
                let endpoint = endpoint.catch_all_error(|failure| async { error::respond(failure) });
                of_path.insert(method, endpoint.map_to_response().boxed());
            }
            for method in METHODS {
                let allow = allow.clone();
                of_path.entry(method).or_insert_with(|| make_sync(move |_| refused(&allow)).boxed());
            }
            of_path.entry(Method::OPTIONS).or_insert_with(|| make_sync(move |_| options(&allow)).boxed());
        }
    }
}

/// PostgreSQL neither stores nor looks for a text with this character; no query brings it to a handler.
fn without_nul(request: Request) -> poem::Result<Request> {
    if !request.uri().query().is_some_and(|query| query.contains("%00")) {
        return Ok(request);
    }
    let fault = FieldError::new("value_error", Part::Query, vec![], validation::NUL);
    Err(validation::invalid(&[fault]).into())
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
