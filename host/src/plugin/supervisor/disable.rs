//! Making a plugin stop serving.

use super::Supervisor;
use super::work::Work;
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

    /// Refuses while an enabled plugin depends on this one.
    pub(super) fn refuse_while_needed(&self, id: &PluginId) -> Result<(), OperationError> {
        let needs = |status: &crate::plugin::PluginStatus| {
            status.active.is_some() && status.release.manifest.depends_on.contains(id)
        };
        let by: Vec<PluginId> =
            self.plugins.iter().filter(|(_, status)| needs(status)).map(|(id, _)| id.clone()).collect();
        if by.is_empty() { Ok(()) } else { Err(OperationError::NeededBy { id: id.clone(), by }) }
    }
}
