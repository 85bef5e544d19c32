//! An upgrade whose version has yet to prove itself, and what became of the last one that did not.

use super::Guard;
use crate::plugin::services::millis;
use semver::Version;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Versions that are remembered as not to be returned from again.
const EARLIER_MAX: usize = 16;

/// An upgrade under observation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probation {
    /// The version that comes back if it fails.
    pub from: Version,
    /// The version on probation.
    pub to: Version,
    /// When it was installed, in Unix milliseconds.
    pub since_ms: i64,
}

/// A return to the version before that the host made by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRollback {
    /// The version that failed.
    pub from: Version,
    /// The version that came back.
    pub to: Version,
    /// What the failed one did.
    pub reason: String,
    /// When, in Unix milliseconds.
    pub at_ms: i64,
    /// Versions that had failed before it, newest first.
    #[serde(default)]
    pub earlier: Vec<Version>,
}

impl Probation {
    /// When it ends, in Unix milliseconds.
    #[must_use]
    pub fn ends_ms(&self, lasts: Duration) -> i64 {
        self.since_ms.saturating_add(millis(lasts))
    }
}

impl Guard {
    /// The guard after an upgrade from `from` to `to`, at `now_ms`.
    ///
    /// There is no probation for a version that was returned from already (whoever installs it again wants it),
    /// and none after a version that was taken out itself.
    #[must_use]
    pub fn upgraded(&self, from: &Version, to: &Version, now_ms: i64) -> Self {
        let is_known = self.last_rollback.as_ref().is_some_and(|last| last.from == *to || last.earlier.contains(to));
        let on_probation = !is_known && self.quarantine.is_none();
        let probation = on_probation.then(|| Probation { from: from.clone(), to: to.clone(), since_ms: now_ms });
        Self { probation, ..self.clone() }
    }

    /// The guard after a return from `from` to `to` that the host makes because of `reason`.
    #[must_use]
    pub fn returned(&self, from: &Version, to: &Version, reason: String, now_ms: i64) -> Self {
        let mut earlier: Vec<Version> = Vec::new();
        if let Some(last) = &self.last_rollback {
            let known = std::iter::once(&last.from).chain(&last.earlier).filter(|version| *version != from);
            earlier.extend(known.take(EARLIER_MAX).cloned());
        }
        let (from, to) = (from.clone(), to.clone());
        Self { last_rollback: Some(LastRollback { from, to, reason, at_ms: now_ms, earlier }), ..self.clone() }
    }

    /// The version to return to from `version`, if that is on probation at `now_ms`.
    #[must_use]
    pub fn probation_of(&self, version: &Version, lasts: Duration, now_ms: i64) -> Option<&Probation> {
        let probation = self.probation.as_ref()?;
        (probation.to == *version && now_ms < probation.ends_ms(lasts)).then_some(probation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn version(major: u64) -> Version {
        Version::new(major, 0, 0)
    }

    #[test]
    fn an_upgrade_is_on_probation_for_its_time_only() {
        let guard = Guard::default().upgraded(&version(1), &version(2), 1_000);
        let from = |of: u64, now_ms| guard.probation_of(&version(of), MINUTE, now_ms).map(|probation| &probation.from);
        assert_eq!(from(2, 60_999), Some(&version(1)));
        assert_eq!(from(2, 61_000), None);
        assert_eq!(from(1, 2_000), None);
        assert_eq!(guard.probation_of(&version(2), Duration::ZERO, 1_000), None);
    }

    #[test]
    fn no_version_is_returned_from_twice() {
        let mut guard = Guard::default();
        for failed in 2..6 {
            guard = guard.upgraded(&version(1), &version(failed), 0);
            assert!(guard.probation.is_some(), "{failed}");
            guard = guard.returned(&version(failed), &version(1), "it failed".to_owned(), 1);
        }
        for failed in 2..6 {
            assert_eq!(guard.upgraded(&version(1), &version(failed), 0).probation, None, "{failed}");
        }
        assert!(guard.upgraded(&version(1), &version(6), 0).probation.is_some());
    }
}
