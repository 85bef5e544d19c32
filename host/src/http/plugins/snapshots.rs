//! `/plugins/{id}/snapshots` and `/plugins/{id}/export`: copies of a plugin's tables, and everything of it to
//! take away.

use super::export::Export;
use super::in_name_of;
use crate::admin::Clock;
use crate::http::{Answer, ApiError, SuperCaller};
use crate::plugin::{PluginId, Snapshot, SupervisorHandle};
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use serde_json::Value;

/// `/plugins/{id}/snapshots`
pub struct SnapshotsApi {
    supervisor: SupervisorHandle,
    clock: Clock,
}

/// A copy of a plugin's tables.
#[derive(Debug, Clone, Object)]
pub struct SnapshotDto {
    /// Its number
    pub id: i64,
    /// The plugin's version when it was taken
    pub version: String,
    /// Why it was taken
    pub reason: String,
    /// The size of its file
    pub bytes: i64,
    /// The rows in it
    pub rows: i64,
    /// SHA-256 of its file
    pub sha256: String,
    /// When it was taken
    pub created_time: String,
}

impl SnapshotDto {
    /// As `clock` shows times.
    #[must_use]
    pub fn of(snapshot: Snapshot, clock: &Clock) -> Self {
        let Snapshot { id, version, reason, bytes, rows, sha256, created_time, .. } = snapshot;
        Self { id, version, reason, bytes, rows, sha256, created_time: clock.format(created_time) }
    }
}

impl SnapshotsApi {
    /// The routes over `supervisor`, showing times by `clock`.
    #[must_use]
    pub fn new(supervisor: SupervisorHandle, clock: Clock) -> Self {
        Self { supervisor, clock }
    }

    /// A plugin that is installed, or that was and has left copies.
    async fn owner(&self, plugin: &str) -> Result<PluginId, ApiError> {
        if let Ok(id) = plugin.parse()
            && !self.supervisor.snapshots().list(&id).await?.is_empty()
        {
            return Ok(id);
        }
        self.id(plugin)
    }

    fn id(&self, plugin: &str) -> Result<PluginId, ApiError> {
        Ok(self.supervisor.id(plugin)?)
    }
}

#[OpenApi(prefix_path = "/plugins", tag = "crate::http::plugins::model::Tag::Plugins")]
impl SnapshotsApi {
    /// List the copies of a plugin's tables, the newest first; those of a plugin that was purged, too
    #[oai(path = "/:plugin/snapshots", method = "get")]
    async fn list(&self, _caller: SuperCaller, plugin: Path<String>) -> Result<Answer<Vec<SnapshotDto>>, ApiError> {
        let snapshots = self.supervisor.snapshots().list(&self.owner(&plugin.0).await?).await?;
        Ok(Answer::of(snapshots.into_iter().map(|snapshot| SnapshotDto::of(snapshot, &self.clock)).collect()))
    }

    /// Copy a plugin's tables now; the oldest copies go that are too many
    #[oai(path = "/:plugin/snapshots", method = "post")]
    async fn take(
        &self,
        _caller: SuperCaller,
        plugin: Path<String>,
        /// Why, for whoever reads the list
        #[oai(validator(max_length = 255))]
        reason: Query<Option<String>>,
    ) -> Result<Answer<SnapshotDto>, ApiError> {
        let id = self.id(&plugin.0)?;
        let snapshot = self.supervisor.take_snapshot(&id, reason.0.as_deref().unwrap_or("asked for")).await?;
        Ok(Answer::of(SnapshotDto::of(snapshot, &self.clock)))
    }

    /// Bring a plugin's tables back to what a copy has; one that serves stops meanwhile, and what the tables have before
    /// is copied first
    #[oai(path = "/:plugin/snapshots/:snapshot/restore", method = "post")]
    async fn restore(
        &self,
        caller: SuperCaller,
        plugin: Path<String>,
        snapshot: Path<i64>,
    ) -> Result<Answer<Value>, ApiError> {
        in_name_of(&caller, &self.supervisor).restore(&self.id(&plugin.0)?, snapshot.0).await?;
        Ok(Answer::done())
    }

    /// Delete a copy
    #[oai(path = "/:plugin/snapshots/:snapshot", method = "delete")]
    async fn delete(
        &self,
        _caller: SuperCaller,
        plugin: Path<String>,
        snapshot: Path<i64>,
    ) -> Result<Answer<Value>, ApiError> {
        self.supervisor.snapshots().delete(&self.owner(&plugin.0).await?, snapshot.0).await?;
        Ok(Answer::done())
    }

    /// Download everything of a plugin: its tables as SQL, its settings without secrets, its bundle
    #[oai(path = "/:plugin/export", method = "get")]
    async fn export(&self, _caller: SuperCaller, plugin: Path<String>) -> Result<Export, ApiError> {
        let id = self.id(&plugin.0)?;
        Ok(Export::of(&*self.supervisor.installed(&id)?, &self.supervisor))
    }
}
