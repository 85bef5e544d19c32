//! The conduct of one generation, counted where something goes wrong and nowhere else.

use super::quarantine::QuarantineCause;
use super::redact::redacted;
use crate::plugin::id::PluginId;
use crate::plugin::log::PluginLog;
use crate::plugin::stats::{Outcome, PluginStats};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::WeakSender;

/// Alarms that may wait. One that finds no room is raised again at the next occasion.
pub(in crate::plugin) const ALARMS_MAX: usize = 64;
/// Fewer calls say nothing about a version.
const PROBATION_CALLS_MIN: u64 = 20;
/// Of a hundred calls on probation, how many may fail.
const PROBATION_FAULTS_MAX: u64 = 50;

/// What counts against a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strike {
    /// It panicked: in a call, in a body, or on a thread of its own.
    Panic,
    /// A call overran its deadline.
    Timeout,
    /// It said, or failed to say, that it can't work.
    NotReady,
}

/// When the host intervenes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuardRules {
    /// Strikes that take a plugin out; 0 for never.
    pub strikes: usize,
    /// How long one counts.
    pub window: Duration,
    /// How long an upgraded version is on probation; zero for not at all.
    pub probation: Duration,
}

/// What a generation did that somebody has to act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::plugin) enum Trouble {
    /// Strikes enough to take it out.
    Strikes {
        /// How many of each kind.
        cause: QuarantineCause,
        /// The words of the last panic.
        last_panic: Option<String>,
    },
    /// More calls failed than a version on probation may afford.
    Unreliable {
        /// Calls so far.
        calls: u64,
        /// How many failed.
        faults: u64,
    },
    /// A version on probation is not ready.
    NotReady,
}

/// A trouble with the generation that made it.
#[derive(Debug)]
pub(in crate::plugin) struct Alarm {
    pub(in crate::plugin) id: PluginId,
    pub(in crate::plugin) watch: Arc<Watch>,
    pub(in crate::plugin) trouble: Trouble,
}

/// The conduct of one generation.
#[derive(Debug)]
pub struct Watch {
    id: PluginId,
    rules: GuardRules,
    stats: Arc<PluginStats>,
    calls_before: u64,
    began: Instant,
    faults: AtomicU64,
    seen: Mutex<Seen>,
    /// Knows what must not be repeated.
    log: Arc<PluginLog>,
    /// None where nobody would act.
    alarms: Option<WeakSender<Alarm>>,
}

#[derive(Debug, Default)]
struct Seen {
    /// The last strikes, as many as it takes.
    strikes: VecDeque<(Instant, Strike)>,
    last_panic: Option<String>,
    /// What has been raised is not raised again: the generation is on its way out, or nobody minds.
    raised_strikes: bool,
    raised_probation: bool,
}

impl GuardRules {
    /// The host never intervenes.
    pub const NONE: Self = Self { strikes: 0, window: Duration::ZERO, probation: Duration::ZERO };
}

impl Watch {
    /// A watch over a generation that is about to be started.
    pub(in crate::plugin) fn new(
        id: PluginId,
        rules: GuardRules,
        stats: Arc<PluginStats>,
        log: Arc<PluginLog>,
        alarms: WeakSender<Alarm>,
    ) -> Arc<Self> {
        Arc::new(Self { alarms: Some(alarms), ..Self::blank(id, rules, stats, log) })
    }

    /// A watch that counts and never raises an alarm.
    #[must_use]
    pub fn silent(id: PluginId, stats: Arc<PluginStats>, log: Arc<PluginLog>) -> Arc<Self> {
        Arc::new(Self::blank(id, GuardRules::NONE, stats, log))
    }

    /// What is said by the plugin and about it.
    #[must_use]
    pub fn log(&self) -> &Arc<PluginLog> {
        &self.log
    }

    fn blank(id: PluginId, rules: GuardRules, stats: Arc<PluginStats>, log: Arc<PluginLog>) -> Self {
        let calls_before = stats.counts().calls;
        let (faults, seen, began) = (AtomicU64::new(0), Mutex::default(), Instant::now());
        Self { id, rules, stats, calls_before, began, faults, seen, log, alarms: None }
    }

    /// Counts a strike; `words` are the plugin's own. May be called from any thread.
    pub fn strike(self: &Arc<Self>, strike: Strike, words: Option<&str>) {
        let mut seen = self.seen.lock();
        if let (Strike::Panic, Some(words)) = (strike, words) {
            seen.last_panic = Some(redacted(words, self.log.secrets()));
        }
        if strike == Strike::NotReady && self.is_new() && !seen.raised_probation {
            seen.raised_probation = self.raise(Trouble::NotReady);
        }
        let Some(cause) = seen.count(strike, Instant::now(), self.rules) else { return };
        if !seen.raised_strikes {
            let last_panic = seen.last_panic.clone();
            seen.raised_strikes = self.raise(Trouble::Strikes { cause, last_panic });
        }
    }

    /// Counts a call that did not end well. A panic is no strike here: the plugin's own hook reports it.
    pub fn fault(self: &Arc<Self>, outcome: Outcome) {
        let faults = self.faults.fetch_add(1, Ordering::Relaxed) + 1;
        if outcome == Outcome::Timeout {
            self.strike(Strike::Timeout, None);
        }
        if self.is_new() && is_unreliable(self.calls(), faults) {
            let mut seen = self.seen.lock();
            if !seen.raised_probation {
                seen.raised_probation = self.raise(Trouble::Unreliable { calls: self.calls(), faults });
            }
        }
    }

    /// Whether it may still be on probation; only the supervisor knows.
    fn is_new(&self) -> bool {
        self.began.elapsed() < self.rules.probation
    }

    fn calls(&self) -> u64 {
        self.stats.counts().calls.saturating_sub(self.calls_before)
    }

    /// Whether it was heard.
    fn raise(self: &Arc<Self>, trouble: Trouble) -> bool {
        let Some(alarms) = self.alarms.as_ref().and_then(WeakSender::upgrade) else { return false };
        alarms.try_send(Alarm { id: self.id.clone(), watch: Arc::clone(self), trouble }).is_ok()
    }
}

impl Seen {
    /// Counts a strike; gives the sum if it is one too many.
    fn count(&mut self, strike: Strike, now: Instant, rules: GuardRules) -> Option<QuarantineCause> {
        if rules.strikes == 0 {
            return None;
        }
        self.strikes.push_back((now, strike));
        while self.strikes.len() > rules.strikes {
            self.strikes.pop_front();
        }
        let (first, _) = self.strikes.front()?;
        if self.strikes.len() < rules.strikes || now.duration_since(*first) > rules.window {
            return None;
        }
        let of = |kind| {
            let count = self.strikes.iter().filter(|(_, strike)| *strike == kind).count();
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        Some(QuarantineCause::Strikes {
            panics: of(Strike::Panic),
            timeouts: of(Strike::Timeout),
            not_ready: of(Strike::NotReady),
            window_s: rules.window.as_secs(),
        })
    }
}

fn is_unreliable(calls: u64, faults: u64) -> bool {
    calls >= PROBATION_CALLS_MIN && faults.saturating_mul(100) > calls.saturating_mul(PROBATION_FAULTS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::log::LogLimits;
    use tokio::sync::mpsc;

    const RULES: GuardRules =
        GuardRules { strikes: 3, window: Duration::from_secs(60), probation: Duration::from_secs(60) };

    fn watched(rules: GuardRules) -> (Arc<Watch>, Arc<PluginStats>, mpsc::Sender<Alarm>, mpsc::Receiver<Alarm>) {
        let (alarms, raised) = mpsc::channel(ALARMS_MAX);
        let stats = Arc::<PluginStats>::default();
        let id: PluginId = "hello".parse().unwrap();
        let log = Arc::new(PluginLog::new(id.clone(), LogLimits::NONE));
        log.secrets().add(&["geheim".to_owned()]);
        let watch = Watch::new(id, rules, Arc::clone(&stats), log, alarms.downgrade());
        (watch, stats, alarms, raised)
    }

    fn troubles(raised: &mut mpsc::Receiver<Alarm>) -> Vec<Trouble> {
        std::iter::from_fn(|| raised.try_recv().ok()).map(|alarm| alarm.trouble).collect()
    }

    #[test]
    fn as_many_strikes_as_it_takes_raise_one_alarm() {
        let (watch, _stats, _alarms, mut raised) = watched(RULES);
        watch.strike(Strike::Panic, Some("geheim is wrong"));
        watch.fault(Outcome::Timeout);
        assert_eq!(troubles(&mut raised), []);
        watch.strike(Strike::Panic, Some("geheim is wrong again"));
        watch.strike(Strike::Panic, None);
        let cause = QuarantineCause::Strikes { panics: 2, timeouts: 1, not_ready: 0, window_s: 60 };
        let last_panic = Some("*** is wrong again".to_owned());
        assert_eq!(troubles(&mut raised), [Trouble::Strikes { cause, last_panic }]);
    }

    #[test]
    fn strikes_outside_the_window_are_forgotten_and_none_is_counted_without_a_limit() {
        let (mut seen, now) = (Seen::default(), Instant::now());
        for (after_s, is_over) in [(0, false), (30, false), (61, false), (62, true), (122, false), (123, false)] {
            let at = now + Duration::from_secs(after_s);
            assert_eq!(seen.count(Strike::Panic, at, RULES).is_some(), is_over, "{after_s}");
        }
        let (watch, _stats, _alarms, mut raised) = watched(GuardRules { strikes: 0, ..RULES });
        (0..100).for_each(|_| watch.strike(Strike::Panic, None));
        assert_eq!(troubles(&mut raised), []);
    }

    #[test]
    fn a_new_generation_may_fail_half_of_its_calls_and_not_more() {
        let (watch, stats, _alarms, mut raised) = watched(GuardRules { strikes: 0, ..RULES });
        let call = |outcome| {
            stats.record(outcome, Duration::ZERO);
            if outcome != Outcome::Answered {
                watch.fault(outcome);
            }
        };
        (0..10).for_each(|_| call(Outcome::Answered));
        (0..10).for_each(|_| call(Outcome::Error));
        assert_eq!(troubles(&mut raised), []);
        (0..10).for_each(|_| call(Outcome::Error));
        assert_eq!(troubles(&mut raised), [Trouble::Unreliable { calls: 21, faults: 11 }]);

        let (watch, _stats, _alarms, mut raised) = watched(RULES);
        watch.strike(Strike::NotReady, None);
        assert_eq!(troubles(&mut raised), [Trouble::NotReady]);
        let (watch, _stats, _alarms, mut raised) = watched(GuardRules { probation: Duration::ZERO, ..RULES });
        watch.strike(Strike::NotReady, None);
        assert_eq!(troubles(&mut raised), []);
    }
}
