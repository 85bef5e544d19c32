//! What each step does, and how what was done is taken back.

use super::Supervisor;
use super::retire::retire;
use super::work::{KeptFile, Work};
use crate::plugin::candidate::Candidate;
use crate::plugin::error::OperationError;
use crate::plugin::id::PluginId;
use crate::plugin::operation::journal::{Order, Remedy};
use crate::plugin::operation::{Operation, Step, journal};
use crate::plugin::rows::Data;
use crate::plugin::schema::{self, Outlook};
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
            Step::Start => self.step_start(work).await,
            Step::Purge => {
                self.journal(Step::Purge, work).await?;
                schema::purge(&self.workplace.pool, work.id(), work.status().version()).await?;
                self.erase_files(work.id()).await;
                Ok(())
            }
            Step::Commit => self.step_commit(work).await,
            Step::Publish => {
                self.step_publish(work);
                Ok(())
            }
            Step::Retire => {
                work.done.drained = true;
                let before = work.before.as_ref().and_then(|before| before.active.clone());
                if matches!(work.operation, Operation::Disable | Operation::Uninstall) {
                    self.retire_soon(before).await;
                } else if let Some(active) = before {
                    // The answer does not wait for the calls that the old version still serves.
                    drop(self.retire_in_background(active));
                }
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
        let Some(before) = work.before.clone().filter(|before| before.active.is_some()) else { return Ok(()) };
        work.done.remedy.switched_off = true;
        self.journal(Step::SwitchOff, work).await?;
        self.settle(before.switched_off()).await.map(drop)
    }

    /// Nothing of the plugin may run while its tables change, in no process.
    async fn step_drain(&self, work: &mut Work) {
        if let Some(active) = work.before.as_ref().and_then(|before| before.active.clone()) {
            work.done.drained = true;
            retire(active, self.workplace.deadlines).await;
        }
        self.tell_processes().await;
    }

    /// A plugin without tables has nothing to lose.
    async fn step_snapshot(&self, work: &mut Work) -> Result<(), OperationError> {
        let Some(before) = &work.before else { return Ok(()) };
        let version = before.version();
        if schema::applied(&self.workplace.pool, work.id(), version).await?.is_empty() {
            return Ok(());
        }
        let reason = match &work.after {
            Some(after) => format!("before the {} to {}", work.operation, after.version()),
            None => format!("before the {}", work.operation),
        };
        let taken = self.workplace.snapshots.take(work.id(), version, &reason).await?;
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
                work.done.remedy.schema = Some(undo);
                self.journal(Step::Migrate, work).await?;
            }
        }
        schema::update(&self.workplace.pool, &release).await
    }

    async fn step_start(&self, work: &mut Work) -> Result<(), OperationError> {
        let Some(image) = work.done.image.take() else { return Err(OperationError::ShuttingDown) };
        let stats = Arc::clone(&work.status().stats);
        work.done.active = Some(self.start(work.release(), image, stats).await?);
        Ok(())
    }

    async fn step_commit(&mut self, work: &mut Work) -> Result<(), OperationError> {
        let committed = match &work.after {
            Some(after) => {
                let status = match &work.done.active {
                    Some(active) => after.serving(Arc::clone(active)),
                    None => after.clone(),
                };
                self.commit_unless_it_stands(Arc::new(status), work.done.entry).await?
            }
            None => {
                let data = if work.operation == Operation::Purge { Data::Purge } else { Data::Keep };
                self.commit_gone(work.id(), data, work.done.entry).await?
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
        let switched_on = match work.before.clone().filter(|_| work.done.remedy.switched_off) {
            Some(before) => self.switch_on_again(&before, work.done.drained).await,
            None => Ok(()),
        };
        self.drop_kept(&work.done.kept);
        schema.and(switched_on)
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
    async fn switch_on_again(
        &mut self,
        before: &crate::plugin::PluginStatus,
        drained: bool,
    ) -> Result<(), OperationError> {
        let active = match &before.active {
            Some(active) if !drained => Arc::clone(active),
            _ => {
                let image = self.load(&before.release).await?;
                self.start(&before.release, image, Arc::clone(&before.stats)).await?
            }
        };
        self.settle(before.serving(active)).await.map(drop)
    }
}
