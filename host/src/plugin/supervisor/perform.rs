//! Doing an operation: one step after the other, each told and journaled, and all of them taken back
//! if one fails.

use super::work::{Change, Work};
use super::{Outcome, Supervisor};
use crate::plugin::error::OperationError;
use crate::plugin::event::EventState;
use crate::plugin::operation::boundary::{self, Boundary, Edge};
use crate::plugin::operation::journal::{self, Opening, OperationState, Order, Origin};
use crate::plugin::operation::{Operation, Step};
use crate::plugin::services::now_ms;
use futures_util::FutureExt;
use std::any::Any;
use std::panic::AssertUnwindSafe;

impl Supervisor {
    /// Does what is asked, or refuses. Gives the plugin's new state; of one that is gone the last.
    pub(super) async fn change(&mut self, change: Change, order: &Order) -> Outcome {
        // A start has recovered before it brings up the first one.
        if order.origin != Origin::Start && self.recover().await? {
            self.following.forget();
            self.follow().await?;
        }
        let (id, operation) = (change.id().clone(), change.operation());
        if let Change::Enable(id) = &change
            && let status = self.installed(id)?
            && status.active.is_some()
        {
            return Ok(status);
        }
        let prepared = match self.prepare(&change).await {
            Ok(work) => self.refuse_outdated(&work, &change, order).await.map(|()| work),
            Err(error) => Err(error),
        };
        match prepared {
            Ok(mut work) => {
                work.candidate = change.into_candidate();
                self.perform(work, order).await
            }
            Err(error) => {
                let before = self.plugins.get(&id).cloned();
                let opening = Opening { id: &id, operation, order, before: before.as_deref(), after: None };
                self.record_refusal(&opening, &error).await;
                Err(error)
            }
        }
    }

    /// Runs the steps of an operation.
    pub(super) async fn perform(&mut self, mut work: Work, order: &Order) -> Outcome {
        // What serves already comes up at every start: only a change of its schema is worth an entry then.
        if order.origin != Origin::Start {
            self.open_entry(&mut work, order).await?;
        }
        for step in work.operation.steps() {
            if let Err(error) = self.guarded(*step, &mut work, order).await {
                if !work.done.settled {
                    return self.give_up(work, error).await;
                }
                tracing::error!(step = step.as_str(), "an operation goes on after a fault: {}", error.chain());
                self.finish(*step, &mut work).await?;
            }
        }
        self.close_entry(&work, OperationState::Done, None).await;
        let status = work.done.published.take();
        let status = status.or(work.before.clone()).ok_or(OperationError::ShuttingDown)?;
        for other in &work.along {
            self.tell(other.id(), other.version(), EventState::Disabled, None);
        }
        let reason = status.reason.clone().filter(|_| work.operation == Operation::Quarantine);
        self.tell(status.id(), status.version(), ended(work.operation, status.active.is_some()), reason);
        Ok(status)
    }

    /// One step with its two edges. A panic in it is an error like others.
    async fn guarded(&mut self, step: Step, work: &mut Work, order: &Order) -> Result<(), OperationError> {
        let at = |edge| Boundary { plugin: work.id().clone(), operation: work.operation, step, edge };
        let (before, after) = (at(Edge::Before), at(Edge::After));
        let failed = |reason: String| OperationError::Step { step, reason };
        let run = async {
            self.tell_step(work, step);
            boundary::reach(&before).map_err(failed)?;
            self.step(step, work, order).await?;
            work.done.settled |= step == work.operation.settling();
            boundary::reach(&after).map_err(failed)
        };
        match AssertUnwindSafe(run).catch_unwind().await {
            Ok(done) => done,
            Err(panic) => Err(failed(format!("it panicked: {}", words(&*panic)))),
        }
    }

    /// Does what is left of a step that was cut off after the operation had settled.
    async fn finish(&mut self, step: Step, work: &mut Work) -> Result<(), OperationError> {
        let is_done = match step {
            Step::Commit => work.done.committed.is_some(),
            Step::Publish => work.done.published.is_some() || work.done.committed.is_none(),
            Step::Retire => work.done.drained,
            _ => true,
        };
        if is_done { Ok(()) } else { self.step(step, work, &Order::of_the_server()).await }
    }

    /// Takes back what was done, and records what failed.
    async fn give_up(&mut self, mut work: Work, error: OperationError) -> Outcome {
        let reason = error.chain();
        let taken_back = AssertUnwindSafe(self.take_back(&mut work)).catch_unwind().await;
        match taken_back {
            Ok(Ok(())) => self.close_entry(&work, OperationState::Undone, Some(&reason)).await,
            // The entry stays open: it is tried again before the next operation, and at the next start.
            Ok(Err(left)) => tracing::error!("a failed operation could not be taken back wholly: {}", left.chain()),
            Err(_panic) => tracing::error!("taking back a failed operation panicked"),
        }
        self.tell(work.id(), work.status().version(), EventState::Failed, Some(reason));
        if work.operation == Operation::Enable
            && let Err(unrecorded) = self.settle_failed(&work.id().clone(), &error).await
        {
            tracing::error!("the failure of plugin {} could not be recorded: {}", work.id(), unrecorded.chain());
        }
        Err(error)
    }

    /// Opens the journal's entry, if it is not open.
    pub(super) async fn open_entry(&self, work: &mut Work, order: &Order) -> Result<(), OperationError> {
        if work.done.entry.is_none() {
            let (before, after) = (work.before.as_deref(), work.after.as_ref());
            let opening = Opening { id: work.id(), operation: work.operation, order, before, after };
            work.done.entry = Some(journal::begin(&self.workplace.pool.database(), &opening, now_ms()).await?);
        }
        Ok(())
    }

    async fn close_entry(&self, work: &Work, state: OperationState, error: Option<&str>) {
        let Some(entry) = work.done.entry else { return };
        let closed = journal::end(&self.workplace.pool.database(), entry, state, error, now_ms()).await;
        if let Err(error) = closed {
            tracing::error!(%error, "the end of an operation could not be journaled; the next one does it");
        }
    }

    async fn record_refusal(&self, opening: &Opening<'_>, error: &OperationError) {
        let database = self.workplace.pool.database();
        if let Err(unrecorded) = journal::refused(&database, opening, &error.chain(), now_ms()).await {
            tracing::warn!(error = %unrecorded, "a refusal could not be recorded");
        }
    }
}

/// What those who watch are told when all went well; `serves` says whether the plugin does then.
pub(super) fn ended(operation: Operation, serves: bool) -> EventState {
    match operation {
        Operation::Install | Operation::InstallWaiting if !serves => EventState::Installed,
        Operation::Install | Operation::InstallWaiting | Operation::Enable => EventState::Enabled,
        Operation::Disable => EventState::Disabled,
        Operation::Upgrade | Operation::UpgradeDrained | Operation::UpgradeWaiting => EventState::Upgraded,
        Operation::Rollback | Operation::RollbackReverting | Operation::RollbackWaiting => EventState::RolledBack,
        Operation::Uninstall | Operation::Purge => EventState::Uninstalled,
        Operation::Restore | Operation::RestoreWaiting => EventState::TablesRestored,
        Operation::Quarantine => EventState::Quarantined,
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a word".to_owned())
}
