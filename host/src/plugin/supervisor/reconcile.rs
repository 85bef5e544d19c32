//! The start: what the rows say should be, by the same path as a click takes.

use super::Supervisor;
use super::turn::TURN;
use crate::plugin::error::OperationError;
use crate::plugin::id::PluginId;
use crate::plugin::rows::{self, Installed, RowError};
use crate::plugin::schema;
use crate::plugin::status::{Desired, Observed, PluginStatus};
use crate::plugin::table::{Plugins, RouteTable};
use plugin_api::db::Database;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Supervisor {
    /// Brings up what should serve, when it is this process' turn.
    pub(super) async fn begin(&mut self) -> Result<(), OperationError> {
        if !self.workplace.announcements.reach_others() {
            return self.reconcile().await;
        }
        let turn = self.workplace.pool.exclusive(TURN).await.map_err(OperationError::Turn)?;
        let reconciled = self.reconcile().await;
        turn.release().await;
        reconciled
    }

    /// Brings up what should serve. A plugin that can't is recorded with its reason, and the next
    /// one is tried.
    async fn reconcile(&mut self) -> Result<(), OperationError> {
        let database = self.workplace.pool.database();
        self.following.note(rows::revision(&database).await?);
        let (installed, faults) = rows::installed(&database).await?;
        for fault in &faults {
            tracing::error!("a plugin is left out: {fault}");
        }
        if faults.is_empty() {
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
        for id in in_order_of_dependence(&self.plugins) {
            if self.plugins.get(&id).is_some_and(|status| status.desired == Desired::Enabled) {
                // Told, logged and recorded there.
                drop(self.enable(&id).await);
            }
        }
        Ok(())
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
        Ok(PluginStatus {
            release: Arc::new(release),
            previous: plugin.previous,
            versions: plugin.versions,
            desired: plugin.desired,
            observed: Observed::Disabled,
            reason: None,
            active: None,
            stats: Arc::default(),
        })
    }
}

/// What others need comes before them; a circle comes in any order, and fails by name.
pub(super) fn in_order_of_dependence(plugins: &Plugins) -> Vec<PluginId> {
    let mut order = Vec::with_capacity(plugins.len());
    let mut placed: BTreeSet<PluginId> = BTreeSet::new();
    while order.len() < plugins.len() {
        let open = || plugins.iter().filter(|(id, _)| !placed.contains(*id));
        let is_free = |status: &PluginStatus| {
            let needs = &status.release.manifest.depends_on;
            needs.iter().all(|id| placed.contains(id) || !plugins.contains_key(id))
        };
        let next = open().find(|(_, status)| is_free(status)).or_else(|| open().next());
        let Some((id, _)) = next else { break };
        let id = id.clone();
        placed.insert(id.clone());
        order.push(id);
    }
    order
}
