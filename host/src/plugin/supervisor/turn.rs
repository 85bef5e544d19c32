//! Several processes over one database: who changes plugins when, and how the others come to know.
//!
//! A change waits for its turn among all processes, follows what the others have done, is made, and is
//! answered when they have followed. Waiting happens outside of the supervisor, which can
//! follow others meanwhile.

use super::work::Change;
use super::{Command, Outcome, Supervisor, SupervisorHandle};
use crate::cache::{Announcement, Follower};
use crate::plugin::error::OperationError;
use crate::plugin::rows;
use crate::tasks;
use futures_util::future::BoxFuture;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// What the processes take turns at.
pub(super) const TURN: &str = "plugin operations";
/// Beside the deadlines of its steps, how long another process may take to follow.
const FOLLOW_SLACK: Duration = Duration::from_secs(5);

/// How far this process has followed the rows.
pub(super) struct Following {
    commands: mpsc::WeakSender<Command>,
    revision: AtomicI64,
    /// How often a change may have been missed, and of how many of these times nothing is missing since.
    doubts: AtomicU64,
    settled: AtomicU64,
}

impl Following {
    pub(super) fn new(commands: &mpsc::Sender<Command>) -> Self {
        let (doubts, settled) = Default::default();
        Self { commands: commands.downgrade(), revision: AtomicI64::new(0), doubts, settled }
    }

    /// Whether `revision` comes right after what is known.
    pub(super) fn is_next(&self, revision: i64) -> bool {
        self.is_known(revision - 1)
    }

    pub(super) fn is_known(&self, revision: i64) -> bool {
        self.revision.load(Ordering::Acquire) == revision
    }

    /// What is served is what the rows said at `revision`.
    pub(super) fn note(&self, revision: i64) {
        self.revision.store(revision, Ordering::Release);
    }

    /// Nothing is known of the rows any more.
    pub(super) fn forget(&self) {
        self.note(-1);
    }

    /// The doubts so far, to be settled by a look that begins after this call.
    pub(super) fn doubts(&self) -> u64 {
        self.doubts.load(Ordering::Acquire)
    }

    /// What is served is what the rows said after these doubts.
    pub(super) fn settle(&self, doubts: u64) {
        self.settled.store(doubts, Ordering::Release);
    }

    fn is_doubted(&self) -> bool {
        self.settled.load(Ordering::Acquire) != self.doubts()
    }
}

impl Follower for Following {
    fn doubt(&self) {
        self.doubts.fetch_add(1, Ordering::AcqRel);
    }

    fn catch_up(&self) -> BoxFuture<'static, ()> {
        let commands = self.commands.upgrade();
        Box::pin(async move {
            let Some(commands) = commands else { return };
            let (reply, followed) = oneshot::channel();
            if commands.send(Command::Follow(reply)).await.is_ok()
                && let Ok(Err(error)) = followed.await
            {
                tracing::error!("other processes' changes of plugins can't be followed: {}", error.chain());
            }
        })
    }
}

impl SupervisorHandle {
    /// Changes plugins, here and in every other process.
    ///
    /// What was begun is finished, also when the caller goes away.
    pub(super) async fn operate(&self, change: Change) -> Outcome {
        let order = self.order.clone();
        self.command(move |reply| Command::Change(Box::new(change), order, reply)).await
    }

    /// The same for any other command.
    pub(super) async fn command<T, C>(&self, command: C) -> Result<T, OperationError>
    where
        T: Send + 'static,
        C: FnOnce(oneshot::Sender<Result<T, OperationError>>) -> Command + Send + 'static,
    {
        self.in_one_turn(move |handle| Box::pin(async move { handle.ask(command).await? })).await
    }

    /// Does several things while nobody else changes plugins, here or in another process, and makes every other
    /// process follow.
    pub(super) async fn in_one_turn<T, W>(&self, work: W) -> Result<T, OperationError>
    where
        T: Send + 'static,
        W: FnOnce(Self) -> BoxFuture<'static, Result<T, OperationError>> + Send + 'static,
    {
        let handle = self.clone();
        let operation = async move {
            let outcome = handle.in_turn(work).await;
            handle.workplace.tell_processes().await;
            outcome
        };
        tasks::spawn("a change of plugins", operation).await.map_err(|_| OperationError::ShuttingDown)?
    }

    async fn in_turn<T>(
        &self,
        work: impl FnOnce(Self) -> BoxFuture<'static, Result<T, OperationError>>,
    ) -> Result<T, OperationError> {
        let _here = self.turn.acquire().await.map_err(|_| OperationError::ShuttingDown)?;
        if !self.workplace.announcements.reach_others() {
            return work(self.clone()).await;
        }
        let turn = self.workplace.pool.exclusive(TURN).await.map_err(OperationError::Turn)?;
        let outcome = match self.ask(Command::Follow).await {
            Ok(Ok(())) => work(self.clone()).await,
            Ok(Err(error)) | Err(error) => Err(error),
        };
        turn.release().await;
        outcome
    }

    /// Makes sure that what is served is what the rows say, when this process may have missed
    /// what another has told.
    ///
    /// # Errors
    /// [`OperationError`] if that can't be found out.
    pub async fn keep_up(&self) -> Result<(), OperationError> {
        let Self { workplace, following, .. } = self;
        if workplace.announcements.are_heard() && !following.is_doubted() {
            return Ok(());
        }
        if following.is_known(rows::revision(&workplace.pool.database()).await?) {
            return Ok(());
        }
        self.ask(Command::Follow).await?
    }
}

impl Supervisor {
    /// Waits until every other process does what the rows say.
    pub(super) async fn tell_processes(&self) {
        self.workplace.tell_processes().await;
    }
}

impl super::Workplace {
    pub(super) async fn tell_processes(&self) {
        let deadline = self.inspection.deadline + self.deadlines.start + FOLLOW_SLACK;
        self.announcements.tell_within(Announcement::Plugins, deadline).await;
    }
}
