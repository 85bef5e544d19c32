//! Who breaks when a plugin goes.

use super::super::id::PluginId;
use super::graph::Graph;
use super::order::enable_order;
use super::refusal::DependencyError;
use super::wanted;
use semver::{Version, VersionReq};
use std::collections::BTreeSet;
use std::fmt;

/// An enabled plugin that needs another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependent {
    /// The plugin.
    pub id: PluginId,
    /// Its version.
    pub version: Version,
    /// What it needs.
    pub on: PluginId,
    /// In these versions.
    pub range: VersionReq,
}

/// Refuses that `id` stops serving while an enabled plugin, or one that is `required`, needs it.
///
/// # Errors
/// [`DependencyError::NeededByRequired`] where no cascade would help, else [`DependencyError::NeededBy`] with those
/// that need it.
pub fn refuse_removal(graph: &Graph, id: &PluginId, required: &BTreeSet<PluginId>) -> Result<(), DependencyError> {
    cascade(graph, id, required)?;
    let Some(node) = graph.get(id) else { return Ok(()) };
    let wanted = graph.dependents(id).filter(|(_, node, _)| node.is_wanted());
    let by: Vec<Dependent> = wanted
        .map(|(dependent, node, range)| Dependent {
            id: dependent.clone(),
            version: node.version.clone(),
            on: id.clone(),
            range: range.clone(),
        })
        .collect();
    if by.is_empty() {
        return Ok(());
    }
    Err(DependencyError::NeededBy { id: id.clone(), version: node.version.clone(), by })
}

/// The enabled plugins that must stop serving before `id` can, each before what it needs.
///
/// # Errors
/// [`DependencyError::NeededByRequired`] if one of them is `required`: it needs `id` even while it does not serve.
pub fn cascade(graph: &Graph, id: &PluginId, required: &BTreeSet<PluginId>) -> Result<Vec<PluginId>, DependencyError> {
    let mut reached: BTreeSet<&PluginId> = BTreeSet::new();
    let mut ahead = vec![id];
    while let Some(next) = ahead.pop() {
        for (dependent, node, _) in graph.dependents(next) {
            if required.contains(dependent) {
                return Err(DependencyError::NeededByRequired { id: id.clone(), by: dependent.clone() });
            }
            if node.is_wanted() && dependent != id && reached.insert(dependent) {
                ahead.push(dependent);
            }
        }
    }
    let order = enable_order(graph).into_iter().rev();
    Ok(order.filter(|plugin| reached.contains(plugin)).collect())
}

impl fmt::Display for Dependent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} (needs {})", self.id, self.version, wanted(&self.on, &self.range))
    }
}
