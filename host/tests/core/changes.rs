//! Rules about logins and passwords that a test changes while everything runs.

use backplane::admin::auth::{CurrentRules, RuleChanges, Rules};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Values by the keys that administrators know. Clones are one.
#[derive(Clone, Default)]
pub(crate) struct Changes(Arc<Mutex<BTreeMap<String, String>>>);

impl Changes {
    pub(crate) fn set(&self, key: &str, value: &str) {
        self.0.lock().insert(key.to_owned(), value.to_owned());
    }
}

impl RuleChanges for Changes {
    fn values(&self) -> BoxFuture<'_, BTreeMap<String, String>> {
        let values = self.0.lock().clone();
        Box::pin(std::future::ready(values))
    }
}

/// The server's own defaults but for the lock, and what changes them.
pub(crate) fn rules(lock_failures: u32) -> (CurrentRules, Changes) {
    let changes = Changes::default();
    let configured = Rules {
        captcha: false,
        lock_failures,
        lock_seconds: 300,
        min_length: 6,
        max_length: 32,
        require_special: false,
        history: 3,
        expire_days: 365,
        reminder_days: 7,
    };
    (CurrentRules::new(configured, Arc::new(changes.clone())), changes)
}
