//! The start: what the rows say should be, by the same path as a click takes.

use super::Supervisor;
use super::begin::Begun;
use super::turn::TURN;
use crate::plugin::error::OperationError;
use crate::plugin::jobs;
use crate::plugin::log::PluginLog;
use crate::plugin::rows::{self, Installed, RowError};
use crate::plugin::schema;
use crate::plugin::status::{Observed, PluginStatus};
use crate::plugin::table::RouteTable;
use plugin_api::db::Database;
use std::sync::Arc;

impl Supervisor {
    /// Brings up what should serve, when it is this process' turn.
    pub(super) async fn begin(&mut self) -> Result<Begun, OperationError> {
        if !self.workplace.announcements.reach_others() {
            jobs::release_all(&self.workplace.pool.database()).await?;
            return self.reconcile().await;
        }
        let turn = self.workplace.pool.exclusive(TURN).await.map_err(OperationError::Turn)?;
        let reconciled = self.reconcile().await;
        turn.release().await;
        reconciled
    }

    /// Brings up what should serve. A plugin that can't is recorded with its reason, and the next
    /// one is tried.
    async fn reconcile(&mut self) -> Result<Begun, OperationError> {
        self.recover().await?;
        let database = self.workplace.pool.database();
        self.following.note(rows::revision(&database).await?);
        let (installed, faults) = rows::installed(&database).await?;
        for fault in &faults {
            tracing::error!("a plugin is left out: {fault}");
        }
        if faults.is_empty() && !self.workplace.safe_mode {
            // With a row that can't be read, nobody knows what it refers to.
            self.sweep(&installed)?;
            self.workplace.snapshots.sweep().await?;
        }
        self.share_bundles(&installed).await;
        for plugin in installed {
            match self.registered(&database, plugin).await {
                Ok(status) => drop(self.plugins.insert(status.id().clone(), Arc::new(status))),
                Err(fault) => tracing::error!("a plugin is left out: {fault}"),
            }
        }
        schema::register_all(&self.workplace.pool, &self.plugins).await;
        self.published.publish(RouteTable::build(&self.workplace.core, &self.plugins)?);
        Ok(self.bring_up_all().await)
    }

    /// Removes what operations left that were cut off before their commit.
    fn sweep(&self, installed: &[Installed]) -> Result<(), OperationError> {
        let (bundles, libraries) = rows::referenced(installed);
        let removed = self.workplace.store.sweep(&bundles, &libraries)?;
        if removed > 0 {
            tracing::info!(removed, "files without an owner were removed from the store");
        }
        Ok(())
    }

    pub(super) async fn registered(&self, database: &Database, plugin: Installed) -> Result<PluginStatus, RowError> {
        let prefix = self.workplace.core.prefix();
        let release = rows::release(database, &plugin.id, &plugin.version, prefix).await?;
        Ok(self.held(PluginStatus {
            release: Arc::new(release),
            previous: plugin.previous,
            versions: plugin.versions,
            desired: plugin.desired,
            observed: Observed::Disabled,
            reason: None,
            active: None,
            stats: Arc::default(),
            log: Arc::new(PluginLog::new(plugin.id, self.workplace.log)),
            guard: plugin.guard,
        }))
    }
}
