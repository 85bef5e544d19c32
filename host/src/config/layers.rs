//! The layers, laid over each other by the `config` crate; ours are the names of what went wrong.

use super::{Config, ConfigError, DEFAULT, effective};
use config::builder::DefaultState;
use config::{ConfigBuilder, ConfigError as Fault, File, FileFormat, ValueKind};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

const PREFIX: &str = "APP__";
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

/// The settings so far, who set each, and those of plugins, which have no type here.
pub(super) struct Layers {
    defaults: Table,
    settings: ConfigBuilder<DefaultState>,
    origins: BTreeMap<String, Origin>,
    plugins: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Layers {
    pub(super) fn new() -> Self {
        Self {
            defaults: DEFAULT.parse().expect("config/default.toml is valid TOML (tested)"),
            settings: config::Config::builder().add_source(File::from_str(DEFAULT, FileFormat::Toml)),
            origins: BTreeMap::new(),
            plugins: BTreeMap::new(),
        }
    }

    /// Adds a file, of which every key must exist.
    pub(super) fn add_file(&mut self, path: &Path, text: &str) -> Result<(), ConfigError> {
        let table: Table = text.parse().map_err(|source| ConfigError::Malformed { path: path.to_owned(), source })?;
        for (section, entries) in table {
            let origin = Origin::File(path.to_owned());
            let (Some(_), Value::Table(entries)) = (self.defaults.get(&section), entries) else {
                return Err(self.unknown(section, origin));
            };
            for (key, value) in entries {
                match value {
                    Value::Table(own) if section == "plugins" && !self.is_known(&section, &key) => {
                        self.plugins.entry(key).or_default().extend(own);
                    }
                    _ => drop(self.origins.insert(self.known(&section, &key, &origin)?, origin.clone())),
                }
            }
        }
        self.add(File::from_str(text, FileFormat::Toml));
        Ok(())
    }

    /// Adds every `APP__…` variable; a name that fits no key is refused, since it is a misspelling.
    pub(super) fn add_environment(
        &mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), ConfigError> {
        // Sorted, so that which of two mistakes is named does not depend on the system's order.
        let ours: BTreeMap<String, String> =
            variables.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
        for (name, text) in ours {
            let path = name[PREFIX.len()..].to_ascii_lowercase();
            let origin = Origin::Environment(name.clone());
            match path.split("__").collect::<Vec<_>>().as_slice() {
                ["plugins", id, key] if !id.is_empty() && !key.is_empty() => {
                    self.plugins.entry((*id).to_owned()).or_default().insert((*key).to_owned(), loose(text));
                }
                [section, key] => self.set(self.known(section, key, &origin)?, text, origin)?,
                parts => return Err(self.unknown(parts.join("."), origin)),
            }
        }
        Ok(())
    }

    fn set(&mut self, key: String, text: String, origin: Origin) -> Result<(), ConfigError> {
        let value: config::Value = if matches!(self.default(&key), Some(Value::Array(_))) {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            items.map(str::to_owned).collect::<Vec<_>>().into()
        } else {
            config::Value::new(None, ValueKind::String(text))
        };
        self.origins.insert(key.clone(), origin);
        self.settings =
            std::mem::take(&mut self.settings).set_override(&key, value).map_err(|fault| self.wrong(&fault))?;
        Ok(())
    }

    fn add(&mut self, source: File<config::FileSourceString, FileFormat>) {
        self.settings = std::mem::take(&mut self.settings).add_source(source);
    }

    /// `section.key`, if there is such a key.
    fn known(&self, section: &str, key: &str, origin: &Origin) -> Result<String, ConfigError> {
        let path = format!("{section}.{key}");
        if self.default(&path).is_some() { Ok(path) } else { Err(self.unknown(path, origin.clone())) }
    }

    fn is_known(&self, section: &str, key: &str) -> bool {
        self.default(&format!("{section}.{key}")).is_some()
    }

    fn default(&self, key: &str) -> Option<&Value> {
        let (section, key) = key.split_once('.')?;
        self.defaults.get(section)?.get(key)
    }

    /// The error that names `key` and the key that was probably meant.
    fn unknown(&self, key: String, origin: Origin) -> ConfigError {
        let entries = |section: &str| match &self.defaults[section] {
            Value::Table(entries) => entries.keys().map(|key| format!("{section}.{key}")).collect(),
            _ => Vec::new(),
        };
        let keys = self.defaults.keys().flat_map(|section| [vec![section.clone()], entries(section)].concat());
        let nearest = keys
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

    /// The configuration; what the layers say together must fit its types.
    pub(super) fn finish(&self) -> Result<Config, ConfigError> {
        let merged = self.settings.build_cloned().map_err(|fault| self.wrong(&fault))?;
        let mut config: Config = merged.try_deserialize().map_err(|fault| self.wrong(&fault))?;
        config.plugins.settings.clone_from(&self.plugins);
        Ok(config)
    }

    /// The fault of a value, with the key's name and without a secret's value.
    fn wrong(&self, fault: &Fault) -> ConfigError {
        let (key, expected, found) = match fault {
            Fault::Type { key, expected, unexpected, .. } => (key, (*expected).to_owned(), unexpected.to_string()),
            Fault::At { key, error, .. } => (key, format!("acceptable ({error})"), "that".to_owned()),
            other => (&None, format!("acceptable ({other})"), "that".to_owned()),
        };
        // An entry of a list is named by its list.
        let key = key.as_deref().unwrap_or_default().split('[').next().unwrap_or_default().to_owned();
        let (expected, found) = if effective::is_secret(&key) {
            ("a text".to_owned(), "something of another kind".to_owned())
        } else {
            (expected, found)
        };
        ConfigError::WrongValue { origin: self.origin(&key), key, expected, found }
    }
}

/// A plugin's setting has no type here: TOML if it is TOML, else the text itself.
fn loose(text: String) -> Value {
    let parsed = format!("value = {text}").parse::<Table>().ok();
    match parsed.and_then(|mut table| table.remove("value")) {
        Some(Value::Table(_) | Value::Datetime(_)) | None => Value::String(text),
        Some(value) => value,
    }
}
