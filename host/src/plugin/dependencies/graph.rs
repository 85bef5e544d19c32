//! The installed plugins and what each needs of the others.

use super::super::id::PluginId;
use super::super::manifest::{Dependency, Manifest};
use super::super::status::{Desired, PluginStatus};
use super::super::table::Plugins;
use semver::{Version, VersionReq};
use std::collections::BTreeMap;

/// A plugin in one version, as far as others matter to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its version.
    pub version: Version,
    /// What it needs or uses.
    pub needs: BTreeMap<PluginId, Dependency>,
    /// The versions of the ABI that it runs on.
    pub abi: Option<VersionReq>,
    /// Whether others can count on it, and it on them.
    pub standing: Standing,
    /// The version that a rollback returns to.
    pub previous: Option<Version>,
}

/// Whether a plugin serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It does.
    Serves,
    /// It should, and can't.
    Fails,
    /// It should not.
    Off,
}

/// Plugins by id, each in one version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph(BTreeMap<PluginId, Node>);

impl Node {
    /// What a manifest says, of a plugin that does not serve.
    #[must_use]
    pub fn of(manifest: &Manifest) -> Self {
        Self {
            version: manifest.version.clone(),
            needs: manifest.all_dependencies(),
            abi: manifest.abi.clone(),
            standing: Standing::Off,
            previous: None,
        }
    }

    /// The same plugin, if it serves.
    #[must_use]
    pub fn serving(self) -> Self {
        Self { standing: Standing::Serves, ..self }
    }

    /// The same plugin, if nobody wants it to serve.
    #[must_use]
    pub fn off(self) -> Self {
        Self { standing: Standing::Off, ..self }
    }

    /// Whether others can count on it.
    #[must_use]
    pub fn serves(&self) -> bool {
        self.standing == Standing::Serves
    }

    /// Whether it counts on others: one that can't serve in this process may do so in another one.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.standing != Standing::Off
    }

    /// What it can't do without.
    pub fn mandatory(&self) -> impl Iterator<Item = (&PluginId, &VersionReq)> {
        let needs = self.needs.iter().filter(|(_, dependency)| !dependency.optional);
        needs.map(|(id, dependency)| (id, &dependency.version))
    }
}

impl Standing {
    fn of(status: &PluginStatus) -> Self {
        match (&status.active, status.desired) {
            (Some(_), _) => Self::Serves,
            (None, Desired::Enabled) => Self::Fails,
            (None, Desired::Disabled) => Self::Off,
        }
    }
}

impl Graph {
    /// The plugins of this process.
    #[must_use]
    pub fn of(plugins: &Plugins) -> Self {
        let nodes = plugins.iter().map(|(id, status)| {
            let node = Node {
                standing: Standing::of(status),
                previous: status.previous.clone(),
                ..Node::of(&status.release.manifest)
            };
            (id.clone(), node)
        });
        nodes.collect()
    }

    /// The same with `id` as `node` says.
    #[must_use]
    pub fn with(mut self, id: PluginId, node: Node) -> Self {
        self.0.insert(id, node);
        self
    }

    /// One plugin.
    #[must_use]
    pub fn get(&self, id: &PluginId) -> Option<&Node> {
        self.0.get(id)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, id: &PluginId) -> Option<&mut Node> {
        self.0.get_mut(id)
    }

    /// All of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = (&PluginId, &Node)> {
        self.0.iter()
    }

    /// Those that can't do without `id`, with the versions of it that they accept.
    pub fn dependents<'a>(
        &'a self,
        id: &'a PluginId,
    ) -> impl Iterator<Item = (&'a PluginId, &'a Node, &'a VersionReq)> {
        self.0.iter().filter_map(move |(dependent, node)| {
            let dependency = node.needs.get(id).filter(|dependency| !dependency.optional)?;
            Some((dependent, node, &dependency.version))
        })
    }
}

impl FromIterator<(PluginId, Node)> for Graph {
    fn from_iter<I: IntoIterator<Item = (PluginId, Node)>>(nodes: I) -> Self {
        Self(nodes.into_iter().collect())
    }
}
