//! A data directory at rest: this process is the server for one operation, without HTTP.
//!
//! The answers are those of the API, made by the same types.

use std::path::Path;

use futures_util::{FutureExt, future::BoxFuture};
use poem_openapi::types::ToJSON;
use semver::Version;
use serde_json::{Map, Value};

use super::{
    admin::{Admin, Answer, Change, Leavings, Planned, Start},
    arguments::Place,
    error::CliError,
    remote::RemoteError,
    settings,
};
use crate::{
    admin::Clock,
    app::Core,
    http::plugins::{JobDto, PlanDto, PluginDetailDto, PluginDto, PluginSettingsDto, SnapshotDto},
    plugin::{
        Acceptance, AfterInstall, Data, Dependents, OperationError, PlanRequest, PluginId, SupervisorHandle, Tables,
        Way, export,
    },
    store::Staged,
};

/// An opened data directory, locked while this value lives.
pub(super) struct Offline {
    core: Core,
}

impl Offline {
    /// Opens the directory as a server would, plugins started.
    ///
    /// # Errors
    /// Unusable settings, and whatever keeps a server from starting.
    pub(super) async fn open(place: &Place) -> Result<Self, CliError> {
        let config = settings::load(place)?;
        let core = Core::open(config, &place.data).await?;
        Ok(Self { core })
    }

    fn supervisor(&self) -> &SupervisorHandle {
        &self.core.supervisor
    }

    async fn stage(&self, bundle: &Path) -> Result<Staged, OperationError> {
        let workplace = self.supervisor().workplace();
        let bytes_max = workplace.inspection.limits.packed_bytes_max;
        Ok(workplace.store.stage_file(bundle, bytes_max).await?)
    }

    async fn told(&self, id: &PluginId) -> Result<Value, CliError> {
        let detail = self.supervisor().detail(id).await?;
        Ok(json(&PluginDetailDto::of(&detail, self.supervisor(), &self.clock())))
    }

    async fn offer(&self, request: PlanRequest) -> Result<Value, CliError> {
        let offered = self.supervisor().plan(request).await?;
        Ok(json(&PlanDto::of(&offered, &self.clock())))
    }

    fn clock(&self) -> Clock {
        Clock::new(self.core.config.server.zone())
    }
}

fn after(start: Start) -> AfterInstall {
    match start {
        Start::Enabled => AfterInstall::Enable,
        Start::Disabled => AfterInstall::Wait,
    }
}

fn data(leavings: Leavings) -> Data {
    match leavings {
        Leavings::Keep => Data::Keep,
        Leavings::Purge => Data::Purge,
    }
}

/// An answer has the same form as over HTTP.
fn json(answer: &impl ToJSON) -> Value {
    answer.to_json().unwrap_or_default()
}

impl Admin for Offline {
    fn place(&self) -> String {
        self.core.data.path().display().to_string()
    }

    fn list(&self) -> Answer<'_> {
        let plugins = self.supervisor().list();
        let plugins: Vec<PluginDto> = plugins.iter().map(|status| PluginDto::of(status, self.supervisor())).collect();
        async move { Ok(json(&plugins)) }.boxed()
    }

    fn detail<'a>(&'a self, id: &'a PluginId) -> Answer<'a> {
        self.told(id).boxed()
    }

    fn install<'a>(&'a self, bundle: &'a Path, start: Start) -> Answer<'a> {
        async move {
            let staged = self.stage(bundle).await?;
            let status = self.supervisor().install(staged, after(start)).await?;
            self.told(status.id()).await
        }
        .boxed()
    }

    fn upgrade<'a>(&'a self, id: &'a PluginId, bundle: &'a Path, way: Way, acceptance: Acceptance) -> Answer<'a> {
        async move {
            let staged = self.stage(bundle).await?;
            self.supervisor().upgrade(Some(id), staged, way, acceptance).await?;
            self.told(id).await
        }
        .boxed()
    }

    fn change<'a>(&'a self, id: &'a PluginId, change: Change) -> Answer<'a> {
        async move {
            let supervisor = self.supervisor();
            match change {
                Change::Enable => supervisor.enable(id).await?,
                Change::Disable(dependents) => supervisor.disable(id, dependents).await?,
                Change::Release => supervisor.release(id).await?,
            };
            self.told(id).await
        }
        .boxed()
    }

    fn rollback<'a>(&'a self, id: &'a PluginId, version: Option<&'a Version>, tables: Tables) -> Answer<'a> {
        async move {
            self.supervisor().rollback(id, version.cloned(), tables).await?;
            self.told(id).await
        }
        .boxed()
    }

    fn settings<'a>(&'a self, id: &'a PluginId) -> Answer<'a> {
        async move { Ok(json(&PluginSettingsDto::of(self.supervisor().settings(id).await?))) }.boxed()
    }

    fn configure<'a>(&'a self, id: &'a PluginId, changes: Map<String, Value>) -> Answer<'a> {
        async move {
            self.supervisor().configure(id, changes).await?;
            Ok(json(&PluginSettingsDto::of(self.supervisor().settings(id).await?)))
        }
        .boxed()
    }

    fn uninstall<'a>(&'a self, id: &'a PluginId, leavings: Leavings, dependents: Dependents) -> Answer<'a> {
        let data = data(leavings);
        async move {
            self.supervisor().uninstall(id, data, dependents).await?;
            Ok(Value::Null)
        }
        .boxed()
    }

    fn keeps_plans(&self) -> bool {
        false
    }

    fn plan_bundle<'a>(&'a self, bundle: &'a Path, start: Start, way: Way) -> Answer<'a> {
        async move {
            let staged = self.stage(bundle).await?;
            self.offer(PlanRequest::Bundle { staged, then: after(start), way }).await
        }
        .boxed()
    }

    fn plan_change<'a>(&'a self, id: &'a PluginId, change: Planned) -> Answer<'a> {
        let id = id.clone();
        let request = match change {
            Planned::Enable => PlanRequest::Enable(id),
            Planned::Disable(dependents) => PlanRequest::Disable(id, dependents),
            Planned::Rollback(version, tables) => PlanRequest::Rollback(id, version, tables),
            Planned::Uninstall(leavings, dependents) => PlanRequest::Uninstall(id, data(leavings), dependents),
        };
        self.offer(request).boxed()
    }

    fn plan<'a>(&'a self, plan: &'a str) -> Answer<'a> {
        async move { Ok(json(&PlanDto::of(&self.supervisor().offered(plan).await?, &self.clock()))) }.boxed()
    }

    fn apply<'a>(&'a self, plan: &'a str) -> Answer<'a> {
        async move {
            let status = self.supervisor().apply(plan).await?;
            match self.told(status.id()).await {
                Err(CliError::Operation(error)) if matches!(*error, OperationError::Unknown { .. }) => Ok(Value::Null),
                told => told,
            }
        }
        .boxed()
    }

    fn withdraw<'a>(&'a self, plan: &'a str) -> Answer<'a> {
        async move {
            self.supervisor().withdraw(plan).await?;
            Ok(Value::Null)
        }
        .boxed()
    }

    fn jobs<'a>(&'a self, id: &'a PluginId) -> Answer<'a> {
        async move {
            let jobs = self.supervisor().jobs(id).await?;
            let jobs: Vec<JobDto> = jobs.into_iter().map(|job| JobDto::of(job, &self.clock())).collect();
            Ok(json(&jobs))
        }
        .boxed()
    }

    fn run_job<'a>(&'a self, id: &'a PluginId, job: &'a str) -> Answer<'a> {
        async move {
            self.supervisor().run_job(id, job).await?;
            Ok(Value::Null)
        }
        .boxed()
    }

    fn snapshots<'a>(&'a self, id: &'a PluginId) -> Answer<'a> {
        async move {
            let id = self.supervisor().installed(id)?.id().clone();
            let snapshots = self.supervisor().snapshots().list(&id).await?;
            let snapshots: Vec<SnapshotDto> =
                snapshots.into_iter().map(|snapshot| SnapshotDto::of(snapshot, &self.clock())).collect();
            Ok(json(&snapshots))
        }
        .boxed()
    }

    fn take_snapshot<'a>(&'a self, id: &'a PluginId, reason: &'a str) -> Answer<'a> {
        async move {
            let snapshot = self.supervisor().take_snapshot(id, reason).await?;
            Ok(json(&SnapshotDto::of(snapshot, &self.clock())))
        }
        .boxed()
    }

    fn restore_snapshot<'a>(&'a self, id: &'a PluginId, number: i64) -> Answer<'a> {
        async move {
            self.supervisor().restore(id, number).await?;
            Ok(Value::Null)
        }
        .boxed()
    }

    fn delete_snapshot<'a>(&'a self, id: &'a PluginId, number: i64) -> Answer<'a> {
        async move {
            self.supervisor().snapshots().delete(id, number).await?;
            Ok(Value::Null)
        }
        .boxed()
    }

    fn export<'a>(&'a self, id: &'a PluginId, file: &'a Path) -> Answer<'a> {
        async move {
            let status = self.supervisor().installed(id)?;
            let workplace = self.supervisor().workplace();
            let unwritable = |source| RemoteError::File { path: file.to_owned(), source };
            let target = std::fs::File::create(file).map_err(unwritable)?;
            export(&workplace.pool, &workplace.store, &workplace.folders, &status.release, target).await?;
            Ok(Value::Null)
        }
        .boxed()
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        async move { self.core.close().await }.boxed()
    }
}
