//! What a plugin's calls came to, since the server started.

use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counters of one plugin, over all of its generations. Written by the dispatcher.
#[derive(Debug, Default)]
pub struct PluginStats {
    calls: AtomicU64,
    errors: AtomicU64,
    panics: AtomicU64,
    timeouts: AtomicU64,
    rejected: AtomicU64,
    busy_us: AtomicU64,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// With a status below 500.
    Answered,
    /// With a status of 500 and above, of the plugin's own making.
    Error,
    /// In a panic.
    Panic,
    /// Not within the deadline.
    Timeout,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Calls that reached the plugin.
    pub calls: u64,
    /// Calls that it answered with a status of 500 and above.
    pub errors: u64,
    /// Panics, in calls and on threads of its own.
    pub panics: u64,
    /// Calls that were cut off at their deadline.
    pub timeouts: u64,
    /// Calls that were turned away because too many were running.
    pub rejected: u64,
    /// Panics and timeouts together.
    pub strikes: u64,
    /// Time spent in calls until their answers began, in microseconds.
    pub busy_us: u64,
}

impl PluginStats {
    /// Counts a call that reached the plugin.
    pub fn record(&self, outcome: Outcome, took: Duration) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.busy_us.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        let counter = match outcome {
            Outcome::Answered => return,
            Outcome::Error => &self.errors,
            Outcome::Panic => &self.panics,
            Outcome::Timeout => &self.timeouts,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a panic that was not in a call: in a body, or on a thread of the plugin's own.
    pub fn record_panic(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a call that was turned away.
    pub fn record_rejected(&self) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }

    /// The counters now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (panics, timeouts) = (read(&self.panics), read(&self.timeouts));
        Counts {
            calls: read(&self.calls),
            errors: read(&self.errors),
            panics,
            timeouts,
            rejected: read(&self.rejected),
            strikes: panics + timeouts,
            busy_us: read(&self.busy_us),
        }
    }
}
