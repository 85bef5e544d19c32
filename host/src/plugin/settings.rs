//! The settings of a plugin: environment over stored over default.

use super::id::PluginId;
use plugin_api::descriptor::Setting;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A setting whose value is not of its type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin} must be {accepted}")]
pub struct SettingError {
    /// Where the value came from.
    pub origin: String,
    /// What would be accepted.
    pub accepted: &'static str,
}

/// The values that a plugin starts with.
///
/// `stored` are JSON texts by key; `environment` gives the value of a variable.
///
/// # Errors
/// [`SettingError`] naming the variable or key whose value is not of the setting's type.
pub fn effective(
    id: &PluginId,
    settings: &[Setting],
    stored: &BTreeMap<String, String>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Map<String, Value>, SettingError> {
    let mut values = Map::new();
    for setting in settings {
        let variable = variable(id, &setting.key);
        let value = match (environment(&variable), stored.get(&setting.key)) {
            (Some(text), _) => from_text(&text, &setting.default).ok_or_else(|| wrong(variable, setting))?,
            (None, Some(json)) => from_json(json, &setting.default)
                .ok_or_else(|| wrong(format!("setting {} of plugin {id}", setting.key), setting))?,
            (None, None) => setting.default.clone(),
        };
        values.insert(setting.key.clone(), value);
    }
    Ok(values)
}

/// `APP__PLUGINS__NOTICE__PAGE_SIZE`.
fn variable(id: &PluginId, key: &str) -> String {
    format!("APP__PLUGINS__{}__{}", id.as_str().to_ascii_uppercase(), key.to_ascii_uppercase())
}

/// A text is taken as it is where a text is wanted, else read as JSON.
fn from_text(text: &str, default: &Value) -> Option<Value> {
    if default.is_string() { Some(Value::String(text.to_owned())) } else { from_json(text, default) }
}

fn from_json(json: &str, default: &Value) -> Option<Value> {
    let value: Value = serde_json::from_str(json).ok()?;
    (default.is_null() || name_of_type(&value) == name_of_type(default)).then_some(value)
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

    fn value(default: Value, stored: Option<&str>, variable: Option<&str>) -> Result<Value, String> {
        let setting = Setting { key: "page_size".to_owned(), title: String::new(), default, secret: false };
        let stored: BTreeMap<String, String> =
            stored.map(|json| ("page_size".to_owned(), json.to_owned())).into_iter().collect();
        let environment =
            |name: &str| variable.filter(|_| name == "APP__PLUGINS__NOTICE__PAGE_SIZE").map(str::to_owned);
        let values = effective(&"notice".parse().unwrap(), &[setting], &stored, &environment);
        values.map(|values| values["page_size"].clone()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_environment_goes_over_the_stored_value_over_the_default() {
        assert_eq!(value(json!(20), None, None), Ok(json!(20)));
        assert_eq!(value(json!(20), Some("30"), None), Ok(json!(30)));
        assert_eq!(value(json!(20), Some("30"), Some("40")), Ok(json!(40)));
        assert_eq!(value(json!("a"), None, Some("40")), Ok(json!("40")));
    }

    #[test]
    fn a_value_of_another_type_is_refused_with_its_origin() {
        assert_eq!(value(json!(20), None, Some("many")), Err("APP__PLUGINS__NOTICE__PAGE_SIZE must be a number".to_owned()));
        assert_eq!(value(json!(true), Some("1"), None), Err("setting page_size of plugin notice must be true or false".to_owned()));
    }
}
