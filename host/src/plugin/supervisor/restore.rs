//! Bringing a plugin's tables back to an earlier state. Nothing of the plugin runs meanwhile.

use super::{Outcome, Supervisor};
use crate::plugin::error::OperationError;
use crate::plugin::id::PluginId;
use crate::plugin::status::Desired;

impl Supervisor {
    pub(super) async fn restore(&mut self, id: &PluginId, number: i64) -> Outcome {
        let status = self.installed(id)?;
        let snapshot = self.workplace.snapshots.find(id, number).await?;
        if status.active.is_some() || status.desired == Desired::Enabled {
            return Err(OperationError::RestoreWhileEnabled { id: id.clone(), number });
        }
        self.workplace.snapshots.restore(id, number).await?;
        let (version, rows) = (&snapshot.version, snapshot.rows);
        tracing::info!(plugin.id = %id, "the tables of plugin {id} are as snapshot {number} of version {version} has them: {rows} rows");
        Ok(status)
    }
}
