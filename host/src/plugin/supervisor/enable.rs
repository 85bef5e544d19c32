//! Making an installed plugin serve.

use super::undo::Undo;
use super::{Outcome, Supervisor};
use crate::plugin::event::EventState;
use crate::plugin::id::PluginId;
use crate::plugin::status::{Desired, PluginStatus};
use std::sync::Arc;

impl Supervisor {
    pub(super) async fn enable(&mut self, id: &PluginId) -> Outcome {
        let status = self.installed(id)?;
        if status.active.is_some() {
            return Ok(status);
        }
        if status.desired == Desired::Disabled {
            // What should serve and can't has failed; what should not, is only refused.
            self.refuse_unfit(&status.release.manifest, true)?;
        }
        let mut undo = Undo::default();
        match self.try_enable(&status, &mut undo).await {
            Ok(status) => {
                self.tell(id, status.version(), EventState::Enabled, None);
                Ok(status)
            }
            Err(error) => {
                self.take_back(undo).await;
                self.tell(id, status.version(), EventState::Failed, Some(error.chain()));
                if let Err(unrecorded) = self.settle_failed(id, &error).await {
                    tracing::error!("the failure of plugin {id} could not be recorded: {}", unrecorded.chain());
                }
                Err(error)
            }
        }
    }

    async fn try_enable(&mut self, status: &PluginStatus, undo: &mut Undo) -> Outcome {
        let active = self.start(&status.release, Arc::clone(&status.stats), undo).await?;
        self.settle(status.serving(active)).await
    }
}
