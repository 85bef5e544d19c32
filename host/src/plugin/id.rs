//! The name of a plugin.

use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longer ids make table names that PostgreSQL cuts off.
const ID_BYTES_MAX: usize = 32;

/// Names that stand where an id may stand: in addresses, and in messages about the host itself.
const RESERVED: [&str; 8] = ["changed", "changes", "core", "doctor", "events", "operations", "plans", "traffic"];

/// A plugin's id: a lowercase letter, then lowercase letters, digits and `_`, at most 32 in all.
///
/// It is part of table names, file names and URLs, so it is checked once, here.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PluginId(Arc<str>);

/// A text that is no plugin id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a plugin id: a lowercase letter, then lowercase letters, digits and _, at most 32 in all, and none of {reserved}",
    reserved = RESERVED.join(", ")
)]
pub struct ParseIdError(pub String);

impl PluginId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PluginId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let starts_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        let free = !RESERVED.contains(&text);
        if starts_well && free && text.len() <= ID_BYTES_MAX && text.bytes().all(allowed) {
            Ok(Self(text.into()))
        } else {
            Err(ParseIdError(text.to_owned()))
        }
    }
}

impl TryFrom<String> for PluginId {
    type Error = ParseIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<PluginId> for String {
    fn from(id: PluginId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl Borrow<str> for PluginId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PluginId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for PluginId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PluginId({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::PluginId;

    #[test]
    fn only_names_that_are_safe_everywhere_are_ids() {
        for (text, accepted) in [
            ("notice", true),
            ("a", true),
            ("code_generator2", true),
            (&"a".repeat(32), true),
            (&"a".repeat(33), false),
            ("", false),
            ("Notice", false),
            ("2fa", false),
            ("_x", false),
            ("no-tice", false),
            ("nötice", false),
            ("../notice", false),
            ("events", false),
            ("doctor", false),
        ] {
            assert_eq!(text.parse::<PluginId>().is_ok(), accepted, "{text:?}");
        }
    }
}
