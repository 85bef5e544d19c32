//! Removing a plugin.

use super::retire::retire;
use super::{Outcome, Supervisor};
use crate::plugin::event::EventState;
use crate::plugin::id::PluginId;
use crate::plugin::rows::Data;
use crate::plugin::schema;
use crate::plugin::status::PluginStatus;
use std::sync::Arc;

impl Supervisor {
    pub(super) async fn uninstall(&mut self, id: &PluginId, data: Data) -> Outcome {
        let before = self.installed(id)?;
        self.refuse_required(id)?;
        self.refuse_while_needed(id)?;
        match data {
            Data::Keep => {
                self.settle_gone(&before, data).await?;
                self.retire_soon(before.active.clone()).await;
            }
            Data::Purge => self.purge(&before).await?,
        }
        self.tell(id, before.version(), EventState::Uninstalled, None);
        Ok(before)
    }

    /// Nothing of the plugin may run while its tables go: it is switched off first, and whole.
    async fn purge(&mut self, before: &PluginStatus) -> Result<(), crate::plugin::OperationError> {
        let status = self.settle(before.switched_off()).await?;
        if let Some(active) = &before.active {
            retire(Arc::clone(active), self.workplace.deadlines).await;
        }
        // Other processes must have switched it off as well.
        self.tell_processes().await;
        schema::purge(&self.workplace.pool, status.id(), status.version()).await?;
        self.settle_gone(&status, Data::Purge).await
    }
}
