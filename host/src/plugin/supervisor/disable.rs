//! Making a plugin stop serving.

use super::{Outcome, Supervisor};
use crate::plugin::dependencies::{self, Graph};
use crate::plugin::error::OperationError;
use crate::plugin::event::EventState;
use crate::plugin::id::PluginId;

impl Supervisor {
    pub(super) async fn disable(&mut self, id: &PluginId) -> Outcome {
        let before = self.installed(id)?;
        self.refuse_required(id)?;
        self.refuse_while_needed(id)?;
        let status = self.settle(before.switched_off()).await?;
        self.tell(id, status.version(), EventState::Disabled, None);
        self.retire_soon(before.active.clone()).await;
        Ok(status)
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
