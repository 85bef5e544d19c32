//! Why a change would leave plugins without what they need.

use super::super::id::PluginId;
use super::clash::Clash;
use super::dependents::Dependent;
use super::listed;
use semver::Version;

/// Why a change is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DependencyError {
    /// Needs would not be met.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Unmet(Vec<Clash>),
    /// Plugins would need each other.
    #[error(
        "plugins would need each other in a circle: {}; one of them must do without (optional = true in its plugin.toml)",
        .0.iter().map(PluginId::as_str).collect::<Vec<_>>().join(" -> ")
    )]
    Cycle(Vec<PluginId>),
    /// Enabled plugins need it.
    #[error("plugin {id} {version} is needed by {}; disable {} first, or cascade", listed(by), them(by))]
    NeededBy {
        /// The plugin.
        id: PluginId,
        /// Its version.
        version: Version,
        /// Who needs it, and in which versions.
        by: Vec<Dependent>,
    },
    /// A plugin that must stay needs it.
    #[error(
        "plugin {id} is needed by {by}, which is required (setting plugins.required), so it can't be disabled or uninstalled; \
         it can be upgraded"
    )]
    NeededByRequired {
        /// The plugin.
        id: PluginId,
        /// Who needs it.
        by: PluginId,
    },
}

fn them(by: &[Dependent]) -> &'static str {
    if by.len() == 1 { "it" } else { "them" }
}
