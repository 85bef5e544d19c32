//! Settings from environment variables: `APP__SECTION__KEY`.

use super::ConfigError;
use super::layers::{Layers, Origin, found};
use toml::Value;

const PREFIX: &str = "APP__";

/// Adds every `APP__…` variable; a name that fits no key is refused, since it is a misspelling.
pub(super) fn add(
    layers: &mut Layers,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<(), ConfigError> {
    // Sorted, so that which of two mistakes is named does not depend on the system's order.
    let mut ours: Vec<(String, String)> = variables.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
    ours.sort();
    for (name, text) in ours {
        add_one(layers, &name, text)?;
    }
    Ok(())
}

fn add_one(layers: &mut Layers, name: &str, text: String) -> Result<(), ConfigError> {
    let path = name[PREFIX.len()..].to_ascii_lowercase();
    let parts: Vec<&str> = path.split("__").collect();
    let origin = Origin::Environment(name.to_owned());
    match parts.as_slice() {
        ["plugins", id, key] if !id.is_empty() && !key.is_empty() => {
            let mut setting = toml::Table::new();
            setting.insert((*key).to_owned(), loose(text));
            layers.set("plugins", id, Value::Table(setting), origin)
        }
        [section, key] => {
            let Some(kind) = layers.kind(section, key) else {
                return Err(layers.unknown(format!("{section}.{key}"), origin));
            };
            let value = typed(&format!("{section}.{key}"), kind, text, &origin)?;
            layers.set(section, key, value, origin)
        }
        _ => Err(layers.unknown(parts.join("."), origin)),
    }
}

/// The text as a value of the type that the key has.
fn typed(key: &str, kind: &str, text: String, origin: &Origin) -> Result<Value, ConfigError> {
    let wrong = |expected: &str, text: String| ConfigError::WrongValue {
        key: key.to_owned(),
        origin: origin.clone(),
        expected: expected.to_owned(),
        found: found(key, &Value::String(text)),
    };
    match kind {
        "integer" => text.trim().parse().map(Value::Integer).map_err(|_| wrong("a whole number", text)),
        "boolean" => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(Value::Boolean(true)),
            "false" | "0" | "no" | "off" | "" => Ok(Value::Boolean(false)),
            _ => Err(wrong("true or false", text)),
        },
        "array" => Ok(Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Value::String(item.to_owned()))
                .collect(),
        )),
        _ => Ok(Value::String(text)),
    }
}

/// A plugin's setting has no type here: TOML if it is TOML, else the text itself.
fn loose(text: String) -> Value {
    let document = format!("value = {text}");
    let parsed = document.parse::<toml::Table>().ok();
    match parsed.and_then(|mut table| table.remove("value")) {
        Some(
            value @ (Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Array(_) | Value::String(_)),
        ) => value,
        _ => Value::String(text),
    }
}
