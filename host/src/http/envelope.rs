//! What a successful answer looks like: `{code, msg, data}`.

use super::{ApiError, Message, context};
use poem::http::{HeaderName, HeaderValue};
use poem::{Body, IntoResponse, Response};
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchemaRef, Registry};
use poem_openapi::types::{ParseFromJSON, ToJSON, Type};
use poem_openapi::{ApiResponse, Object};

/// The text of every ordinary success.
pub const SUCCESS: Message = Message::fixed("Request success", "请求成功");
/// The text of an update or deletion that touched nothing.
pub const NOTHING_DONE: Message = Message::fixed("Request error", "请求错误");

/// The body of a successful answer.
#[derive(Debug, Clone, Object)]
pub struct Envelope<T: ParseFromJSON + ToJSON + Type + Send + Sync> {
    /// 200; 400 when an update or deletion touched nothing.
    pub code: i32,
    /// A text for people.
    pub msg: String,
    /// The payload.
    pub data: Option<T>,
}

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

impl<T> Answer<T> {
    /// `payload`, with the ordinary text.
    pub fn of(payload: T) -> Self {
        Self {
            payload: Some(payload),
            ..Self::done()
        }
    }

    /// No payload, with the ordinary text.
    pub fn done() -> Self {
        Self {
            code: 200,
            message: SUCCESS,
            payload: None,
            headers: Vec::new(),
        }
    }

    /// HTTP 200 with code 400: the update or deletion touched nothing.
    pub fn nothing_done() -> Self {
        Self {
            code: 400,
            message: NOTHING_DONE,
            ..Self::done()
        }
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

impl<T: ParseFromJSON + ToJSON + Type + Send + Sync> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        let envelope = Envelope {
            code: self.code,
            msg: self.message.text(context::language()).to_owned(),
            data: self.payload,
        };
        let body = match Body::from_json(envelope.to_json()) {
            Ok(body) => body,
            Err(error) => return ApiError::internal(error).to_response(),
        };
        let mut response = Response::builder()
            .content_type("application/json")
            .body(body);
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}

impl<T: ParseFromJSON + ToJSON + Type + Send + Sync> ApiResponse for Answer<T> {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![json(Some(200), "Done", Envelope::<T>::schema_ref())],
        }
    }

    fn register(registry: &mut Registry) {
        Envelope::<T>::register(registry);
    }
}

impl ApiResponse for ApiError {
    fn meta() -> MetaResponses {
        MetaResponses {
            responses: vec![json(None, "Refused or failed", Failure::schema_ref())],
        }
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
        content: vec![MetaMediaType {
            content_type: "application/json",
            schema,
        }],
        headers: vec![],
    }
}
