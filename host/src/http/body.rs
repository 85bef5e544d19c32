//! JSON bodies, parsed so that every fault is named.

use super::validation::{self, FieldError, Part};
use super::{ApiError, Message};
use poem::error::ReadBodyError;
use poem::http::StatusCode;
use poem::{Request, RequestBody};
use poem_openapi::payload::{ParsePayload, Payload};
use poem_openapi::registry::{MetaMediaType, MetaRequest, MetaSchemaRef, Registry};
use poem_openapi::types::ParseFromJSON;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use serde_json::Value;

/// Largest JSON body of the core's own routes. Uploads are multipart and have their own limit.
pub const JSON_BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The only way to write NUL in JSON.
const NUL_ESCAPE: &[u8] = b"\\u0000";

/// A JSON body as a handler's argument. Unknown fields are ignored, as the contract asks.
#[derive(Debug, Clone)]
pub struct JsonBody<T>(pub T);

impl<T: ParseFromJSON> Payload for JsonBody<T> {
    const CONTENT_TYPE: &'static str = "application/json";

    fn schema_ref() -> MetaSchemaRef {
        T::schema_ref()
    }

    fn register(registry: &mut Registry) {
        T::register(registry);
    }
}

impl<T: ParseFromJSON> ParsePayload for JsonBody<T> {
    const IS_REQUIRED: bool = T::IS_REQUIRED;

    async fn from_request(request: &Request, body: &mut RequestBody) -> poem::Result<Self> {
        accept_content_type(request.content_type())?;
        let bytes = body.take()?.into_bytes_limit(JSON_BODY_BYTES_MAX).await.map_err(unreadable)?;
        Ok(parse(&bytes).map(Self)?)
    }
}

impl<'a, T: ParseFromJSON> ApiExtractor<'a> for JsonBody<T> {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        <Self as Payload>::register(registry);
    }

    fn request_meta() -> Option<MetaRequest> {
        Some(MetaRequest {
            description: None,
            content: vec![MetaMediaType { content_type: Self::CONTENT_TYPE, schema: Self::schema_ref() }],
            required: Self::IS_REQUIRED,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<()>,
    ) -> poem::Result<Self> {
        <Self as ParsePayload>::from_request(request, body).await
    }
}

/// JSON, or nothing said: clients exist that send JSON without naming it.
fn accept_content_type(content_type: Option<&str>) -> Result<(), ApiError> {
    let Some(content_type) = content_type else {
        return Ok(());
    };
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") || essence.to_ascii_lowercase().ends_with("+json") {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Message::new(
            format!("the body must be application/json, not {essence}"),
            format!("请求体必须为 application/json，而不是 {essence}"),
        ),
    ))
}

fn unreadable(error: ReadBodyError) -> ApiError {
    match error {
        ReadBodyError::PayloadTooLarge => ApiError::too_large(Message::new(
            format!("the body is larger than {JSON_BODY_BYTES_MAX} bytes"),
            format!("请求体超过 {JSON_BODY_BYTES_MAX} 字节"),
        )),
        error => {
            ApiError::bad_request(Message::fixed("the body could not be read", "无法读取请求体")).with_cause(error)
        }
    }
}

fn parse<T: ParseFromJSON>(bytes: &[u8]) -> Result<T, ApiError> {
    let value: Value = serde_json::from_slice(bytes).map_err(malformed)?;
    // Looked for in the text first: hardly any has it.
    if bytes.windows(NUL_ESCAPE.len()).any(|window| window == NUL_ESCAPE) && has_nul(&value) {
        return Err(validation::invalid(&[FieldError::new("value_error", Part::Body, vec![], validation::NUL)]));
    }
    // The value is kept for the search: parsing consumes its own.
    let kept = value.clone();
    T::parse_from_json(Some(value)).map_err(|_| {
        let mut faults = validation::check::<T>(&kept);
        if faults.is_empty() {
            // The schema shows nothing; the parser's own words may hold a value, so they stay here.
            let message = Message::fixed("does not have the documented form", "与文档中的格式不符");
            faults.push(FieldError::new("value_error", Part::Body, vec![], message));
        }
        validation::invalid(&faults)
    })
}

/// Whether a text has the character that PostgreSQL can't store.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => fields.iter().any(|(name, field)| name.contains('\0') || has_nul(field)),
        _ => false,
    }
}

fn malformed(error: serde_json::Error) -> ApiError {
    let place = format!("line {} column {}", error.line(), error.column());
    let message = Message::new(format!("JSON decode error at {place}"), format!("JSON 解析失败（{place}）"));
    validation::invalid(&[FieldError::new("json_invalid", Part::Body, vec![], message)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem_openapi::Object;

    #[derive(Debug, Object)]
    struct Two {
        a: String,
        b: i64,
    }

    #[test]
    fn broken_json_and_wrong_fields_are_422_and_unknown_fields_are_ignored() {
        for body in [r#"{"a": "x\u0000", "b": 2}"#, "{bad", "", "{\"a\":1}", "[]", "{\"a\":\"x\"}"] {
            let error = parse::<Two>(body.as_bytes()).unwrap_err();
            assert_eq!(error.status(), StatusCode::UNPROCESSABLE_ENTITY, "{body:?}");
        }
        let two = parse::<Two>(br#"{"a": "x", "b": 2, "selectAccount": true}"#).unwrap();
        assert_eq!((two.a.as_str(), two.b), ("x", 2));
        let written_out = parse::<Two>(br#"{"a": "\\u0000", "b": 2}"#).unwrap();
        assert_eq!(written_out.a, "\\u0000");
    }

    #[test]
    fn json_by_any_of_its_names_is_accepted() {
        for accepted in [None, Some("application/json; charset=utf-8"), Some("application/problem+json")] {
            assert!(accept_content_type(accepted).is_ok(), "{accepted:?}");
        }
        for refused in ["text/plain", "application/x-www-form-urlencoded", ""] {
            assert!(accept_content_type(Some(refused)).is_err(), "{refused:?}");
        }
    }
}
