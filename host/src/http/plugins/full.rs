//! `/plugins`: everything an administrator can do with plugins.

use super::doctor::DiagnosisDto;
use super::event::{ChangeDto, EventDto};
use super::events::{changes, events};
use super::in_name_of;
use super::model::{DataChoice, PluginDetailDto, PluginDto};
use super::upload::BundleUpload;
use crate::admin::Clock;
use crate::http::{Answer, ApiError, Caller, Message, SuperCaller};
use crate::plugin::{Acceptance, AfterInstall, Data, Dependents, PluginId, SupervisorHandle, Tables, Way};
use futures_util::stream::BoxStream;
use poem_openapi::OpenApi;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::EventStream;
use semver::Version;
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
        caller: SuperCaller,
        #[oai(default = "enabled")] enable: Query<bool>,
        upload: BundleUpload,
    ) -> Result<Answer<PluginDetailDto>, ApiError> {
        let staged = upload.receive(&self.supervisor).await?;
        let then = if enable.0 { AfterInstall::Enable } else { AfterInstall::Wait };
        let status = in_name_of(&caller, &self.supervisor).install(staged, then).await?;
        self.answer(status.id()).await
    }

    /// Look for what belongs to no plugin
    #[oai(path = "/doctor", method = "get")]
    async fn examine(&self, _caller: SuperCaller) -> Result<Answer<DiagnosisDto>, ApiError> {
        Ok(Answer::of(DiagnosisDto::of(&self.supervisor.examine().await?, &[])))
    }

    /// Take away what belongs to no plugin
    #[oai(path = "/doctor/repair", method = "post")]
    async fn repair(&self, _caller: SuperCaller) -> Result<Answer<DiagnosisDto>, ApiError> {
        let (diagnosis, repaired) = self.supervisor.repair().await?;
        Ok(Answer::of(DiagnosisDto::of(&diagnosis, &repaired)))
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
    async fn enable(&self, caller: SuperCaller, plugin: Path<String>) -> Result<Answer<PluginDetailDto>, ApiError> {
        let id = self.supervisor.id(&plugin.0)?;
        in_name_of(&caller, &self.supervisor).enable(&id).await?;
        self.answer(&id).await
    }

    /// Make a plugin stop serving, after those that need it if asked; its data stays
    #[oai(path = "/:plugin/disable", method = "post")]
    async fn disable(
        &self,
        caller: SuperCaller,
        plugin: Path<String>,
        #[oai(default)] cascade: Query<bool>,
    ) -> Result<Answer<PluginDetailDto>, ApiError> {
        let id = self.supervisor.id(&plugin.0)?;
        in_name_of(&caller, &self.supervisor).disable(&id, Dependents::of(cascade.0)).await?;
        self.answer(&id).await
    }

    /// Put another version in the place of the installed one, without a gap
    #[oai(path = "/:plugin/upgrade", method = "post")]
    async fn upgrade(
        &self,
        caller: SuperCaller,
        plugin: Path<String>,
        /// Whether the old version stops first, for changes of the schema that it could not go on with.
        #[oai(default)]
        drain: Query<bool>,
        /// Grants what the new version asks for beyond what is granted
        #[oai(default)]
        accept_capabilities: Query<bool>,
        upload: BundleUpload,
    ) -> Result<Answer<PluginDetailDto>, ApiError> {
        let id = self.supervisor.id(&plugin.0)?;
        let staged = upload.receive(&self.supervisor).await?;
        let acceptance = if accept_capabilities.0 { Acceptance::Accept } else { Acceptance::Refuse };
        in_name_of(&caller, &self.supervisor).upgrade(Some(&id), staged, way(drain.0), acceptance).await?;
        self.answer(&id).await
    }

    /// Return to a kept version, without a gap: to the one before unless another is named
    #[oai(path = "/:plugin/rollback", method = "post")]
    async fn rollback(
        &self,
        caller: SuperCaller,
        plugin: Path<String>,
        #[oai(validator(max_length = 64))] version: Query<Option<String>>,
        /// Whether the tables are taken back as well, with what the newer version has stored in its own.
        #[oai(default)]
        revert: Query<bool>,
    ) -> Result<Answer<PluginDetailDto>, ApiError> {
        let id = self.supervisor.id(&plugin.0)?;
        let version = version.0.as_deref().map(parsed_version).transpose()?;
        in_name_of(&caller, &self.supervisor).rollback(&id, version, tables(revert.0)).await?;
        self.answer(&id).await
    }

    /// Let a plugin serve again that the host has taken out
    #[oai(path = "/:plugin/release", method = "post")]
    async fn release(&self, caller: SuperCaller, plugin: Path<String>) -> Result<Answer<PluginDetailDto>, ApiError> {
        let id = self.supervisor.id(&plugin.0)?;
        in_name_of(&caller, &self.supervisor).release(&id).await?;
        self.answer(&id).await
    }

    /// Remove a plugin, and its data if asked; if asked, those that need it are disabled first
    #[oai(path = "/:plugin", method = "delete")]
    async fn uninstall(
        &self,
        caller: SuperCaller,
        plugin: Path<String>,
        #[oai(default = "keep")] data: Query<DataChoice>,
        #[oai(default)] cascade: Query<bool>,
    ) -> Result<Answer<Value>, ApiError> {
        let id = self.supervisor.id(&plugin.0)?;
        let (data, dependents) = (Data::from(data.0), Dependents::of(cascade.0));
        in_name_of(&caller, &self.supervisor).uninstall(&id, data, dependents).await?;
        Ok(Answer::done())
    }
}

pub(super) fn parsed_version(text: &str) -> Result<Version, ApiError> {
    text.parse().map_err(|_| {
        ApiError::bad_request(Message::new(
            format!("{text:?} is not a version such as 1.2.3"),
            format!("{text:?} 不是合法的版本号，例如 1.2.3"),
        ))
    })
}

fn enabled() -> bool {
    true
}

fn keep() -> DataChoice {
    DataChoice::Keep
}

pub(super) fn way(drain: bool) -> Way {
    if drain { Way::DrainFirst } else { Way::SideBySide }
}

pub(super) fn tables(revert: bool) -> Tables {
    if revert { Tables::Revert } else { Tables::Stay }
}
