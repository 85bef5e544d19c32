//! Failed logins by user name, and names that are locked for a while.
//!
//! Names that no user has are counted alike: a lock must not tell which names exist. The counts
//! are those of all processes; while they can't be had, each process counts for itself, and what it locks
//! then stays locked. Everything that asks for them goes through [`Lockout`].

use super::failures::Failures;
use super::rules::Rules;
use crate::cache::{CacheError, Change, Cluster, Redis};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Names that a process counts at once. Beyond it the name that failed longest ago is forgotten.
const NAMES_MAX: usize = 10_000;

/// Counts failures. One per process.
#[derive(Debug)]
pub(super) struct Lockout {
    here: Here,
    redis: Option<Redis>,
}

/// What this process counts for itself.
#[derive(Debug)]
struct Here {
    names: Mutex<HashMap<String, Failures>>,
    start: Instant,
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
    /// With the counts of every process of `cluster`.
    pub(super) fn of(cluster: &Cluster) -> Self {
        Self { here: Here { names: Mutex::default(), start: Instant::now() }, redis: cluster.redis().cloned() }
    }

    /// How long the name is still locked; None if it is not.
    pub(super) async fn locked_for(&self, username: &str) -> Option<Duration> {
        let here = self.here.locked_for(username, self.here.now_ms());
        match (&self.redis, here) {
            (Some(redis), None) => {
                let read = redis.read(&key(username), |text, now_ms| failures(text).locked_for(now_ms)).await;
                read.unwrap_or_else(|error| {
                    note(&error);
                    None
                })
            }
            _ => here,
        }
    }

    /// Counts an attempt whose password has been checked.
    ///
    /// Attempts that ran at the same time are decided here one after the other, so that no crowd
    /// of them gets more tries than the rules allow.
    pub(super) async fn settle(&self, username: &str, matches: bool, rules: &Rules) -> Verdict {
        let now_ms = self.here.now_ms();
        if let Some(redis) = &self.redis
            && self.here.locked_for(username, now_ms).is_none()
        {
            match settle_in(redis, username, matches, rules).await {
                Ok(verdict) => return verdict,
                Err(error) => note(&error),
            }
        }
        self.here.settle(username, matches, rules, now_ms)
    }

    /// Forgets the failures of a name: its user has logged in.
    pub(super) async fn clear(&self, username: &str) {
        self.here.names.lock().remove(username);
        if let Some(redis) = &self.redis
            && let Err(error) = redis.take(&key(username)).await
        {
            note(&error);
        }
    }
}

async fn settle_in(redis: &Redis, username: &str, matches: bool, rules: &Rules) -> Result<Verdict, CacheError> {
    let decide = |text: &str, now_ms: i64| {
        let before = failures(text);
        let mut after = before.clone();
        let verdict = after.settle(matches, rules, now_ms);
        if after == before {
            return (Change::Keep, verdict);
        }
        let value = serde_json::to_string(&after).expect("failures are numbers only");
        (Change::Put { value, seconds: rules.lock_seconds.max(1) }, verdict)
    };
    redis.update(&key(username), decide).await
}

fn key(username: &str) -> String {
    format!("login:failure:{username}")
}

/// What is none of ours counts as nothing.
fn failures(text: &str) -> Failures {
    serde_json::from_str(text).unwrap_or_default()
}

fn note(error: &CacheError) {
    tracing::debug!(%error, "failed logins are counted by this process alone");
}

impl Here {
    fn now_ms(&self) -> i64 {
        i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn locked_for(&self, username: &str, now_ms: i64) -> Option<Duration> {
        self.names.lock().get(username)?.locked_for(now_ms)
    }

    fn settle(&self, username: &str, matches: bool, rules: &Rules, now_ms: i64) -> Verdict {
        let mut names = self.names.lock();
        if matches && !names.contains_key(username) {
            return Verdict::Admitted;
        }
        make_room(&mut names, username, rules, now_ms);
        names.entry(username.to_owned()).or_default().settle(matches, rules, now_ms)
    }
}

fn make_room(names: &mut HashMap<String, Failures>, username: &str, rules: &Rules, now_ms: i64) {
    if names.len() < NAMES_MAX || names.contains_key(username) {
        return;
    }
    names.retain(|_, failures| !failures.are_over(rules, now_ms));
    if names.len() < NAMES_MAX {
        return;
    }
    if let Some(oldest) = names.iter().min_by_key(|(_, failures)| failures.last()).map(|(name, _)| name.clone()) {
        names.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(300);
    const WINDOW_MS: i64 = 300_000;

    fn alone() -> Here {
        Lockout::of(&Cluster::alone()).here
    }

    #[test]
    fn the_fifth_failure_locks_for_five_minutes_and_a_right_password_does_not_help() {
        let (here, rules) = (alone(), Rules::default());
        for _ in 0..4 {
            assert_eq!(here.settle("bob", false, &rules, 0), Verdict::Refused);
        }
        assert_eq!(here.settle("bob", false, &rules, 0), Verdict::Locked(WINDOW));
        assert_eq!(here.settle("bob", true, &rules, 0), Verdict::Locked(WINDOW));
        assert_eq!(here.locked_for("bob", WINDOW_MS - 1000), Some(Duration::from_secs(1)));
        assert_eq!(here.locked_for("bob", WINDOW_MS), None);
        assert_eq!(here.settle("bob", true, &rules, WINDOW_MS), Verdict::Admitted);
        assert_eq!(here.settle("amy", true, &rules, 0), Verdict::Admitted);
    }

    #[tokio::test]
    async fn failures_count_for_five_minutes_and_until_a_login() {
        let (lockout, rules) = (Lockout::of(&Cluster::alone()), Rules::default());
        for time in 0..20 {
            assert_eq!(lockout.here.settle("bob", false, &rules, time * 80_000), Verdict::Refused, "{time}");
        }
        for round in 0..3 {
            for _ in 0..4 {
                assert_eq!(lockout.settle("amy", false, &rules).await, Verdict::Refused, "{round}");
            }
            lockout.clear("amy").await;
        }
    }

    #[test]
    fn a_flood_of_names_is_bounded() {
        let (here, rules) = (alone(), Rules::default());
        for name in 0..=NAMES_MAX {
            here.settle(&name.to_string(), false, &rules, 0);
        }
        assert_eq!(here.names.lock().len(), NAMES_MAX);
    }
}
