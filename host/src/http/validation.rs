//! What a request got wrong, field by field: HTTP 422.
//!
//! The shape is the contract's: `data.errors` holds every fault, `msg` the first of them. Values
//! from a body are never echoed, since one of them may be a password; a parameter's value is, since
//! it stands in the URL anyway.

mod schema;

pub use schema::check;

use super::{ApiError, Language, Message, context};
use poem::http::StatusCode;
use poem_openapi::error::{
    ContentTypeError, ParseMultipartError, ParseParamError, ParsePathError, ParseRequestPayloadError,
};
use serde_json::{Value, json};

/// What is wrong with a text that PostgreSQL can't store.
pub(super) const NUL: Message = Message::fixed("texts must not contain the character NUL", "文本不能包含 NUL 字符");

/// The part of the request in which a fault lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The body.
    Body,
    /// The query string.
    Query,
    /// The path.
    Path,
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Query => "query",
            Self::Path => "path",
        }
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldError {
    kind: &'static str,
    part: Part,
    path: Vec<String>,
    message: Message,
    input: Option<Value>,
    bounds: Option<Value>,
}

impl FieldError {
    /// A fault of `kind` (`missing`, `string_type`, `less_than_equal`, …) at `path` inside `part`.
    pub fn new(kind: &'static str, part: Part, path: Vec<String>, message: Message) -> Self {
        Self { kind, part, path, message, input: None, bounds: None }
    }

    /// With the value that was sent. Only for what stands in the URL.
    #[must_use]
    pub fn with_input(mut self, input: impl Into<Value>) -> Self {
        self.input = Some(input.into());
        self
    }

    /// With the limits that the value is outside of, for example `{"ge": 1}`.
    #[must_use]
    pub fn with_bounds(mut self, bounds: Value) -> Self {
        self.bounds = Some(bounds);
        self
    }

    fn to_json(&self, language: Language) -> Value {
        let mut location = vec![self.part.name().to_owned()];
        location.extend(self.path.iter().cloned());
        let mut fault = json!({"type": self.kind, "loc": location, "msg": self.message.text(language)});
        if let Some(input) = &self.input {
            fault["input"] = input.clone();
        }
        if let Some(bounds) = &self.bounds {
            fault["ctx"] = bounds.clone();
        }
        fault
    }

    fn line(&self, language: Language) -> String {
        let field = self.path.last().map_or(self.part.name(), String::as_str);
        let text = self.message.text(language);
        match (&self.input, language) {
            (None, _) => format!("{field} {text}"),
            (Some(input), Language::Chinese) => format!("{field} {text}，输入：{}", plain(input)),
            (Some(input), Language::English) => format!("{field} {text}, input: {}", plain(input)),
        }
    }
}

/// The 422 that names `errors`, of which the first also stands in the text.
pub fn invalid(errors: &[FieldError]) -> ApiError {
    let language = context::language();
    let first = |language| errors.first().map_or_else(String::new, |error| error.line(language));
    let message = Message::new(
        format!("Invalid request: {}", first(Language::English)),
        format!("请求参数非法: {}", first(Language::Chinese)),
    );
    let faults: Vec<Value> = errors.iter().map(|error| error.to_json(language)).collect();
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, message).with_payload(json!({"errors": faults}))
}

/// What poem-openapi found wrong with a request, as ours; None if the error is of another kind.
pub(super) fn of_poem_error(error: &poem::Error) -> Option<ApiError> {
    if let Some(error) = error.downcast_ref::<ParsePathError>() {
        return Some(invalid(&[parameter(Part::Path, error.name, &error.reason)]));
    }
    if let Some(error) = error.downcast_ref::<ParseParamError>() {
        return Some(invalid(&[parameter(Part::Query, error.name, &error.reason)]));
    }
    if let Some(error) = error.downcast_ref::<ParseMultipartError>() {
        let message = Message::untranslated(error.reason.clone());
        return Some(invalid(&[FieldError::new("multipart_invalid", Part::Body, vec![], message)]));
    }
    if error.is::<ParseRequestPayloadError>() {
        let message = Message::fixed("does not have the documented form", "与文档中的格式不符");
        return Some(invalid(&[FieldError::new("value_error", Part::Body, vec![], message)]));
    }
    let error = error.downcast_ref::<ContentTypeError>()?;
    Some(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Message::untranslated(error.to_string())))
}

fn parameter(part: Part, name: &str, reason: &str) -> FieldError {
    // poem-openapi has no kind of its own for a parameter that is not there at all.
    if reason.ends_with("expects an input value.") {
        let message = Message::fixed("Field required", "字段为必填项");
        return FieldError::new("missing", part, vec![name.to_owned()], message).with_input(Value::Null);
    }
    let (kind, message) = if reason.ends_with("Expect a valid enumeration value.") {
        ("enum", Message::fixed("Input should be one of the documented values", "输入应为文档所列的值之一"))
    } else if reason.starts_with("failed to parse \"integer") {
        ("int_parsing", Message::fixed("Input should be a valid integer", "输入应为有效的整数"))
    } else {
        ("value_error", Message::untranslated(reason))
    };
    FieldError::new(kind, part, vec![name.to_owned()], message)
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
