//! What those who watch are told.

use crate::admin::Clock;
use crate::plugin::PluginEvent;
use poem_openapi::Object;

/// A change of state.
#[derive(Debug, Clone, Object)]
pub(super) struct EventDto {
    /// The plugin.
    pub id: String,
    /// The version that it is about.
    pub version: String,
    /// `working`, `installed`, `starting`, `enabled`, `disabled`, `draining`, `stopped`, `upgraded`,
    /// `rolled_back`, `failed`, `quarantined`, `degraded`, `restored`, `probation_failed`, `configured` or `uninstalled`.
    pub state: String,
    /// The operation whose step begins, where the state is `working`.
    pub operation: Option<String>,
    /// The step that begins.
    pub step: Option<String>,
    /// Why, where there is something to say.
    pub reason: Option<String>,
    /// When.
    pub time: String,
}

/// That something has changed, for those who may not know what.
#[derive(Debug, Clone, Copy, Object)]
pub(super) struct ChangeDto {
    /// Whether pages and menus may differ from now on.
    pub menus: bool,
}

impl EventDto {
    /// An event.
    pub(super) fn of(event: &PluginEvent, clock: &Clock) -> Self {
        Self {
            id: event.id.to_string(),
            version: event.version.to_string(),
            state: event.state.as_str().to_owned(),
            operation: event.step.map(|(operation, _)| operation.as_str().to_owned()),
            step: event.step.map(|(_, step)| step.as_str().to_owned()),
            reason: event.reason.clone(),
            time: clock.format(event.at),
        }
    }
}
