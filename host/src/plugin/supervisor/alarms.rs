//! Alarms of generations, turned into operations like those that people ask for.

use super::begin::Begun;
use super::{Command, SupervisorHandle};
use crate::plugin::guard::Alarm;
use crate::tasks;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Between two looks whether other processes can be told.
const HEARD_INTERVAL: Duration = Duration::from_millis(100);

/// Acts on one alarm after the other, until the supervisor ends.
pub(super) async fn act(upgraded: impl Fn() -> Option<SupervisorHandle>, mut raised: mpsc::Receiver<Alarm>) {
    while let Some(alarm) = raised.recv().await {
        let Some(handle) = upgraded() else { return };
        let id = alarm.id.clone();
        if let Err(error) = handle.command(move |reply| Command::Alarm(alarm, reply)).await {
            tracing::error!(plugin.id = %id, "plugin {id} misbehaves, and nothing could be done: {}", error.chain());
        }
    }
}

impl SupervisorHandle {
    /// This handle, without keeping the supervisor alive.
    pub(super) fn downgraded(&self) -> impl Fn() -> Option<Self> + Send + Sync + use<> {
        let Self { commands, published, events, watches_end, workplace, following, turn, order, plans } = self.clone();
        let commands = commands.downgrade();
        move || {
            Some(Self {
                commands: commands.upgrade()?,
                published: published.clone(),
                events: events.clone(),
                watches_end: watches_end.clone(),
                workplace: Arc::clone(&workplace),
                following: Arc::clone(&following),
                turn: Arc::clone(&turn),
                order: order.clone(),
                plans: Arc::clone(&plans),
            })
        }
    }

    /// Tells other processes what the start has changed in the rows, as soon as this one hears them.
    pub(super) fn announce_later(&self, begun: Begun) {
        if begun == Begun::AsTheRowsSaid || !self.workplace.announcements.reach_others() {
            return;
        }
        let (workplace, ended) = (Arc::clone(&self.workplace), self.watches_end.clone());
        let telling = async move {
            while !workplace.announcements.are_heard() {
                tokio::time::sleep(HEARD_INTERVAL).await;
            }
            workplace.tell_processes().await;
        };
        tasks::spawn("telling of a quarantine", async move { ended.run_until_cancelled(telling).await });
    }
}
