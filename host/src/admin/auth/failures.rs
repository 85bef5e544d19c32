//! The rule by which failed logins lock a name.

use super::lockout::Verdict;
use super::rules::Rules;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The failures of one name. Times are in milliseconds of a clock that the keeper of it has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Failures {
    at: Vec<i64>,
    locked_until: Option<i64>,
}

impl Failures {
    /// How long the name is still locked; None if it is not.
    pub(super) fn locked_for(&self, now_ms: i64) -> Option<Duration> {
        let left_ms = u64::try_from(self.locked_until? - now_ms).ok()?;
        (left_ms > 0).then(|| Duration::from_millis(left_ms))
    }

    /// Counts an attempt whose password has been checked.
    pub(super) fn settle(&mut self, matches: bool, rules: &Rules, now_ms: i64) -> Verdict {
        match self.locked_for(now_ms) {
            Some(left) => Verdict::Locked(left),
            None if matches => Verdict::Admitted,
            None => self.add(rules, now_ms),
        }
    }

    fn add(&mut self, rules: &Rules, now_ms: i64) -> Verdict {
        let window_ms = window_ms(rules);
        self.locked_until = None;
        self.at.retain(|at| now_ms - at < window_ms);
        self.at.push(now_ms);
        let most = usize::try_from(rules.lock_failures).unwrap_or(usize::MAX);
        if most == 0 || self.at.len() < most {
            // Without a lock the last failure is enough to know that there was one.
            self.at.drain(..self.at.len() - self.at.len().min(most.max(1)));
            return Verdict::Refused;
        }
        self.at.clear();
        self.locked_until = Some(now_ms + window_ms);
        Verdict::Locked(Duration::from_secs(u64::from(rules.lock_seconds)))
    }

    /// Whether nothing of it counts any more.
    pub(super) fn are_over(&self, rules: &Rules, now_ms: i64) -> bool {
        self.locked_for(now_ms).is_none() && self.at.iter().all(|at| now_ms - at >= window_ms(rules))
    }

    /// When the last one happened, roughly: a name that is locked counts as one that failed at the end of it.
    pub(super) fn last(&self) -> Option<i64> {
        self.at.last().copied().or(self.locked_until)
    }
}

fn window_ms(rules: &Rules) -> i64 {
    i64::from(rules.lock_seconds) * 1000
}
