//! Plans: made from the same preparation as the operation itself, and compared before it begins.

use super::work::{Change, Dependents, Tables, Way, Work};
use super::{Command, Outcome, Supervisor, SupervisorHandle};
use crate::db::migrate::Applied;
use crate::plugin::error::OperationError;
use crate::plugin::files::Usage;
use crate::plugin::grants;
use crate::plugin::id::PluginId;
use crate::plugin::manifest::Capabilities;
use crate::plugin::operation::journal::Order;
use crate::plugin::operation::{Operation, Step};
use crate::plugin::plan::{self, Dependency, Difference, Plan, PlannedMigration, Warning};
use crate::plugin::release::Release;
use crate::plugin::rows::Data;
use crate::plugin::schema::{self, Outlook};
use crate::plugin::services::now_ms;
use crate::store::Staged;
use parking_lot::Mutex;
use plugin_api::descriptor::MigrationSpec;
use semver::Version;
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
        then: super::AfterInstall,
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
        let life = i64::try_from(LIFE.as_millis()).unwrap_or(i64::MAX);
        let offered = OfferedPlan { id: Uuid::new_v4(), expires_at_ms: now_ms() + life, plan: Arc::new(plan) };
        self.plans.keep(offered.clone(), *change);
        Ok(offered)
    }

    /// A plan that may be applied.
    ///
    /// # Errors
    /// [`OperationError::NoPlan`] if there is none of that id any more.
    pub fn offered(&self, id: &str) -> Result<OfferedPlan, OperationError> {
        self.plans.forget_expired();
        let plans = self.plans.0.lock();
        let found = id.parse().ok().and_then(|id: Uuid| plans.get(&id));
        found.map(|(offered, _)| offered.clone()).ok_or_else(|| no_plan(id))
    }

    /// Does exactly what a plan says. It can be applied once.
    ///
    /// # Errors
    /// [`OperationError::NoPlan`], [`OperationError::Outdated`] if anything has changed since, and those
    /// of the operation.
    pub async fn apply(&self, id: &str) -> Outcome {
        let (offered, change) = self.plans.take(id).ok_or_else(|| no_plan(id))?;
        let order = Order { plan: Some(offered.plan), ..self.order.clone() };
        Self { order, ..self.clone() }.operate(change).await
    }

    /// Forgets a plan, and with it the bundle that it holds.
    ///
    /// # Errors
    /// [`OperationError::NoPlan`].
    pub fn withdraw(&self, id: &str) -> Result<(), OperationError> {
        self.plans.take(id).map(drop).ok_or_else(|| no_plan(id))
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

    fn take(&self, id: &str) -> Option<(OfferedPlan, Change)> {
        self.forget_expired();
        id.parse().ok().and_then(|id: Uuid| self.0.lock().remove(&id))
    }

    fn forget_expired(&self) {
        let now = now_ms();
        self.0.lock().retain(|_, (offered, _)| offered.expires_at_ms > now);
    }
}

impl Supervisor {
    /// What a change comes to.
    pub(super) async fn plan(&mut self, change: Box<Change>) -> Result<(Plan, Box<Change>), OperationError> {
        let work = self.prepare(&change).await?;
        Ok((self.picture(&work, &change).await?, change))
    }

    /// Refuses an operation that is not what its plan said.
    pub(super) async fn refuse_outdated(
        &self,
        work: &Work,
        change: &Change,
        order: &Order,
    ) -> Result<(), OperationError> {
        let Some(planned) = &order.plan else { return Ok(()) };
        let now = self.picture(work, change).await?;
        if now.hash() == planned.hash() {
            return Ok(());
        }
        let differences = planned.differences(&now);
        Err(OperationError::Outdated { id: work.id().clone(), differences })
    }

    async fn picture(&self, work: &Work, change: &Change) -> Result<Plan, OperationError> {
        let before = work.before.as_deref().filter(|before| before.active.is_some());
        let before = before.map(|before| before.release.as_ref());
        let after = Some(work.release().as_ref()).filter(|_| work.will_serve());
        let difference = |what| Difference::of(before, after, what);
        let (migrations, warnings) = self.schema_changes(work).await?;
        let granted = grants::load(&self.workplace.pool.database(), work.id()).await?;
        let asked = work.after.as_ref().map(|after| &after.release.manifest.capabilities);
        Ok(Plan {
            operation: work.operation,
            steps: work.operation.steps().to_vec(),
            plugin: work.id().clone(),
            from: work.before.as_ref().map(|before| before.version().clone()),
            to: work.after.as_ref().map(|after| after.version().clone()),
            bundle: work.release().bundle,
            files: change.candidate().map(|candidate| candidate.files.clone()).unwrap_or_default(),
            migrations,
            routes: difference(plan::routes),
            menus: difference(plan::menus),
            permissions: difference(plan::permissions),
            settings: difference(plan::settings),
            models: difference(plan::models),
            jobs: difference(plan::jobs),
            events: difference(plan::events),
            services: difference(plan::services),
            capabilities: asked.map(Capabilities::list).unwrap_or_default(),
            capabilities_added: asked.map(|asked| grants::added(asked, &granted)).unwrap_or_default(),
            dependencies: self.dependencies(work.release()),
            switched_off: work.along.iter().map(|other| other.id().clone()).collect(),
            warnings: [warnings, self.dropped_events(work).await?, warnings_of(work)].concat(),
        })
    }

    async fn schema_changes(&self, work: &Work) -> Result<(Vec<PlannedMigration>, Vec<Warning>), OperationError> {
        let release = work.release();
        let brought = &release.descriptor.migrations;
        let steps = work.operation.steps();
        if steps.contains(&Step::Migrate) {
            return Ok(match schema::outlook(&self.workplace.pool, release).await? {
                Outlook::Ahead => (Vec::new(), vec![Warning::SchemaAhead]),
                Outlook::Current => (Vec::new(), Vec::new()),
                Outlook::Missing(missing, _) => {
                    let missing: Vec<_> = brought.iter().filter(|spec| missing.contains(&spec.version)).collect();
                    let irreversible = missing.iter().filter(|spec| spec.down.is_none());
                    let warnings = irreversible.map(|spec| Warning::Irreversible(spec.name.clone())).collect();
                    (missing.iter().map(|spec| PlannedMigration::of(spec, false)).collect(), warnings)
                }
            });
        }
        if steps.contains(&Step::Revert) {
            let applied = schema::applied(&self.workplace.pool, work.id(), release.version()).await?;
            let newer = applied.iter().rev().filter(|entry| entry.version > schema::last(release));
            return Ok((newer.map(|entry| recorded(entry, None)).collect(), vec![Warning::DeletesData]));
        }
        if steps.contains(&Step::Purge) {
            let applied = schema::applied(&self.workplace.pool, work.id(), release.version()).await?;
            let known = |version: i64| brought.iter().find(|spec| spec.version == version);
            let downs = applied.iter().rev().map(|entry| recorded(entry, known(entry.version)));
            let mut warnings = if applied.is_empty() { Vec::new() } else { vec![Warning::DeletesData] };
            warnings.extend(self.deleted_files(work.id()).await);
            return Ok((downs.collect(), warnings));
        }
        Ok((Vec::new(), Vec::new()))
    }

    /// What goes of a plugin's files. Nothing to tell is no reason not to plan.
    async fn deleted_files(&self, id: &PluginId) -> Option<Warning> {
        match self.workplace.folders.usage(id).await {
            Ok(usage) if usage == Usage::default() => None,
            Ok(Usage { files, bytes }) => Some(Warning::DeletesFiles { files, bytes }),
            Err(error) => {
                tracing::warn!(%error, plugin.id = %id, "the files of plugin {id} can't be counted");
                None
            }
        }
    }

    /// What waits for a plugin goes with it, whether its data stays or not.
    async fn dropped_events(&self, work: &Work) -> Result<Vec<Warning>, OperationError> {
        if work.after.is_some() {
            return Ok(Vec::new());
        }
        let waiting = self.workplace.outbox.waiting(work.id()).await?;
        Ok((waiting > 0).then_some(Warning::DropsEvents(waiting)).into_iter().collect())
    }

    fn dependencies(&self, release: &Release) -> Vec<Dependency> {
        let status = |id: &PluginId| self.plugins.get(id);
        let dependency = |id: &PluginId, is_needed| Dependency {
            plugin: id.clone(),
            version: status(id).map(|status| status.version().clone()),
            is_needed,
            serves: status(id).is_some_and(|status| status.active.is_some()),
        };
        let needed = release.manifest.needed().map(|id| dependency(id, true));
        let needs_it = |status: &&Arc<crate::plugin::PluginStatus>| {
            status.release.manifest.needed().any(|needed| needed == release.id()) && status.id() != release.id()
        };
        needed.chain(self.plugins.values().filter(needs_it).map(|status| dependency(status.id(), false))).collect()
    }
}

/// An applied migration that would be taken back. Where a newer version of the plugin brought it, how stands
/// in the ledger only.
fn recorded(entry: &Applied, known: Option<&MigrationSpec>) -> PlannedMigration {
    let unknown = || PlannedMigration {
        version: entry.version,
        name: entry.name.clone(),
        down: true,
        sqlite: None,
        postgres: None,
    };
    known.map_or_else(unknown, |spec| PlannedMigration::of(spec, true))
}

fn no_plan(id: &str) -> OperationError {
    OperationError::NoPlan { id: id.to_owned() }
}

fn warnings_of(work: &Work) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if let (Some(before), Some(after)) = (&work.before, &work.after) {
        if matches!(work.operation, Operation::Upgrade | Operation::UpgradeDrained | Operation::UpgradeWaiting)
            && after.version() < before.version()
        {
            warnings.push(Warning::Older);
        }
        let is_kept = |version| after.versions.iter().any(|kept| kept.version == version);
        let forgotten = before.versions.iter().map(|known| known.version.clone());
        warnings.extend(forgotten.filter(|version| !is_kept(version.clone())).map(Warning::Forgets));
    }
    let steps = work.operation.steps();
    if steps.contains(&Step::SwitchOff) && steps.contains(&Step::Start) {
        warnings.push(Warning::Interrupts);
    }
    if matches!(work.operation, Operation::InstallWaiting | Operation::UpgradeWaiting | Operation::RollbackWaiting) {
        warnings.push(Warning::Waits);
    }
    warnings
}
