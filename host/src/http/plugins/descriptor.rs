//! A plugin in the form of the contract.

use crate::plugin::manifest::App;
use crate::plugin::{Manifest, Observed, PluginId, PluginStatus};
use serde_json::{Map, Value, json};

/// The object that the contract's list holds for a plugin. Keys without a value are left out.
pub(super) fn descriptor(status: &PluginStatus) -> Value {
    let manifest = &status.release.manifest;
    let mut object = Map::from_iter([("plugin".to_owned(), plugin(status, manifest))]);
    match &manifest.app {
        Some(App::Extend(name)) => drop(object.insert("app".to_owned(), json!({ "extend": name }))),
        Some(App::Router(names)) => drop(object.insert("app".to_owned(), json!({ "router": names }))),
        None => {}
    }
    if !manifest.api.is_empty() {
        object.insert("api".to_owned(), json!(manifest.api));
    }
    let settings = status.release.descriptor.settings.iter().filter(|setting| !setting.secret);
    let settings: Map<String, Value> =
        settings.map(|setting| (setting.key.to_ascii_uppercase(), setting.default.clone())).collect();
    if !settings.is_empty() {
        object.insert("settings".to_owned(), Value::Object(settings));
    }
    Value::Object(object)
}

fn plugin(status: &PluginStatus, manifest: &Manifest) -> Value {
    let mut plugin = json!({
        "summary": manifest.summary,
        "version": manifest.version,
        "description": manifest.description,
        "author": manifest.author,
        "tags": manifest.tags,
        "database": manifest.database,
    });
    if let Some(icon) = &manifest.icon {
        plugin["icon"] = json!(icon);
    }
    let needed: Vec<&PluginId> = manifest.needed().collect();
    if !needed.is_empty() {
        plugin["depends_on"] = json!(needed);
    }
    plugin["name"] = json!(manifest.id);
    plugin["enable"] = json!(if status.observed == Observed::Enabled { "1" } else { "0" });
    plugin
}
