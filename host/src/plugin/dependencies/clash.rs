//! Two plugins, or a plugin and the server, that a change would set against each other.

use super::super::id::PluginId;
use super::catalogue::Catalogue;
use super::graph::Graph;
use super::premise::Premise;
use super::wanted;
use semver::{Version, VersionReq};
use std::collections::BTreeMap;
use std::fmt;

/// A need that would not be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clash {
    /// The plugin that is changed needs another.
    Needs {
        /// The plugin.
        id: PluginId,
        /// Its version after the change.
        version: Version,
        /// What it needs.
        on: PluginId,
        /// In these versions.
        range: VersionReq,
        /// What there is instead.
        found: Found,
    },
    /// Another plugin needs the one that is changed, in other versions.
    Needed {
        /// The plugin that is changed.
        id: PluginId,
        /// Its version after the change.
        version: Version,
        /// The other one.
        by: PluginId,
        /// Its version.
        by_version: Version,
        /// What it needs.
        range: VersionReq,
    },
    /// It needs another server.
    Abi {
        /// The plugin.
        id: PluginId,
        /// Its version.
        version: Version,
        /// The ABI that it runs on.
        range: VersionReq,
        /// The ABI that there is.
        offered: Version,
    },
}

/// What there is of a plugin that another one needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It is not installed.
    Nothing,
    /// It would do, but is not enabled.
    Off(Version),
    /// It is installed in a version that won't do.
    Other {
        /// That version.
        version: Version,
        /// The version that a rollback returns to, if that one will do.
        previous: Option<Version>,
    },
}

/// What of the needs of `subject`, and of others' need of it, is not met in `graph`, where it serves.
///
/// What others have against each other is not the fault of this change.
pub(super) fn clashes(graph: &Graph, subject: &PluginId, abi: Version) -> Vec<Clash> {
    let mut catalogue = Catalogue::of_serving(graph, abi);
    let wishes = catalogue.all();
    let mut clashes = Vec::new();
    // Each contradiction is noted and then left out, so that all are told at once.
    while let Err(unresolved) = catalogue.choose(&wishes, &BTreeMap::new()) {
        let mut met_all = true;
        for premise in unresolved.premises {
            let Some((id, version, on)) = unmet(&premise, &catalogue) else { continue };
            catalogue.forget_need(&id, &version, on.as_ref());
            clashes.extend(clash(graph, subject, premise));
            met_all = false;
        }
        if met_all {
            break;
        }
    }
    clashes.sort_by_cached_key(ToString::to_string);
    clashes
}

/// Who needs what, if that is not there.
fn unmet(premise: &Premise, catalogue: &Catalogue) -> Option<(PluginId, Version, Option<PluginId>)> {
    match premise {
        Premise::Needs { id, versions, on, range } if catalogue.matching(on, range).next().is_none() => {
            Some((id.clone(), versions.first()?.clone(), Some(on.clone())))
        }
        Premise::NeedsAbi { id, versions, .. } => Some((id.clone(), versions.first()?.clone(), None)),
        _ => None,
    }
}

fn clash(graph: &Graph, subject: &PluginId, premise: Premise) -> Option<Clash> {
    match premise {
        Premise::Needs { id, versions, on, range } if id == *subject => {
            let found = Found::of(graph, &on, &range);
            Some(Clash::Needs { id, version: versions.first()?.clone(), on, range, found })
        }
        Premise::Needs { id: by, versions, on: id, range } if id == *subject => {
            let version = graph.get(&id)?.version.clone();
            Some(Clash::Needed { id, version, by, by_version: versions.first()?.clone(), range })
        }
        Premise::NeedsAbi { id, versions, range, offered } if id == *subject => {
            Some(Clash::Abi { id, version: versions.first()?.clone(), range, offered })
        }
        _ => None,
    }
}

impl Found {
    fn of(graph: &Graph, id: &PluginId, range: &VersionReq) -> Self {
        match graph.get(id) {
            None => Self::Nothing,
            Some(node) if range.matches(&node.version) => Self::Off(node.version.clone()),
            Some(node) => {
                let previous = node.previous.clone().filter(|previous| range.matches(previous));
                Self::Other { version: node.version.clone(), previous }
            }
        }
    }
}

impl fmt::Display for Clash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Needs { id, version, on, range, found } => {
                write!(formatter, "plugin {id} {version} needs {}, ", wanted(on, range))?;
                match found {
                    Found::Nothing => write!(formatter, "which is not installed; install {} first", wanted(on, range)),
                    Found::Off(there) => write!(formatter, "and {on} {there} is not enabled; enable it first"),
                    Found::Other { version: there, previous: Some(previous) } => {
                        write!(formatter, "but {on} {there} is installed; roll it back to {previous} first")
                    }
                    Found::Other { version: there, previous: None } => write!(
                        formatter,
                        "but {on} {there} is installed; bring {on} to a version in {range} first, or take a version of {id} \
                         that accepts {on} {there}"
                    ),
                }
            }
            Self::Needed { id, version, by, by_version, range } => write!(
                formatter,
                "plugin {by} {by_version} needs {id} {range}, which {id} {version} is not; take a version of {id} in {range}, \
                 or upgrade or disable {by} first"
            ),
            Self::Abi { id, version, range, offered } => write!(
                formatter,
                "plugin {id} {version} needs ABI {range}, but this server offers ABI {major}.{minor}; take a version of {id} \
                 for ABI {major}.{minor}, or a server of another version",
                major = offered.major,
                minor = offered.minor
            ),
        }
    }
}
