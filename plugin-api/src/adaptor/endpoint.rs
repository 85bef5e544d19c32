//! One operation's endpoint.

use super::language::Spoken;
use super::{One, nul, request, response};
use crate::abi::FfiCall;
use crate::error::written;
use crate::fault::{Form, KeptBody};
use crate::raw::{Body, Handler, Head, poll_once};
use crate::{ApiError, RequestInfo};
use poem::endpoint::{BoxEndpoint, EndpointExt};
use poem::http::{HeaderValue, Method, header};
use poem::{Endpoint, IntoEndpoint, Request, Response};
use poem_openapi::OpenApiService;
use std::sync::Arc;
use std::task::Context;

pub(super) struct OperationHandler {
    endpoint: Arc<BoxEndpoint<'static>>,
    takes_json: bool,
}

impl OperationHandler {
    pub(super) fn new(path: String, method: Method, endpoint: BoxEndpoint<'static>, form: Form) -> Self {
        let takes_json = form.takes_json();
        let one = One { path, method, endpoint: Enveloped { endpoint, form }.boxed() };
        Self { endpoint: Arc::new(OpenApiService::new(one, "", "").into_endpoint()), takes_json }
    }
}

impl Handler for OperationHandler {
    fn call(&self, head: Head<'_>, body: Body, context: &mut Context<'_>) -> FfiCall {
        let (mut request, info) = match request::of(head.ffi()) {
            Ok(made) => made,
            Err(refused) => return FfiCall::Ready(refused.into()),
        };
        let spoken = Spoken::of(info.language());
        let brings_nul = nul::in_uri(head.ffi().uri.as_str());
        request.extensions_mut().insert(info.clone());
        let (endpoint, takes_json) = (Arc::clone(&self.endpoint), self.takes_json);
        let answer = async move {
            let taken = match takes_json {
                _ if brings_nul => Err(nul::refusal()),
                true => take_json(&mut request, body).await,
                false => {
                    request.set_body(request::body_of(body.into_ffi()));
                    Ok(())
                }
            };
            if let Err(error) = taken {
                return response::of(written(&error, info.request_id())).await;
            }
            match endpoint.call(request).await {
                Ok(answer) => response::of(answer).await,
                Err(error) => response::of(error.into_response()).await,
            }
        };
        poll_once(spoken.around(answer), context)
    }
}

/// Reads a body that will be read as JSON, and keeps it to tell what is wrong with it.
async fn take_json(request: &mut Request, body: Body) -> Result<(), ApiError> {
    let unreadable = |_| ApiError::bad_request("the body could not be read", "无法读取请求体");
    let bytes = body.bytes().await.map_err(unreadable)?;
    if nul::in_json(&bytes) {
        return Err(nul::refusal());
    }
    // Clients exist that send JSON without naming it.
    let unnamed = request.headers().get(header::CONTENT_TYPE).is_none();
    if unnamed {
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    request.set_body(bytes.clone());
    request.extensions_mut().insert(KeptBody(bytes));
    Ok(())
}

/// Writes errors in the envelope of the HTTP API.
struct Enveloped {
    endpoint: BoxEndpoint<'static>,
    form: Form,
}

impl Endpoint for Enveloped {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let info = request.extensions().get::<RequestInfo>().cloned();
        let kept = request.extensions().get::<KeptBody>().cloned();
        match self.endpoint.call(request).await {
            Ok(answer) => Ok(answer),
            Err(error) => {
                let body = kept.as_ref().map_or(&[][..], |kept| &kept.0);
                Ok(crate::error::enveloped(error, info.as_ref(), &self.form, body))
            }
        }
    }
}
