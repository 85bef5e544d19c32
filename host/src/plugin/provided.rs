//! Settings that a plugin provides to the core while the server runs (ADR 0008).
//!
//! The core asks whichever plugin serves a well-known route, in the way of any request: by the
//! published table, under a lease, within a deadline. It keeps nothing of the answer, so that a change acts
//! on the very next question. Without an answer a group is empty, and what is configured holds.

use super::active::ActivePlugin;
use super::stats::Outcome;
use super::table::{Lookup, Published};
use crate::loader::{Begun, CallBody, CallError, CallHead, CallResponse, Caller, Lease, ResponseBody};
use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, Method};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The route, below the API's prefix; its parameter `type` names the group.
const PATH: &str = "/sys/configs/all";
/// A login waits for it.
const DEADLINE: Duration = Duration::from_secs(2);
/// Of an answer; a group has a dozen short values.
const BODY_BYTES_MAX: usize = 1 << 20;
/// A generation drains only after another table has been published; a third look would mean two swaps
/// within one matching.
const LOOKS_MAX: usize = 3;
/// A question has no request of its own, so its calls carry no request's id.
const REQUEST_ID: &str = "00000000000000000000000000000000";

/// Settings that belong together and count together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingGroup {
    /// The server through which mail is sent.
    Email,
    /// What a login asks for.
    Login,
    /// Passwords and locks.
    UserSecurity,
}

/// The settings that plugins provide. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ProvidedSettings {
    published: Published,
    url: String,
}

/// Who is asked.
struct Serving {
    plugin: Arc<ActivePlugin>,
    lease: Lease,
    route: u32,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error("it answers as many requests as it may")]
    Crowded,
    #[error("it is being replaced")]
    Replaced,
    #[error("it did not answer within {} ms", DEADLINE.as_millis())]
    Timeout,
    #[error("the call failed")]
    Call(#[from] CallError),
    #[error("it answered with status {0}")]
    Status(u16),
    #[error("its answer breaks off, or is larger than {BODY_BYTES_MAX} bytes")]
    Body,
    #[error("its answer is not a list of settings")]
    Malformed(#[from] serde_json::Error),
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Setting>,
}

#[derive(Deserialize)]
struct Setting {
    key: String,
    value: String,
}

impl SettingGroup {
    /// The value of `type`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "EMAIL",
            Self::Login => "LOGIN",
            Self::UserSecurity => "USER_SECURITY",
        }
    }

    /// The setting that switches the group on.
    fn status_key(self) -> String {
        format!("{}_CONFIG_STATUS", self.name())
    }
}

impl ProvidedSettings {
    /// By the routes of `published` below `prefix`.
    #[must_use]
    pub fn new(published: Published, prefix: &str) -> Self {
        Self { published, url: format!("{prefix}{PATH}") }
    }

    /// The values of a group by their keys; empty while no plugin provides it, while it is switched off, and when
    /// the plugin fails, which is logged.
    pub async fn group(&self, group: SettingGroup) -> BTreeMap<String, String> {
        let settings = match self.ask(group).await {
            Ok(settings) => settings,
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(group = group.name(), %error, cause, "a plugin does not provide its settings");
                return BTreeMap::new();
            }
        };
        let on = settings.get(&group.status_key()).is_some_and(|status| status == "1");
        if on { settings } else { BTreeMap::new() }
    }

    async fn ask(&self, group: SettingGroup) -> Result<BTreeMap<String, String>, AskError> {
        let Some(answer) = self.call(group).await? else { return Ok(BTreeMap::new()) };
        if !answer.status.is_success() {
            return Err(AskError::Status(answer.status.as_u16()));
        }
        let body = tokio::time::timeout(DEADLINE, whole(answer.body)).await.map_err(|_| AskError::Timeout)??;
        let answer: Answer = serde_json::from_slice(&body)?;
        Ok(answer.data.into_iter().map(|setting| (setting.key, setting.value)).collect())
    }

    /// None if no plugin serves the route.
    async fn call(&self, group: SettingGroup) -> Result<Option<CallResponse>, AskError> {
        let Some(Serving { plugin, lease, route }) = self.serving()? else { return Ok(None) };
        let _permit = plugin.enter().ok_or(AskError::Crowded)?;
        let began = Instant::now();
        let query = format!("?type={}", group.name());
        let head = CallHead {
            route,
            method: "GET",
            uri: &format!("{PATH}{query}"),
            original_uri: &format!("{}{query}", self.url),
            headers: &HeaderMap::new(),
            params: &[],
            caller: Caller { language: "en-US", request_id: REQUEST_ID, ..Caller::default() },
        };
        let answer = match lease.begin(&head, CallBody::Empty).await {
            Begun::Ready(answer) => Ok(answer),
            Begun::Pending(running) => tokio::time::timeout(DEADLINE, running.finish()).await,
        };
        record(&plugin, &answer, began);
        Ok(Some(answer.map_err(|_| AskError::Timeout)??))
    }

    /// Holds the generation only, so that the table can go.
    fn serving(&self) -> Result<Option<Serving>, AskError> {
        for _ in 0..LOOKS_MAX {
            let table = self.published.load();
            let Lookup::Found(matched) = table.find(&Method::GET, &self.url) else { return Ok(None) };
            let (plugin, route) = (Arc::clone(&matched.target.plugin), matched.target.route);
            if let Some(lease) = plugin.generation.lease() {
                return Ok(Some(Serving { plugin, lease, route }));
            }
        }
        Err(AskError::Replaced)
    }
}

/// Counts the call like a client's, so that a plugin that fails here is seen to fail.
fn record<E>(plugin: &ActivePlugin, answer: &Result<Result<CallResponse, CallError>, E>, began: Instant) {
    let outcome = match answer {
        Ok(Ok(answer)) if !answer.status.is_server_error() => Outcome::Answered,
        Ok(Err(CallError::Cut)) => Outcome::Answered,
        Ok(_) => Outcome::Error,
        Err(_) => Outcome::Timeout,
    };
    plugin.record(outcome, began.elapsed());
}

async fn whole(body: ResponseBody) -> Result<Bytes, AskError> {
    let mut stream = match body {
        ResponseBody::Empty => return Ok(Bytes::new()),
        ResponseBody::Full(bytes) if bytes.len() <= BODY_BYTES_MAX => return Ok(bytes),
        ResponseBody::Full(_) => return Err(AskError::Body),
        ResponseBody::Stream(stream) => stream,
    };
    let mut whole = Vec::new();
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|_| AskError::Body)?;
        if whole.len() + piece.len() > BODY_BYTES_MAX {
            return Err(AskError::Body);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.into())
}
