//! What an import did, or would do.

use serde::Serialize;

/// Problems of a table that are told one by one; the rest is counted.
const PROBLEMS_MAX: usize = 200;

/// The whole import.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Whether it was done, not only tried.
    pub applied: bool,
    /// In the order in which they were moved.
    pub tables: Vec<TableReport>,
}

/// One table. Every row that was read is added, changed, skipped or left out.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TableReport {
    /// Its name, on both sides.
    pub table: &'static str,
    /// Why it was passed over.
    pub absent: Option<&'static str>,
    /// Rows of the source.
    pub read: u64,
    /// New here.
    pub added: u64,
    /// Of these, with another id than in the source.
    pub renumbered: u64,
    /// Here since the start and never touched, now as in the source.
    pub changed: u64,
    /// Here already, and left as they are.
    pub skipped: u64,
    /// Not moved; each has a problem.
    pub left_out: u64,
    /// Rows that came with the installation and made way, since nobody here used them.
    pub samples_removed: u64,
    /// How many problems there are.
    pub problems_in_all: u64,
    /// The first of them.
    pub problems: Vec<Problem>,
}

/// Something in the source that was not moved as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The row's id in the source.
    pub id: i64,
    /// What is wrong, and what became of it.
    pub text: String,
}

impl TableReport {
    pub(super) fn new(table: &'static str) -> Self {
        Self { table, ..Self::default() }
    }

    /// A row was moved, but not all of it.
    pub(super) fn problem(&mut self, id: i64, text: impl Into<String>) {
        self.problems_in_all += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem { id, text: text.into() });
        }
    }

    /// A row was not moved.
    pub(super) fn leave_out(&mut self, id: i64, why: impl std::fmt::Display) {
        self.left_out += 1;
        self.problem(id, format!("{why}; left out"));
    }
}
