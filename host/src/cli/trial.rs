//! The hidden command that opens a library where it can do no harm: its services are a scratch
//! database with the plugin's own tables, and the defaults of its settings.

use std::{path::Path, process::ExitCode, sync::Arc};

use plugin_api::{
    descriptor::{Descriptor, Setting},
    services::HostServices,
};
use serde_json::{Map, Value};

use crate::{
    db::{Limits, PluginDatabase, Pool, migrate::PluginMigrator},
    loader::preflight,
    plugin::{PluginId, PluginStats, services::PluginServices},
};

/// Tries the library and reports to the parent.
pub(super) fn run(library: &Path) -> ExitCode {
    preflight::child(library, services_for)
}

/// None where a start would prove nothing: the plugin waits for settings of its administrator, or
/// its tables are made for the other database.
async fn services_for(descriptor: Arc<Descriptor>) -> Result<Option<Arc<dyn HostServices>>, String> {
    if descriptor.settings.iter().any(is_to_be_set) {
        return Ok(None);
    }
    let id: PluginId = descriptor.id.parse().map_err(words)?;
    let version = descriptor.version.parse().map_err(words)?;
    let pool = scratch_database().await?;
    let migrator = PluginMigrator::on_scratch(&pool, id.as_str());
    if migrator.apply(&descriptor.migrations).await.is_err() {
        return Ok(None);
    }
    let database = PluginDatabase::new(&pool, Limits::PLUGIN);
    let defaults = descriptor.settings.iter();
    let defaults: Map<String, Value> = defaults.map(|setting| (setting.key.clone(), setting.default.clone())).collect();
    Ok(Some(Arc::new(PluginServices::new(
        id,
        version,
        database,
        Value::Object(defaults).to_string(),
        jiff::tz::TimeZone::UTC,
        Arc::new(PluginStats::default()),
    ))))
}

fn is_to_be_set(setting: &Setting) -> bool {
    setting.secret || setting.default.is_null() || setting.default == ""
}

/// In the directory for temporary files, which the parent chose and removes.
async fn scratch_database() -> Result<Pool, String> {
    let folder = tempfile::tempdir().map_err(words)?.keep();
    Pool::open_scratch(&folder.join("trial.db")).await.map_err(words)
}

fn words(error: impl std::error::Error) -> String {
    error.to_string()
}
