//! The schema of a plugin: brought up to date before it starts, taken back when that fails.

mod check;

pub use check::{SchemaOutline, contractions, faults, outlines, owners};
pub(super) use check::{database_name, own_tables, refuse_contractions, refuse_faults};

use super::error::OperationError;
use super::id::PluginId;
use super::release::Release;
use super::table::Plugins;
use crate::db::Pool;
use crate::db::migrate::{Applied, MigrateError, PluginMigrator};
use plugin_api::descriptor::MigrationSpec;
use semver::Version;
use serde::{Deserialize, Serialize};

/// How to take back what [`update`] did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Undo {
    /// Back to the last migration that was applied before.
    RevertTo(i64),
    /// There was nothing before: not even the bookkeeping.
    Purge,
}

/// What bringing a schema up to date comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outlook {
    /// Newer code ran here: the schema is left as it is, since migrations expand, so that older code runs
    /// on it, and taking columns away would take data away.
    Ahead,
    /// Nothing is missing.
    Current,
    /// These migrations are missing, and would be taken back so.
    Missing(Vec<i64>, Undo),
}

/// Looks, and changes nothing.
///
/// # Errors
/// [`OperationError::Migrate`] if what is applied doesn't fit what is brought.
pub(super) async fn outlook(pool: &Pool, release: &Release) -> Result<Outlook, OperationError> {
    let migrator = PluginMigrator::new(pool, release.id().as_str());
    let fault = |source| migrate_error(release.id(), release.version(), source);
    let before = migrator.applied().await.map_err(fault)?;
    if is_ahead(&before, &release.descriptor.migrations) {
        return Ok(Outlook::Ahead);
    }
    let missing = migrator.missing(&release.descriptor.migrations).await.map_err(fault)?;
    let undo = before.last().map_or(Undo::Purge, |last| Undo::RevertTo(last.version));
    Ok(if missing.is_empty() { Outlook::Current } else { Outlook::Missing(missing, undo) })
}

/// Applies what is missing.
///
/// # Errors
/// [`OperationError::Migrate`]; the schema is as before then.
pub(super) async fn update(pool: &Pool, release: &Release) -> Result<(), OperationError> {
    let migrator = PluginMigrator::new(pool, release.id().as_str());
    let applied = migrator.apply(&release.descriptor.migrations).await;
    applied.map(drop).map_err(|source| migrate_error(release.id(), release.version(), source))
}

/// Registers the tables of plugins that were installed before tables were registered: all of them before
/// the first one starts, since its new migrations might claim them. One that can't be is logged.
pub(super) async fn register_all(pool: &Pool, plugins: &Plugins) {
    for status in plugins.values() {
        let migrator = PluginMigrator::new(pool, status.id().as_str());
        if let Err(fault) = migrator.register(&status.release.descriptor.migrations).await {
            let fault = migrate_error(status.id(), status.version(), fault).chain();
            tracing::warn!(plugin.id = %status.id(), "the tables of plugin {} are not registered: {fault}", status.id());
        }
    }
}

/// Whether everything that `brought` holds is applied, and more that came later.
fn is_ahead(applied: &[Applied], brought: &[MigrationSpec]) -> bool {
    let last = brought.last().map_or(0, |migration| migration.version);
    let known = |version: i64| brought.iter().any(|migration| migration.version == version);
    let is_applied = |version: i64| applied.iter().any(|entry| entry.version == version);
    applied.iter().any(|entry| entry.version > last)
        && brought.iter().all(|migration| is_applied(migration.version))
        && applied.iter().all(|entry| entry.version > last || known(entry.version))
}

/// The last migration that a release brings; 0 if it brings none.
pub(super) fn last(release: &Release) -> i64 {
    release.descriptor.migrations.last().map_or(0, |migration| migration.version)
}

/// Takes back what is newer than what a release brings.
///
/// # Errors
/// [`OperationError::Migrate`]; the schema is as before then.
pub(super) async fn revert(pool: &Pool, release: &Release) -> Result<(), OperationError> {
    undo(pool, release.id(), release.version(), &Undo::RevertTo(last(release))).await
}

/// Takes back what an update did; nothing if it did nothing.
///
/// # Errors
/// [`OperationError::Migrate`], for example if a migration has no way down.
pub(super) async fn undo(pool: &Pool, id: &PluginId, version: &Version, undo: &Undo) -> Result<(), OperationError> {
    let migrator = PluginMigrator::new(pool, id.as_str());
    let undone = match undo {
        Undo::RevertTo(last) => migrator.revert(*last).await.map(drop),
        Undo::Purge => migrator.purge().await,
    };
    undone.map_err(|source| migrate_error(id, version, source))
}

/// What is applied of a plugin's migrations, oldest first.
///
/// # Errors
/// [`OperationError::Migrate`] if the ledger can't be read.
pub(super) async fn applied(pool: &Pool, id: &PluginId, version: &Version) -> Result<Vec<Applied>, OperationError> {
    let migrator = PluginMigrator::new(pool, id.as_str());
    migrator.applied().await.map_err(|source| migrate_error(id, version, source))
}

/// Takes the whole schema of a plugin away, with the data in it.
///
/// # Errors
/// [`OperationError::Migrate`].
pub(super) async fn purge(pool: &Pool, id: &PluginId, version: &Version) -> Result<(), OperationError> {
    let migrator = PluginMigrator::new(pool, id.as_str());
    migrator.purge().await.map_err(|source| migrate_error(id, version, source))
}

fn migrate_error(id: &PluginId, version: &Version, source: MigrateError) -> OperationError {
    OperationError::Migrate { id: id.clone(), version: version.clone(), source: source.into() }
}
