//! What becomes of plugins, told to those who watch, to the plugin's log and to the server's.

use super::Supervisor;
use super::work::Work;
use crate::plugin::event::{EventState, PluginEvent};
use crate::plugin::id::PluginId;
use crate::plugin::operation::Step;
use crate::plugin::services::now_ms;
use plugin_api::services::Level;
use semver::Version;

impl Supervisor {
    /// Tells those who watch, and the log.
    pub(super) fn tell(&self, id: &PluginId, version: &Version, state: EventState, reason: Option<String>) {
        let (level, message) = match &reason {
            Some(reason) => (Level::Warn, format!("plugin {id} {version}: {reason}")),
            None => (Level::Info, format!("plugin {id} {version}: {state:?}")),
        };
        match self.plugins.get(id) {
            Some(status) => status.log.note(&version.to_string().into(), level, &message, None),
            None if reason.is_some() => tracing::warn!(plugin.id = %id, plugin.version = %version, "{message}"),
            None => tracing::info!(plugin.id = %id, plugin.version = %version, "{message}"),
        }
        self.send(PluginEvent { id: id.clone(), version: version.clone(), state, step: None, reason, at: now_ms() });
    }

    /// Tells those who watch that a step of an operation begins.
    pub(super) fn tell_step(&self, work: &Work, step: Step) {
        let (id, version) = (work.id().clone(), work.status().version().clone());
        let step = Some((work.operation, step));
        self.send(PluginEvent { id, version, state: EventState::Working, step, reason: None, at: now_ms() });
    }

    fn send(&self, event: PluginEvent) {
        // Nobody watches: nobody misses it.
        let _ = self.events.send(event);
    }
}
