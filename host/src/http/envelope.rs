//! What a successful answer looks like: `{code, msg, data}`.

use super::{ApiError, Message, context};
use poem::http::{HeaderName, HeaderValue};
use poem::{Body, IntoResponse, Response};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::{ToJSON, Type};
use poem_openapi::{ApiResponse, Object};
use serde::Serialize;
use serde_json::Value;

/// The text of every ordinary success.
pub const SUCCESS: Message = Message::fixed("Request success", "请求成功");
/// The text of an update or deletion that touched nothing.
pub const NOTHING_DONE: Message = Message::fixed("Request error", "请求错误");

/// The body of a failed answer.
#[derive(Debug, Clone, Object)]
pub struct Failure {
    /// The HTTP status, or a number of its own.
    pub code: i32,
    /// A text for people.
    pub msg: String,
    /// Details, for example every invalid field.
    pub data: Option<serde_json::Value>,
    /// The id of the request, as in `X-Request-ID`.
    pub trace_id: String,
}

/// A successful answer, rendered in the language of the running request.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    code: i32,
    message: Message,
    payload: Option<T>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// A successful answer without a payload.
pub type Done = Answer<Value>;

#[derive(Serialize)]
struct Envelope<'a> {
    code: i32,
    msg: &'a str,
    data: Option<Value>,
}

impl<T> Answer<T> {
    /// `payload`, with the ordinary text.
    pub fn of(payload: T) -> Self {
        Self { payload: Some(payload), ..Self::done() }
    }

    /// No payload, with the ordinary text.
    pub fn done() -> Self {
        Self { code: 200, message: SUCCESS, payload: None, headers: Vec::new() }
    }

    /// HTTP 200 with code 400: the update or deletion touched nothing.
    pub fn nothing_done() -> Self {
        Self { code: 400, message: NOTHING_DONE, ..Self::done() }
    }

    /// With another text.
    #[must_use]
    pub fn with_message(mut self, message: Message) -> Self {
        self.message = message;
        self
    }

    /// With a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl<T: ToJSON + Type + Send> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        if self.code != 200 || self.message != SUCCESS {
            context::note(|seen| seen.told = Some((self.code, self.message.clone())));
        }
        let envelope = Envelope {
            code: self.code,
            msg: self.message.text(context::language()),
            data: self.payload.and_then(|payload| payload.to_json()),
        };
        let body = match Body::from_json(envelope) {
            Ok(body) => body,
            Err(error) => return ApiError::internal(error).to_response(),
        };
        let mut response = Response::builder().content_type("application/json").body(body);
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}

impl<T: ToJSON + Type + Send> ApiResponse for Answer<T> {
    fn meta() -> MetaResponses {
        MetaResponses { responses: vec![json(Some(200), "Done", success_schema::<T>())] }
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl ApiResponse for ApiError {
    fn meta() -> MetaResponses {
        MetaResponses { responses: vec![json(None, "Refused or failed", Failure::schema_ref())] }
    }

    fn register(registry: &mut Registry) {
        Failure::register(registry);
    }
}

fn json(status: Option<u16>, description: &'static str, schema: MetaSchemaRef) -> MetaResponse {
    MetaResponse {
        description,
        status,
        status_range: None,
        content: vec![MetaMediaType { content_type: "application/json", schema }],
        headers: vec![],
    }
}

/// Written in place: the payload's name may be no valid name of a component (a list's is not).
fn success_schema<T: Type>() -> MetaSchemaRef {
    let described = |schema: MetaSchemaRef, description: &'static str| {
        schema.merge(MetaSchema { description: Some(description), ..MetaSchema::ANY })
    };
    let payload = match T::IS_REQUIRED {
        true => T::schema_ref(),
        false => T::schema_ref().merge(MetaSchema { nullable: true, ..MetaSchema::ANY }),
    };
    MetaSchemaRef::Inline(Box::new(MetaSchema {
        required: vec!["code", "msg", "data"],
        properties: vec![
            ("code", described(i32::schema_ref(), "200 if it was done")),
            ("msg", described(String::schema_ref(), "A text for people")),
            ("data", payload),
        ],
        ..MetaSchema::new("object")
    }))
}
