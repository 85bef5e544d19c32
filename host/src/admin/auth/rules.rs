//! What logins and passwords have to obey, as it stands now.

use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
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

/// What an administrator has set for logins and passwords while the server runs, for example in a
/// plugin with a page for it.
pub trait RuleChanges: Send + Sync + 'static {
    /// Values by the contract's keys, for example `USER_LOCK_THRESHOLD`; none where nothing is set.
    fn values(&self) -> BoxFuture<'_, BTreeMap<String, String>>;
}

/// Nothing is changed while the server runs.
#[derive(Debug, Clone, Copy)]
pub struct NothingChanged;

impl RuleChanges for NothingChanged {
    fn values(&self) -> BoxFuture<'_, BTreeMap<String, String>> {
        Box::pin(std::future::ready(BTreeMap::new()))
    }
}

/// The rules in force: the configured ones, with what is changed at this moment. Cheap to clone.
#[derive(Clone)]
pub struct CurrentRules {
    configured: Rules,
    changes: Arc<dyn RuleChanges>,
}

impl CurrentRules {
    /// The configured rules, which `changes` may change at any time.
    pub fn new(configured: Rules, changes: Arc<dyn RuleChanges>) -> Self {
        Self { configured, changes }
    }

    /// The rules in force. Read them once for each decision.
    pub async fn get(&self) -> Rules {
        self.configured.changed_by(&self.changes.values().await)
    }
}

impl Rules {
    /// With the values of the contract's keys; one that makes no sense changes nothing.
    fn changed_by(&self, values: &BTreeMap<String, String>) -> Self {
        let number = |key: &str, configured: u32| {
            values.get(key).and_then(|value| value.trim().parse().ok()).unwrap_or(configured)
        };
        let switch = |key: &str, configured: bool| match values.get(key).map(|value| value.trim()) {
            Some("true" | "True" | "1") => true,
            Some("false" | "False" | "0") => false,
            _ => configured,
        };
        Self {
            captcha: switch("LOGIN_CAPTCHA_ENABLED", self.captcha),
            lock_failures: number("USER_LOCK_THRESHOLD", self.lock_failures),
            lock_seconds: number("USER_LOCK_SECONDS", self.lock_seconds),
            min_length: number("USER_PASSWORD_MIN_LENGTH", self.min_length),
            max_length: number("USER_PASSWORD_MAX_LENGTH", self.max_length),
            require_special: switch("USER_PASSWORD_REQUIRE_SPECIAL_CHAR", self.require_special),
            history: number("USER_PASSWORD_HISTORY_CHECK_COUNT", self.history),
            expire_days: number("USER_PASSWORD_EXPIRY_DAYS", self.expire_days),
            reminder_days: number("USER_PASSWORD_REMINDER_DAYS", self.reminder_days),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_make_sense_count_and_others_change_nothing() {
        let rules = Rules::default();
        let values = [("USER_LOCK_THRESHOLD", "9"), ("LOGIN_CAPTCHA_ENABLED", "true"), ("USER_LOCK_SECONDS", "soon")];
        let values = values.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let expected = Rules { lock_failures: 9, captcha: true, ..Rules::default() };
        assert_eq!(rules.changed_by(&values), expected);
        assert_eq!(rules.changed_by(&BTreeMap::new()), rules);
    }
}
