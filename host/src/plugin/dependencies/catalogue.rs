//! What could be chosen from: versions of plugins, and who wants which of them.

use super::super::id::PluginId;
use super::graph::{Graph, Node};
use semver::{Comparator, Op, Version, VersionReq};
use std::collections::BTreeMap;

/// The versions of plugins that are at hand, and the ABI that they would run on.
#[derive(Debug, Clone)]
pub struct Catalogue {
    versions: BTreeMap<PluginId, BTreeMap<Version, Node>>,
    /// What the server offers.
    pub abi: Version,
}

/// A version that must be among the chosen ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The versions that will do.
    pub range: VersionReq,
    /// Who wishes it.
    pub origin: Origin,
}

/// Who wishes a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The file that says which plugins there should be.
    File,
    /// Nobody but the server, where it is enabled.
    Server,
}

/// What must be chosen.
pub type Wishes = BTreeMap<PluginId, Wish>;

impl Wish {
    /// For exactly this version.
    #[must_use]
    pub fn for_version(version: &Version, origin: Origin) -> Self {
        Self { range: exactly(version), origin }
    }
}

impl Catalogue {
    /// An empty one for a server that offers `abi`.
    #[must_use]
    pub fn for_abi(abi: Version) -> Self {
        Self { versions: BTreeMap::new(), abi }
    }

    /// What serves of `graph`, each in the version that does.
    #[must_use]
    pub fn of_serving(graph: &Graph, abi: Version) -> Self {
        let mut catalogue = Self::for_abi(abi);
        for (id, node) in graph.iter().filter(|(_, node)| node.serves()) {
            catalogue.add(id.clone(), node.clone());
        }
        catalogue
    }

    /// One version more.
    pub fn add(&mut self, id: PluginId, node: Node) {
        self.versions.entry(id).or_default().insert(node.version.clone(), node);
    }

    /// Takes a plugin out of the choice.
    pub fn remove(&mut self, id: &PluginId) {
        self.versions.remove(id);
    }

    /// The versions of a plugin, oldest first.
    #[must_use]
    pub fn versions(&self, id: &PluginId) -> Vec<&Version> {
        self.versions.get(id).map(|versions| versions.keys().collect()).unwrap_or_default()
    }

    /// One version of a plugin.
    #[must_use]
    pub fn node(&self, id: &PluginId, version: &Version) -> Option<&Node> {
        self.versions.get(id)?.get(version)
    }

    /// The versions of a plugin that are in `range`, as semver decides it: a pre-release only where the range names one.
    pub(super) fn matching(&self, id: &PluginId, range: &VersionReq) -> impl Iterator<Item = &Version> {
        let versions = self.versions.get(id).into_iter().flat_map(BTreeMap::keys);
        versions.filter(|version| range.matches(version))
    }

    /// Makes one version do without another plugin, or without an ABI of its choice.
    pub(super) fn forget_need(&mut self, id: &PluginId, version: &Version, on: Option<&PluginId>) {
        if let Some(node) = self.versions.get_mut(id).and_then(|versions| versions.get_mut(version)) {
            match on {
                Some(on) => drop(node.needs.remove(on)),
                None => node.abi = None,
            }
        }
    }

    /// The wish for every plugin that is at hand.
    pub(super) fn all(&self) -> Wishes {
        let newest = |versions: &BTreeMap<Version, Node>| versions.keys().next_back().cloned();
        let newest = self.versions.iter().filter_map(|(id, versions)| Some((id.clone(), newest(versions)?)));
        newest.map(|(id, version)| (id, Wish::for_version(&version, Origin::Server))).collect()
    }
}

/// The range with one version in it.
fn exactly(version: &Version) -> VersionReq {
    let Version { major, minor, patch, pre, .. } = version.clone();
    VersionReq { comparators: vec![Comparator { op: Op::Exact, major, minor: Some(minor), patch: Some(patch), pre }] }
}
