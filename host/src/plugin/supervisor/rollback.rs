//! Putting the version before in the place of the installed one, by the same swap as an upgrade.

use super::undo::Undo;
use super::{Outcome, Supervisor};
use crate::plugin::error::OperationError;
use crate::plugin::event::EventState;
use crate::plugin::id::PluginId;
use crate::plugin::rows;
use crate::plugin::status::{Desired, PluginStatus};
use semver::Version;
use std::sync::Arc;

impl Supervisor {
    pub(super) async fn rollback(&mut self, id: &PluginId) -> Outcome {
        let before = self.installed(id)?;
        let Some(version) = before.previous.clone() else {
            return Err(OperationError::NoPrevious { id: id.clone(), version: before.version().clone() });
        };
        let mut undo = Undo::default();
        match self.try_rollback(&before, &version, &mut undo).await {
            Ok(status) => {
                self.tell(id, &version, EventState::RolledBack, None);
                self.retire_replaced(&before);
                Ok(status)
            }
            Err(error) => {
                self.take_back(undo).await;
                self.tell(id, &version, EventState::Failed, Some(error.chain()));
                Err(error)
            }
        }
    }

    async fn try_rollback(&mut self, before: &PluginStatus, version: &Version, undo: &mut Undo) -> Outcome {
        let database = self.workplace.pool.database();
        let release = rows::release(&database, before.id(), version, self.workplace.core.prefix()).await?;
        self.refuse_unfit(&release.manifest, before.desired == Desired::Enabled)?;
        self.replace(before.rolled_back(Arc::new(release)), undo).await
    }
}
