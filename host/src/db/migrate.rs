//! Schema migrations (signatures only).
#![allow(missing_docs, reason = "dropped at merge")]
use super::Pool;
use plugin_api::descriptor::MigrationSpec;
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct MigrateError(pub String);
pub struct PluginMigrator;
pub struct Applied { pub version: i64 }
impl PluginMigrator {
    pub fn new(_pool: &Pool, _id: &str) -> Self { Self }
    pub async fn applied(&self) -> Result<Vec<Applied>, MigrateError> { Ok(vec![]) }
    pub async fn apply(&self, _specs: &[MigrationSpec]) -> Result<Vec<i64>, MigrateError> { Ok(vec![]) }
    pub async fn revert(&self, _to: i64) -> Result<(), MigrateError> { Ok(()) }
    pub async fn purge(&self) -> Result<(), MigrateError> { Ok(()) }
}
