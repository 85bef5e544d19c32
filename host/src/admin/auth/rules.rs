//! What logins and passwords have to obey, as it stands now.

use arc_swap::{ArcSwap, Guard};
use std::sync::Arc;

/// Most former passwords that can be remembered.
pub const HISTORY_MAX: u32 = 24;

/// What logins and passwords have to obey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Whether a login needs a captcha.
    pub captcha: bool,
    /// Failed logins in a row after which a user name is locked; 0 never locks.
    pub lock_failures: u32,
    /// How long it is locked, and how long a failure counts.
    pub lock_seconds: u32,
    /// Fewest characters of a password.
    pub min_length: u32,
    /// Most characters of a password.
    pub max_length: u32,
    /// Whether a password needs a character that is neither letter nor digit.
    pub require_special: bool,
    /// How many former passwords may not be taken again.
    pub history: u32,
    /// Days after which a password has to be changed; 0 for never.
    pub expire_days: u32,
    /// Days before that on which a login says so.
    pub reminder_days: u32,
}

/// The rules in force; they may be replaced while the server runs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CurrentRules(Arc<ArcSwap<Rules>>);

impl CurrentRules {
    /// Begins with these.
    pub fn new(rules: Rules) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(rules)))
    }

    /// The rules in force. Read them once for each decision.
    pub fn get(&self) -> Guard<Arc<Rules>> {
        self.0.load()
    }

    /// Puts others in their place, from the next decision on.
    pub fn set(&self, rules: Rules) {
        self.0.store(Arc::new(rules));
    }
}

#[cfg(test)]
impl Default for Rules {
    fn default() -> Self {
        Self {
            captcha: false,
            lock_failures: 5,
            lock_seconds: 300,
            min_length: 6,
            max_length: 32,
            require_special: false,
            history: 3,
            expire_days: 365,
            reminder_days: 7,
        }
    }
}
