//! What a request got wrong, field by field: HTTP 422, in the form of the core's own routes.
//!
//! `data.errors` holds every fault, `msg` the first of them. Values of a body are never repeated,
//! since one of them may be a password.

use crate::adaptor::{Spoken, current_language};
use crate::error::{json_response, text};
use crate::schema;
use bytes::Bytes;
use poem::Response;
use poem::error::ParseJsonError;
use poem::http::StatusCode;
use poem_openapi::error::{ParseMultipartError, ParseParamError, ParsePathError, ParseRequestPayloadError};
use poem_openapi::registry::{MetaOperation, MetaParamIn, MetaSchemaRef, Registry};
use serde_json::{Value, json};
use std::sync::Arc;

/// One fault.
pub(crate) struct Fault {
    /// `missing`, `string_type`, `less_than_equal`, …
    kind: &'static str,
    /// `body`, `query` or `path`, then the way to the field.
    place: Vec<String>,
    english: String,
    chinese: String,
    /// The limits that the value is outside of, for example `{"ge": 1}`.
    bounds: Option<Value>,
}

/// What an operation accepts, to tell what a refused request got wrong.
pub(crate) struct Form {
    path_params: Vec<String>,
    json: Option<MetaSchemaRef>,
    registry: Arc<Registry>,
}

impl Form {
    /// `registry` knows the types of all the operations of an API.
    pub(crate) fn of(operation: &MetaOperation, registry: Arc<Registry>) -> Self {
        let in_path = operation.params.iter().filter(|param| param.in_type == MetaParamIn::Path);
        let path_params = in_path.map(|param| param.name.clone()).collect();
        let media = operation.request.iter().flat_map(|request| &request.content);
        let json = media.into_iter().find(|media| media.content_type.starts_with("application/json"));
        Self { path_params, json: json.map(|media| media.schema.clone()), registry }
    }

    /// Whether a body has to be kept for [`faults`](Self::faults).
    pub(crate) fn takes_json(&self) -> bool {
        self.json.is_some()
    }

    /// What is wrong with a request that was refused with `error`; None if it is another error.
    pub(crate) fn faults(&self, error: &poem::Error, body: &[u8]) -> Option<Vec<Fault>> {
        if let Some(error) = error.downcast_ref::<ParsePathError>() {
            return Some(vec![Fault::parameter("path", self.path_param(error.name), &error.reason)]);
        }
        if let Some(error) = error.downcast_ref::<ParseParamError>() {
            return Some(vec![Fault::parameter("query", error.name, &error.reason)]);
        }
        if let Some(error) = error.downcast_ref::<ParseMultipartError>() {
            return Some(vec![Fault::body("multipart_invalid", Vec::new(), &error.reason, &error.reason)]);
        }
        let of_body = error.is::<ParseRequestPayloadError>() || error.is::<ParseJsonError>();
        of_body.then(|| self.body_faults(body))
    }

    /// poem-openapi knows parameters of the path by their number.
    fn path_param<'a>(&'a self, name: &'a str) -> &'a str {
        let number = name.strip_prefix("param").and_then(|number| number.parse::<usize>().ok());
        number.and_then(|number| self.path_params.get(number)).map_or(name, String::as_str)
    }

    fn body_faults(&self, body: &[u8]) -> Vec<Fault> {
        let value: Value = match serde_json::from_slice(body) {
            Ok(value) => value,
            Err(error) => return vec![Fault::malformed(&error)],
        };
        let found = self.json.as_ref().map(|schema| schema::check(&self.registry, schema, &value));
        let found: Vec<Fault> = found.into_iter().flatten().map(Fault::of_schema).collect();
        if !found.is_empty() {
            return found;
        }
        // The parser's own words may hold a value, so they stay here.
        vec![Fault::body("value_error", Vec::new(), "does not have the documented form", "与文档中的格式不符")]
    }
}

impl Fault {
    fn of_schema(fault: schema::SchemaFault) -> Self {
        let bounds = fault.bounds;
        Self { bounds, ..Self::body(fault.kind, fault.path, &fault.english, &fault.chinese) }
    }

    fn body(kind: &'static str, path: Vec<String>, english: &str, chinese: &str) -> Self {
        let place = std::iter::once("body".to_owned()).chain(path).collect();
        Self { kind, place, english: english.to_owned(), chinese: chinese.to_owned(), bounds: None }
    }

    fn parameter(part: &str, name: &str, reason: &str) -> Self {
        let place = vec![part.to_owned(), name.to_owned()];
        Self { kind: "value_error", place, english: reason.to_owned(), chinese: reason.to_owned(), bounds: None }
    }

    fn malformed(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let english = format!("JSON decode error at line {line} column {column}");
        let chinese = format!("JSON 解析失败（line {line} column {column}）");
        Self::body("json_invalid", Vec::new(), &english, &chinese)
    }

    fn line(&self, language: Spoken) -> String {
        let field = self.place.last().map_or("", String::as_str);
        format!("{field} {}", text(language, &self.english, &self.chinese))
    }

    fn to_json(&self, language: Spoken) -> Value {
        let msg = text(language, &self.english, &self.chinese);
        let mut fault = json!({ "type": self.kind, "loc": self.place, "msg": msg });
        if let Some(bounds) = &self.bounds {
            fault["ctx"] = bounds.clone();
        }
        fault
    }
}

/// The 422 that names `faults`, of which the first also stands in the text.
pub(crate) fn written(faults: &[Fault], request_id: &str) -> Response {
    let language = current_language();
    let first = faults.first().map_or_else(String::new, |fault| fault.line(language));
    let msg = format!("{}: {first}", text(language, "Invalid request", "请求参数非法"));
    let errors: Vec<Value> = faults.iter().map(|fault| fault.to_json(language)).collect();
    let body = json!({ "code": 422, "msg": msg, "data": { "errors": errors }, "trace_id": request_id });
    json_response(StatusCode::UNPROCESSABLE_ENTITY, &body)
}

/// The body of the request, kept beside it for [`Form::faults`].
#[derive(Clone)]
pub(crate) struct KeptBody(pub(crate) Bytes);
