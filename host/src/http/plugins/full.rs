//! `/plugins`: everything an administrator can do with plugins.

use super::events::{changes, events};
use super::model::{ChangeDto, DataChoice, EventDto, PluginDetailDto, PluginDto};
use super::upload::BundleUpload;
use crate::admin::Clock;
use crate::http::{Answer, ApiError, Caller, SuperCaller};
use crate::plugin::{AfterInstall, Data, PluginId, SupervisorHandle};
use futures_util::stream::BoxStream;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::EventStream;
use serde_json::Value;

/// `/plugins`
pub struct PluginsApi {
    supervisor: SupervisorHandle,
    clock: Clock,
}

impl PluginsApi {
    /// The routes over `supervisor`, showing times by `clock`.
    #[must_use]
    pub fn new(supervisor: SupervisorHandle, clock: Clock) -> Self {
        Self { supervisor, clock }
    }

    async fn answer(&self, id: &PluginId) -> Result<Answer<PluginDetailDto>, ApiError> {
        let detail = self.supervisor.detail(id).await?;
        Ok(Answer::of(PluginDetailDto::of(&detail, &self.supervisor, &self.clock)))
    }
}

#[OpenApi(prefix_path = "/plugins", tag = "crate::http::plugins::model::Tag::Plugins")]
impl PluginsApi {
    /// List the installed plugins with their states
    #[oai(path = "/", method = "get")]
    async fn list(&self, _caller: SuperCaller) -> Result<Answer<Vec<PluginDto>>, ApiError> {
        let plugins = self.supervisor.list();
        Ok(Answer::of(plugins.iter().map(|status| PluginDto::of(status, &self.supervisor)).collect()))
    }

    /// Install a plugin, enabled unless asked otherwise
    #[oai(path = "/", method = "post")]
    async fn install(
        &self,
        _caller: SuperCaller,
        #[oai(default = "enabled")] enable: Query<bool>,
        upload: BundleUpload,
    ) -> Result<Answer<PluginDetailDto>, ApiError> {
        let staged = upload.receive(&self.supervisor).await?;
        let then = if enable.0 { AfterInstall::Enable } else { AfterInstall::Wait };
        let status = self.supervisor.install(staged, then).await?;
        self.answer(status.id()).await
    }

    /// Watch changes of state as server-sent events
    #[oai(path = "/events", method = "get")]
    async fn events(&self, _caller: SuperCaller) -> EventStream<BoxStream<'static, EventDto>> {
        events(&self.supervisor, self.clock.clone())
    }

    /// Learn as server-sent events that plugins have changed, and menus with them
    #[oai(path = "/changes/events", method = "get")]
    async fn changes(&self, _caller: Caller) -> EventStream<BoxStream<'static, ChangeDto>> {
        changes(&self.supervisor)
    }

    /// Show everything about a plugin
    #[oai(path = "/:plugin", method = "get")]
    async fn detail(&self, _caller: SuperCaller, plugin: Path<String>) -> Result<Answer<PluginDetailDto>, ApiError> {
        self.answer(&self.supervisor.id(&plugin.0)?).await
    }

    /// Make a plugin serve
    #[oai(path = "/:plugin/enable", method = "post")]
    async fn enable(&self, _caller: SuperCaller, plugin: Path<String>) -> Result<Answer<PluginDetailDto>, ApiError> {
        let id = self.supervisor.id(&plugin.0)?;
        self.supervisor.enable(&id).await?;
        self.answer(&id).await
    }

    /// Make a plugin stop serving; its data stays
    #[oai(path = "/:plugin/disable", method = "post")]
    async fn disable(&self, _caller: SuperCaller, plugin: Path<String>) -> Result<Answer<PluginDetailDto>, ApiError> {
        let id = self.supervisor.id(&plugin.0)?;
        self.supervisor.disable(&id).await?;
        self.answer(&id).await
    }

    /// Put another version in the place of the installed one, without a gap
    #[oai(path = "/:plugin/upgrade", method = "post")]
    async fn upgrade(
        &self,
        _caller: SuperCaller,
        plugin: Path<String>,
        upload: BundleUpload,
    ) -> Result<Answer<PluginDetailDto>, ApiError> {
        let id = self.supervisor.id(&plugin.0)?;
        let staged = upload.receive(&self.supervisor).await?;
        self.supervisor.upgrade(Some(&id), staged).await?;
        self.answer(&id).await
    }

    /// Return to the version before, without a gap
    #[oai(path = "/:plugin/rollback", method = "post")]
    async fn rollback(&self, _caller: SuperCaller, plugin: Path<String>) -> Result<Answer<PluginDetailDto>, ApiError> {
        let id = self.supervisor.id(&plugin.0)?;
        self.supervisor.rollback(&id).await?;
        self.answer(&id).await
    }

    /// Remove a plugin, and its data if asked
    #[oai(path = "/:plugin", method = "delete")]
    async fn uninstall(
        &self,
        _caller: SuperCaller,
        plugin: Path<String>,
        #[oai(default = "keep")] data: Query<DataChoice>,
    ) -> Result<Answer<Value>, ApiError> {
        let id = self.supervisor.id(&plugin.0)?;
        let data = match data.0 {
            DataChoice::Keep => Data::Keep,
            DataChoice::Purge => Data::Purge,
        };
        self.supervisor.uninstall(&id, data).await?;
        Ok(Answer::done())
    }
}

fn enabled() -> bool {
    true
}

fn keep() -> DataChoice {
    DataChoice::Keep
}
