//! A clock that stands still until the test moves it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// 2026-01-01 00:00:00 UTC.
const BEGINNING_MS: i64 = 1_767_225_600_000;

pub(super) struct Clock(AtomicI64);

impl Clock {
    pub(super) fn new() -> Self {
        Self(AtomicI64::new(BEGINNING_MS))
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn advance(&self, duration: Duration) {
        let ms = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        self.0.fetch_add(ms, Ordering::Relaxed);
    }

    /// `YYYY-MM-DD HH:MM:SS` in UTC; empty for a time that no calendar has.
    pub(super) fn format(unix_ms: i64) -> String {
        match jiff::Timestamp::from_millisecond(unix_ms) {
            Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            Err(_) => String::new(),
        }
    }
}
