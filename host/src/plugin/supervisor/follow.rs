//! Doing what another process has committed: what it lacks is loaded, what changed is swapped, what
//! went is dropped. The rows are only read.

use super::Supervisor;
use super::reconcile::in_order_of_dependence;
use super::start::Schema;
use super::undo::Undo;
use crate::plugin::error::OperationError;
use crate::plugin::event::EventState;
use crate::plugin::id::PluginId;
use crate::plugin::rows::{self, Installed};
use crate::plugin::status::{Desired, PluginStatus};
use crate::plugin::table::Plugins;
use std::sync::Arc;

impl Supervisor {
    /// Follows the rows, if they have changed. A plugin that can't is shown as failed here, with its
    /// reason, and holds up no other.
    pub(super) async fn follow(&mut self) -> Result<(), OperationError> {
        // Before the look: what is missed from now on may not be in it.
        let doubts = self.following.doubts();
        self.try_follow().await?;
        self.following.settle(doubts);
        Ok(())
    }

    async fn try_follow(&mut self) -> Result<(), OperationError> {
        let database = self.workplace.pool.database();
        let revision = rows::revision(&database).await?;
        if self.following.is_known(revision) {
            return Ok(());
        }
        let (installed, faults) = rows::installed(&database).await?;
        for fault in &faults {
            tracing::error!("a plugin is left as it is: {fault}");
        }
        if faults.is_empty() {
            self.drop_gone(&installed).await?;
        }
        let wanted = self.wanted(installed).await?;
        for id in in_order_of_dependence(&wanted).into_iter().rev() {
            self.switch_off(&wanted[&id]).await?;
        }
        for id in in_order_of_dependence(&wanted) {
            self.bring_up(&wanted[&id]).await?;
        }
        self.following.note(revision);
        Ok(())
    }

    /// Every plugin of the rows, as the next one of this process is to be: what runs already, runs on.
    async fn wanted(&self, installed: Vec<Installed>) -> Result<Plugins, OperationError> {
        let database = self.workplace.pool.database();
        let mut wanted = Plugins::new();
        for plugin in installed {
            let mut status = self.registered(&database, plugin).await?;
            if let Some(before) = self.plugins.get(status.id()) {
                status.stats = Arc::clone(&before.stats);
                if status.desired == Desired::Enabled && before.release.bundle == status.release.bundle {
                    status.active.clone_from(&before.active);
                }
            }
            wanted.insert(status.id().clone(), Arc::new(status));
        }
        Ok(wanted)
    }

    async fn drop_gone(&mut self, installed: &[Installed]) -> Result<(), OperationError> {
        let is_gone = |id: &PluginId| installed.iter().all(|plugin| plugin.id != *id);
        let gone: Vec<_> = self.plugins.values().filter(|status| is_gone(status.id())).cloned().collect();
        for status in gone {
            self.adopt_gone(&status)?;
            self.retire_soon(status.active.clone()).await;
            self.tell(status.id(), status.version(), EventState::Uninstalled, None);
        }
        Ok(())
    }

    async fn switch_off(&mut self, wanted: &PluginStatus) -> Result<(), OperationError> {
        if wanted.desired == Desired::Enabled {
            return Ok(());
        }
        let before = self.plugins.get(wanted.id()).and_then(|status| status.active.clone());
        let status = self.adopt(wanted.switched_off())?;
        self.provide_all(&status).await;
        if before.is_some() {
            self.retire_soon(before).await;
            self.tell(status.id(), status.version(), EventState::Disabled, None);
        }
        Ok(())
    }

    async fn bring_up(&mut self, wanted: &PluginStatus) -> Result<(), OperationError> {
        if wanted.desired == Desired::Disabled {
            return Ok(());
        }
        if let Some(active) = &wanted.active {
            let reason = self.follow_settings(&wanted.release, active).await;
            let status = self.adopt(PluginStatus { reason, ..wanted.serving(Arc::clone(active)) })?;
            self.provide_all(&status).await;
            return Ok(());
        }
        let before = self.plugins.get(wanted.id()).and_then(|status| status.active.clone());
        let mut undo = Undo::default();
        let started = self.start_on(Schema::AsItIs, &wanted.release, Arc::clone(&wanted.stats), &mut undo).await;
        match started.and_then(|active| self.adopt(wanted.serving(active))) {
            Ok(status) => self.tell(status.id(), status.version(), EventState::Enabled, None),
            Err(error) => {
                self.take_back(undo).await;
                let status = self.adopt(wanted.failed(error.chain()))?;
                self.tell(status.id(), status.version(), EventState::Failed, status.reason.clone());
            }
        }
        if let Some(before) = before {
            drop(self.retire_in_background(before));
        }
        self.provide_all(wanted).await;
        Ok(())
    }

    /// So that every process can send the bundles and go back to the version before. Nothing that is
    /// served depends on it.
    async fn provide_all(&self, status: &PluginStatus) {
        for known in &status.versions {
            if let Err(error) = self.provide(status.id(), known).await {
                let version = &known.version;
                tracing::warn!("the bundle of plugin {} {version} is missing here: {}", status.id(), error.chain());
            }
        }
    }
}
