//! Alarms of generations, turned into operations like those that people ask for.

use super::begin::Begun;
use super::{Command, SupervisorHandle};
use crate::plugin::active::ActivePlugin;
use crate::plugin::guard::{Alarm, Strike};
use crate::plugin::services::now_ms;
use crate::tasks;
use plugin_api::services::Level;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Between two looks whether other processes can be told.
const HEARD_INTERVAL: Duration = Duration::from_millis(100);

/// Between two questions to versions on probation whether they are ready.
const READY_INTERVAL: Duration = Duration::from_secs(2);

/// Asks the versions on probation now and then whether they are ready, until the supervisor ends.
pub(super) async fn ask_new_ones(upgraded: impl Fn() -> Option<SupervisorHandle>) {
    loop {
        let Some(ended) = upgraded().map(|handle| handle.watches_ended()) else { return };
        if tokio::time::timeout(READY_INTERVAL, ended).await.is_ok() {
            return;
        }
        let Some(handle) = upgraded() else { return };
        let (table, workplace) = (handle.published.load_full(), Arc::clone(&handle.workplace));
        drop(handle);
        let lasts = workplace.guard.probation;
        let is_new = |status: &&Arc<crate::plugin::PluginStatus>| {
            status.guard.probation_of(status.version(), lasts, now_ms()).is_some()
        };
        let new: Vec<_> = table.plugins().values().filter(is_new).filter_map(|status| status.active.clone()).collect();
        drop(table);
        for active in new {
            ask(&active, workplace.deadlines.start).await;
        }
    }
}

/// A generation that is gone meanwhile is not asked: its library may be on its way out.
async fn ask(active: &ActivePlugin, deadline: Duration) {
    let Some(lease) = active.generation.lease() else { return };
    if let Err(error) = active.generation.ready(deadline).await {
        active.strike(Strike::NotReady, None);
        active.note(Level::Warn, &format!("plugin {} is not ready: {error}", active.id), None);
    }
    drop(lease);
}

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
