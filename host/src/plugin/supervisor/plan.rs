//! What a plan says: made from the same preparation as the operation itself, and compared before it begins.

use super::Supervisor;
use super::work::{Change, Work};
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
use crate::plugin::schema::{self, Outlook};
use plugin_api::descriptor::MigrationSpec;
use std::sync::Arc;

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
