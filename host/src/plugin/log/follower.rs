//! Somebody who follows a log. It reads what is kept, so that it costs no writer anything, however slow it is.

use super::{LogLine, PluginLog};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Lines that are taken out of the log at a time.
const LINES_AT_ONCE: usize = 500;
/// Between two looks: soon enough for eyes, seldom enough for a plugin that never stops talking.
const PAUSE: Duration = Duration::from_millis(100);

/// Reads a log as it grows.
#[derive(Debug)]
pub struct Follower {
    log: Arc<PluginLog>,
    /// The number of the last line that was read.
    number: Option<u64>,
    read: VecDeque<Followed>,
    next_look: Instant,
}

/// A line for somebody who follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The line.
    pub line: Arc<LogLine>,
    /// How many lines before it are lost, because they came faster than they were read.
    pub missed: u64,
}

impl Follower {
    pub(super) fn new(log: Arc<PluginLog>, number: Option<u64>) -> Self {
        log.kept.lock().followers += 1;
        Self { log, number, read: VecDeque::new(), next_look: Instant::now() }
    }

    /// The log that is followed.
    #[must_use]
    pub fn log(&self) -> &Arc<PluginLog> {
        &self.log
    }

    /// The next line, when there is one. Dropping the future loses none.
    pub async fn next(&mut self) -> Followed {
        loop {
            if let Some(line) = self.read.pop_front() {
                return line;
            }
            tokio::time::sleep_until(self.next_look).await;
            // Before the look, so that a line in between wakes.
            let grown = self.log.grown.notified();
            let newer = self.log.kept.lock().after(self.number, LINES_AT_ONCE);
            let Some(last) = newer.lines.last() else {
                grown.await;
                continue;
            };
            self.number = Some(last.number);
            let mut missed = newer.missed;
            self.read
                .extend(newer.lines.into_iter().map(|line| Followed { line, missed: std::mem::take(&mut missed) }));
            self.next_look = Instant::now() + PAUSE;
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.log.kept.lock().followers -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{LogLimits, PluginLog};
    use super::*;
    use plugin_api::services::Level;

    fn log(lines: usize) -> Arc<PluginLog> {
        let limits = LogLimits { lines, line_bytes: 100, lines_per_second: 0 };
        Arc::new(PluginLog::new("hello".parse().unwrap(), limits))
    }

    #[tokio::test]
    async fn a_follower_gets_what_is_kept_then_what_comes() {
        let (log, version) = (log(10), Arc::from("1.0.0"));
        log.note(&version, Level::Info, "before", None);
        let mut follower = log.follow(None);
        assert_eq!(&*follower.next().await.line.message, "before");
        let waiting = tokio::spawn(async move { follower.next().await });
        tokio::task::yield_now().await;
        log.note(&version, Level::Info, "after", None);
        let followed = tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("in time").unwrap();
        assert_eq!((&*followed.line.message, followed.missed), ("after", 0));
    }

    #[tokio::test]
    async fn a_slow_one_loses_the_oldest_and_is_told_how_many() {
        let (log, version) = (log(3), Arc::from("1.0.0"));
        let mut follower = log.follow(None);
        log.note(&version, Level::Info, "first", None);
        assert_eq!(&*follower.next().await.line.message, "first");
        (0..10).for_each(|number| log.note(&version, Level::Info, &number.to_string(), None));
        let next = follower.next().await;
        assert_eq!((&*next.line.message, next.missed), ("7", 7));
        assert_eq!(follower.next().await.missed, 0);
        drop(follower);
        assert_eq!(log.kept.lock().followers, 0);
    }
}
