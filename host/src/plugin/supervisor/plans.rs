//! Plans that wait to be applied, in the process that made them. Where several processes share the database, the others
//! find there what was asked for, and make the plan again: one that comes out another is out of date.

use super::work::{Change, Dependents, Tables, Way};
use super::{AfterInstall, Command, Outcome, SupervisorHandle};
use crate::plugin::bundles;
use crate::plugin::error::OperationError;
use crate::plugin::id::PluginId;
use crate::plugin::operation::journal::Order;
use crate::plugin::plan::Plan;
use crate::plugin::plan::rows::{self, PlanRow};
use crate::plugin::rows::Data;
use crate::plugin::services::{later_ms, now_ms};
use crate::store::Staged;
use parking_lot::Mutex;
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// How long a plan may be applied.
const LIFE: Duration = Duration::from_secs(15 * 60);
/// Each may hold a bundle in staging; more would be forgotten plans.
const PLANS_MAX: usize = 32;

/// What a plan is asked for.
#[derive(Debug)]
pub enum PlanRequest {
    /// Install a bundle, or upgrade the plugin that it is of.
    Bundle {
        /// The bundle.
        staged: Staged,
        /// Whether it should serve, where it is new.
        then: AfterInstall,
        /// How it takes the place of the installed version, where there is one.
        way: Way,
    },
    /// Make a plugin serve.
    Enable(PluginId),
    /// Make it stop.
    Disable(PluginId, Dependents),
    /// Return to a kept version, the one before unless another is named.
    Rollback(PluginId, Option<Version>, Tables),
    /// Remove it.
    Uninstall(PluginId, Data, Dependents),
}

/// The same without the bundle itself, as it is kept for other processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Asked {
    Bundle { then: AfterInstall, way: Way },
    Enable(PluginId),
    Disable(PluginId, Dependents),
    Rollback(PluginId, Option<Version>, Tables),
    Uninstall(PluginId, Data, Dependents),
}

/// A plan that may be applied.
#[derive(Debug, Clone)]
pub struct OfferedPlan {
    /// By which it is applied.
    pub id: Uuid,
    /// Until when, in Unix milliseconds.
    pub expires_at_ms: i64,
    /// What it says.
    pub plan: Arc<Plan>,
}

/// The plans of this process that wait to be applied.
#[derive(Debug, Default)]
pub(super) struct Plans(Mutex<BTreeMap<Uuid, (OfferedPlan, Change)>>);

impl SupervisorHandle {
    /// Says what a change would come to, and keeps it for a while to be applied.
    ///
    /// # Errors
    /// [`OperationError`] if the change would be refused.
    pub async fn plan(&self, request: PlanRequest) -> Result<OfferedPlan, OperationError> {
        let asked = request.asked();
        let (plan, change) = self.planned(request).await?;
        let offered = OfferedPlan { id: Uuid::new_v4(), expires_at_ms: later_ms(LIFE), plan: Arc::new(plan) };
        if self.shares_plans() {
            self.share(&offered, &asked, &change).await?;
        }
        self.plans.keep(offered.clone(), change);
        Ok(offered)
    }

    /// A plan that may be applied.
    ///
    /// # Errors
    /// [`OperationError::NoPlan`] if there is none of that id any more, [`OperationError::Outdated`] if another process
    /// made it and it would be another one now.
    pub async fn offered(&self, id: &str) -> Result<OfferedPlan, OperationError> {
        let known = parsed(id)?;
        let row = self.shared(known).await?;
        if let Some(offered) = self.plans.find(known) {
            return Ok(offered);
        }
        let (offered, change) = self.made_again(known, &row.ok_or_else(|| no_plan(id))?).await?;
        self.plans.keep(offered.clone(), change);
        Ok(offered)
    }

    /// Does exactly what a plan says. It can be applied once.
    ///
    /// # Errors
    /// [`OperationError::NoPlan`], [`OperationError::Outdated`] if anything has changed since, and those
    /// of the operation.
    pub async fn apply(&self, id: &str) -> Outcome {
        let known = parsed(id)?;
        let row = self.shared(known).await?;
        let (offered, change) = match (self.plans.take(known), row) {
            (Some(kept), _) => kept,
            (None, Some(row)) => self.made_again(known, &row).await?,
            (None, None) => return Err(no_plan(id)),
        };
        if self.shares_plans() && !rows::remove(&self.workplace.pool.database(), known).await? {
            return Err(no_plan(id));
        }
        let order = Order { plan: Some(offered.plan), ..self.order.clone() };
        Self { order, ..self.clone() }.operate(change).await
    }

    /// Forgets a plan, and with it the bundle that it holds.
    ///
    /// # Errors
    /// [`OperationError::NoPlan`].
    pub async fn withdraw(&self, id: &str) -> Result<(), OperationError> {
        let known = parsed(id)?;
        let kept = self.plans.take(known).is_some();
        let is_there =
            if self.shares_plans() { rows::remove(&self.workplace.pool.database(), known).await? } else { kept };
        if is_there { Ok(()) } else { Err(no_plan(id)) }
    }

    fn shares_plans(&self) -> bool {
        self.workplace.announcements.reach_others()
    }

    async fn planned(&self, request: PlanRequest) -> Result<(Plan, Change), OperationError> {
        self.keep_up().await?;
        let change = match request {
            PlanRequest::Bundle { staged, then, way } => {
                let candidate = Box::new(self.inspect(staged).await?);
                match self.installed(candidate.id()) {
                    Ok(_) => Change::Upgrade(candidate, way),
                    Err(_) => Change::Install(candidate, then),
                }
            }
            PlanRequest::Enable(id) => Change::Enable(id),
            PlanRequest::Disable(id, dependents) => Change::Disable(id, dependents),
            PlanRequest::Rollback(id, version, tables) => Change::Rollback(id, version, tables),
            PlanRequest::Uninstall(id, data, dependents) => Change::Uninstall(id, data, dependents),
        };
        let (plan, change) = self.ask(|reply| Command::Plan(Box::new(change), reply)).await??;
        Ok((plan, *change))
    }

    /// Keeps a plan for the other processes, with its bundle.
    async fn share(&self, offered: &OfferedPlan, asked: &Asked, change: &Change) -> Result<(), OperationError> {
        let bundle = change.candidate().map(|candidate| &candidate.bundle);
        let row = PlanRow {
            asked: serde_json::to_string(asked).expect("what is asked for has text keys"),
            bundle_sha256: bundle.map(|bundle| bundle.sha256().to_string()),
            hash: offered.plan.hash().to_string(),
            expires_time: offered.expires_at_ms,
        };
        let transaction = self.workplace.pool.database().begin().await?;
        rows::put(&transaction, offered.id, &row, PLANS_MAX, now_ms()).await?;
        if let Some(bundle) = bundle {
            bundles::put(&transaction, &bundle.sha256(), bundle.path()).await?;
        }
        bundles::forget_others(&transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// What the others know of a plan. One that they know no more of is forgotten here, too.
    async fn shared(&self, id: Uuid) -> Result<Option<PlanRow>, OperationError> {
        if !self.shares_plans() {
            return Ok(None);
        }
        let row = rows::find(&self.workplace.pool.database(), id, now_ms()).await?;
        if row.is_none() {
            drop(self.plans.take(id));
        }
        Ok(row)
    }

    /// Makes a plan of another process again.
    async fn made_again(&self, id: Uuid, row: &PlanRow) -> Result<(OfferedPlan, Change), OperationError> {
        let missing = || no_plan(&id.to_string());
        let request = match serde_json::from_str(&row.asked).map_err(|_| missing())? {
            Asked::Bundle { then, way } => {
                let (workplace, sha256) = (&self.workplace, row.bundle().ok_or_else(missing)?);
                let bytes_max = workplace.inspection.limits.packed_bytes_max;
                let fetched = bundles::fetch(&workplace.pool.database(), &sha256, &workplace.store, bytes_max).await?;
                PlanRequest::Bundle { staged: fetched.ok_or_else(missing)?, then, way }
            }
            Asked::Enable(id) => PlanRequest::Enable(id),
            Asked::Disable(id, dependents) => PlanRequest::Disable(id, dependents),
            Asked::Rollback(id, version, tables) => PlanRequest::Rollback(id, version, tables),
            Asked::Uninstall(id, data, dependents) => PlanRequest::Uninstall(id, data, dependents),
        };
        let (plan, change) = self.planned(request).await?;
        if plan.hash().to_string() != row.hash {
            return Err(OperationError::Outdated { id: change.id().clone(), differences: vec!["contents"] });
        }
        Ok((OfferedPlan { id, expires_at_ms: row.expires_time, plan: Arc::new(plan) }, change))
    }
}

impl PlanRequest {
    fn asked(&self) -> Asked {
        match self {
            Self::Bundle { then, way, .. } => Asked::Bundle { then: *then, way: *way },
            Self::Enable(id) => Asked::Enable(id.clone()),
            Self::Disable(id, dependents) => Asked::Disable(id.clone(), *dependents),
            Self::Rollback(id, version, tables) => Asked::Rollback(id.clone(), version.clone(), *tables),
            Self::Uninstall(id, data, dependents) => Asked::Uninstall(id.clone(), *data, *dependents),
        }
    }
}

impl Plans {
    fn keep(&self, offered: OfferedPlan, change: Change) {
        self.forget_expired();
        let mut plans = self.0.lock();
        while plans.len() >= PLANS_MAX {
            let Some(oldest) = plans.values().map(|(offered, _)| offered).min_by_key(|offered| offered.expires_at_ms)
            else {
                break;
            };
            let oldest = oldest.id;
            plans.remove(&oldest);
        }
        plans.insert(offered.id, (offered, change));
    }

    fn find(&self, id: Uuid) -> Option<OfferedPlan> {
        self.forget_expired();
        self.0.lock().get(&id).map(|(offered, _)| offered.clone())
    }

    fn take(&self, id: Uuid) -> Option<(OfferedPlan, Change)> {
        self.forget_expired();
        self.0.lock().remove(&id)
    }

    fn forget_expired(&self) {
        let now = now_ms();
        self.0.lock().retain(|_, (offered, _)| offered.expires_at_ms > now);
    }
}

fn parsed(id: &str) -> Result<Uuid, OperationError> {
    id.parse().map_err(|_| no_plan(id))
}

fn no_plan(id: &str) -> OperationError {
    OperationError::NoPlan { id: id.to_owned() }
}
