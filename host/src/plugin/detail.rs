//! Everything that can be told of one plugin, gathered for people.

use super::error::OperationError;
use super::id::PluginId;
use super::status::PluginStatus;
use super::supervisor::SupervisorHandle;
use super::{rows, schema, settings};
use crate::loader::ImageReport;
use serde_json::Value;
use std::sync::Arc;

/// What is known of one plugin.
#[derive(Debug)]
pub struct PluginDetail {
    /// Its state, with the installed version.
    pub status: Arc<PluginStatus>,
    /// The migrations of the installed version and those that are ahead of it.
    pub migrations: Vec<MigrationState>,
    /// Its settings with their values.
    pub settings: Vec<SettingState>,
    /// The images of it that are mapped.
    pub images: Vec<ImageReport>,
}

/// A migration, applied or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationState {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// When it was applied, in Unix milliseconds.
    pub applied_at_ms: Option<i64>,
}

/// A setting and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingState {
    /// Its key.
    pub key: String,
    /// One line for people.
    pub title: String,
    /// What holds without a value.
    pub default: Value,
    /// What a generation that starts now would get; None for a secret.
    pub value: Option<Value>,
    /// Whether it is one.
    pub secret: bool,
}

impl PluginDetail {
    /// Bytes of the address space that its images take.
    #[must_use]
    pub fn mapped_bytes(&self) -> u64 {
        self.images.iter().map(|image| image.mapped_bytes).sum()
    }
}

impl SupervisorHandle {
    /// Gathers what is known of a plugin.
    ///
    /// # Errors
    /// [`OperationError::Unknown`]; the database's.
    pub async fn detail(&self, id: &PluginId) -> Result<PluginDetail, OperationError> {
        let status = self.installed(id)?;
        let migrations = self.migrations(&status).await?;
        let settings = self.settings(&status).await?;
        let images = self.workplace().loader.images().into_iter().filter(|image| image.plugin == id.as_str()).collect();
        Ok(PluginDetail { status, migrations, settings, images })
    }

    async fn migrations(&self, status: &PluginStatus) -> Result<Vec<MigrationState>, OperationError> {
        let applied = schema::applied(&self.workplace().pool, status.id(), status.version()).await?;
        let at = |version: i64| applied.iter().find(|entry| entry.version == version).map(|entry| entry.applied_at);
        let brought = &status.release.descriptor.migrations;
        let mut states: Vec<MigrationState> = brought
            .iter()
            .map(|migration| MigrationState {
                version: migration.version,
                name: migration.name.clone(),
                applied_at_ms: at(migration.version),
            })
            .collect();
        for entry in &applied {
            if !states.iter().any(|state| state.version == entry.version) {
                let (version, name) = (entry.version, entry.name.clone());
                states.push(MigrationState { version, name, applied_at_ms: Some(entry.applied_at) });
            }
        }
        states.sort_by_key(|state| state.version);
        Ok(states)
    }

    async fn settings(&self, status: &PluginStatus) -> Result<Vec<SettingState>, OperationError> {
        let stored = rows::settings(&self.workplace().pool.database(), status.id()).await?;
        let declared = &status.release.descriptor.settings;
        let mut states = Vec::with_capacity(declared.len());
        for setting in declared {
            // One unusable value must not hide the others.
            let one = std::slice::from_ref(setting);
            let values = settings::effective(status.id(), one, &stored, &self.workplace().settings).unwrap_or_default();
            states.push(SettingState {
                key: setting.key.clone(),
                title: setting.title.clone(),
                default: if setting.secret { Value::Null } else { setting.default.clone() },
                value: values.get(&setting.key).filter(|_| !setting.secret).cloned(),
                secret: setting.secret,
            });
        }
        Ok(states)
    }
}
