//! A data directory at rest: this process is the server for one operation, without HTTP.
//!
//! The answers are those of the API, made by the same types.

use std::path::Path;

use futures_util::{FutureExt, future::BoxFuture};
use poem_openapi::types::ToJSON;
use serde_json::{Map, Value};

use super::{
    admin::{Admin, Answer, Change, Leavings, Start},
    arguments::Place,
    error::CliError,
    settings,
};
use crate::{
    admin::Clock,
    app::Core,
    http::plugins::{PluginDetailDto, PluginDto, PluginSettingsDto},
    plugin::{Acceptance, AfterInstall, Data, OperationError, PluginId, SupervisorHandle},
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
        let clock = Clock::new(self.core.config.server.zone());
        Ok(json(&PluginDetailDto::of(&detail, self.supervisor(), &clock)))
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
        let then = match start {
            Start::Enabled => AfterInstall::Enable,
            Start::Disabled => AfterInstall::Wait,
        };
        async move {
            let staged = self.stage(bundle).await?;
            let status = self.supervisor().install(staged, then).await?;
            self.told(status.id()).await
        }
        .boxed()
    }

    fn upgrade<'a>(&'a self, id: &'a PluginId, bundle: &'a Path, acceptance: Acceptance) -> Answer<'a> {
        async move {
            let staged = self.stage(bundle).await?;
            self.supervisor().upgrade(Some(id), staged, acceptance).await?;
            self.told(id).await
        }
        .boxed()
    }

    fn change<'a>(&'a self, id: &'a PluginId, change: Change) -> Answer<'a> {
        async move {
            let supervisor = self.supervisor();
            match change {
                Change::Enable => supervisor.enable(id).await?,
                Change::Disable => supervisor.disable(id).await?,
                Change::Rollback => supervisor.rollback(id).await?,
            };
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

    fn uninstall<'a>(&'a self, id: &'a PluginId, leavings: Leavings) -> Answer<'a> {
        let data = match leavings {
            Leavings::Keep => Data::Keep,
            Leavings::Purge => Data::Purge,
        };
        async move {
            self.supervisor().uninstall(id, data).await?;
            Ok(Value::Null)
        }
        .boxed()
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        async move { self.core.close().await }.boxed()
    }
}
