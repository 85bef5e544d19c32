//! For how long a process believes what it remembers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long after it was sent a process' own heartbeat lets it believe. An answer that waits
/// longer than this for a silent process knows that it has stopped believing.
pub(super) const BELIEF: Duration = Duration::from_secs(1);

/// Held while a process hears its own heartbeat.
///
/// A heartbeat comes back on the very connection that announcements come on, in order: once it is
/// heard, everything that was announced before it was sent has been acted on.
#[derive(Debug)]
pub(super) struct Belief {
    start: Instant,
    /// Microseconds since the start; 0 if nothing is believed.
    until: AtomicU64,
}

impl Belief {
    pub(super) fn none() -> Self {
        Self { start: Instant::now(), until: AtomicU64::new(0) }
    }

    /// Now, as [`Belief::renew`] takes it.
    pub(super) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    pub(super) fn is_held(&self) -> bool {
        micros(self.now()) < self.until.load(Ordering::Acquire)
    }

    /// The heartbeat that was sent at `sent` was heard.
    pub(super) fn renew(&self, sent: Duration) {
        self.until.store(micros(sent + BELIEF), Ordering::Release);
    }

    /// Nothing is heard any more.
    pub(super) fn lose(&self) {
        self.until.store(0, Ordering::Release);
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn belief_lasts_from_the_sending_of_a_heartbeat_not_from_its_coming_back() {
        let belief = Belief { start: Instant::now().checked_sub(BELIEF * 5).unwrap(), until: AtomicU64::new(0) };
        assert!(!belief.is_held());
        let now = belief.now();
        for (sent, held) in [(now, true), (now - BELIEF, false), (now - BELIEF / 2, true)] {
            belief.renew(sent);
            assert_eq!(belief.is_held(), held, "{sent:?}");
        }
        belief.lose();
        assert!(!belief.is_held());
    }
}
