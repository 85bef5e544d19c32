//! `plugins.toml`: which plugins there should be, in which versions, and how they are set.

use std::{collections::BTreeMap, fmt, path::Path};

use semver::VersionReq;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Map, Value};

use super::error::SyncError;
use crate::plugin::PluginId;

/// What the file says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PluginsFile {
    /// The plugins that it names.
    #[serde(default)]
    pub(super) plugins: BTreeMap<PluginId, Entry>,
}

/// What it says of one plugin: a range of versions, or a section.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// The versions that will do.
    pub(super) version: VersionReq,
    /// Whether it should serve.
    pub(super) enabled: bool,
    /// The values of its settings; others stay as they are.
    pub(super) settings: Map<String, Value>,
}

impl PluginsFile {
    /// Reads the file.
    ///
    /// # Errors
    /// [`SyncError::File`] and [`SyncError::Content`].
    pub(super) fn read(path: &Path) -> Result<Self, SyncError> {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|source| SyncError::File { what: "read", path: path.to_owned(), source })?;
        Self::parse(&text).map_err(|reason| SyncError::Content { path: path.to_owned(), reason })
    }

    fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| in_one_line(&error))
    }
}

/// Where, then what; the drawing of the place is left out.
pub(super) fn in_one_line(error: &toml::de::Error) -> String {
    let text = error.to_string();
    let place = text.lines().next().unwrap_or_default();
    format!("{place}: {}", error.message())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    #[serde(default = "any_version", deserialize_with = "range")]
    version: VersionReq,
    #[serde(default = "yes")]
    enabled: bool,
    #[serde(default)]
    settings: Map<String, Value>,
}

fn any_version() -> VersionReq {
    VersionReq::STAR
}

fn yes() -> bool {
    true
}

fn range<'de, D: Deserializer<'de>>(deserializer: D) -> Result<VersionReq, D::Error> {
    parse_range(&String::deserialize(deserializer)?)
}

fn parse_range<E: Error>(text: &str) -> Result<VersionReq, E> {
    text.parse().map_err(|_| E::custom(format!("{text:?} is no range of versions such as \"^1.0\" or \">=1.2, <3\"")))
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a range of versions, or a section with version, enabled and settings")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Entry, E> {
        Ok(Entry { version: parse_range(text)?, enabled: true, settings: Map::new() })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entry, A::Error> {
        let Section { version, enabled, settings } = Section::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Entry { version, enabled, settings })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::PluginsFile;

    #[test]
    fn plugins_are_named_by_a_range_or_a_section() {
        let text = "[plugins]\nnotice = \"^1.0\"\n[plugins.dict]\nenabled = false\nsettings = { page_size = 20, deep = [\"a\"] }";
        let file = PluginsFile::parse(text).unwrap();
        let [dict, notice] = ["dict", "notice"].map(|id| &file.plugins[id]);
        assert_eq!((notice.version.to_string(), notice.enabled), ("^1.0".to_owned(), true));
        assert_eq!((dict.version.to_string(), dict.enabled), ("*".to_owned(), false));
        assert_eq!(serde_json::Value::Object(dict.settings.clone()), json!({"page_size": 20, "deep": ["a"]}));
        assert!(PluginsFile::parse("").unwrap().plugins.is_empty());
    }

    #[test]
    fn a_slip_is_named_with_its_line() {
        for (text, words) in [
            ("[plugins]\nDict = \"1\"", "is not a plugin id"),
            ("[plugins]\ndict = \"one\"", "line 2, column 8: \"one\" is no range of versions such as"),
            ("[plugins]\ndict = 1", "expected a range of versions, or a section"),
            (
                "[plugins.dict]\nenable = true",
                "unknown field `enable`, expected one of `version`, `enabled`, `settings`",
            ),
            ("[plugin]\n", "unknown field `plugin`, expected `plugins`"),
        ] {
            let reason = PluginsFile::parse(text).unwrap_err();
            assert!(reason.contains(words), "{reason:?} does not say {words:?}");
        }
    }
}
