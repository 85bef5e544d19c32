//! The lines that are kept, the oldest first, without a gap in their numbers.

use super::LogLine;
use plugin_api::services::Level;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Debug)]
pub(super) struct Kept {
    most: usize,
    lines: VecDeque<Arc<LogLine>>,
    /// The number of the first line.
    began: u64,
    /// The number of the next line.
    next: u64,
    /// How many follow.
    pub(super) followers: usize,
}

/// Lines after a number.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Newer {
    pub(super) lines: Vec<Arc<LogLine>>,
    /// How many lines between the number and the first of them are not kept any more.
    pub(super) missed: u64,
}

impl Kept {
    /// Keeps nothing yet, and `most` at last. No plugin logs a million lines in a second, so numbers that begin at the
    /// clock's microseconds are greater than those of the process before.
    pub(super) fn new(most: usize) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let began = u64::try_from(since.as_micros()).unwrap_or_default();
        Self { most, lines: VecDeque::new(), began, next: began, followers: 0 }
    }

    /// Gives the line its number, and back the one that had to go.
    pub(super) fn push(&mut self, line: LogLine) -> Option<Arc<LogLine>> {
        let number = self.next;
        self.next += 1;
        let dropped = if self.lines.len() >= self.most { self.lines.pop_front() } else { None };
        self.lines.push_back(Arc::new(LogLine { number, ..line }));
        dropped
    }

    pub(super) fn last(&self, least: Level, count: usize) -> Vec<Arc<LogLine>> {
        let grave = self.lines.iter().rev().filter(|line| line.level >= least);
        let mut lines: Vec<_> = grave.take(count).cloned().collect();
        lines.reverse();
        lines
    }

    /// At most `count` lines after `number`. Of a number that was not given here nobody knows what came between.
    pub(super) fn after(&self, number: Option<u64>, count: usize) -> Newer {
        let oldest = self.next - self.lines.len() as u64;
        let known = number.filter(|number| (self.began..self.next).contains(number));
        let first = known.map_or(oldest, |number| number + 1);
        let skipped = usize::try_from(first.saturating_sub(oldest)).unwrap_or(usize::MAX);
        let lines = self.lines.range(skipped.min(self.lines.len())..).take(count).cloned().collect();
        Newer { lines, missed: oldest.saturating_sub(first) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(lines: u64, most: usize) -> Kept {
        let mut kept = Kept::new(most);
        for number in 0..lines {
            let level = if number % 2 == 0 { Level::Info } else { Level::Warn };
            let (version, message) = (Arc::from("1.0.0"), number.to_string().into());
            let (target, fields, request) = ("test".into(), None, None);
            kept.push(LogLine { number: 0, at_ms: 0, level, version, target, message, fields, request });
        }
        kept
    }

    fn words(lines: &[Arc<LogLine>]) -> Vec<&str> {
        lines.iter().map(|line| &*line.message).collect()
    }

    #[test]
    fn the_last_lines_are_kept_and_filtered() {
        let kept = kept(10, 4);
        assert_eq!(words(&kept.last(Level::Trace, 9)), ["6", "7", "8", "9"]);
        assert_eq!(words(&kept.last(Level::Trace, 2)), ["8", "9"]);
        assert_eq!(words(&kept.last(Level::Warn, 9)), ["7", "9"]);
    }

    #[test]
    fn who_comes_back_gets_what_is_new_and_learns_what_is_lost() {
        let kept = kept(10, 4);
        for (number, count, lines, missed) in [
            (None, 9, vec!["6", "7", "8", "9"], 0),
            (Some(kept.began + 2), 9, vec!["6", "7", "8", "9"], 3),
            (Some(kept.began + 5), 2, vec!["6", "7"], 0),
            (Some(kept.began + 8), 9, vec!["9"], 0),
            (Some(kept.began + 9), 9, vec![], 0),
            (Some(kept.began + 10), 9, vec!["6", "7", "8", "9"], 0),
            (Some(7), 1, vec!["6"], 0),
        ] {
            let newer = kept.after(number, count);
            assert_eq!((words(&newer.lines), newer.missed), (lines, missed), "{number:?}");
        }
    }
}
