//! `/plugins/{plugin}/settings`: what a plugin's settings are, and changing them.

use super::in_name_of;
use crate::http::validation::{self, FieldError, Part};
use crate::http::{Answer, ApiError, JsonBody, Message, SuperCaller, context};
use crate::plugin::{FaultKind, Origin, SettingFault, SettingsView, SupervisorHandle};
use poem_openapi::param::Path;
use poem_openapi::{Enum, Object, OpenApi};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

/// `/plugins/{plugin}/settings`
pub struct PluginSettingsApi {
    supervisor: SupervisorHandle,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum OriginDto {
    /// The operator's file or environment.
    Environment,
    /// Set over the API or the command line.
    Stored,
    /// The plugin's own default.
    Default,
}

/// The settings of a plugin.
#[derive(Debug, Clone, Object)]
pub struct PluginSettingsDto {
    /// The JSON schema of an object with all of them; `x-secret` marks those that are never shown.
    pub schema: Value,
    /// What holds, by key; null for a secret, and for what has no value.
    pub values: BTreeMap<String, Value>,
    /// Whether there is a value, by key: how a secret shows that it is set.
    pub set: BTreeMap<String, bool>,
    /// Where each value comes from, by key.
    pub origin: BTreeMap<String, OriginDto>,
    /// The keys that the operator's configuration holds, so that nobody can change them here.
    pub locked: Vec<String>,
}

impl PluginSettingsApi {
    /// The routes over `supervisor`.
    #[must_use]
    pub fn new(supervisor: SupervisorHandle) -> Self {
        Self { supervisor }
    }
}

#[OpenApi(prefix_path = "/plugins", tag = "crate::http::plugins::model::Tag::Plugins")]
impl PluginSettingsApi {
    /// Show the settings of a plugin
    #[oai(path = "/:plugin/settings", method = "get")]
    async fn settings(
        &self,
        _caller: SuperCaller,
        plugin: Path<String>,
    ) -> Result<Answer<PluginSettingsDto>, ApiError> {
        let id = self.supervisor.id(&plugin.0)?;
        Ok(Answer::of(PluginSettingsDto::of(self.supervisor.settings(&id).await?)))
    }

    /// Change settings of a plugin; null returns to the default
    #[oai(path = "/:plugin/settings", method = "put")]
    async fn configure(
        &self,
        caller: SuperCaller,
        plugin: Path<String>,
        changes: JsonBody<HashMap<String, Value>>,
    ) -> Result<Answer<PluginSettingsDto>, ApiError> {
        let id = self.supervisor.id(&plugin.0)?;
        let secrets = self.supervisor.settings(&id).await?.secrets();
        context::note(|seen| seen.secrets = Some(secrets));
        let changes: Map<String, Value> = changes.0.into_iter().collect();
        in_name_of(&caller, &self.supervisor).configure(&id, changes).await?;
        Ok(Answer::of(PluginSettingsDto::of(self.supervisor.settings(&id).await?)))
    }
}

impl PluginSettingsDto {
    /// What there is to show.
    pub(crate) fn of(view: SettingsView) -> Self {
        let origin = |origin: &Origin| match origin {
            Origin::Environment => OriginDto::Environment,
            Origin::Stored => OriginDto::Stored,
            Origin::Default => OriginDto::Default,
        };
        Self {
            locked: view
                .origins
                .iter()
                .filter(|(_, origin)| **origin == Origin::Environment)
                .map(|(key, _)| key.clone())
                .collect(),
            origin: view.origins.iter().map(|(key, from)| (key.clone(), origin(from))).collect(),
            schema: view.schema,
            values: view.values,
            set: view.set,
        }
    }
}

/// The 422 that names every setting.
pub(super) fn invalid(faults: &[SettingFault]) -> ApiError {
    let errors: Vec<FieldError> = faults.iter().map(field_error).collect();
    validation::invalid(&errors)
}

fn field_error(fault: &SettingFault) -> FieldError {
    let kind = match fault.kind {
        FaultKind::Unknown => "extra_forbidden",
        FaultKind::Locked => "frozen_field",
        FaultKind::Missing => "missing",
        FaultKind::Wrong => "value_error",
    };
    let path = std::iter::once(&fault.key).chain(&fault.path).cloned().collect();
    FieldError::new(kind, Part::Body, path, Message::new(fault.english.clone(), fault.chinese.clone()))
}
