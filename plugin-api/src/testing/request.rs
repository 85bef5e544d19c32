//! A request, from what the test says to the plugin's answer.

use super::routes::{Found, Missing};
use super::{TestHost, TestResponse};
use crate::abi::{FfiBody, FfiCall, FfiCaller, FfiHead, FfiHeader, FfiInstance, FfiParam, FfiResponse, FfiWakerRef};
use crate::report;
use bytes::Bytes;
use std::future::poll_fn;
use std::task::{Poll, Waker};

/// The API's prefix, as clients see it.
const PREFIX: &str = "/api/v1";

/// Who asks.
#[derive(Debug, Clone)]
pub struct TestUser {
    id: i64,
    name: String,
    uuid: String,
    superuser: bool,
    staff: bool,
}

impl TestUser {
    /// User 1 of that name, neither super-user nor staff.
    pub fn named(name: &str) -> Self {
        Self { id: 1, name: name.to_owned(), uuid: format!("uuid-of-{name}"), superuser: false, staff: false }
    }

    /// With another id; 0 would be nobody.
    pub fn id(mut self, id: i64) -> Self {
        self.id = id;
        self
    }

    /// Is granted everything.
    pub fn superuser(mut self) -> Self {
        self.superuser = true;
        self
    }

    /// May change things in the back office.
    pub fn staff(mut self) -> Self {
        self.staff = true;
        self
    }
}

/// A request that is being written; [`send`](Self::send) gives it to the plugin.
#[must_use = "a request does nothing until it is sent"]
pub struct TestRequest<'a> {
    test: &'a TestHost,
    method: String,
    path: String,
    original: String,
    id: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Bytes,
    user: Option<TestUser>,
    language: String,
    ip: String,
}

impl<'a> TestRequest<'a> {
    pub(super) fn new(test: &'a TestHost, method: &str, path: &str, number: u64) -> Self {
        Self {
            test,
            method: method.to_owned(),
            path: path.to_owned(),
            original: format!("{PREFIX}{path}"),
            id: format!("{number:032x}"),
            headers: Vec::new(),
            body: Bytes::new(),
            user: None,
            language: "en-US".to_owned(),
            ip: "127.0.0.1".to_owned(),
        }
    }

    /// Asked by that user; without it nobody is logged in.
    pub fn user(mut self, user: TestUser) -> Self {
        self.user = Some(user);
        self
    }

    /// In that language, `en-US` (which it is without this) or `zh-CN`.
    pub fn language(mut self, language: &str) -> Self {
        language.clone_into(&mut self.language);
        self
    }

    /// From that address.
    pub fn ip(mut self, ip: &str) -> Self {
        ip.clone_into(&mut self.ip);
        self
    }

    /// With one more header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.as_bytes().to_vec()));
        self
    }

    /// With a body in JSON.
    pub fn json(self, value: &serde_json::Value) -> Self {
        self.header("content-type", "application/json").body(value.to_string())
    }

    /// With a body of bytes.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Gives the request to the plugin and reads the whole answer.
    ///
    /// Without a route it is answered as by the host, with 404 or 405; a panic of the handler
    /// with 500 and the panic's text. Dropped before it is ready, the call is given up, as the host does at
    /// its deadline.
    pub async fn send(self) -> TestResponse {
        let found = match self.test.routes.find(&self.method, &self.path) {
            Ok(found) => found,
            Err(Missing::Path) => return TestResponse::refused(404, "no route has this path"),
            Err(Missing::Method) => return TestResponse::refused(405, "the route has other methods only"),
        };
        let Some(instance) = &self.test.instance else {
            return TestResponse::refused(503, "the plugin has stopped");
        };
        let waker = poll_fn(|context| Poll::Ready(context.waker().clone())).await;
        match self.call(instance, &found, &waker) {
            FfiCall::Ready(response) => self.read(response).await,
            FfiCall::Panicked(text) => TestResponse::refused(500, &format!("panicked: {text}")),
            FfiCall::Pending(future) => match report::polled_beside(&self.test.host, future).await {
                Ok(response) => self.read(response).await,
                Err(panicked) => TestResponse::refused(500, &panicked.to_string()),
            },
        }
    }

    async fn read(&self, response: FfiResponse) -> TestResponse {
        report::polled_beside(&self.test.host, TestResponse::read(response)).await
    }

    /// The head is lent for this call only.
    fn call(&self, instance: &FfiInstance, found: &Found, waker: &Waker) -> FfiCall {
        let headers: Vec<FfiHeader<'_>> = self
            .headers
            .iter()
            .map(|(name, value)| FfiHeader { name: name.as_str().into(), value: value.as_slice().into() })
            .collect();
        let params: Vec<FfiParam<'_>> = found
            .params
            .iter()
            .map(|(name, value)| FfiParam { name: name.as_str().into(), value: value.as_str().into() })
            .collect();
        let head = FfiHead {
            route: u32::try_from(found.index).unwrap_or(u32::MAX),
            method: self.method.as_str().into(),
            uri: self.path.as_str().into(),
            original_uri: self.original.as_str().into(),
            headers: headers.as_slice().into(),
            params: params.as_slice().into(),
            caller: self.caller(),
        };
        let body = if self.body.is_empty() { FfiBody::Empty } else { FfiBody::Full(self.body.clone().into()) };
        let call = self.test.module.call();
        report::beside(&self.test.host, || call(instance, &head, body, &FfiWakerRef::lend(waker)))
    }

    fn caller(&self) -> FfiCaller<'_> {
        let user = self.user.as_ref();
        let flags = user.map_or(0, |user| u32::from(user.superuser) | u32::from(user.staff) << 1);
        FfiCaller {
            user_id: user.map_or(0, |user| user.id),
            flags,
            user_uuid: user.map_or("", |user| user.uuid.as_str()).into(),
            user_name: user.map_or("", |user| user.name.as_str()).into(),
            ip: self.ip.as_str().into(),
            language: self.language.as_str().into(),
            request_id: self.id.as_str().into(),
        }
    }
}
