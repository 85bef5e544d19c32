//! One part of a contradiction, as a sentence.

use super::super::id::PluginId;
use super::catalogue::Origin;
use super::{listed, wanted};
use semver::{Version, VersionReq};
use std::fmt;

/// One part of a contradiction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Premise {
    /// Somebody wishes it.
    Wished {
        /// The plugin.
        id: PluginId,
        /// In these versions.
        range: VersionReq,
        /// Who.
        origin: Origin,
    },
    /// A plugin needs another.
    Needs {
        /// The plugin.
        id: PluginId,
        /// In these versions.
        versions: Vec<Version>,
        /// What it needs.
        on: PluginId,
        /// In these versions.
        range: VersionReq,
    },
    /// A plugin needs another server.
    NeedsAbi {
        /// The plugin.
        id: PluginId,
        /// In these versions.
        versions: Vec<Version>,
        /// The ABI that it runs on.
        range: VersionReq,
        /// The ABI that there is.
        offered: Version,
    },
    /// What there is.
    AtHand {
        /// The plugin.
        id: PluginId,
        /// Its versions, oldest first.
        versions: Vec<Version>,
    },
    /// The search was ended.
    TooMany {
        /// After so many steps.
        steps: u32,
    },
}

impl Premise {
    /// Who wishes, who needs, what there is.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Wished { origin: Origin::File, .. } => 0,
            Self::Wished { origin: Origin::Server, .. } => 1,
            Self::Needs { .. } | Self::NeedsAbi { .. } => 2,
            Self::AtHand { .. } | Self::TooMany { .. } => 3,
        }
    }

    /// Whether `other` says the same, but for the versions of who needs something; these are taken over.
    pub(super) fn takes_in(&mut self, other: &Self) -> bool {
        let same = self.without_versions() == other.without_versions();
        if let (Self::Needs { versions, .. } | Self::NeedsAbi { versions, .. }, true) = (&mut *self, same)
            && let Self::Needs { versions: more, .. } | Self::NeedsAbi { versions: more, .. } = other
        {
            versions.extend(more.iter().cloned());
            versions.sort();
            versions.dedup();
            return true;
        }
        self == other
    }

    fn without_versions(&self) -> Self {
        let mut bare = self.clone();
        if let Self::Needs { versions, .. } | Self::NeedsAbi { versions, .. } = &mut bare {
            versions.clear();
        }
        bare
    }
}

impl fmt::Display for Premise {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wished { id, range, origin: Origin::File } => {
                write!(formatter, "plugins.toml asks for {}", wanted(id, range))
            }
            Self::Wished { id, range, origin: Origin::Server } => {
                write!(formatter, "{} is enabled on the server", wanted(id, range))
            }
            Self::Needs { id, versions, on, range } => {
                write!(formatter, "{id} {} {} {}", listed(versions), verb(versions), wanted(on, range))
            }
            Self::NeedsAbi { id, versions, range, offered } => {
                let (versions, verb) = (listed(versions), verb(versions));
                write!(
                    formatter,
                    "{id} {versions} {verb} ABI {range}, and ABI {}.{} is offered",
                    offered.major, offered.minor
                )
            }
            Self::AtHand { id, versions } if versions.is_empty() => write!(formatter, "{id} is not at hand"),
            Self::AtHand { id, versions } => write!(formatter, "{id} is at hand in {}", listed(versions)),
            Self::TooMany { steps } => {
                write!(formatter, "no choice was found in {steps} steps: narrow the ranges, or offer fewer versions")
            }
        }
    }
}

fn verb(versions: &[Version]) -> &'static str {
    if versions.len() == 1 { "needs" } else { "need" }
}
