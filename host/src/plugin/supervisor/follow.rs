//! Doing what another process has committed: what it lacks is loaded, what changed is swapped, what
//! went is dropped. The rows are only read.

use super::Supervisor;
use super::retire::retire;
use crate::plugin::dependencies::{Graph, enable_order};
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
        let order = enable_order(&Graph::of(&wanted));
        for id in order.iter().rev() {
            self.switch_off(&wanted[id]).await?;
        }
        for id in &order {
            self.bring_up(&wanted[id]).await?;
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
                status.log = Arc::clone(&before.log);
                if self.may_start(&status) && before.release.bundle == status.release.bundle {
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
            if !rows::is_kept(&self.workplace.pool.database(), status.id()).await? {
                self.erase_files(status.id()).await;
            }
            self.tell(status.id(), status.version(), EventState::Uninstalled, None);
        }
        Ok(())
    }

    async fn switch_off(&mut self, wanted: &PluginStatus) -> Result<(), OperationError> {
        if self.may_start(wanted) {
            return Ok(());
        }
        let before = self.plugins.get(wanted.id()).and_then(|status| status.active.clone());
        let is_wanted = wanted.desired == Desired::Enabled;
        let status = self.adopt(if is_wanted { wanted.clone() } else { wanted.switched_off() })?;
        self.provide_all(&status).await;
        if before.is_some() {
            self.retire_soon(before).await;
            let state = if is_wanted { EventState::Quarantined } else { EventState::Disabled };
            self.tell(status.id(), status.version(), state, status.reason.clone());
        }
        Ok(())
    }

    async fn bring_up(&mut self, wanted: &PluginStatus) -> Result<(), OperationError> {
        if !self.may_start(wanted) {
            return Ok(());
        }
        if let Some(active) = &wanted.active {
            let reason = self.follow_settings(&wanted.release, active).await;
            let status = self.adopt(PluginStatus { reason, ..wanted.serving(Arc::clone(active)) })?;
            self.provide_all(&status).await;
            return Ok(());
        }
        let before = self.plugins.get(wanted.id()).and_then(|status| status.active.clone());
        match self.start_beside(wanted).await {
            Ok(status) => self.tell(status.id(), status.version(), EventState::Enabled, None),
            Err(error) => {
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

    /// Another process has changed the schema. If it has taken that back meanwhile, it must not come again.
    async fn start_beside(&mut self, wanted: &PluginStatus) -> Result<Arc<PluginStatus>, OperationError> {
        self.refuse_missing_dependencies(&wanted.release)?;
        let image = self.load(&wanted.release).await?;
        let active = self.start(&wanted.release, image, wanted).await?;
        let adopted = self.adopt(wanted.serving(Arc::clone(&active)));
        if adopted.is_err() {
            retire(active, self.workplace.deadlines).await;
        }
        adopted
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
