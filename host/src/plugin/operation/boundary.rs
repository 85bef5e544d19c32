//! The places between the steps of operations, where everything may be cut off.

use super::{Operation, Step};
use crate::plugin::id::PluginId;
use std::sync::OnceLock;

/// A side of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edge {
    /// It has not begun.
    Before,
    /// It is done.
    After,
}

/// A place in an operation.
#[derive(Debug, Clone)]
pub struct Boundary {
    /// Whose operation.
    pub plugin: PluginId,
    /// The operation.
    pub operation: Operation,
    /// The step.
    pub step: Step,
    /// Its side.
    pub edge: Edge,
}

/// Looks at every boundary that is reached. It may fail, panic, or end the process.
pub type Watch = Box<dyn Fn(&Boundary) -> Result<(), String> + Send + Sync>;

static WATCH: OnceLock<Watch> = OnceLock::new();

impl Boundary {
    /// Every boundary of every operation on `plugin`.
    #[must_use]
    pub fn all(plugin: &PluginId) -> Vec<Self> {
        let of_step = |operation: Operation, step: Step| {
            let at = move |edge| Self { plugin: plugin.clone(), operation, step, edge };
            [at(Edge::Before), at(Edge::After)]
        };
        let of_operation =
            |operation: Operation| operation.steps().iter().flat_map(move |step| of_step(operation, *step));
        Operation::ALL.into_iter().flat_map(of_operation).collect()
    }
}

/// Has `watch` called at every boundary of this process, from now on. Only the first call counts.
///
/// For tests that make operations fail: a server that nobody watches has no faults but its own.
pub fn watch(watch: Watch) {
    let _ = WATCH.set(watch);
}

pub(in crate::plugin) fn reach(boundary: &Boundary) -> Result<(), String> {
    WATCH.get().map_or(Ok(()), |watch| watch(boundary))
}
