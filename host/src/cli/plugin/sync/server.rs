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
    /// With its value, which the server's configuration holds.
    Held(Value),
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
    capabilities: Vec<CapabilityView>,
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
    locked: bool,
}

#[derive(Deserialize)]
struct CapabilityView {
    capability: String,
    detail: String,
    granted: bool,
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
        let setting = |SettingView { key, value, secret, locked }: SettingView| match (secret, locked) {
            (true, _) => (key, Setting::Secret),
            (false, true) => (key, Setting::Held(value.unwrap_or_default())),
            (false, false) => (key, Setting::Open(value.unwrap_or_default())),
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
            capabilities: view.capabilities.into_iter().filter_map(granted).collect(),
        })
    }
}

/// As plans name it, if it was granted.
fn granted(CapabilityView { capability, detail, granted }: CapabilityView) -> Option<String> {
    granted.then(|| format!("{capability} {detail}").trim_end().to_owned())
}
