//! Changing the settings of a plugin: offered to it if it runs, then stored, then in effect, in every process.

use super::{Outcome, Supervisor};
use crate::loader::ConfigureError;
use crate::plugin::active::ActivePlugin;
use crate::plugin::error::OperationError;
use crate::plugin::event::EventState;
use crate::plugin::id::PluginId;
use crate::plugin::operation::journal::{self, Configuration, Order};
use crate::plugin::release::Release;
use crate::plugin::secrets::HIDDEN;
use crate::plugin::services::now_ms;
use crate::plugin::settings::{self, Change, Completeness, Effective};
use crate::plugin::status::PluginStatus;
use plugin_api::services::Level;
use serde_json::{Map, Value};

impl Supervisor {
    pub(super) async fn configure(&mut self, id: &PluginId, asked: Map<String, Value>, order: &Order) -> Outcome {
        let status = self.installed(id)?;
        let asked_for: Vec<String> = asked.keys().cloned().collect();
        let accepted = match self.allowed(&status, asked).await {
            Ok(change) => self.accepted(&status, change).await,
            Err(error) => Err(error),
        };
        let change = match accepted {
            Ok(change) => change,
            Err(error) => {
                self.record_refused(&status, &asked_for, order, &error).await;
                return Err(error);
            }
        };
        let json = change.next.to_json();
        if let Err(error) = self.store(&status, &change, order).await {
            self.take_back_offer(&status).await;
            return Err(error);
        }
        self.tell(id, status.version(), EventState::Configured, None);
        match &status.active {
            Some(active) => {
                active.services.set_settings(json);
                self.adopt(status.serving(active.clone()))
            }
            None => Ok(status),
        }
    }

    /// What a generation of `release` that starts now gets.
    pub(super) async fn effective(&self, release: &Release) -> Result<Effective, OperationError> {
        let (id, declared) = (release.id(), &release.contribution.settings);
        let stored = settings::load(&self.workplace.pool.database(), id, &self.workplace.sealer).await?;
        Ok(settings::gather(id, declared, &stored, &self.workplace.settings).checked(id, declared)?)
    }

    /// Has a generation take what another process has stored. A refusal is told, and the reason given: it
    /// goes on with the settings before.
    pub(super) async fn follow_settings(&self, release: &Release, active: &ActivePlugin) -> Option<String> {
        let taken = match self.effective(release).await {
            Ok(effective) if effective.to_json() == active.services.current_settings() => return None,
            Ok(effective) => self.offer(release, active, &effective).await.map(|()| effective),
            Err(error) => Err(error),
        };
        match taken {
            Ok(effective) => {
                active.services.set_settings(effective.to_json());
                self.tell(release.id(), release.version(), EventState::Configured, None);
                None
            }
            Err(error) => {
                let reason = format!("it goes on with the settings before: {}", error.chain());
                self.tell(release.id(), release.version(), EventState::Failed, Some(reason.clone()));
                Some(reason)
            }
        }
    }

    async fn allowed(&self, status: &PluginStatus, asked: Map<String, Value>) -> Result<Change, OperationError> {
        let (id, declared) = (status.id(), &status.release.contribution.settings);
        let stored = settings::load(&self.workplace.pool.database(), id, &self.workplace.sealer).await?;
        let completeness = if status.active.is_some() { Completeness::Whole } else { Completeness::Partial };
        let change = settings::change(id, declared, (stored, &self.workplace.settings), asked, completeness);
        change.map_err(|faults| OperationError::Settings { id: id.clone(), faults })
    }

    /// A change that the plugin accepts, if it runs.
    async fn accepted(&self, status: &PluginStatus, change: Change) -> Result<Change, OperationError> {
        if let Some(active) = &status.active {
            self.offer(&status.release, active, &change.next).await?;
        }
        Ok(change)
    }

    async fn record_refused(&self, status: &PluginStatus, keys: &[String], order: &Order, error: &OperationError) {
        let asked_for = keys.iter().map(|key| (key.clone(), Value::Null)).collect();
        let configuration = Configuration { status, order, settings: [Map::new(), asked_for] };
        let database = self.workplace.pool.database();
        let recorded = journal::configured(&database, &configuration, Some(&error.chain()), now_ms()).await;
        if let Err(unrecorded) = recorded {
            tracing::warn!(error = %unrecorded, "a refusal could not be recorded");
        }
    }

    async fn offer(&self, release: &Release, active: &ActivePlugin, next: &Effective) -> Result<(), OperationError> {
        let (deadline, secrets) = (self.workplace.deadlines.start, active.log().secrets());
        // Before the plugin sees them; it may say them at once.
        secrets.learn(&release.contribution.settings, &next.values);
        let Err(error) = active.generation.configure(next.to_json(), deadline).await else { return Ok(()) };
        let source = match error {
            ConfigureError::Refused { reason } => {
                ConfigureError::Refused { reason: secrets.hide(&reason).into_owned() }
            }
            timed_out => timed_out,
        };
        let (id, version) = (release.id().clone(), release.version().clone());
        Err(OperationError::SettingsRefused { id, version, source: source.into() })
    }

    /// Counted like a change of plugins, so that other processes look.
    async fn store(&self, status: &PluginStatus, change: &Change, order: &Order) -> Result<(), OperationError> {
        let release = &status.release;
        let transaction = self.workplace.pool.database().begin().await?;
        let now = now_ms();
        for (key, value) in &change.writes {
            let is_secret = release.contribution.settings.field(key).is_some_and(|field| field.secret);
            let sealer = is_secret.then_some(&self.workplace.sealer);
            settings::write(&transaction, release.id(), (key, value.as_ref()), sealer, now).await?;
        }
        let settings = [&change.before, &change.next].map(|values| shown(release, change, values));
        let configuration = Configuration { status, order, settings };
        journal::configured(&transaction, &configuration, None, now).await?;
        self.commit(transaction).await
    }

    /// It has accepted what could not be stored.
    async fn take_back_offer(&self, status: &PluginStatus) {
        let Some(active) = &status.active else { return };
        let before = active.services.current_settings();
        if let Err(error) = active.generation.configure(before, self.workplace.deadlines.start).await {
            let text = format!("plugin {} does not take its former settings back: {error}", status.id());
            active.note(Level::Error, &text, None);
        }
    }
}

/// What a change is about, as the record may show it.
fn shown(release: &Release, change: &Change, effective: &Effective) -> Map<String, Value> {
    let is_secret = |key: &String| release.contribution.settings.field(key).is_some_and(|field| field.secret);
    let value = |key: &String| match effective.values.get(key) {
        Some(_) if is_secret(key) => Value::from(HIDDEN),
        value => value.cloned().unwrap_or_default(),
    };
    change.writes.iter().map(|(key, _)| (key.clone(), value(key))).collect()
}
