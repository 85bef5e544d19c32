//! Laying one source of settings over another, key by key.

use super::{Config, ConfigError, DEFAULT};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Farthest a key may be from an existing one to be called its misspelling (Jaro-Winkler).
const SIMILARITY_MIN: f64 = 0.75;

/// Who set a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `config/default.toml`, as it was when the binary was built.
    Default,
    /// The file given with `--config`.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the defaults"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
        }
    }
}

/// The settings so far, and who set each.
pub(super) struct Layers {
    table: Table,
    origins: BTreeMap<String, Origin>,
}

impl Layers {
    pub(super) fn new() -> Self {
        let table = DEFAULT.parse().expect("config/default.toml is valid TOML (tested)");
        Self { table, origins: BTreeMap::new() }
    }

    pub(super) fn add_file(&mut self, path: &Path, text: &str) -> Result<(), ConfigError> {
        let table: Table = text.parse().map_err(|source| ConfigError::Malformed { path: path.to_owned(), source })?;
        let origin = Origin::File(path.to_owned());
        for (section, value) in table {
            let Value::Table(entries) = value else {
                return Err(self.unknown(section, origin));
            };
            if !self.table.contains_key(&section) {
                return Err(self.unknown(section, origin));
            }
            for (key, value) in entries {
                self.set(&section, &key, value, origin.clone())?;
            }
        }
        Ok(())
    }

    /// Sets `section.key`. A table under `plugins` is a plugin's settings.
    pub(super) fn set(&mut self, section: &str, key: &str, value: Value, origin: Origin) -> Result<(), ConfigError> {
        let path = format!("{section}.{key}");
        let known = self.kind(section, key);
        let settings_of_a_plugin = section == "plugins" && known.is_none_or(|kind| kind == "table");
        if settings_of_a_plugin && let Value::Table(entries) = value {
            return self.set_plugin(key, entries, &origin);
        }
        let Some(expected) = known else {
            return Err(self.unknown(path, origin));
        };
        if value.type_str() != expected {
            return Err(ConfigError::WrongValue {
                found: found(&path, &value),
                key: path,
                origin,
                expected: article(expected).to_owned(),
            });
        }
        if let Some(Value::Table(entries)) = self.table.get_mut(section) {
            entries.insert(key.to_owned(), value);
        }
        self.origins.insert(path, origin);
        Ok(())
    }

    /// The TOML type of a key, if there is such a key.
    pub(super) fn kind(&self, section: &str, key: &str) -> Option<&'static str> {
        Some(self.table.get(section)?.get(key)?.type_str())
    }

    /// The error that names `key` and the key that was probably meant.
    pub(super) fn unknown(&self, key: String, origin: Origin) -> ConfigError {
        let nearest = self
            .keys()
            .into_iter()
            .map(|known| (strsim::jaro_winkler(&known, &key), known))
            .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
            .max_by(|one, other| one.0.total_cmp(&other.0))
            .map(|(_, known)| known);
        ConfigError::UnknownKey { key, origin, nearest }
    }

    /// Who set a key.
    pub(super) fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or(Origin::Default)
    }

    pub(super) fn finish(&self) -> Result<Config, ConfigError> {
        // Section by section, so that an error can be traced to the key that caused it.
        Config::deserialize_from(&self.table).map_err(|(key, error)| ConfigError::WrongValue {
            origin: self.origin(&key),
            found: self.value(&key).map_or_else(String::new, |value| found(&key, value)),
            expected: error,
            key,
        })
    }

    fn value(&self, key: &str) -> Option<&Value> {
        let (section, key) = key.split_once('.')?;
        self.table.get(section)?.get(key)
    }

    fn set_plugin(&mut self, id: &str, entries: Table, origin: &Origin) -> Result<(), ConfigError> {
        let Some(Value::Table(plugins)) = self.table.get_mut("plugins") else {
            return Ok(());
        };
        let settings = plugins.entry(id).or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(settings) = settings {
            for (key, value) in entries {
                self.origins.insert(format!("plugins.{id}.{key}"), origin.clone());
                settings.insert(key, value);
            }
        }
        Ok(())
    }

    fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        for (section, entries) in &self.table {
            keys.push(section.clone());
            let Value::Table(entries) = entries else {
                continue;
            };
            keys.extend(entries.keys().map(|key| format!("{section}.{key}")));
        }
        keys
    }
}

impl Config {
    /// The configuration of a table, or the key that does not fit and what it should be.
    fn deserialize_from(table: &Table) -> Result<Self, (String, String)> {
        match table.clone().try_into::<Self>() {
            Ok(config) => Ok(config),
            Err(whole) => Err(culprit(table).unwrap_or_else(|| (String::new(), whole.message().to_owned()))),
        }
    }
}

/// Finds the key whose value makes the table unfit: the one that, set back to its default, mends
/// the table.
fn culprit(table: &Table) -> Option<(String, String)> {
    let defaults: Table = DEFAULT.parse().ok()?;
    for (section, entries) in &defaults {
        for (key, default) in entries.as_table()? {
            let mut only_this = defaults.clone();
            let value = table.get(section)?.get(key)?;
            if value == default {
                continue;
            }
            only_this.get_mut(section)?.as_table_mut()?.insert(key.clone(), value.clone());
            if let Err(error) = only_this.try_into::<Config>() {
                let message = error.message().lines().next().unwrap_or_default().to_owned();
                return Some((format!("{section}.{key}"), format!("acceptable ({message})")));
            }
        }
    }
    None
}

/// A value for an error message; secrets are not repeated.
pub(super) fn found(key: &str, value: &Value) -> String {
    if super::effective::is_secret(key) { format!("this {}", value.type_str()) } else { value.to_string() }
}

fn article(kind: &str) -> &str {
    match kind {
        "string" => "a text in quotes",
        "integer" => "a whole number",
        "boolean" => "true or false",
        "array" => "a list",
        other => other,
    }
}
