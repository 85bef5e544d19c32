//! The end of every operation: table built, rows committed, table published.

use super::Supervisor;
use super::work::Committed;
use crate::plugin::bundles;
use crate::plugin::error::OperationError;
use crate::plugin::event::EventState;
use crate::plugin::id::PluginId;
use crate::plugin::menus;
use crate::plugin::operation::Operation;
use crate::plugin::operation::journal::{self, Opening, Order};
use crate::plugin::rows::{self, Data};
use crate::plugin::services::now_ms;
use crate::plugin::status::{KnownVersion, PluginStatus};
use crate::plugin::table::{Plugins, RouteTable};
use crate::store::StoreError;
use plugin_api::db::Transaction;
use semver::Version;
use serde_json::json;
use std::sync::Arc;

/// What is committed together with the rows of a plugin.
#[derive(Clone, Copy, Default)]
pub(super) struct Along<'a> {
    /// The operation of the journal that settles with them.
    pub(super) entry: Option<i64>,
    /// The plugins that it switches off beside its own, as they are before.
    pub(super) others: &'a [Arc<PluginStatus>],
    /// Who wants it.
    pub(super) order: Option<&'a Order>,
    /// What plugins are told of its own plugin, with the version.
    pub(super) told: Option<(EventState, &'a Version)>,
}

impl Along<'_> {
    fn off(&self) -> Vec<Arc<PluginStatus>> {
        self.others.iter().map(|other| Arc::new(other.switched_off())).collect()
    }

    /// Those that are switched off have an entry each, which is done with this very transaction.
    async fn save(&self, tx: &Transaction, after: Option<&PluginStatus>) -> Result<(), OperationError> {
        for (before, off) in self.others.iter().zip(self.off()) {
            rows::save(tx, &off, None, now_ms()).await?;
            if let Some(order) = self.order {
                let (before, after) = (Some(before.as_ref()), Some(off.as_ref()));
                let opening = Opening { id: off.id(), operation: Operation::Disable, order, before, after };
                journal::done(tx, &opening, now_ms()).await?;
            }
        }
        match self.entry {
            Some(entry) => Ok(journal::settle(tx, entry, after).await?),
            None => Ok(()),
        }
    }

    /// What plugins are told: of each plugin what becomes of it.
    fn told(&self, id: &PluginId) -> Vec<(EventState, PluginId, Version)> {
        let others = self.others.iter().map(|other| (EventState::Disabled, other.id(), other.version()));
        let own = self.told.map(|(state, version)| (state, id, version));
        others.chain(own).map(|(state, id, version)| (state, id.clone(), version.clone())).collect()
    }
}

impl Supervisor {
    /// Makes `status` the truth: in the rows, then, without a step that can fail, in the table.
    pub(super) async fn settle(&mut self, status: PluginStatus) -> Result<Arc<PluginStatus>, OperationError> {
        let before = self.plugins.get(status.id()).cloned();
        let status = Arc::new(status);
        let committed = self.commit_status(Arc::clone(&status), Along::default()).await?;
        self.publish(committed);
        if let Some(before) = before {
            self.forget_files(&before.versions);
        }
        Ok(status)
    }

    /// The same of several that do not serve any more, all of them or none.
    pub(super) async fn settle_all(&mut self, statuses: Vec<PluginStatus>) -> Result<(), OperationError> {
        let statuses: Vec<_> = statuses.into_iter().map(Arc::new).collect();
        let committed = self.served(self.with(statuses.clone()), None)?;
        let transaction = self.workplace.pool.database().begin().await?;
        for status in &statuses {
            rows::save(&transaction, status, None, now_ms()).await?;
        }
        self.commit(transaction).await?;
        self.publish(committed);
        Ok(())
    }

    /// The same as [`Self::commit_status`], but of a plugin that only serves again what the rows say already, as
    /// nearly all do at a start, nothing is written.
    pub(super) async fn commit_unless_it_stands(
        &self,
        status: Arc<PluginStatus>,
        along: Along<'_>,
    ) -> Result<Committed, OperationError> {
        if along.entry.is_none() && rows::stand(&self.workplace.pool.database(), &status).await? {
            return self.served(self.with([Arc::clone(&status)]), Some(status));
        }
        self.commit_status(status, along).await
    }

    /// Commits that `status` is the truth, and gives what is to be published for it and what is `along`.
    pub(super) async fn commit_status(
        &self,
        status: Arc<PluginStatus>,
        along: Along<'_>,
    ) -> Result<Committed, OperationError> {
        let database = self.workplace.pool.database();
        if status.active.is_some() {
            let claims = menus::claims(&database).await?;
            menus::refuse_conflicts(&status.release, &claims, &self.plugins)?;
        }
        let changed = along.off().into_iter().chain([Arc::clone(&status)]);
        let committed = self.served(self.with(changed), Some(Arc::clone(&status)))?;
        let transaction = database.begin().await?;
        rows::save(&transaction, &status, along.entry, now_ms()).await?;
        if self.workplace.announcements.reach_others() {
            let bundle = &status.release.bundle;
            bundles::put(&transaction, bundle, &self.workplace.store.bundle(bundle)).await?;
        }
        along.save(&transaction, Some(&status)).await?;
        self.tell_plugins(&transaction, along.told(status.id())).await?;
        self.commit(transaction).await?;
        Ok(committed)
    }

    /// Tells plugins what becomes of others, if `transaction` is committed.
    async fn tell_plugins(
        &self,
        transaction: &Transaction,
        told: Vec<(EventState, PluginId, Version)>,
    ) -> Result<(), OperationError> {
        let table = self.published.load_full();
        for (state, id, version) in told {
            let (name, data) = (format!("plugin_{}", state.as_str()), json!({ "id": id, "version": version }));
            self.workplace.outbox.tell(&table, transaction, Some(&id), &name, &data).await?;
        }
        Ok(())
    }

    /// The plugins when these are as they say.
    fn with(&self, statuses: impl IntoIterator<Item = Arc<PluginStatus>>) -> Plugins {
        let mut plugins = self.plugins.clone();
        plugins.extend(statuses.into_iter().map(|status| (status.id().clone(), status)));
        plugins
    }

    /// What is served of these plugins; `status` is the one that it is about.
    fn served(&self, plugins: Plugins, status: Option<Arc<PluginStatus>>) -> Result<Committed, OperationError> {
        let table = RouteTable::build(&self.workplace.core, &plugins)?;
        Ok(Committed { plugins, table, status })
    }

    /// The same of a plugin that is gone, with as much of its data as `data` says.
    pub(super) async fn commit_gone(
        &self,
        id: &PluginId,
        data: Data,
        along: Along<'_>,
    ) -> Result<Committed, OperationError> {
        let mut plugins = self.with(along.off());
        plugins.remove(id);
        let committed = self.served(plugins, None)?;
        let transaction = self.workplace.pool.database().begin().await?;
        rows::remove(&transaction, id, data).await?;
        along.save(&transaction, None).await?;
        self.tell_plugins(&transaction, along.told(id)).await?;
        self.commit(transaction).await?;
        Ok(committed)
    }

    /// Makes `status` what is served here: the rows say so already.
    pub(super) fn adopt(&mut self, status: PluginStatus) -> Result<Arc<PluginStatus>, OperationError> {
        let status = Arc::new(status);
        let before = self.plugins.get(status.id()).cloned();
        let committed = self.served(self.with([Arc::clone(&status)]), None)?;
        self.publish(committed);
        if let Some(before) = before {
            self.forget_files(&before.versions);
        }
        Ok(status)
    }

    /// A plugin that the rows no longer have is not served here either.
    pub(super) fn adopt_gone(&mut self, status: &PluginStatus) -> Result<(), OperationError> {
        let mut plugins = self.plugins.clone();
        plugins.remove(status.id());
        let committed = self.served(plugins, None)?;
        self.publish(committed);
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
        // What waited for a plugin may be given to it now.
        self.workplace.outbox.stir();
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
