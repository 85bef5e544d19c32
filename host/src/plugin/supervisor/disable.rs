//! Making a plugin stop serving.

use super::Supervisor;
use super::work::Work;
use crate::plugin::dependencies::{self, Graph};
use crate::plugin::error::OperationError;
use crate::plugin::id::PluginId;
use crate::plugin::operation::Operation;

impl Supervisor {
    pub(super) fn prepare_disable(&self, id: &PluginId) -> Result<Work, OperationError> {
        let before = self.installed(id)?;
        self.refuse_required(id)?;
        self.refuse_while_needed(id)?;
        let after = before.switched_off();
        Ok(Work::new(Operation::Disable, Some(before), Some(after)))
    }

    /// Refuses what the operator said must stay.
    pub(super) fn refuse_required(&self, id: &PluginId) -> Result<(), OperationError> {
        if self.workplace.required.contains(id) {
            return Err(OperationError::Required { id: id.clone() });
        }
        Ok(())
    }

    /// Refuses while an enabled plugin, or a required one, depends on this one.
    pub(super) fn refuse_while_needed(&self, id: &PluginId) -> Result<(), OperationError> {
        Ok(dependencies::refuse_removal(&Graph::of(&self.plugins), id, &self.workplace.required)?)
    }
}
