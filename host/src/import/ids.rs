//! Which row of ours is which of theirs.

use plugin_api::IdForm;
use std::collections::{HashMap, HashSet};

/// The largest id that is kept. As numbers, what browsers read exactly ends at 2^53; the rest is room for
/// the ids that follow.
pub(super) fn kept_max() -> i64 {
    match IdForm::current() {
        IdForm::Number => 1 << 52,
        IdForm::Text => i64::MAX - (1 << 32),
    }
}

/// Ids of one table, theirs and ours.
#[derive(Debug, Default)]
pub(super) struct Ids {
    ours: HashMap<i64, i64>,
    added: HashSet<i64>,
}

impl Ids {
    /// Their row is one that is here already.
    pub(super) fn same(&mut self, theirs: i64, ours: i64) {
        self.ours.insert(theirs, ours);
    }

    /// Their row was added under this id.
    pub(super) fn added(&mut self, theirs: i64, ours: i64) {
        self.ours.insert(theirs, ours);
        self.added.insert(ours);
    }

    /// Our id of their row; None if it was not moved.
    pub(super) fn ours(&self, theirs: i64) -> Option<i64> {
        self.ours.get(&theirs).copied()
    }

    /// Whether our row came with this import.
    pub(super) fn is_new(&self, ours: i64) -> bool {
        self.added.contains(&ours)
    }
}

/// Gives ids to new rows: their own where it is free.
#[derive(Debug)]
pub(super) struct Numbers {
    next: i64,
}

impl Numbers {
    /// New ids begin above `last`.
    pub(super) fn above(last: i64) -> Self {
        Self { next: last + 1 }
    }

    /// The id of a new row.
    pub(super) fn of(&mut self, theirs: i64, taken: &HashSet<i64>) -> i64 {
        if (1..=kept_max()).contains(&theirs) && !taken.contains(&theirs) { theirs } else { self.next() }
    }

    /// An id that nobody has.
    pub(super) fn next(&mut self) -> i64 {
        let next = self.next;
        self.next += 1;
        next
    }
}
