//! The plugin's answer, read to its end.

use crate::abi::{FfiBody, FfiResponse};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

/// The plugin's answer.
#[derive(Debug, Clone)]
pub struct TestResponse {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Bytes,
    broken: Option<String>,
}

impl TestResponse {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The first header of that name, given in lower case; None also if it is not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.and_then(|(_, value)| std::str::from_utf8(value).ok())
    }

    /// Every header, names in lower case.
    pub fn headers(&self) -> &[(String, Vec<u8>)] {
        &self.headers
    }

    /// The whole body.
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The body as text.
    ///
    /// # Panics
    /// If it is not UTF-8.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the answer's body should be text")
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is not JSON; the panic shows what it is.
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("the answer's body should be JSON: {error}: {}", String::from_utf8_lossy(&self.body)),
        }
    }

    /// Why a streamed body ended early; the connection would have been cut there.
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// What the host would answer itself.
    pub(super) fn refused(status: u16, reason: &str) -> Self {
        let body = serde_json::json!({ "code": status, "msg": reason, "data": null });
        let headers = vec![("content-type".to_owned(), b"application/json; charset=utf-8".to_vec())];
        Self { status, headers, body: Bytes::from(body.to_string()), broken: None }
    }

    pub(super) async fn read(response: FfiResponse) -> Self {
        let short = response.content_type.as_str().map(|value| ("content-type".to_owned(), value.into()));
        let long =
            response.header_pairs().map(|(name, value)| (String::from_utf8_lossy(name).into_owned(), value.into()));
        let headers = short.into_iter().chain(long).collect();
        let status = response.status;
        let (body, broken) = collected(response.body).await;
        Self { status, headers, body, broken }
    }
}

async fn collected(body: FfiBody) -> (Bytes, Option<String>) {
    let mut stream = match body {
        FfiBody::Empty => return (Bytes::new(), None),
        FfiBody::Full(bytes) => return (bytes.into_bytes(), None),
        FfiBody::Stream(stream) => stream,
    };
    let mut whole = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(chunk) => whole.extend_from_slice(&chunk),
            Err(error) => return (whole.freeze(), Some(error.to_string())),
        }
    }
    (whole.freeze(), None)
}
