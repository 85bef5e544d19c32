//! What the host holds against a plugin, as the fuller routes answer it.

use crate::admin::Clock;
use crate::plugin::{LastRollback, PluginStatus, Quarantine, QuarantineCause, SupervisorHandle, degraded_by};
use poem_openapi::Object;

/// What the host holds against a plugin, and what it did.
#[derive(Debug, Clone, Object)]
pub struct GuardDto {
    /// Why the host took it out, while it is.
    pub quarantine: Option<QuarantineDto>,
    /// The upgrade whose version has yet to prove itself.
    pub probation: Option<ProbationDto>,
    /// The last time that the host returned to the version before.
    pub last_rollback: Option<LastRollbackDto>,
    /// Plugins that it depends on and that do not serve although it does.
    pub degraded_by: Vec<String>,
}

/// Why a plugin was taken out.
#[derive(Debug, Clone, Object)]
pub struct QuarantineDto {
    /// In words, without the plugin's own.
    pub reason: String,
    /// The version that misbehaved.
    pub version: String,
    /// Since when.
    pub since: String,
    /// Panics within the window.
    pub panics: u32,
    /// Overrun deadlines within the window.
    pub timeouts: u32,
    /// Failed ready checks within the window.
    pub not_ready: u32,
    /// The plugin's last panic, shortened and without secrets.
    pub last_panic: Option<String>,
}

/// An upgrade under observation.
#[derive(Debug, Clone, Object)]
pub struct ProbationDto {
    /// The version that comes back if it fails.
    pub from: String,
    /// The version on probation.
    pub to: String,
    /// When it ends.
    pub until: String,
}

/// A return to the version before that the host made by itself.
#[derive(Debug, Clone, Object)]
pub struct LastRollbackDto {
    /// The version that failed.
    pub from: String,
    /// The version that came back.
    pub to: String,
    /// What the failed one did.
    pub reason: String,
    /// When.
    pub at: String,
}

impl GuardDto {
    /// What there is to say of a plugin.
    pub(super) fn of(status: &PluginStatus, supervisor: &SupervisorHandle, clock: &Clock) -> Self {
        let (guard, lasts) = (&status.guard, supervisor.workplace().guard.probation);
        let probation = guard.probation_of(status.version(), lasts, clock.now_ms());
        Self {
            quarantine: guard.quarantine.as_ref().map(|quarantine| QuarantineDto::of(quarantine, clock)),
            probation: probation.map(|probation| ProbationDto {
                from: probation.from.to_string(),
                to: probation.to.to_string(),
                until: clock.format(probation.ends_ms(lasts)),
            }),
            last_rollback: guard.last_rollback.as_ref().map(|last| LastRollbackDto::of(last, clock)),
            degraded_by: degraded_by(status.id(), supervisor.published().load().plugins())
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }
}

impl QuarantineDto {
    fn of(quarantine: &Quarantine, clock: &Clock) -> Self {
        let (panics, timeouts, not_ready) = match quarantine.cause {
            QuarantineCause::Strikes { panics, timeouts, not_ready, .. } => (panics, timeouts, not_ready),
            QuarantineCause::EndedServer { .. } => (0, 0, 0),
        };
        Self {
            reason: quarantine.summary(),
            version: quarantine.version.to_string(),
            since: clock.format(quarantine.since_ms),
            panics,
            timeouts,
            not_ready,
            last_panic: quarantine.last_panic.clone(),
        }
    }
}

impl LastRollbackDto {
    fn of(last: &LastRollback, clock: &Clock) -> Self {
        let (from, to) = (last.from.to_string(), last.to.to_string());
        Self { from, to, reason: last.reason.clone(), at: clock.format(last.at_ms) }
    }
}
