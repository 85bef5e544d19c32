//! The settings of a plugin: what the operator configured, over what is stored, over the default.

use super::id::PluginId;
use plugin_api::descriptor::Setting;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What the operator configured (file and environment): values by plugin and key.
pub type Configured = BTreeMap<String, BTreeMap<String, Value>>;

/// A setting whose value is not of its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin} must be {accepted}")]
pub struct SettingError {
    /// Where the value came from.
    pub origin: String,
    /// What would be accepted.
    pub accepted: &'static str,
}

/// The values that a plugin starts with. `stored` are JSON texts by key.
///
/// # Errors
/// [`SettingError`] naming the setting whose value is not of its type.
pub fn effective(
    id: &PluginId,
    settings: &[Setting],
    stored: &BTreeMap<String, String>,
    configured: &Configured,
) -> Result<Map<String, Value>, SettingError> {
    let configured = configured.get(id.as_str());
    let mut values = Map::new();
    for setting in settings {
        let (key, default) = (&setting.key, &setting.default);
        let value = match (configured.and_then(|values| values.get(key)), stored.get(key)) {
            (Some(value), _) => fitting(value, default).ok_or_else(|| wrong(format!("plugins.{id}.{key}"), setting))?,
            (None, Some(json)) => {
                from_json(json, default).ok_or_else(|| wrong(format!("setting {key} of plugin {id}"), setting))?
            }
            (None, None) => default.clone(),
        };
        values.insert(key.clone(), value);
    }
    Ok(values)
}

/// An environment variable of digits was read as a number; where a text is wanted it is one.
fn fitting(value: &Value, default: &Value) -> Option<Value> {
    match (value, default) {
        (Value::Number(_) | Value::Bool(_), Value::String(_)) => Some(Value::String(value.to_string())),
        _ => same_type(value, default).then(|| value.clone()),
    }
}

fn same_type(value: &Value, default: &Value) -> bool {
    default.is_null() || name_of_type(value) == name_of_type(default)
}

fn from_json(json: &str, default: &Value) -> Option<Value> {
    let value: Value = serde_json::from_str(json).ok()?;
    same_type(&value, default).then_some(value)
}

fn wrong(origin: String, setting: &Setting) -> SettingError {
    SettingError { origin, accepted: name_of_type(&setting.default) }
}

fn name_of_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "any JSON value",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a JSON array",
        Value::Object(_) => "a JSON object",
    }
}

#[cfg(test)]
mod tests {
    use super::effective;
    use plugin_api::descriptor::Setting;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn value(default: Value, stored: Option<&str>, configured: Option<Value>) -> Result<Value, String> {
        let key = || "page_size".to_owned();
        let setting = Setting { key: key(), title: String::new(), default, secret: false };
        let stored: BTreeMap<String, String> = stored.map(|json| (key(), json.to_owned())).into_iter().collect();
        let configured = configured.map(|value| (key(), value)).into_iter().collect();
        let configured = BTreeMap::from([("notice".to_owned(), configured)]);
        let values = effective(&"notice".parse().unwrap(), &[setting], &stored, &configured);
        values.map(|values| values["page_size"].clone()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_configured_goes_over_what_is_stored_over_the_default() {
        assert_eq!(value(json!(20), None, None), Ok(json!(20)));
        assert_eq!(value(json!(20), Some("30"), None), Ok(json!(30)));
        assert_eq!(value(json!(20), Some("30"), Some(json!(40))), Ok(json!(40)));
        assert_eq!(value(json!("a"), None, Some(json!(40))), Ok(json!("40")));
    }

    #[test]
    fn a_value_of_another_type_is_refused_with_its_origin() {
        let many = value(json!(20), None, Some(json!("many")));
        assert_eq!(many, Err("plugins.notice.page_size must be a number".to_owned()));
        let one = value(json!(true), Some("1"), None);
        assert_eq!(one, Err("setting page_size of plugin notice must be true or false".to_owned()));
    }
}
