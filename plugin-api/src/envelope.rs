//! The envelope of every answer: `{code, msg, data}`.

use crate::adaptor::current_language;
use crate::error::text;
use poem_openapi::Object;
use poem_openapi::payload::Json;
use poem_openapi::types::{ParseFromJSON, ToJSON, Type};

/// `{code, msg, data}`. Clients look at `code`: 200 is success.
#[derive(Debug, Clone, Object)]
pub struct Envelope<T: Type + ParseFromJSON + ToJSON + Send + Sync> {
    /// 200, or why nothing was done.
    pub code: i32,
    /// A text for people, in the language of the request.
    pub msg: String,
    /// What was asked for.
    pub data: Option<T>,
}

impl<T: Type + ParseFromJSON + ToJSON + Send + Sync> Envelope<T> {
    /// Success with `data`.
    pub fn of(data: T) -> Json<Self> {
        let msg = text(current_language(), "Request success", "请求成功").to_owned();
        Json(Self { code: 200, msg, data: Some(data) })
    }
}

impl Envelope<bool> {
    /// Success without data.
    pub fn done() -> Json<Self> {
        let msg = text(current_language(), "Request success", "请求成功").to_owned();
        Json(Self { code: 200, msg, data: None })
    }

    /// The answer to a change: success, or code 400 (with HTTP 200) if it touched no row.
    pub fn changed(rows: u64) -> Json<Self> {
        if rows > 0 {
            return Self::done();
        }
        let msg = text(current_language(), "Request error", "请求错误").to_owned();
        Json(Self { code: 400, msg, data: None })
    }
}
