//! Whether a plugin may come, or come in another version, beside the others.

use super::super::id::PluginId;
use super::super::manifest::Manifest;
use super::clash::{Clash, clashes};
use super::graph::{Graph, Node};
use super::offered_abi;
use super::order::cycle_through;
use super::refusal::DependencyError;

/// Refuses a plugin of `manifest` in the place of whatever `graph` has under its id, if it would not fit. Of one that
/// does not serve then, only what would never let it.
///
/// # Errors
/// [`DependencyError::Cycle`] and [`DependencyError::Unmet`].
pub fn refuse_change(graph: &Graph, manifest: &Manifest, serves: bool) -> Result<(), DependencyError> {
    let node = Node::of(manifest).serving();
    let graph = graph.clone().with(manifest.id.clone(), node);
    if let Some(cycle) = cycle_through(&graph, &manifest.id) {
        return Err(DependencyError::Cycle(cycle));
    }
    refuse(&graph, &manifest.id, |clash| serves || matches!(clash, Clash::Abi { .. }))
}

/// Refuses to start a plugin whose own needs are not met.
///
/// # Errors
/// [`DependencyError::Unmet`].
pub fn refuse_own_needs(graph: &Graph, manifest: &Manifest) -> Result<(), DependencyError> {
    let node = Node::of(manifest).serving();
    let graph = graph.clone().with(manifest.id.clone(), node);
    refuse(&graph, &manifest.id, |clash| !matches!(clash, Clash::Needed { .. }))
}

fn refuse(graph: &Graph, id: &PluginId, counts: impl Fn(&Clash) -> bool) -> Result<(), DependencyError> {
    let mut clashes = clashes(graph, id, offered_abi());
    clashes.retain(counts);
    if clashes.is_empty() { Ok(()) } else { Err(DependencyError::Unmet(clashes)) }
}
