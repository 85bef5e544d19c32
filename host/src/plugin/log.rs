//! The last lines about a plugin: its own, and the host's about it.
//!
//! Owns what is kept of them in this process. Secrets are hidden before a line is kept or written anywhere. A writer
//! waits for nobody: who follows reads what is kept, at its own pace, and learns how many lines it has missed.

mod follower;
mod kept;
mod line;

pub use follower::{Followed, Follower};
pub use line::LogLine;

use super::id::PluginId;
use super::secrets::Secrets;
use crate::loader::{Asker, RequestDigits};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use kept::Kept;
use line::bounded;
use parking_lot::Mutex;
use plugin_api::services::Level;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

/// Who says what the host says.
const HOST: &str = "host";
/// What a plugin logs without fields.
const NO_FIELDS: &str = "{}";

/// How much is kept of a plugin's log, and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLimits {
    /// Lines that are kept.
    pub lines: usize,
    /// Bytes of the words of one that is kept.
    pub line_bytes: usize,
    /// Lines of a plugin's own that go to the operator's log in a second; 0 for all.
    pub lines_per_second: u32,
}

/// The last lines about one plugin, over all of its generations.
#[derive(Debug)]
pub struct PluginLog {
    id: PluginId,
    limits: LogLimits,
    secrets: Secrets,
    kept: Mutex<Kept>,
    grown: Notify,
    allowance: Option<DefaultDirectRateLimiter>,
    /// Lines that the operator's log has not got.
    left_out: AtomicU64,
}

/// Something to be said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words<'a> {
    pub(super) level: Level,
    pub(super) target: &'a str,
    pub(super) message: &'a str,
    /// A JSON object.
    pub(super) fields: &'a str,
}

impl LogLimits {
    /// Nothing is kept, everything is written.
    pub const NONE: Self = Self { lines: 0, line_bytes: 0, lines_per_second: 0 };
}

/// Writes a line to the operator's log. The level of an event is part of its static description.
macro_rules! write_at {
    ($level:expr, $($what:tt)*) => {
        match $level {
            Level::Trace => tracing::trace!($($what)*),
            Level::Debug => tracing::debug!($($what)*),
            Level::Info => tracing::info!($($what)*),
            Level::Warn => tracing::warn!($($what)*),
            Level::Error => tracing::error!($($what)*),
        }
    };
}

impl PluginLog {
    /// An empty one.
    #[must_use]
    pub fn new(id: PluginId, limits: LogLimits) -> Self {
        let allowance =
            NonZeroU32::new(limits.lines_per_second).map(|lines| RateLimiter::direct(Quota::per_second(lines)));
        Self {
            id,
            limits,
            secrets: Secrets::default(),
            kept: Mutex::new(Kept::new(limits.lines)),
            grown: Notify::new(),
            allowance,
            left_out: AtomicU64::new(0),
        }
    }

    /// What is hidden in it.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The last lines that are at least as grave as `least`, at most `count`, the oldest first.
    #[must_use]
    pub fn last(&self, least: Level, count: usize) -> Vec<Arc<LogLine>> {
        self.kept.lock().last(least, count)
    }

    /// Follows it from the line after `number` on, from the oldest that is kept without one.
    #[must_use]
    pub fn follow(self: &Arc<Self>, number: Option<u64>) -> Follower {
        Follower::new(Arc::clone(self), number)
    }

    /// A line of the plugin's own, in the call that this thread is running.
    pub(super) fn say(&self, version: &Arc<str>, words: Words<'_>) {
        let (message, fields) = (self.secrets.hide(words.message), self.secrets.hide(words.fields));
        let target = self.secrets.hide(words.target);
        let request = Asker::now().and_then(|asker| asker.request);
        if is_heard(words.level) && self.may_write() {
            let (id, version, target, fields) = (self.id.as_str(), version.as_ref(), target.as_ref(), fields.as_ref());
            let request_id = request.as_ref().map(RequestDigits::as_str);
            write_at!(
                words.level,
                request_id,
                plugin.id = id,
                plugin.version = version,
                plugin.target = target,
                plugin.fields = fields,
                "{message}"
            );
        }
        let fields = (fields != NO_FIELDS).then_some(fields.as_ref());
        self.keep(version, words.level, &target, &message, fields, request);
    }

    /// What the host has to say about the plugin, of a call if there is one.
    pub fn note(&self, version: &Arc<str>, level: Level, message: &str, request: Option<RequestDigits>) {
        let message = self.secrets.hide(message);
        let request = request.or_else(|| Asker::now().and_then(|asker| asker.request));
        let request_id = request.as_ref().map(RequestDigits::as_str);
        let (id, text) = (self.id.as_str(), version.as_ref());
        write_at!(level, request_id, plugin.id = id, plugin.version = text, "{message}");
        self.keep(version, level, HOST, &message, None, request);
    }

    fn keep(
        &self,
        version: &Arc<str>,
        level: Level,
        target: &str,
        message: &str,
        fields: Option<&str>,
        request: Option<RequestDigits>,
    ) {
        if self.limits.lines == 0 {
            return;
        }
        let bytes = self.limits.line_bytes;
        let (target, message) = (bounded(target, bytes), bounded(message, bytes));
        let fields = fields.map(|fields| bounded(fields, bytes.saturating_sub(message.len())));
        let at_ms = super::services::now_ms();
        let line = LogLine { number: 0, at_ms, level, version: Arc::clone(version), target, message, fields, request };
        let mut kept = self.kept.lock();
        let dropped = kept.push(line);
        let is_followed = kept.followers > 0;
        drop(kept);
        drop(dropped);
        if is_followed {
            self.grown.notify_waiters();
        }
    }

    /// Whether the operator's log has room for a line; how many it had none for is told first.
    fn may_write(&self) -> bool {
        let Some(allowance) = &self.allowance else { return true };
        if allowance.check().is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        if self.left_out.load(Ordering::Relaxed) > 0 {
            let count = self.left_out.swap(0, Ordering::Relaxed);
            let (id, most) = (self.id.as_str(), self.limits.lines_per_second);
            tracing::warn!(
                plugin.id = id,
                "{count} lines of plugin {id} were left out here: it may write {most} a second (plugins.log_lines_per_second)"
            );
        }
        true
    }
}

/// Whether the operator's log wants lines of that level.
fn is_heard(level: Level) -> bool {
    match level {
        Level::Trace => tracing::enabled!(tracing::Level::TRACE),
        Level::Debug => tracing::enabled!(tracing::Level::DEBUG),
        Level::Info => tracing::enabled!(tracing::Level::INFO),
        Level::Warn => tracing::enabled!(tracing::Level::WARN),
        Level::Error => tracing::enabled!(tracing::Level::ERROR),
    }
}
