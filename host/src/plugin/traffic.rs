//! How much plugins were called, how often they failed and how long they took, over the last half hour.
//!
//! What is measured is the time from the dispatch of a call to the head of its answer: reading a short body is in it,
//! sending the answer's body is not. A call pays for it with two additions; one task takes a sample of every plugin
//! now and then. Everything is of this process, and bounded.

use super::supervisor::SupervisorHandle;
use histogram::{AtomicHistogram, Histogram, SparseHistogram};
use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};

/// Between two samples.
pub const INTERVAL: Duration = Duration::from_secs(5);
/// Half an hour.
const SAMPLES_MAX: usize = 360;
/// Samples whose calls are still told one from the other: a minute.
const RECENT_MAX: usize = 12;
/// Of a number, as many bits are kept: a time is known to 3 %.
const PRECISION_BITS: u8 = 5;
/// Longer calls than two minutes count as such.
const RANGE_BITS: u8 = 27;
/// The longest time that is told from a longer one.
pub(super) const LATENCY_US_MAX: u64 = (1 << RANGE_BITS) - 1;
const SIZES: &str = "the sizes fit each other";

/// Counts times, in microseconds.
pub(super) fn timed() -> AtomicHistogram {
    AtomicHistogram::new(PRECISION_BITS, RANGE_BITS).expect(SIZES)
}

/// No times.
pub(super) fn empty() -> Histogram {
    Histogram::new(PRECISION_BITS, RANGE_BITS).expect(SIZES)
}

/// What came between two samples.
#[derive(Debug)]
pub(super) struct Interval {
    pub(super) calls: u64,
    pub(super) errors: u64,
    pub(super) rejected: u64,
    pub(super) busy_us: u64,
    pub(super) longest_us: u64,
    pub(super) took: Histogram,
}

/// What came in one interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// The end of the interval, in Unix seconds.
    pub at_s: i64,
    /// Calls that ended.
    pub calls: u64,
    /// Calls that ended with a status of 500 and above, in a panic, or at their deadline.
    pub errors: u64,
    /// Calls that were turned away because too many were running.
    pub rejected: u64,
    /// How long they took, if there were any.
    pub latency: Option<Latency>,
}

/// How long calls took until their answers began, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// On average.
    pub mean_us: u64,
    /// Half of them at most.
    pub p50_us: u64,
    /// 95 of a hundred at most.
    pub p95_us: u64,
    /// 99 of a hundred at most.
    pub p99_us: u64,
    /// The longest.
    pub max_us: u64,
}

/// The last minute, or less if it has not lasted that long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recent {
    /// How long it has lasted, but for what has come since the last sample.
    pub seconds: u64,
    /// Calls that ended.
    pub calls: u64,
    /// Calls that ended with a status of 500 and above, in a panic, or at their deadline.
    pub errors: u64,
    /// Calls that were turned away because too many were running.
    pub rejected: u64,
    /// How long they took, if there were any.
    pub latency: Option<Latency>,
}

/// The samples of one plugin, or of all together.
#[derive(Debug, Default)]
pub(super) struct History {
    samples: VecDeque<Sample>,
    recent: VecDeque<Past>,
}

/// An interval, as small as it is kept.
#[derive(Debug)]
struct Past {
    sample: Sample,
    busy_us: u64,
    took: SparseHistogram,
}

/// What the calls of all plugins came to, those that are gone included.
#[derive(Debug, Default)]
pub struct Traffic(Mutex<History>);

impl Interval {
    pub(super) fn none() -> Self {
        Self { calls: 0, errors: 0, rejected: 0, busy_us: 0, longest_us: 0, took: empty() }
    }

    fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.rejected += other.rejected;
        self.busy_us = self.busy_us.wrapping_add(other.busy_us);
        self.longest_us = self.longest_us.max(other.longest_us);
        // Of equal sizes, and far from 2^64 calls.
        let _ = self.took.checked_add_assign(&other.took);
    }

    fn latency(&self) -> Option<Latency> {
        let mut found = [None, None, None];
        self.took.quantile_buckets_into(&[0.5, 0.95, 0.99], &mut found).ok()?;
        let [Some(p50), Some(p95), Some(p99)] = found else { return None };
        // A call that is being counted may be in one number already and not yet in another.
        let max_us = self.longest_us.max(p99.start());
        let mean_us = self.busy_us.checked_div(self.calls).unwrap_or_default().min(max_us);
        let [p50_us, p95_us, p99_us] = [p50, p95, p99].map(|bucket| bucket.end().min(max_us));
        Some(Latency { mean_us, p50_us, p95_us, p99_us, max_us })
    }
}

impl History {
    pub(super) fn push(&mut self, at_s: i64, interval: &Interval) {
        let Interval { calls, errors, rejected, busy_us, .. } = *interval;
        let sample = Sample { at_s, calls, errors, rejected, latency: interval.latency() };
        let took = SparseHistogram::from(&interval.took);
        push_bounded(&mut self.samples, sample, SAMPLES_MAX);
        push_bounded(&mut self.recent, Past { sample, busy_us, took }, RECENT_MAX);
    }

    pub(super) fn after(&self, after_s: i64) -> Vec<Sample> {
        self.samples.iter().filter(|sample| sample.at_s > after_s).copied().collect()
    }

    /// The last samples and what has come since.
    pub(super) fn recent(&self, now: &Interval) -> Recent {
        let mut sum = Interval::none();
        for Past { sample, busy_us, took } in &self.recent {
            sum.add(&Interval {
                calls: sample.calls,
                errors: sample.errors,
                rejected: sample.rejected,
                busy_us: *busy_us,
                longest_us: sample.latency.map_or(0, |latency| latency.max_us),
                took: Histogram::from(took),
            });
        }
        sum.add(now);
        let Interval { calls, errors, rejected, .. } = sum;
        let seconds = INTERVAL.as_secs() * self.recent.len() as u64;
        Recent { seconds, calls, errors, rejected, latency: sum.latency() }
    }
}

impl Traffic {
    /// The samples after the moment `after_s`, the oldest first.
    #[must_use]
    pub fn history(&self, after_s: i64) -> Vec<Sample> {
        self.0.lock().after(after_s)
    }

    /// The last minute, up to the last sample.
    #[must_use]
    pub fn recent(&self) -> Recent {
        self.0.lock().recent(&Interval::none())
    }
}

fn push_bounded<T>(list: &mut VecDeque<T>, item: T, most: usize) {
    if list.len() >= most {
        list.pop_front();
    }
    list.push_back(item);
}

/// Takes samples until the supervisor ends.
pub(super) async fn sample(upgraded: impl Fn() -> Option<SupervisorHandle>) {
    let Some(ended) = upgraded().map(|handle| handle.watches_ended()) else { return };
    let sampling = async {
        let mut ticks = tokio::time::interval_at(Instant::now() + INTERVAL, INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let Some(handle) = upgraded() else { return };
            sample_all(&handle);
        }
    };
    tokio::select! {
        () = ended => {}
        () = sampling => {}
    }
}

fn sample_all(handle: &SupervisorHandle) {
    let (table, at_s) = (handle.published().load_full(), Timestamp::now().as_second());
    let mut sum = Interval::none();
    for status in table.plugins().values() {
        sum.add(&status.stats.sample(at_s));
    }
    handle.workplace().traffic.0.lock().push(at_s, &sum);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::stats::{Outcome, PluginStats};

    fn call(stats: &PluginStats, outcome: Outcome, took_us: u64) {
        stats.record(outcome, Duration::from_micros(took_us));
    }

    #[test]
    fn percentiles_are_those_of_the_calls_within_three_percent() {
        let stats = PluginStats::default();
        (1..=1_000).for_each(|number| call(&stats, Outcome::Answered, number * 100));
        stats.sample(5);
        let latency = stats.history(0)[0].latency.expect("there were calls");
        for (found, exact) in [
            (latency.p50_us, 50_000),
            (latency.p95_us, 95_000),
            (latency.p99_us, 99_000),
            (latency.max_us, 100_000),
            (latency.mean_us, 50_050),
        ] {
            assert!(found.abs_diff(exact) * 100 <= exact * 4, "{found} for {exact}");
        }
    }

    #[test]
    fn a_sample_has_what_came_since_the_one_before_and_a_minute_has_them_all() {
        let stats = PluginStats::default();
        call(&stats, Outcome::Answered, 10);
        call(&stats, Outcome::Error, 20);
        stats.sample(5);
        call(&stats, Outcome::Timeout, u64::MAX);
        stats.record_rejected();
        stats.sample(10);
        stats.sample(15);
        let told: Vec<_> = stats.history(0).iter().map(|one| (one.at_s, one.calls, one.errors, one.rejected)).collect();
        assert_eq!(told, [(5, 2, 1, 0), (10, 1, 1, 1), (15, 0, 0, 0)]);
        assert_eq!(stats.history(0)[2].latency, None);
        assert_eq!(stats.history(10).len(), 1);
        call(&stats, Outcome::Answered, 30);
        let recent = stats.recent();
        assert_eq!((recent.seconds, recent.calls, recent.errors, recent.rejected), (15, 4, 2, 1));
        assert_eq!(recent.latency.map(|latency| latency.max_us), Some(LATENCY_US_MAX));
    }

    #[test]
    fn half_an_hour_is_kept_and_a_minute_is_looked_at() {
        let stats = PluginStats::default();
        for number in 1..=400 {
            call(&stats, Outcome::Answered, 1);
            stats.sample(number * 5);
        }
        let history = stats.history(0);
        assert_eq!((history.len(), history[0].at_s, stats.recent().calls), (360, 205, 12));
    }
}
