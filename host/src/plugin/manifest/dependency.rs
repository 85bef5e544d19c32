//! What a plugin says of others: which it needs, in which versions, and whether it can do without.

use super::ManifestError;
use super::fields::Fields;
use crate::plugin::id::PluginId;
use semver::VersionReq;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use toml::Value;

/// What an id may be, as [`PluginId`] says.
const ID: &str = "the id of a plugin: a lowercase letter, then lowercase letters, digits and _ (at most 32)";
/// What a range may be.
const RANGE: &str = "a range of versions such as \"^1.0\" or \">=1.2, <3\"";
/// What the value of a dependency may be.
const DEPENDENCY: &str = "a range of versions such as \"^1.0\", or { version = \">=1, <3\", optional = true }";

/// What one plugin needs of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// The versions that will do.
    pub version: VersionReq,
    /// Whether the plugin can do without: it is enabled after the other one then, and never refused for it.
    #[serde(default)]
    pub optional: bool,
}

impl Dependency {
    /// Whatever version is there.
    #[must_use]
    pub fn on_any_version() -> Self {
        Self { version: VersionReq::STAR, optional: false }
    }
}

/// The section `[dependencies]`.
pub(super) fn dependencies(section: Fields) -> Result<BTreeMap<PluginId, Dependency>, ManifestError> {
    let mut dependencies = BTreeMap::new();
    for (key, value) in section.entries() {
        let id = key.parse().map_err(|_| section.invalid(key, key, ID))?;
        dependencies.insert(id, dependency(&section, key, value)?);
    }
    Ok(dependencies)
}

fn dependency(section: &Fields, key: &str, value: &Value) -> Result<Dependency, ManifestError> {
    match value {
        Value::String(text) => Ok(Dependency { version: range(section, key, text)?, optional: false }),
        Value::Table(table) => {
            let mut fields = section.below(key, table.clone());
            let text = fields.optional_text("version", 100)?;
            let version = text.map_or(Ok(VersionReq::STAR), |text| range(&fields, "version", &text))?;
            let optional = fields.flag("optional")?;
            fields.finish()?;
            Ok(Dependency { version, optional })
        }
        other => Err(section.invalid_value(key, other, DEPENDENCY)),
    }
}

/// A range of versions, or the refusal of `key`.
pub(super) fn range(section: &Fields, key: &str, text: &str) -> Result<VersionReq, ManifestError> {
    // An empty text is a range of all versions to semver; here it is more likely a slip.
    let range = if text.trim().is_empty() { None } else { text.parse().ok() };
    range.ok_or_else(|| section.invalid(key, text, RANGE))
}

/// One plugin is named in one place.
pub(super) fn refuse_double(
    depends_on: &[PluginId],
    dependencies: &BTreeMap<PluginId, Dependency>,
) -> Result<(), ManifestError> {
    match depends_on.iter().find(|id| dependencies.contains_key(*id)) {
        None => Ok(()),
        Some(id) => Err(ManifestError::Invalid {
            field: "plugin.depends_on".to_owned(),
            value: format!("a list with {id}, which [dependencies] names too"),
            accepted: "each plugin in one of the two".to_owned(),
        }),
    }
}
