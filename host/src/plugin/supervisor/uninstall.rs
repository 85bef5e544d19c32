//! Removing a plugin.

use super::Supervisor;
use super::work::Work;
use crate::plugin::error::OperationError;
use crate::plugin::id::PluginId;
use crate::plugin::operation::Operation;
use crate::plugin::rows::Data;

impl Supervisor {
    pub(super) fn prepare_uninstall(&self, id: &PluginId, data: Data) -> Result<Work, OperationError> {
        let before = self.installed(id)?;
        self.refuse_required(id)?;
        self.refuse_while_needed(id)?;
        let operation = match data {
            Data::Keep => Operation::Uninstall,
            Data::Purge => Operation::Purge,
        };
        Ok(Work::new(operation, Some(before), None))
    }
}
