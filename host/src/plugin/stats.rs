//! What a plugin's calls came to, since the server started.

use super::traffic::{History, Interval, LATENCY_US_MAX, Recent, Sample, empty, timed};
use histogram::{AtomicHistogram, Histogram};
use parking_lot::Mutex;
use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counters of one plugin, over all of its generations. Written by the dispatcher.
#[derive(Debug)]
pub struct PluginStats {
    calls: AtomicU64,
    errors: AtomicU64,
    panics: AtomicU64,
    timeouts: AtomicU64,
    overruns: AtomicU64,
    rejected: AtomicU64,
    busy_us: AtomicU64,
    /// In microseconds.
    took: AtomicHistogram,
    /// The longest call since the last sample.
    longest_us: AtomicU64,
    sampled: Mutex<Sampled>,
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
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
    /// Panics, timeouts, and jobs and events that overran their deadlines, together.
    pub strikes: u64,
    /// Time spent in calls until their answers began, in microseconds.
    pub busy_us: u64,
}

/// What was known at the last sample, and at those before it.
#[derive(Debug)]
struct Sampled {
    counts: Counts,
    took: Histogram,
    history: History,
}

impl Default for PluginStats {
    fn default() -> Self {
        let counter = || AtomicU64::new(0);
        Self {
            calls: counter(),
            errors: counter(),
            panics: counter(),
            timeouts: counter(),
            overruns: counter(),
            rejected: counter(),
            busy_us: counter(),
            took: timed(),
            longest_us: counter(),
            sampled: Mutex::new(Sampled { counts: Counts::default(), took: empty(), history: History::default() }),
        }
    }
}

impl PluginStats {
    /// Counts a call that reached the plugin.
    pub fn record(&self, outcome: Outcome, took: Duration) {
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).min(LATENCY_US_MAX);
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.busy_us.fetch_add(took_us, Ordering::Relaxed);
        // It has a place for every number up to the most.
        let _ = self.took.increment(took_us);
        if took_us > self.longest_us.load(Ordering::Relaxed) {
            self.longest_us.fetch_max(took_us, Ordering::Relaxed);
        }
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

    /// Counts a job or an event that overran its deadline.
    pub fn record_overrun(&self) {
        self.overruns.fetch_add(1, Ordering::Relaxed);
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
            strikes: panics + timeouts + read(&self.overruns),
            busy_us: read(&self.busy_us),
        }
    }

    /// Takes a sample: what has come since the last one, also kept for the history.
    pub(super) fn sample(&self, at_s: i64) -> Interval {
        let mut sampled = self.sampled.lock();
        let (interval, counts, took) = self.since(&sampled);
        self.longest_us.store(0, Ordering::Relaxed);
        sampled.counts = counts;
        sampled.took = took;
        sampled.history.push(at_s, &interval);
        interval
    }

    /// What has come since the last sample, with the counters and the times of now.
    fn since(&self, sampled: &Sampled) -> (Interval, Counts, Histogram) {
        let (now, before, took) = (self.counts(), &sampled.counts, self.took.load());
        let interval = Interval {
            calls: now.calls - before.calls,
            errors: (now.errors + now.timeouts) - (before.errors + before.timeouts),
            rejected: now.rejected - before.rejected,
            busy_us: now.busy_us.wrapping_sub(before.busy_us),
            longest_us: self.longest_us.load(Ordering::Relaxed),
            took: took.checked_sub(&sampled.took).unwrap_or_else(|_| empty()),
        };
        (interval, now, took)
    }

    /// The samples after the moment `after_s`, the oldest first.
    #[must_use]
    pub fn history(&self, after_s: i64) -> Vec<Sample> {
        self.sampled.lock().history.after(after_s)
    }

    /// The last minute, up to now.
    #[must_use]
    pub fn recent(&self) -> Recent {
        let sampled = self.sampled.lock();
        let (now, ..) = self.since(&sampled);
        sampled.history.recent(&now)
    }
}
