//! What is installed on the server, as far as it matters here.

use std::collections::BTreeMap;

use semver::{Version, VersionReq};
use serde::Deserialize;
use serde_json::Value;

use super::error::SyncError;
use crate::{
    cli::{admin::Admin, error::CliError},
    plugin::{
        Dependency, PluginId,
        dependencies::{Node, Standing},
    },
};

/// An installed plugin.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct There {
    /// Its version, what it needs, and whether it serves.
    pub(super) node: Node,
    /// Whether it may be neither disabled nor uninstalled.
    pub(super) required: bool,
    /// The hash of its bundle.
    pub(super) sha256: String,
    /// Its settings.
    pub(super) settings: BTreeMap<String, Setting>,
    /// What the administrator granted it.
    pub(super) capabilities: Vec<String>,
}

/// A setting.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Setting {
    /// With its value.
    Open(Value),
    /// The server does not tell its value.
    Secret,
}

/// The part of the API's answer that is read.
#[derive(Deserialize)]
struct View {
    version: Version,
    state: String,
    desired: String,
    required: bool,
    dependencies: Vec<DependencyView>,
    abi: Option<VersionReq>,
    versions: Vec<VersionView>,
    settings: Vec<SettingView>,
    #[serde(default)]
    capabilities: Value,
}

#[derive(Deserialize)]
struct DependencyView {
    id: PluginId,
    #[serde(flatten)]
    dependency: Dependency,
}

#[derive(Deserialize)]
struct VersionView {
    sha256: String,
    current: bool,
}

#[derive(Deserialize)]
struct SettingView {
    key: String,
    value: Option<Value>,
    secret: bool,
}

/// Asks for every plugin.
///
/// # Errors
/// Whatever keeps the server from answering, and [`SyncError::Answer`].
pub(super) async fn look(admin: &dyn Admin) -> Result<BTreeMap<PluginId, There>, CliError> {
    let mut there = BTreeMap::new();
    for plugin in admin.list().await?.as_array().into_iter().flatten() {
        let text = plugin["id"].as_str().unwrap_or_default();
        let strange = || SyncError::Answer { id: text.to_owned() };
        let id: PluginId = text.parse().map_err(|_| strange())?;
        let view: View = serde_json::from_value(admin.detail(&id).await?).map_err(|_| strange())?;
        there.insert(id, There::of(view).ok_or_else(strange)?);
    }
    Ok(there)
}

impl There {
    fn of(view: View) -> Option<Self> {
        let setting = |setting: SettingView| match setting.secret {
            true => (setting.key, Setting::Secret),
            false => (setting.key, Setting::Open(setting.value.unwrap_or_default())),
        };
        Some(Self {
            sha256: view.versions.into_iter().find(|version| version.current)?.sha256,
            node: Node {
                version: view.version,
                needs: view.dependencies.into_iter().map(|view| (view.id, view.dependency)).collect(),
                abi: view.abi,
                standing: match (view.state.as_str(), view.desired.as_str()) {
                    ("enabled", _) => Standing::Serves,
                    (_, "enabled") => Standing::Fails,
                    _ => Standing::Off,
                },
                previous: None,
            },
            required: view.required,
            settings: view.settings.into_iter().map(setting).collect(),
            capabilities: granted(&view.capabilities),
        })
    }
}

/// The names of what was granted, where the server knows of such.
fn granted(capabilities: &Value) -> Vec<String> {
    let names = capabilities.as_array().into_iter().flatten().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}
