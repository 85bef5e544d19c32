//! Removing a plugin.

use super::Supervisor;
use super::work::{Dependents, Work};
use crate::plugin::error::OperationError;
use crate::plugin::id::PluginId;
use crate::plugin::operation::Operation;
use crate::plugin::rows::Data;

impl Supervisor {
    pub(super) fn prepare_uninstall(
        &self,
        id: &PluginId,
        data: Data,
        dependents: Dependents,
    ) -> Result<Work, OperationError> {
        let before = self.installed(id)?;
        let along = self.switched_off_with(id, dependents)?;
        let operation = match data {
            Data::Keep => Operation::Uninstall,
            Data::Purge => Operation::Purge,
        };
        Ok(Work::new(operation, Some(before), None).along_with(along))
    }
}
