//! Puts every request to the API into the operation log.
//!
//! In the request's own time it only takes what would be gone later. Reads are a matter of budget:
//! beyond it they are counted and not recorded, so that a flood of them costs nothing. What changes
//! something is always recorded.

use super::tee::{self, Kept};
use super::{API_PREFIX, RequestId, TrustedProxies, context};
use crate::admin::opera_log::{OperaLog, Operation, Outcome};
use poem::Request;
use poem::http::{HeaderMap, Method, header};
use std::borrow::Cow;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What is never recorded: it carries a password in its address, or does not end.
const EXCLUDED: [&str; 2] = ["/auth/login/swagger", "/plugins/events"];
/// Ends what is never recorded: others send codes there that open accounts.
const EXCLUDED_END: &str = "/callback";
/// So many reads are recorded …
const READS_MAX: u32 = 500;
/// … in so long.
const READS_WINDOW: Duration = Duration::from_millis(250);
/// The status of a request whose sender did not wait for the answer.
const GONE: u16 = 499;

/// Which requests are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// Every one.
    All,
    /// Those that may change something.
    Writes,
}

/// Records requests.
pub struct Recorder {
    log: OperaLog,
    recorded: Recorded,
    proxies: TrustedProxies,
    budget: Budget,
}

/// A request that is being answered. Dropped before its answer, it is recorded as given up.
pub(super) struct Recording {
    log: OperaLog,
    operation: Option<Operation>,
    kept: Option<Kept>,
    began: Instant,
}

/// Reads that may still be recorded in the running window.
struct Budget {
    start: Instant,
    window: AtomicU64,
    used: AtomicU32,
}

impl Recorder {
    /// Into `log`; clients' addresses are told by `proxies`.
    pub fn new(log: OperaLog, recorded: Recorded, proxies: TrustedProxies) -> Self {
        let budget = Budget { start: Instant::now(), window: AtomicU64::new(0), used: AtomicU32::new(0) };
        Self { log, recorded, proxies, budget }
    }

    /// Begins to record a request, if it is to be recorded. To be called within its
    /// [`Context`](super::Context).
    pub(super) fn begin(&self, request: &mut Request, id: RequestId) -> Option<Recording> {
        if !self.records(request.method(), request.uri().path()) {
            return None;
        }
        let began = Instant::now();
        if reads(request.method()) && !self.budget.take(began) {
            self.log.skip();
            return None;
        }
        context::watch();
        let operation = self.operation(request, id);
        Some(Recording { log: self.log.clone(), operation: Some(operation), kept: tee::keep(request), began })
    }

    fn records(&self, method: &Method, path: &str) -> bool {
        let Some(rest) = path.strip_prefix(API_PREFIX).filter(|rest| rest.starts_with('/')) else { return false };
        (self.recorded == Recorded::All || !reads(method)) && !EXCLUDED.contains(&rest) && !rest.ends_with(EXCLUDED_END)
    }

    fn operation(&self, request: &Request, id: RequestId) -> Operation {
        let mut trace_id = [b'0'; RequestId::LENGTH];
        id.encode(&mut trace_id);
        Operation {
            trace_id,
            user: None,
            method: request.method().clone(),
            target: request.uri().path_and_query().map_or("/", |target| target.as_str()).into(),
            route: None,
            ip: self.proxies.client(request),
            user_agent: user_agent(request.headers()).map(Into::into),
            payload: None,
            secrets: None,
            outcome: Outcome { http_status: GONE, code: None, message: None, envelope: None },
            began_ms: jiff::Timestamp::now().as_millisecond(),
            took: Duration::ZERO,
        }
    }
}

/// What sent a request, as far as it is text.
fn user_agent(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok())
}

fn reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

impl Recording {
    /// Records the answer. What changed something waits here while the log has no room.
    pub(super) async fn end(mut self, http_status: u16) {
        let Some(operation) = self.finished(http_status) else { return };
        if reads(&operation.method) {
            self.log.offer(operation);
        } else {
            self.log.record(operation).await;
        }
    }

    fn finished(&mut self, http_status: u16) -> Option<Operation> {
        let mut operation = self.operation.take()?;
        let seen = context::seen();
        operation.user = seen.user;
        operation.route = seen.route;
        operation.secrets = seen.secrets;
        operation.payload = self.kept.as_ref().map(Kept::take);
        operation.took = self.began.elapsed();
        operation.outcome.http_status = http_status;
        operation.outcome.envelope = seen.envelope;
        if let Some((code, message)) = seen.told {
            operation.outcome.code = Some(code);
            operation.outcome.message = Some(Cow::Owned(message.text(context::language()).to_owned()));
        }
        Some(operation)
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let Some(operation) = self.finished(GONE) else { return };
        if reads(&operation.method) {
            self.log.offer(operation);
        } else {
            self.log.record_now(operation);
        }
    }
}

impl Budget {
    /// Takes one; false if none is left. Two windows that meet may lend each other some: what
    /// matters is the order of magnitude.
    fn take(&self, now: Instant) -> bool {
        let window = u64::try_from((now - self.start).as_millis() / READS_WINDOW.as_millis()).unwrap_or(u64::MAX);
        if self.window.load(Ordering::Relaxed) != window {
            self.window.store(window, Ordering::Relaxed);
            self.used.store(0, Ordering::Relaxed);
        }
        self.used.load(Ordering::Relaxed) < READS_MAX && self.used.fetch_add(1, Ordering::Relaxed) < READS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_a_budget_of_reads() {
        let start = Instant::now();
        let budget = Budget { start, window: AtomicU64::new(0), used: AtomicU32::new(0) };
        let taken = |at: Instant| (0..READS_MAX * 2).filter(|_| budget.take(at)).count();
        assert_eq!(taken(start), 500);
        assert_eq!(taken(start + READS_WINDOW / 2), 0);
        assert_eq!(taken(start + READS_WINDOW), 500);
    }
}
