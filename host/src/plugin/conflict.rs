//! Two parties that claim the same thing, both named.

use super::id::PluginId;
use http::Method;
use semver::Version;
use std::fmt;

/// Who owns a contribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// The server itself.
    Core,
    /// A plugin.
    Plugin {
        /// Which.
        id: PluginId,
        /// Its version.
        version: Version,
    },
    /// A plugin that was uninstalled and whose data was kept.
    Kept {
        /// Which.
        id: String,
    },
}

/// What two parties claim.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The same route.
    #[error("route {method} {path} of {claimed_by} is already served by {served_by}")]
    Route {
        /// The method.
        method: Method,
        /// The absolute path.
        path: String,
        /// Who came second.
        claimed_by: Box<Owner>,
        /// Who came first.
        served_by: Box<Owner>,
    },
    /// Routes that can't be told apart.
    #[error("path {path} of {claimed_by} can't be told apart from a path of {served_by}")]
    Ambiguous {
        /// The absolute path.
        path: String,
        /// Who came second.
        claimed_by: Box<Owner>,
        /// Who came first.
        served_by: Box<Owner>,
    },
    /// A path that the router can't hold.
    #[error("path {path} of {claimed_by} can't be routed")]
    Unroutable {
        /// The absolute path.
        path: String,
        /// Whose.
        claimed_by: Box<Owner>,
    },
    /// The same menu entry.
    #[error("menu entry {name} of {claimed_by} already belongs to {owned_by}")]
    Menu {
        /// Its name.
        name: String,
        /// Who came second.
        claimed_by: Box<Owner>,
        /// Who came first.
        owned_by: Box<Owner>,
    },
    /// The same permission code.
    #[error("permission {code} of {claimed_by} already belongs to {owned_by}")]
    Permission {
        /// The code.
        code: String,
        /// Who came second.
        claimed_by: Box<Owner>,
        /// Who came first.
        owned_by: Box<Owner>,
    },
    /// The same model of data rules.
    #[error("model {name} of {claimed_by} already belongs to {owned_by}")]
    Model {
        /// Its name.
        name: String,
        /// Who came second.
        claimed_by: Box<Owner>,
        /// Who came first.
        owned_by: Box<Owner>,
    },
    /// A menu entry below one that does not exist.
    #[error("menu entry {name} of {claimed_by} stands below {parent}, which does not exist")]
    MenuParent {
        /// Its name.
        name: String,
        /// The name of the entry above.
        parent: String,
        /// Whose.
        claimed_by: Box<Owner>,
    },
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Core => formatter.write_str("the core"),
            Self::Plugin { id, version } => write!(formatter, "plugin {id} {version}"),
            Self::Kept { id } => write!(formatter, "the kept data of plugin {id}"),
        }
    }
}
