//! The end of a generation: drained, stopped, its database closed, its image given back.

use super::{Deadlines, Supervisor};
use crate::plugin::active::ActivePlugin;
use crate::plugin::event::{EventState, PluginEvent};
use crate::plugin::services::now_ms;
use crate::plugin::table::{Plugins, RouteTable};
use crate::tasks;
use futures_util::future::join_all;
use plugin_api::services::Level;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long an answer waits for a generation that ends quickly anyway.
const PATIENCE: Duration = Duration::from_millis(250);

/// Ends a generation that the table no longer holds. Returns when its code runs no more, or when
/// that can't be waited for any longer: the image then stays until it is quiet.
pub(super) async fn retire(active: Arc<ActivePlugin>, deadlines: Deadlines) {
    let (id, version) = (active.id.clone(), active.version.clone());
    if let Err(error) = active.generation.drain(deadlines.drain).await {
        active.note(Level::Warn, &format!("plugin {id} {version} is stopped while calls run: {error}"), None);
    }
    if let Err(error) = active.generation.stop(deadlines.stop).await {
        active.note(Level::Warn, &format!("plugin {id} {version} did not stop cleanly: {error}"), None);
    }
    active.services.close().await;
    Arc::clone(&active.generation).retire();
}

impl Supervisor {
    /// Ends a generation in the background, and tells when it is over.
    pub(super) fn retire_in_background(&self, active: Arc<ActivePlugin>) -> JoinHandle<()> {
        let (events, deadlines) = (self.events.clone(), self.workplace.deadlines);
        let (id, version) = (active.id.clone(), active.version.clone());
        self.tell(&id, &version, EventState::Draining, None);
        tasks::spawn("retire a plugin's generation", async move {
            retire(active, deadlines).await;
            let event = PluginEvent { id, version, state: EventState::Stopped, step: None, reason: None, at: now_ms() };
            // Nobody watches: nobody misses it.
            let _ = events.send(event);
        })
    }

    /// The same, waiting a moment: most generations end before the answer would be noticed late.
    pub(super) async fn retire_soon(&self, active: Option<Arc<ActivePlugin>>) {
        if let Some(active) = active {
            // Out of patience it simply goes on in the background.
            let _ = tokio::time::timeout(PATIENCE, self.retire_in_background(active)).await;
        }
    }

    /// Ends every generation, all at once. The rows stay as they are.
    pub(super) async fn stop_all(&mut self) {
        let active: Vec<_> = self.plugins.values().filter_map(|status| status.active.clone()).collect();
        let stopped = |(id, status): (_, &Arc<_>)| (id, Arc::new(crate::plugin::PluginStatus::switched_off(status)));
        let plugins: Plugins = self.plugins.iter().map(|(id, status)| (id.clone(), status)).map(stopped).collect();
        match RouteTable::build(&self.workplace.core, &plugins) {
            Ok(table) => self.published.publish(table),
            Err(error) => tracing::error!("the last route table could not be built: {error}"),
        }
        self.plugins = plugins;
        join_all(active.into_iter().map(|active| retire(active, self.workplace.deadlines))).await;
    }
}
