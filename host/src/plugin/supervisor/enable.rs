//! Making an installed plugin serve.

use super::Supervisor;
use super::work::Work;
use crate::plugin::error::OperationError;
use crate::plugin::id::PluginId;
use crate::plugin::operation::Operation;
use crate::plugin::status::PluginStatus;

impl Supervisor {
    pub(super) fn prepare_enable(&self, id: &PluginId) -> Result<Work, OperationError> {
        let before = self.installed(id)?;
        let after = PluginStatus::clone(&before);
        Ok(Work::new(Operation::Enable, Some(before), Some(after)))
    }
}
