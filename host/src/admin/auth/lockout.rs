//! Failed logins by user name, and names that are locked for a while.
//!
//! Names that no user has are counted alike: a lock must not tell which names exist. The counts
//! live in this process; everything that asks for them goes through [`Lockout`].

use super::rules::Rules;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Names that are counted at once. Beyond it the name that failed longest ago is forgotten.
const NAMES_MAX: usize = 10_000;

/// Counts failures. One per process.
#[derive(Debug, Default)]
pub(super) struct Lockout {
    names: Mutex<HashMap<String, Failures>>,
}

#[derive(Debug, Default)]
struct Failures {
    at: Vec<Instant>,
    locked_until: Option<Instant>,
}

/// What became of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The password was right and the name is not locked.
    Admitted,
    /// The password was wrong.
    Refused,
    /// The name is locked for this long, whatever the password was.
    Locked(Duration),
}

impl Lockout {
    /// How long the name is still locked; None if it is not.
    pub(super) fn locked_for(&self, username: &str, now: Instant) -> Option<Duration> {
        self.names.lock().get(username)?.locked_for(now)
    }

    /// Counts an attempt whose password has been checked.
    ///
    /// Attempts that ran at the same time are decided here one after the other, so that no crowd
    /// of them gets more tries than the rules allow.
    pub(super) fn settle(&self, username: &str, matches: bool, rules: &Rules, now: Instant) -> Verdict {
        let mut names = self.names.lock();
        if let Some(left) = names.get(username).and_then(|failures| failures.locked_for(now)) {
            return Verdict::Locked(left);
        }
        if matches {
            return Verdict::Admitted;
        }
        make_room(&mut names, username, rules, now);
        names.entry(username.to_owned()).or_default().add(rules, now)
    }

    /// Forgets the failures of a name: its user has logged in.
    pub(super) fn clear(&self, username: &str) {
        self.names.lock().remove(username);
    }
}

impl Failures {
    fn locked_for(&self, now: Instant) -> Option<Duration> {
        self.locked_until.map(|until| until.saturating_duration_since(now)).filter(|left| !left.is_zero())
    }

    fn add(&mut self, rules: &Rules, now: Instant) -> Verdict {
        let window = Duration::from_secs(u64::from(rules.lock_seconds));
        self.locked_until = None;
        self.at.retain(|at| now.duration_since(*at) < window);
        self.at.push(now);
        let most = usize::try_from(rules.lock_failures).unwrap_or(usize::MAX);
        if most == 0 || self.at.len() < most {
            // Without a lock the last failure is enough to know that there was one.
            self.at.drain(..self.at.len() - self.at.len().min(most.max(1)));
            return Verdict::Refused;
        }
        self.at.clear();
        self.locked_until = Some(now + window);
        Verdict::Locked(window)
    }

    fn is_over(&self, window: Duration, now: Instant) -> bool {
        self.locked_for(now).is_none() && self.at.iter().all(|at| now.duration_since(*at) >= window)
    }
}

fn make_room(names: &mut HashMap<String, Failures>, username: &str, rules: &Rules, now: Instant) {
    if names.len() < NAMES_MAX || names.contains_key(username) {
        return;
    }
    let window = Duration::from_secs(u64::from(rules.lock_seconds));
    names.retain(|_, failures| !failures.is_over(window, now));
    if names.len() < NAMES_MAX {
        return;
    }
    let last = |failures: &Failures| failures.at.last().copied().or(failures.locked_until);
    if let Some(oldest) = names.iter().min_by_key(|(_, failures)| last(failures)).map(|(name, _)| name.clone()) {
        names.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(300);

    #[test]
    fn the_fifth_failure_locks_for_five_minutes_and_a_right_password_does_not_help() {
        let (lockout, rules, start) = (Lockout::default(), Rules::default(), Instant::now());
        for _ in 0..4 {
            assert_eq!(lockout.settle("bob", false, &rules, start), Verdict::Refused);
        }
        assert_eq!(lockout.settle("bob", false, &rules, start), Verdict::Locked(WINDOW));
        assert_eq!(lockout.settle("bob", true, &rules, start), Verdict::Locked(WINDOW));
        assert_eq!(lockout.locked_for("bob", start + Duration::from_secs(299)), Some(Duration::from_secs(1)));
        assert_eq!(lockout.locked_for("bob", start + WINDOW), None);
        assert_eq!(lockout.settle("bob", true, &rules, start + WINDOW), Verdict::Admitted);
        assert_eq!(lockout.settle("amy", true, &rules, start), Verdict::Admitted);
    }

    #[test]
    fn failures_count_for_five_minutes_and_until_a_login() {
        let (lockout, rules, start) = (Lockout::default(), Rules::default(), Instant::now());
        for second in 0..20 {
            let now = start + Duration::from_secs(second * 80);
            assert_eq!(lockout.settle("bob", false, &rules, now), Verdict::Refused, "{second}");
        }
        for round in 0..3 {
            for _ in 0..4 {
                assert_eq!(lockout.settle("amy", false, &rules, start), Verdict::Refused, "{round}");
            }
            lockout.clear("amy");
        }
    }

    #[test]
    fn a_flood_of_names_is_bounded() {
        let (lockout, rules, start) = (Lockout::default(), Rules::default(), Instant::now());
        for name in 0..=NAMES_MAX {
            lockout.settle(&name.to_string(), false, &rules, start);
        }
        assert_eq!(lockout.names.lock().len(), NAMES_MAX);
    }
}
