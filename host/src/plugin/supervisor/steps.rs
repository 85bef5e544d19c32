//! What each step does, and how what was done is taken back.

use super::Supervisor;
use super::perform::ended;
use super::retire::retire;
use super::settle::Along;
use super::work::{KeptFile, Work};
use crate::plugin::active::ActivePlugin;
use crate::plugin::candidate::Candidate;
use crate::plugin::error::OperationError;
use crate::plugin::id::PluginId;
use crate::plugin::operation::journal::{Order, Remedy};
use crate::plugin::operation::{Operation, Step, journal};
use crate::plugin::rows::Data;
use crate::plugin::schema::{self, Outlook, Undo};
use crate::plugin::status::PluginStatus;
use crate::store::{Kept, Store, StoreError};
use semver::Version;
use std::sync::Arc;

impl Supervisor {
    pub(super) async fn step(&mut self, step: Step, work: &mut Work, order: &Order) -> Result<(), OperationError> {
        match step {
            Step::Keep => self.step_keep(work).await,
            Step::Load => {
                work.done.image = Some(self.load(work.release()).await?);
                Ok(())
            }
            Step::SwitchOff => self.step_switch_off(work).await,
            Step::Drain => {
                self.step_drain(work).await;
                Ok(())
            }
            Step::Snapshot => self.step_snapshot(work).await,
            Step::Migrate => self.step_migrate(work, order).await,
            Step::Revert => {
                work.done.remedy.restore = true;
                self.journal(Step::Revert, work).await?;
                schema::revert(&self.workplace.pool, work.release()).await
            }
            Step::Restore => self.step_restore(work).await,
            Step::Start => self.step_start(work).await,
            Step::Purge => {
                self.journal(Step::Purge, work).await?;
                schema::purge(&self.workplace.pool, work.id(), work.status().version()).await?;
                self.erase_files(work.id()).await;
                Ok(())
            }
            Step::Commit => self.step_commit(work, order).await,
            Step::Publish => {
                self.step_publish(work);
                Ok(())
            }
            Step::Retire => {
                self.step_retire(work).await;
                Ok(())
            }
        }
    }

    /// Notes in the journal that a step with lasting effects begins.
    async fn journal(&self, step: Step, work: &Work) -> Result<(), OperationError> {
        let Some(entry) = work.done.entry else { return Ok(()) };
        Ok(journal::reach(&self.workplace.pool.database(), entry, step, &work.done.remedy).await?)
    }

    async fn step_keep(&self, work: &mut Work) -> Result<(), OperationError> {
        self.journal(Step::Keep, work).await?;
        match work.candidate.take() {
            Some(candidate) => self.keep(candidate, &mut work.done.kept).await,
            None => Ok(()),
        }
    }

    async fn step_switch_off(&mut self, work: &mut Work) -> Result<(), OperationError> {
        let serving = work.before.iter().filter(|before| before.active.is_some());
        let off: Vec<_> = work.along.iter().chain(serving.clone()).map(|before| before.switched_off()).collect();
        if off.is_empty() {
            return Ok(());
        }
        work.done.remedy.switched_off = serving.count() > 0;
        work.done.remedy.along = work.along.iter().map(|other| other.id().clone()).collect();
        self.journal(Step::SwitchOff, work).await?;
        self.settle_all(off).await
    }

    /// Nothing of the plugin may run while its tables change, in no process.
    async fn step_drain(&self, work: &mut Work) {
        work.done.drained = true;
        for active in running(work) {
            retire(active, self.workplace.deadlines).await;
        }
        self.tell_processes().await;
    }

    /// The last calls of those that were switched off are waited for a moment; for those of an old version, or of one
    /// that was taken out, the answer does not wait.
    async fn step_retire(&self, work: &mut Work) {
        work.done.drained = true;
        let soon = matches!(work.operation, Operation::Disable | Operation::Uninstall);
        for active in running(work) {
            if soon {
                self.retire_soon(Some(active)).await;
            } else {
                drop(self.retire_in_background(active));
            }
        }
    }

    /// A plugin without tables has nothing to lose.
    async fn step_snapshot(&self, work: &mut Work) -> Result<(), OperationError> {
        let Some(before) = &work.before else { return Ok(()) };
        let version = before.version();
        if schema::applied(&self.workplace.pool, work.id(), version).await?.is_empty() {
            return Ok(());
        }
        let reason = match (&work.snapshot, &work.after) {
            (Some(snapshot), _) => format!("before the restore of snapshot {}", snapshot.id),
            (None, Some(after)) => format!("before the {} to {}", work.operation, after.version()),
            (None, None) => format!("before the {}", work.operation),
        };
        let needed = work.snapshot.as_ref().map(|snapshot| snapshot.id);
        let taken = self.workplace.snapshots.take_keeping(work.id(), version, &reason, needed).await?;
        work.done.remedy.snapshot = Some(taken.id);
        self.journal(Step::Snapshot, work).await
    }

    async fn step_migrate(&self, work: &mut Work, order: &Order) -> Result<(), OperationError> {
        let release = Arc::clone(work.release());
        match schema::outlook(&self.workplace.pool, &release).await? {
            Outlook::Ahead => return Ok(()),
            Outlook::Current => {}
            Outlook::Missing(_, undo) => {
                self.open_entry(work, order).await?;
                work.done.remedy.schema.get_or_insert(undo);
                self.journal(Step::Migrate, work).await?;
            }
        }
        schema::update(&self.workplace.pool, &release).await
    }

    /// Tables that were not there before go again if it has to be taken back.
    async fn step_restore(&self, work: &mut Work) -> Result<(), OperationError> {
        let Some(snapshot) = &work.snapshot else { return Ok(()) };
        match work.done.remedy.snapshot {
            Some(_) => work.done.remedy.restore = true,
            None => work.done.remedy.schema = Some(Undo::Purge),
        }
        self.journal(Step::Restore, work).await?;
        self.workplace.snapshots.restore(work.id(), snapshot.id).await.map(drop)
    }

    async fn step_start(&self, work: &mut Work) -> Result<(), OperationError> {
        let Some(image) = work.done.image.take() else { return Err(OperationError::ShuttingDown) };
        work.done.active = Some(self.start(work.release(), image, work.status()).await?);
        Ok(())
    }

    async fn step_commit(&mut self, work: &mut Work, order: &Order) -> Result<(), OperationError> {
        let told = (ended(work.operation, work.done.active.is_some()), work.status().version());
        // A start says nothing: it only brings up what is known to serve.
        let told = Some(told).filter(|_| work.done.entry.is_some());
        let along = Along { entry: work.done.entry, others: &work.along, order: Some(order), told };
        let committed = match &work.after {
            Some(after) => {
                let status = match &work.done.active {
                    Some(active) => after.serving(Arc::clone(active)),
                    None => after.clone(),
                };
                self.commit_unless_it_stands(Arc::new(status), along).await?
            }
            None => {
                let data = if work.operation == Operation::Purge { Data::Purge } else { Data::Keep };
                self.commit_gone(work.id(), data, along).await?
            }
        };
        work.done.committed = Some(committed);
        Ok(())
    }

    fn step_publish(&mut self, work: &mut Work) {
        if let Some(committed) = work.done.committed.take() {
            work.done.published.clone_from(&committed.status);
            self.publish(committed);
            if let Some(before) = &work.before {
                self.forget_files(&before.versions);
            }
        }
    }

    /// Moves bundle and library from staging into the store.
    pub(super) async fn keep(&self, candidate: Candidate, kept: &mut Vec<KeptFile>) -> Result<(), OperationError> {
        let Candidate { release, bundle, library, .. } = candidate;
        if self.in_store(|store| store.keep_bundle(bundle)).await? == Kept::New {
            kept.push(KeptFile::Bundle(release.bundle));
        }
        if self.in_store(|store| store.keep_library(library)).await? == Kept::New {
            kept.push(KeptFile::Library(release.library));
        }
        Ok(())
    }

    /// Syncing a file blocks, so it happens on another thread.
    async fn in_store<F>(&self, work: F) -> Result<Kept, OperationError>
    where
        F: FnOnce(&Store) -> Result<Kept, StoreError> + Send + 'static,
    {
        let store = Arc::clone(&self.workplace.store);
        let kept = tokio::task::spawn_blocking(move || work(&store)).await;
        Ok(kept.map_err(|_| OperationError::ShuttingDown)??)
    }

    /// Takes back what an operation has done, the last first. Goes on after what can't be: the rest is
    /// still worth it.
    pub(super) async fn take_back(&mut self, work: &mut Work) -> Result<(), OperationError> {
        // A schema can only be taken back once nobody uses it.
        if let Some(active) = work.done.active.take() {
            retire(active, self.workplace.deadlines).await;
        }
        work.done.image = None;
        let (id, version) = (work.id().clone(), work.status().version().clone());
        let schema = self.take_schema_back(&id, &version, &work.done.remedy).await;
        let switched_on = self.switch_all_on_again(work).await;
        self.drop_kept(&work.done.kept);
        schema.and(switched_on)
    }

    /// What was switched off last comes first: the others need it.
    async fn switch_all_on_again(&mut self, work: &Work) -> Result<(), OperationError> {
        let Remedy { switched_off, along, .. } = &work.done.remedy;
        let is_off = |before: &PluginStatus| if before.id() == work.id() { *switched_off } else { !along.is_empty() };
        let mut outcome = Ok(());
        for before in work.switched_off().rev().filter(|before| is_off(before)) {
            outcome = outcome.and(self.switch_on_again(before, work.done.drained).await);
        }
        outcome
    }

    /// Takes back what was done to the tables: by the scripts for it, else from the copy that was taken before.
    pub(super) async fn take_schema_back(
        &self,
        id: &PluginId,
        version: &Version,
        remedy: &Remedy,
    ) -> Result<(), OperationError> {
        let snapshots = &self.workplace.snapshots;
        let undone = match (&remedy.schema, remedy.snapshot) {
            (_, Some(snapshot)) if remedy.restore => snapshots.restore(id, snapshot).await.map(drop),
            (Some(undo), snapshot) => match (schema::undo(&self.workplace.pool, id, version, undo).await, snapshot) {
                (Err(error), Some(snapshot)) => {
                    tracing::warn!("the tables of plugin {id} come back from a copy: {}", error.chain());
                    snapshots.restore(id, snapshot).await.map(drop)
                }
                (undone, _) => undone,
            },
            (None, _) => Ok(()),
        };
        if let (Ok(()), Some(snapshot)) = (&undone, remedy.snapshot)
            && let Err(error) = snapshots.delete(id, snapshot).await
        {
            tracing::warn!("a copy of the tables of plugin {id} that nobody needs stays: {}", error.chain());
        }
        undone
    }

    /// Removes what a plugin keeps, once that can't be taken back. What stays belongs to nobody.
    pub(super) async fn erase_files(&self, id: &PluginId) {
        if let Err(error) = self.workplace.folders.remove(id).await {
            tracing::warn!(%error, plugin.id = %id, "files of plugin {id} stay for now; the doctor removes them");
        }
    }

    fn drop_kept(&self, kept: &[KeptFile]) {
        for file in kept.iter().rev() {
            let removed = match file {
                KeptFile::Bundle(sha256) => self.workplace.store.remove_bundle(sha256),
                KeptFile::Library(sha256) => self.workplace.store.remove_library(sha256),
            };
            if let Err(error) = removed {
                // The next start sweeps it away.
                tracing::warn!("a file of a failed operation stays in the store for now: {error}");
            }
        }
    }

    /// Has a version serve that an operation had switched off; with a new generation if the old one has ended.
    async fn switch_on_again(&mut self, before: &PluginStatus, drained: bool) -> Result<(), OperationError> {
        let again = match &before.active {
            Some(active) if !drained => before.serving(Arc::clone(active)),
            Some(_) => {
                let image = self.load(&before.release).await?;
                before.serving(self.start(&before.release, image, before).await?)
            }
            // It should have served and could not.
            None => before.clone(),
        };
        self.settle(again).await.map(drop)
    }
}

/// What runs of the plugins that an operation switches off.
fn running(work: &Work) -> Vec<Arc<ActivePlugin>> {
    work.switched_off().filter_map(|before| before.active.clone()).collect()
}
