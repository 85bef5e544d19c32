//! Putting a kept version in the place of the installed one, by the same swap as an upgrade.

use super::undo::Undo;
use super::{Outcome, Supervisor};
use crate::plugin::event::EventState;
use crate::plugin::id::PluginId;
use crate::plugin::rows;
use crate::plugin::status::PluginStatus;
use semver::Version;
use std::sync::Arc;

impl Supervisor {
    pub(super) async fn rollback(&mut self, id: &PluginId, asked: Option<&Version>) -> Outcome {
        let before = self.installed(id)?;
        let version = before.rollback_target(asked)?;
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
        self.replace(before.rolled_back(Arc::new(release)), undo).await
    }
}
