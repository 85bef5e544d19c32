//! In which order plugins are enabled, and circles in which that can't be.

use super::super::id::PluginId;
use super::graph::{Graph, Node};
use std::collections::BTreeSet;

/// Every plugin after what it needs and, where no circle prevents that, after what it uses if it is there.
///
/// Plugins that need each other in a circle come in any order: they are refused when they are
/// installed, and rows from elsewhere fail by name.
#[must_use]
pub fn enable_order(graph: &Graph) -> Vec<PluginId> {
    let mut open: BTreeSet<&PluginId> = graph.iter().map(|(id, _)| id).collect();
    let mut order = Vec::with_capacity(open.len());
    while let Some(next) = next(graph, &open) {
        open.remove(&next);
        order.push(next);
    }
    order
}

fn next(graph: &Graph, open: &BTreeSet<&PluginId>) -> Option<PluginId> {
    let nodes = || open.iter().filter_map(|id| graph.get(id).map(|node| (*id, node)));
    let has_all = |node: &Node| node.needs.keys().all(|id| !open.contains(id));
    let has_needed = |node: &Node| node.mandatory().all(|(id, _)| !open.contains(id));
    // Where each waits for another, an optional dependency that is part of the circle gives way.
    let gives_way = |id: &PluginId, node: &Node| has_needed(node) && reaches_itself(graph, open, id);
    let next = nodes().find(|(_, node)| has_all(node));
    let next = next.or_else(|| nodes().find(|(id, node)| gives_way(id, node)));
    next.or_else(|| nodes().next()).map(|(id, _)| id.clone())
}

fn reaches_itself(graph: &Graph, open: &BTreeSet<&PluginId>, id: &PluginId) -> bool {
    let mut seen = BTreeSet::new();
    let mut ahead = vec![id];
    while let Some(node) = ahead.pop().and_then(|id| graph.get(id)) {
        for next in node.needs.keys().filter(|next| open.contains(next)) {
            if next == id {
                return true;
            }
            if seen.insert(next) {
                ahead.push(next);
            }
        }
    }
    false
}

/// The circle of plugins that need each other and `id`, from `id` to `id`; optional ones make none.
#[must_use]
pub fn cycle_through(graph: &Graph, id: &PluginId) -> Option<Vec<PluginId>> {
    // Each entry is a way from `id`, the shortest first.
    let mut ways = std::collections::VecDeque::from([vec![id.clone()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let Some(node) = way.last().and_then(|last| graph.get(last)) else { continue };
        for (next, _) in node.mandatory() {
            let longer = || [way.as_slice(), std::slice::from_ref(next)].concat();
            if next == id {
                return Some(longer());
            }
            if seen.insert(next.clone()) {
                ways.push_back(longer());
            }
        }
    }
    None
}
