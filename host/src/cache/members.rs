//! Which other processes may believe what they remember, although they no longer listen.

use super::announcements::ANSWER_DEADLINE;
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// The other processes, as the looks at those that listen have shown them. Somebody who listened at
/// one look and not at the next may have been cut off without knowing it yet.
#[derive(Debug, Default)]
pub(super) struct Members(Mutex<BTreeMap<String, Option<Instant>>>);

impl Members {
    /// These listen at a moment before `now`, and nobody else.
    pub(super) fn note(&self, listening: &BTreeSet<String>, now: Instant) {
        let mut members = self.0.lock();
        members.extend(listening.iter().map(|name| (name.clone(), None)));
        members.retain(|name, missing_since| {
            if listening.contains(name) {
                return true;
            }
            now.duration_since(*missing_since.get_or_insert(now)) < ANSWER_DEADLINE
        });
    }

    /// Whether nobody is missing who may still believe.
    pub(super) fn are_complete(&self) -> bool {
        self.0.lock().values().all(Option::is_none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_missing_counts_until_it_can_not_believe_any_more() {
        let (members, start) = (Members::default(), Instant::now());
        let both = BTreeSet::from(["one".to_owned(), "two".to_owned()]);
        let one = BTreeSet::from(["one".to_owned()]);
        members.note(&both, start);
        assert!(members.are_complete());
        members.note(&one, start);
        assert!(!members.are_complete());
        members.note(&both, start);
        assert!(members.are_complete(), "it is back");
        members.note(&one, start);
        members.note(&one, start + ANSWER_DEADLINE / 2);
        assert!(!members.are_complete());
        members.note(&one, start + ANSWER_DEADLINE);
        assert!(members.are_complete());
    }
}
