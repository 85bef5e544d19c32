//! Acting on a plugin's conduct: taking it out, returning to the version before, releasing it. And safe mode, in
//! which none is loaded.

use super::work::{Change, Tables, Work};
use super::{Command, Outcome, Supervisor, SupervisorHandle};
use crate::plugin::dependencies::{Graph, enable_order};
use crate::plugin::error::OperationError;
use crate::plugin::event::EventState;
use crate::plugin::guard::{Alarm, Quarantine, Trouble, Watch, dependents};
use crate::plugin::id::PluginId;
use crate::plugin::log::PluginLog;
use crate::plugin::operation::Operation;
use crate::plugin::operation::journal::Order;
use crate::plugin::services::now_ms;
use crate::plugin::stats::PluginStats;
use crate::plugin::status::{Desired, Observed, PluginStatus};
use semver::Version;
use std::sync::Arc;

/// Why nothing serves in safe mode.
const SAFE_MODE: &str = "safe mode: the server was started without plugins";

impl SupervisorHandle {
    /// Lets a plugin serve again that was taken out. In safe mode it will at the next start without.
    ///
    /// # Errors
    /// [`OperationError::NotQuarantined`], or what enabling it says.
    pub async fn release(&self, id: &PluginId) -> Outcome {
        let (id, order) = (id.clone(), self.order.clone());
        self.command(move |reply| Command::Release(id, order, reply)).await
    }

    pub(super) fn refuse_in_safe_mode(&self, what: &'static str) -> Result<(), OperationError> {
        if self.workplace.safe_mode { Err(OperationError::SafeMode { what }) } else { Ok(()) }
    }
}

impl Supervisor {
    /// What will watch over a generation of a plugin, and keep what it says.
    pub(super) fn watch(&self, id: &PluginId, stats: &Arc<PluginStats>, log: &Arc<PluginLog>) -> Arc<Watch> {
        let rules = self.workplace.guard;
        Watch::new(id.clone(), rules, Arc::clone(stats), Arc::clone(log), self.alarms.downgrade())
    }

    /// Whether a plugin should serve and nothing keeps it from being tried.
    pub(super) fn may_start(&self, status: &PluginStatus) -> bool {
        status.desired == Desired::Enabled && status.guard.quarantine.is_none() && !self.workplace.safe_mode
    }

    /// A plugin as the rows have it, with what keeps it from being tried.
    pub(super) fn held(&self, status: PluginStatus) -> PluginStatus {
        if self.workplace.safe_mode {
            return status.held_back(SAFE_MODE);
        }
        match &status.guard.quarantine {
            Some(quarantine) => status.quarantined(quarantine.clone()),
            None => status,
        }
    }

    /// Refuses what would load code while none is to be.
    pub(super) fn refuse_code_in_safe_mode(&self, change: &Change) -> Result<(), OperationError> {
        let what = match change {
            Change::Install(..) => "install a plugin",
            Change::Upgrade(..) => "upgrade a plugin",
            Change::Enable(_) => "enable a plugin",
            Change::Rollback(..) => "roll a plugin back",
            Change::Disable(..) | Change::Uninstall(..) | Change::Restore(..) => return Ok(()),
        };
        if self.workplace.safe_mode { Err(OperationError::SafeMode { what }) } else { Ok(()) }
    }

    /// What a generation has done is answered for by its plugin, unless it has gone meanwhile.
    pub(super) async fn act_on(&mut self, alarm: Alarm) -> Outcome {
        let status = self.installed(&alarm.id)?;
        if !status.active.as_ref().is_some_and(|active| Arc::ptr_eq(&active.watch, &alarm.watch)) {
            return Ok(status);
        }
        let lasts = self.workplace.guard.probation;
        let probation = status.guard.probation_of(status.version(), lasts, now_ms());
        let previous = probation.map(|probation| probation.from.clone());
        let quarantine = quarantine(&status, &alarm.trouble);
        let failed = match previous {
            Some(previous) => match self.return_to(&status, &previous, told(&alarm.trouble, quarantine.as_ref())).await
            {
                Ok(status) => return Ok(status),
                Err(error) => Some(error),
            },
            None => None,
        };
        match (quarantine, failed) {
            (Some(quarantine), failed) => {
                if let Some(error) = failed {
                    tracing::error!("plugin {} can't return to the version before: {}", alarm.id, error.chain());
                }
                self.take_out(&status, quarantine).await
            }
            (None, Some(error)) => Err(error),
            (None, None) => Ok(status),
        }
    }

    /// Takes a plugin out until somebody releases it. Should the rows refuse, it is out in this process at least.
    pub(super) async fn take_out(&mut self, before: &Arc<PluginStatus>, quarantine: Quarantine) -> Outcome {
        let wanted = before.quarantined(quarantine);
        let work = Work::new(Operation::Quarantine, Some(Arc::clone(before)), Some(wanted.clone()));
        let status = match self.perform(work, &Order::of_the_server()).await {
            Ok(status) => status,
            Err(error) => {
                tracing::error!("the quarantine of plugin {} is not recorded: {}", before.id(), error.chain());
                let status = self.adopt(wanted)?;
                self.tell(status.id(), status.version(), EventState::Quarantined, status.reason.clone());
                if let Some(active) = &before.active {
                    drop(self.retire_in_background(Arc::clone(active)));
                }
                status
            }
        };
        self.tell_dependents(status.id(), EventState::Degraded, "is in quarantine");
        Ok(status)
    }

    /// Rolls a version back that is on probation, as an administrator would.
    async fn return_to(&mut self, status: &PluginStatus, previous: &Version, reason: String) -> Outcome {
        let (id, version) = (status.id().clone(), status.version().clone());
        self.tell(&id, &version, EventState::ProbationFailed, Some(reason.clone()));
        // Committed by the rollback itself, or not at all.
        let guard = status.guard.returned(&version, previous, reason, now_ms());
        let marked = Arc::new(PluginStatus { guard, ..status.clone() });
        self.plugins.insert(id.clone(), Arc::clone(&marked));
        let change = Change::Rollback(id.clone(), Some(previous.clone()), Tables::Stay);
        let outcome = self.change(change, &Order::of_the_server()).await;
        if outcome.is_err() && self.plugins.get(&id).is_some_and(|now| Arc::ptr_eq(now, &marked)) {
            self.plugins.insert(id, Arc::new(status.clone()));
        }
        outcome
    }

    /// Whoever enables a plugin in quarantine wants it back.
    pub(super) async fn change_or_release(&mut self, change: Change, order: &Order) -> Outcome {
        let is_out = |id| self.plugins.get(id).is_some_and(|status| status.guard.quarantine.is_some());
        match &change {
            Change::Enable(id) if is_out(id) && !self.workplace.safe_mode => {
                let restored = self.change(change, order).await?;
                self.after_release(&restored).await;
                Ok(restored)
            }
            _ => self.change(change, order).await,
        }
    }

    pub(super) async fn release(&mut self, id: &PluginId, order: &Order) -> Outcome {
        let status = self.installed(id)?;
        if status.guard.quarantine.is_none() {
            return Err(OperationError::NotQuarantined { id: id.clone() });
        }
        if self.workplace.safe_mode {
            return self.settle(self.held(status.released())).await;
        }
        self.change_or_release(Change::Enable(id.clone()), order).await
    }

    async fn after_release(&mut self, status: &PluginStatus) {
        self.tell_dependents(status.id(), EventState::Restored, "serves again");
        self.bring_back_dependents(status.id()).await;
    }

    /// What could not start without the plugin can now.
    async fn bring_back_dependents(&mut self, id: &PluginId) {
        let mut back = vec![id.clone()];
        for other in enable_order(&Graph::of(&self.plugins)) {
            let Some(status) = self.plugins.get(&other) else { continue };
            let leans = status.release.manifest.needed().any(|needed| back.contains(needed));
            if !leans || status.observed != Observed::Failed || !self.may_start(status) {
                continue;
            }
            let change = Change::Enable(other.clone());
            if self.change(change, &Order::of_the_server()).await.is_ok() {
                back.push(other);
            }
        }
    }

    fn tell_dependents(&self, id: &PluginId, state: EventState, what: &str) {
        for other in dependents(id, &self.plugins) {
            let Some(status) = self.plugins.get(&other) else { continue };
            let reason = format!("plugin {id}, which it depends on, {what}");
            self.tell(&other, status.version(), state, Some(reason));
        }
    }
}

/// What a trouble takes a plugin out for, if it does.
fn quarantine(status: &PluginStatus, trouble: &Trouble) -> Option<Quarantine> {
    let Trouble::Strikes { cause, last_panic } = trouble else { return None };
    let (version, cause, last_panic) = (status.version().clone(), cause.clone(), last_panic.clone());
    Some(Quarantine { version, since_ms: now_ms(), cause, last_panic })
}

/// Why a version on probation has failed.
fn told(trouble: &Trouble, quarantine: Option<&Quarantine>) -> String {
    match (trouble, quarantine) {
        (_, Some(quarantine)) => {
            let last_panic =
                quarantine.last_panic.as_ref().map_or_else(String::new, |text| format!("; last panic: {text}"));
            format!("{}{last_panic}", quarantine.summary())
        }
        (Trouble::Unreliable { calls, faults }, None) => format!("{faults} of {calls} calls failed"),
        (Trouble::NotReady | Trouble::Strikes { .. }, None) => "its ready check failed".to_owned(),
    }
}
