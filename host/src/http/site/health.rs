//! For probes: is the process alive, can it do its work.

use super::{Check, json};
use poem::http::StatusCode;
use poem::{Endpoint, Request, Response};
use std::time::Duration;

/// A probe asks again soon; a check that hangs is an answer too.
const CHECK_DEADLINE: Duration = Duration::from_secs(3);

/// `GET /healthz`: whoever answers is alive.
pub(super) fn alive() -> Response {
    json(r#"{"status":"ok"}"#)
}

/// `GET /readyz`: 200 with the parts when requests can be served, 503 with the reason when not.
pub(super) struct Ready {
    check: Check,
}

impl Ready {
    pub(super) fn new(check: Check) -> Self {
        Self { check }
    }
}

impl Endpoint for Ready {
    type Output = Response;

    async fn call(&self, _request: Request) -> poem::Result<Response> {
        let reason = match tokio::time::timeout(CHECK_DEADLINE, (self.check)()).await {
            Ok(Ok(parts)) => {
                let body = serde_json::json!({"status": "ready", "parts": parts});
                return Ok(json(body.to_string()));
            }
            Ok(Err(reason)) => reason,
            Err(_) => format!("no answer within {} s", CHECK_DEADLINE.as_secs()),
        };
        let body = serde_json::json!({"status": "not ready", "reason": reason});
        let mut response = json(body.to_string());
        response.set_status(StatusCode::SERVICE_UNAVAILABLE);
        Ok(response)
    }
}
