//! Putting a kept version in the place of the installed one, by the same swap as an upgrade.

use super::Supervisor;
use super::work::Work;
use crate::plugin::error::OperationError;
use crate::plugin::id::PluginId;
use crate::plugin::operation::Operation;
use crate::plugin::rows;
use crate::plugin::status::Desired;
use semver::Version;
use std::sync::Arc;

impl Supervisor {
    pub(super) async fn prepare_rollback(
        &self,
        id: &PluginId,
        asked: Option<&Version>,
    ) -> Result<Work, OperationError> {
        let before = self.installed(id)?;
        let version = before.rollback_target(asked)?;
        let database = self.workplace.pool.database();
        let release = rows::release(&database, id, &version, self.workplace.core.prefix()).await?;
        let after = before.rolled_back(Arc::new(release));
        Ok(match before.desired {
            Desired::Enabled => Work::new(Operation::Rollback, Some(before), Some(after)),
            Desired::Disabled => Work::new(Operation::RollbackWaiting, Some(before), Some(after.switched_off())),
        })
    }
}
