//! One operation's endpoint.

use super::language::Spoken;
use super::{One, request, response};
use crate::RequestInfo;
use crate::abi::FfiCall;
use crate::raw::{Body, Handler, Head, poll_once};
use poem::endpoint::{BoxEndpoint, EndpointExt};
use poem::http::Method;
use poem::{Endpoint, IntoEndpoint, Request, Response};
use poem_openapi::OpenApiService;
use std::sync::Arc;
use std::task::Context;

pub(super) struct OperationHandler {
    endpoint: Arc<BoxEndpoint<'static>>,
}

impl OperationHandler {
    pub(super) fn new(path: String, method: Method, endpoint: BoxEndpoint<'static>) -> Self {
        let one = One { path, method, endpoint: Enveloped(endpoint).boxed() };
        Self { endpoint: Arc::new(OpenApiService::new(one, "", "").into_endpoint()) }
    }
}

impl Handler for OperationHandler {
    fn call(&self, head: Head<'_>, body: Body, context: &mut Context<'_>) -> FfiCall {
        let (mut request, info) = match request::of(head.ffi(), body.into_ffi()) {
            Ok(made) => made,
            Err(refused) => return FfiCall::Ready(refused.into()),
        };
        let spoken = Spoken::of(info.language());
        request.extensions_mut().insert(info);
        let endpoint = Arc::clone(&self.endpoint);
        let answer = async move {
            match endpoint.call(request).await {
                Ok(answer) => response::of(answer).await,
                Err(error) => response::of(error.into_response()).await,
            }
        };
        poll_once(spoken.around(answer), context)
    }
}

/// Writes errors in the envelope of the HTTP API.
struct Enveloped(BoxEndpoint<'static>);

impl Endpoint for Enveloped {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let info = request.extensions().get::<RequestInfo>().cloned();
        match self.0.call(request).await {
            Ok(answer) => Ok(answer),
            Err(error) => Ok(crate::error::enveloped(error, info.as_ref())),
        }
    }
}
