//! The settings of a plugin for people: without a secret.

use super::declared::Declared;
use super::effective::{Effective, Origin};
use serde_json::Value;
use std::collections::BTreeMap;

/// What may be shown of settings.
#[derive(Debug, Clone)]
pub struct SettingsView {
    /// The JSON schema.
    pub schema: Value,
    /// By key; null for a secret and for what has no value.
    pub values: BTreeMap<String, Value>,
    /// Whether there is a value.
    pub set: BTreeMap<String, bool>,
    /// Where it comes from.
    pub origins: BTreeMap<String, Origin>,
    secrets: Vec<String>,
}

impl SettingsView {
    pub(in crate::plugin) fn of(declared: &Declared, effective: Effective) -> Self {
        let (mut values, mut set) = (BTreeMap::new(), BTreeMap::new());
        for field in declared.fields() {
            let value = effective.values.get(&field.key);
            let is_set = value.is_some_and(|value| !value.is_null()) || effective.unreadable.contains(&field.key);
            let shown = value.filter(|_| !field.secret).cloned().unwrap_or_default();
            // An empty default is how a secret is declared that nobody has set.
            let is_empty = field.secret && value.is_some_and(|value| value == "");
            set.insert(field.key.clone(), is_set && !is_empty);
            values.insert(field.key.clone(), shown);
        }
        let secrets = declared.fields().iter().filter(|field| field.secret).map(|field| field.key.clone()).collect();
        Self { schema: declared.schema(), values, set, origins: effective.origins, secrets }
    }

    /// The keys of secrets.
    #[must_use]
    pub fn secrets(&self) -> Vec<String> {
        self.secrets.clone()
    }
}
