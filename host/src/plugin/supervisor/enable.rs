//! Making an installed plugin serve.

use super::Supervisor;
use super::work::Work;
use crate::plugin::error::OperationError;
use crate::plugin::id::PluginId;
use crate::plugin::operation::Operation;
use crate::plugin::status::{Desired, PluginStatus};

impl Supervisor {
    pub(super) fn prepare_enable(&self, id: &PluginId) -> Result<Work, OperationError> {
        let before = self.installed(id)?;
        if before.desired == Desired::Disabled {
            // What should serve and can't has failed; what should not, is only refused.
            self.refuse_unfit(&before.release.manifest, true)?;
        }
        let after = PluginStatus::clone(&before);
        Ok(Work::new(Operation::Enable, Some(before), Some(after)))
    }
}
