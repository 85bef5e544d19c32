//! Everything that can be told of one plugin, gathered for people.

use super::error::OperationError;
use super::grants::{self, Grant};
use super::id::PluginId;
use super::jobs::{Busy, JobState};
use super::manifest::Capability;
use super::schema;
use super::services::now_ms;
use super::settings::{self, Effective, Field, Origin, SettingsView};
use super::status::PluginStatus;
use super::supervisor::SupervisorHandle;
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
    /// What it asks to be allowed, and what else is granted.
    pub capabilities: Vec<CapabilityState>,
    /// How many events wait for it.
    pub events_waiting: u64,
    /// The images of it that are mapped.
    pub images: Vec<ImageReport>,
}

/// A capability that is asked for or granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapabilityState {
    /// Which one.
    pub capability: String,
    /// How far.
    pub detail: String,
    /// Whether the installed version asks for it.
    pub asked: bool,
    /// Who granted it, by the login name of then.
    pub granted_by: Option<String>,
    /// When it was granted, in Unix milliseconds.
    pub granted_at_ms: Option<i64>,
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
    /// Whether the operator's configuration holds it.
    pub locked: bool,
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
        let settings = self.setting_states(&status).await?;
        let images = self.workplace().loader.images().into_iter().filter(|image| image.plugin == id.as_str()).collect();
        let capabilities = self.capabilities(&status).await?;
        let events_waiting = self.workplace().outbox.waiting(id).await?;
        Ok(PluginDetail { status, migrations, settings, capabilities, events_waiting, images })
    }

    /// What is known of the jobs of a plugin.
    ///
    /// # Errors
    /// [`OperationError::Unknown`]; the database's.
    pub async fn jobs(&self, id: &PluginId) -> Result<Vec<JobState>, OperationError> {
        let status = self.installed(id)?;
        Ok(self.workplace().jobs.states(&status.release, status.active.as_deref()).await?)
    }

    /// Starts a job of a plugin now, and does not wait for its end.
    ///
    /// # Errors
    /// [`OperationError`]; the job was not started then.
    pub async fn run_job(&self, id: &PluginId, name: &str) -> Result<(), OperationError> {
        let status = self.installed(id)?;
        let jobs = &status.release.descriptor.jobs;
        if !jobs.iter().any(|job| job.name == name) {
            let (version, known) = (status.version().clone(), jobs.iter().map(|job| job.name.clone()).collect());
            return Err(OperationError::NoJob { id: id.clone(), version, name: name.to_owned(), known });
        }
        let serving = status.active.as_ref().and_then(|active| Some((active, active.job(name)?)));
        let Some((active, index)) = serving else { return Err(OperationError::NoJobsNow { id: id.clone() }) };
        match self.workplace().jobs.start(active, index, now_ms()).await? {
            Ok(()) => Ok(()),
            Err(Busy) => Err(OperationError::JobRuns { id: id.clone(), name: name.to_owned() }),
        }
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

    async fn capabilities(&self, status: &PluginStatus) -> Result<Vec<CapabilityState>, OperationError> {
        let granted = grants::load(&self.workplace().pool.database(), status.id()).await?;
        let asked = status.release.manifest.capabilities.list();
        let is_same = |one: &Capability, grant: &Grant| one.name == grant.capability && one.detail == grant.detail;
        let mut states: Vec<CapabilityState> = asked
            .iter()
            .map(|one| {
                let grant = granted.iter().find(|grant| is_same(one, grant));
                CapabilityState {
                    capability: one.name.to_owned(),
                    detail: one.detail.clone(),
                    asked: true,
                    granted_by: grant.and_then(|grant| grant.granted_by.clone()),
                    granted_at_ms: grant.map(|grant| grant.granted_time),
                }
            })
            .collect();
        let others = granted.into_iter().filter(|grant| !asked.iter().any(|one| is_same(one, grant)));
        states.extend(others.map(|grant| CapabilityState {
            capability: grant.capability,
            detail: grant.detail,
            asked: false,
            granted_by: grant.granted_by,
            granted_at_ms: Some(grant.granted_time),
        }));
        Ok(states)
    }

    /// The settings of a plugin, without secrets.
    ///
    /// # Errors
    /// [`OperationError::Unknown`]; the database's.
    pub async fn settings(&self, id: &PluginId) -> Result<SettingsView, OperationError> {
        let status = self.installed(id)?;
        let effective = self.gathered(&status).await?;
        Ok(SettingsView::of(&status.release.contribution.settings, effective))
    }

    /// What a generation that starts now would get, whether it fits or not.
    async fn gathered(&self, status: &PluginStatus) -> Result<Effective, OperationError> {
        let workplace = self.workplace();
        let stored = settings::load(&workplace.pool.database(), status.id(), &workplace.sealer).await?;
        Ok(settings::gather(status.id(), &status.release.contribution.settings, &stored, &workplace.settings))
    }

    async fn setting_states(&self, status: &PluginStatus) -> Result<Vec<SettingState>, OperationError> {
        let effective = self.gathered(status).await?;
        let state = |field: &Field| SettingState {
            key: field.key.clone(),
            title: field.title.clone(),
            default: field.default.clone().filter(|_| !field.secret).unwrap_or_default(),
            value: effective.values.get(&field.key).filter(|_| !field.secret).cloned(),
            secret: field.secret,
            locked: effective.origins.get(&field.key) == Some(&Origin::Environment),
        };
        Ok(status.release.contribution.settings.fields().iter().map(state).collect())
    }
}
