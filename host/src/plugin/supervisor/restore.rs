//! Bringing a plugin's tables back to an earlier state. Nothing of the plugin runs meanwhile.

use super::Supervisor;
use super::work::Work;
use crate::plugin::error::OperationError;
use crate::plugin::id::PluginId;
use crate::plugin::operation::Operation;
use crate::plugin::status::PluginStatus;

impl Supervisor {
    pub(super) async fn prepare_restore(&self, id: &PluginId, number: i64) -> Result<Work, OperationError> {
        let before = self.installed(id)?;
        let snapshot = self.workplace.snapshots.find(id, number).await?;
        self.workplace.snapshots.refuse_elsewhere(id, &snapshot)?;
        let serves = before.active.is_some();
        let operation = if serves { Operation::Restore } else { Operation::RestoreWaiting };
        let after = PluginStatus::clone(&before);
        Ok(Work { snapshot: Some(snapshot), ..Work::new(operation, Some(before), Some(after)) })
    }
}
