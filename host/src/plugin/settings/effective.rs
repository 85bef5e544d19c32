//! Which values hold.

use super::declared::Declared;
use super::stored::Stored;
use super::{Configured, SettingError};
use crate::plugin::id::PluginId;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The operator's file or environment; nobody can change it over the API.
    Environment,
    /// Set over the API or the command line.
    Stored,
    /// The plugin's own default, or nothing.
    Default,
}

/// The values that hold, whether they fit or not.
#[derive(Debug, Clone, Default)]
pub struct Effective {
    /// By key; what has no value is not in it.
    pub values: Map<String, Value>,
    /// Of every setting.
    pub origins: BTreeMap<String, Origin>,
    /// Stored secrets that can't be decrypted.
    pub unreadable: BTreeSet<String>,
}

/// What holds of what is configured, stored and declared.
pub(in crate::plugin) fn gather(
    id: &PluginId,
    declared: &Declared,
    stored: &Stored,
    configured: &Configured,
) -> Effective {
    let configured = configured.get(id.as_str());
    let mut effective = Effective::default();
    for field in declared.fields() {
        let key = &field.key;
        let (value, origin) = match (configured.and_then(|values| values.get(key)), stored.get(key)) {
            (Some(value), _) => (Some(fitting(value, declared.wants_text(key))), Origin::Environment),
            (None, Some(Some(value))) => (Some(value.clone()), Origin::Stored),
            (None, Some(None)) => {
                effective.unreadable.insert(key.clone());
                (None, Origin::Stored)
            }
            (None, None) => (field.default.clone(), Origin::Default),
        };
        effective.origins.insert(key.clone(), origin);
        if let Some(value) = value {
            effective.values.insert(key.clone(), value);
        }
    }
    effective
}

impl Effective {
    /// The same, if a plugin may get it.
    ///
    /// # Errors
    /// [`SettingError`] for the first setting without a usable value.
    pub(in crate::plugin) fn checked(self, id: &PluginId, declared: &Declared) -> Result<Self, SettingError> {
        if let Some(key) = self.unreadable.first() {
            return Err(SettingError::Unreadable { id: id.clone(), key: key.clone() });
        }
        let Some(misfit) = declared.misfits(&self.values).into_iter().next() else { return Ok(self) };
        let (key, accepted) = (misfit.key, misfit.accepted.english);
        if misfit.missing {
            return Err(SettingError::Missing { id: id.clone(), key, accepted });
        }
        let origin = match self.origins.get(&key) {
            Some(Origin::Environment) => format!("plugins.{id}.{key}"),
            _ => format!("setting {key} of plugin {id}"),
        };
        Err(SettingError::Wrong { origin, accepted })
    }

    /// What the plugin gets.
    pub(in crate::plugin) fn to_json(&self) -> String {
        Value::Object(self.values.clone()).to_string()
    }
}

/// An environment variable of digits was read as a number; where a text is wanted it is one.
fn fitting(value: &Value, wants_text: bool) -> Value {
    match value {
        Value::Number(_) | Value::Bool(_) if wants_text => Value::String(value.to_string()),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plugin_api::descriptor::{Descriptor, Setting};
    use serde_json::json;

    fn value(default: Value, stored: Option<Value>, configured: Option<Value>) -> Result<Value, String> {
        let key = || "page_size".to_owned();
        let setting = Setting { key: key(), title: String::new(), default, secret: false };
        let descriptor =
            json!({"id": "notice", "version": "1.0.0", "api": "0.1.0", "routes": [], "settings": [setting]});
        let descriptor: Descriptor = serde_json::from_value(descriptor).unwrap();
        let declared = Declared::of(&descriptor).unwrap();
        let stored: Stored = stored.map(|value| (key(), Some(value))).into_iter().collect();
        let configured = configured.map(|value| (key(), value)).into_iter().collect();
        let configured = BTreeMap::from([("notice".to_owned(), configured)]);
        let id = "notice".parse().unwrap();
        let effective = gather(&id, &declared, &stored, &configured).checked(&id, &declared);
        effective.map(|effective| effective.values["page_size"].clone()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_configured_goes_over_what_is_stored_over_the_default() {
        assert_eq!(value(json!(20), None, None), Ok(json!(20)));
        assert_eq!(value(json!(20), Some(json!(30)), None), Ok(json!(30)));
        assert_eq!(value(json!(20), Some(json!(30)), Some(json!(40))), Ok(json!(40)));
        assert_eq!(value(json!("a"), None, Some(json!(40))), Ok(json!("40")));
    }

    #[test]
    fn a_value_of_another_type_is_refused_with_its_origin() {
        let many = value(json!(20), None, Some(json!("many")));
        assert_eq!(many, Err("plugins.notice.page_size must be a number".to_owned()));
        let one = value(json!(true), Some(json!(1)), None);
        assert_eq!(one, Err("setting page_size of plugin notice must be true or false".to_owned()));
    }
}
