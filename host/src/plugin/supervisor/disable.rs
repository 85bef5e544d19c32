//! Making a plugin stop serving.

use super::Supervisor;
use super::work::{Dependents, Work};
use crate::plugin::dependencies::{self, Graph};
use crate::plugin::error::OperationError;
use crate::plugin::id::PluginId;
use crate::plugin::operation::Operation;
use crate::plugin::status::PluginStatus;
use std::sync::Arc;

impl Supervisor {
    pub(super) fn prepare_disable(&self, id: &PluginId, dependents: Dependents) -> Result<Work, OperationError> {
        let before = self.installed(id)?;
        let along = self.switched_off_with(id, dependents)?;
        let after = before.switched_off();
        Ok(Work::new(Operation::Disable, Some(before), Some(after)).along_with(along))
    }

    /// The plugins that go off before `id` can, each before what it needs. Refuses where the operator said that it must
    /// stay, and while an enabled plugin that is to be kept, or a required one, depends on it.
    pub(super) fn switched_off_with(
        &self,
        id: &PluginId,
        dependents: Dependents,
    ) -> Result<Vec<Arc<PluginStatus>>, OperationError> {
        let (graph, required) = (Graph::of(&self.plugins), &self.workplace.required);
        if required.contains(id) {
            return Err(OperationError::Required { id: id.clone() });
        }
        if dependents == Dependents::Keep {
            dependencies::refuse_removal(&graph, id, required)?;
        }
        let along = dependencies::cascade(&graph, id, required)?;
        Ok(along.iter().filter_map(|other| self.plugins.get(other).cloned()).collect())
    }
}
