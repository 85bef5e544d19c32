//! The end of every operation: table built, rows committed, table published.

use super::Supervisor;
use super::work::Committed;
use crate::plugin::bundles;
use crate::plugin::error::OperationError;
use crate::plugin::id::PluginId;
use crate::plugin::menus;
use crate::plugin::operation::journal;
use crate::plugin::rows::{self, Data};
use crate::plugin::services::now_ms;
use crate::plugin::status::{KnownVersion, PluginStatus};
use crate::plugin::table::RouteTable;
use crate::store::StoreError;
use plugin_api::db::Transaction;
use std::sync::Arc;

impl Supervisor {
    /// Makes `status` the truth: in the rows, then, without a step that can fail, in the table.
    pub(super) async fn settle(&mut self, status: PluginStatus) -> Result<Arc<PluginStatus>, OperationError> {
        let before = self.plugins.get(status.id()).cloned();
        let status = Arc::new(status);
        let committed = self.commit_status(Arc::clone(&status), None).await?;
        self.publish(committed);
        if let Some(before) = before {
            self.forget_files(&before.versions);
        }
        Ok(status)
    }

    /// The same as [`Self::commit_status`], but of a plugin that only serves again what the rows say already, as
    /// nearly all do at a start, nothing is written.
    pub(super) async fn commit_unless_it_stands(
        &self,
        status: Arc<PluginStatus>,
        entry: Option<i64>,
    ) -> Result<Committed, OperationError> {
        if entry.is_none() && rows::stand(&self.workplace.pool.database(), &status).await? {
            return self.with(status);
        }
        self.commit_status(status, entry).await
    }

    /// Commits that `status` is the truth, and gives what is to be published for it. `entry` is the operation
    /// of the journal that has settled with it.
    pub(super) async fn commit_status(
        &self,
        status: Arc<PluginStatus>,
        entry: Option<i64>,
    ) -> Result<Committed, OperationError> {
        let database = self.workplace.pool.database();
        if status.active.is_some() {
            let claims = menus::claims(&database).await?;
            menus::refuse_conflicts(&status.release, &claims, &self.plugins)?;
        }
        let committed = self.with(Arc::clone(&status))?;
        let transaction = database.begin().await?;
        rows::save(&transaction, &status, entry, now_ms()).await?;
        if self.workplace.announcements.reach_others() {
            let bundle = &status.release.bundle;
            bundles::put(&transaction, bundle, &self.workplace.store.bundle(bundle)).await?;
        }
        if let Some(entry) = entry {
            journal::settle(&transaction, entry, Some(&status)).await?;
        }
        self.commit(transaction).await?;
        Ok(committed)
    }

    /// What is served with `status` in it.
    fn with(&self, status: Arc<PluginStatus>) -> Result<Committed, OperationError> {
        let mut plugins = self.plugins.clone();
        plugins.insert(status.id().clone(), Arc::clone(&status));
        let table = RouteTable::build(&self.workplace.core, &plugins)?;
        Ok(Committed { plugins, table, status: Some(status) })
    }

    /// The same of a plugin that is gone, with as much of its data as `data` says.
    pub(super) async fn commit_gone(
        &self,
        id: &PluginId,
        data: Data,
        entry: Option<i64>,
    ) -> Result<Committed, OperationError> {
        let mut plugins = self.plugins.clone();
        plugins.remove(id);
        let table = RouteTable::build(&self.workplace.core, &plugins)?;
        let transaction = self.workplace.pool.database().begin().await?;
        rows::remove(&transaction, id, data).await?;
        if let Some(entry) = entry {
            journal::settle(&transaction, entry, None).await?;
        }
        self.commit(transaction).await?;
        Ok(Committed { plugins, table, status: None })
    }

    /// Makes `status` what is served here: the rows say so already.
    pub(super) fn adopt(&mut self, status: PluginStatus) -> Result<Arc<PluginStatus>, OperationError> {
        let status = Arc::new(status);
        let mut plugins = self.plugins.clone();
        let before = plugins.insert(status.id().clone(), Arc::clone(&status));
        let table = RouteTable::build(&self.workplace.core, &plugins)?;
        self.publish(Committed { plugins, table, status: None });
        if let Some(before) = before {
            self.forget_files(&before.versions);
        }
        Ok(status)
    }

    /// A plugin that the rows no longer have is not served here either.
    pub(super) fn adopt_gone(&mut self, status: &PluginStatus) -> Result<(), OperationError> {
        let mut plugins = self.plugins.clone();
        plugins.remove(status.id());
        let table = RouteTable::build(&self.workplace.core, &plugins)?;
        self.publish(Committed { plugins, table, status: None });
        self.forget_files(&status.versions);
        Ok(())
    }

    /// Commits a change of the rows, unless another process has changed them since this one looked,
    /// which it can only if this one has lost its turn together with a connection.
    pub(super) async fn commit(&self, transaction: Transaction) -> Result<(), OperationError> {
        bundles::forget_others(&transaction).await?;
        let revision = rows::advance(&transaction).await?;
        if self.workplace.announcements.reach_others() && !self.following.is_next(revision) {
            return Err(OperationError::Overtaken);
        }
        transaction.commit().await?;
        self.following.note(revision);
        Ok(())
    }

    /// Records that a plugin does not serve, and why; its routes say so from now on.
    pub(super) async fn settle_failed(&mut self, id: &PluginId, error: &OperationError) -> Result<(), OperationError> {
        let status = self.installed(id)?;
        self.settle(status.failed(error.chain())).await.map(drop)
    }

    /// The swap.
    pub(super) fn publish(&mut self, committed: Committed) {
        self.plugins = committed.plugins;
        self.published.publish(committed.table);
    }

    /// Removes those files of `versions` to which no installed version refers any more.
    pub(super) fn forget_files(&self, versions: &[KnownVersion]) {
        for known in versions {
            if let Err(error) = self.forget_version(known) {
                // The next start sweeps it away.
                tracing::warn!("a file of an old version stays in the store for now: {error}");
            }
        }
    }

    fn forget_version(&self, known: &KnownVersion) -> Result<(), StoreError> {
        let kept = || self.plugins.values().flat_map(|status| &status.versions);
        if !kept().any(|other| other.sha256 == known.sha256) {
            self.workplace.store.remove_bundle(&known.sha256)?;
        }
        if !kept().any(|other| other.library_sha256 == known.library_sha256) {
            self.workplace.store.remove_library(&known.library_sha256)?;
        }
        Ok(())
    }
}
