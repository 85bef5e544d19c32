//! What is wrong with a configuration, with the key and who set it.

use super::Origin;
use std::path::PathBuf;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("configuration file {} can't be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("configuration file {} is not valid TOML", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: toml::de::Error,
    },
    /// There is no such key.
    #[error("unknown configuration key {key} in {origin}{}", suggestion(nearest.as_deref()))]
    UnknownKey {
        /// The key, with dots.
        key: String,
        /// Who set it.
        origin: Origin,
        /// The key that was probably meant.
        nearest: Option<String>,
    },
    /// The value is not one that the key accepts.
    #[error("configuration key {key} in {origin} must be {expected}, not {found}")]
    WrongValue {
        /// The key, with dots.
        key: String,
        /// Who set it.
        origin: Origin,
        /// What is accepted.
        expected: String,
        /// What was found; a secret is not shown.
        found: String,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |key| format!("; did you mean {key}?"))
}
