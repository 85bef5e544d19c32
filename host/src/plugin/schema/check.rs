//! A bundle's migrations, looked at before anything of it runs: what they would do, and what of it is refused.

use crate::db::Pool;
use crate::db::migrate::{self, Contraction, Fault, MigrateError, Outline, Owners, Reads};
use crate::plugin::error::OperationError;
use crate::plugin::id::PluginId;
use crate::plugin::manifest::Manifest;
use crate::plugin::release::Release;
use plugin_api::db::{Database, DbError, Dialect};
use plugin_api::descriptor::{Descriptor, MigrationSpec};
use semver::Version;
use std::collections::BTreeSet;

/// What a bundle's migrations do on one database.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct SchemaOutline {
    /// `sqlite` or `postgresql`.
    pub database: &'static str,
    /// Oldest first.
    pub migrations: Vec<Outline>,
}

/// What the migrations of a release do, on each database that it supports.
///
/// # Errors
/// [`OperationError::Migrate`] if their numbers or scripts can't be accepted at all.
pub fn outlines(release: &Release) -> Result<Vec<SchemaOutline>, OperationError> {
    let outline = |dialect| {
        let migrations = migrate::outlines(dialect, &release.descriptor.migrations)?;
        Ok(SchemaOutline { database: database_name(dialect), migrations })
    };
    let outlines: Result<_, MigrateError> = dialects(&release.manifest).into_iter().map(outline).collect();
    outlines.map_err(|source| super::migrate_error(release.id(), release.version(), source))
}

/// Everything in the migrations of a bundle that is refused, on each database that it supports.
///
/// # Errors
/// As [`outlines`].
pub fn faults(
    manifest: &Manifest,
    migrations: &[MigrationSpec],
    owners: &Owners,
) -> Result<Vec<Fault>, OperationError> {
    migrate::faults(manifest.id.as_str(), &dialects(manifest), migrations, owners, Reads::Own)
        .map_err(|source| super::migrate_error(&manifest.id, &manifest.version, source))
}

/// Refuses migrations with faults; `owners` tells what belongs to whom in this database.
///
/// # Errors
/// [`OperationError::Migrations`] with all of them.
pub(in crate::plugin) fn refuse_faults(
    manifest: &Manifest,
    descriptor: &Descriptor,
    owners: &Owners,
) -> Result<(), OperationError> {
    let faults = faults(manifest, &descriptor.migrations, owners)?;
    if faults.is_empty() {
        return Ok(());
    }
    Err(OperationError::Migrations { id: manifest.id.clone(), version: manifest.version.clone(), faults })
}

/// What of a release's migrations that are not applied yet would break the version that serves now.
///
/// # Errors
/// [`OperationError::Migrate`].
pub async fn contractions(pool: &Pool, release: &Release) -> Result<Vec<Contraction>, OperationError> {
    let applied = super::applied(pool, release.id(), release.version()).await?;
    let applied_to = applied.last().map_or(0, |applied| applied.version);
    migrate::contractions(pool.database().dialect(), &release.descriptor.migrations, applied_to)
        .map_err(|source| super::migrate_error(release.id(), release.version(), source))
}

/// Refuses to bring the schema of `release` about while `serving` serves on it.
///
/// # Errors
/// [`OperationError::Contracts`] with everything that would break it.
pub(in crate::plugin) async fn refuse_contractions(
    pool: &Pool,
    serving: &Version,
    release: &Release,
) -> Result<(), OperationError> {
    let contractions = contractions(pool, release).await?;
    if contractions.is_empty() {
        return Ok(());
    }
    let (id, version) = (release.id().clone(), release.version().clone());
    Err(OperationError::Contracts { id, version, serving: serving.clone(), contractions })
}

/// Whose tables are in the database.
///
/// # Errors
/// The database's.
pub async fn owners(pool: &Pool) -> Result<Owners, DbError> {
    let sql = "SELECT name, plugin_id FROM plugin_table";
    let rows: Vec<(String, String)> = pool.database().query(sql).fetch_all().await?;
    Ok(Owners::new(rows.into_iter().collect()))
}

/// The tables and views of a plugin, as they are registered.
///
/// # Errors
/// The database's.
pub(in crate::plugin) async fn own_tables(db: &Database, id: &PluginId) -> Result<BTreeSet<String>, DbError> {
    let names: Vec<String> =
        db.query("SELECT name FROM plugin_table WHERE plugin_id = $1").bind(id.as_str()).fetch_all().await?;
    Ok(names.into_iter().collect())
}

fn dialects(manifest: &Manifest) -> Vec<Dialect> {
    let supported = |dialect: &Dialect| manifest.database.iter().any(|supported| supported == database_name(*dialect));
    [Dialect::Sqlite, Dialect::Postgres].into_iter().filter(supported).collect()
}

/// As manifests call it.
pub(in crate::plugin) const fn database_name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "sqlite",
        Dialect::Postgres => "postgresql",
    }
}
