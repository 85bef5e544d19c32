//! Down scripts, tried on a copy: they may be reverted for real only if they lead to where the migrations that
//! stay would have led.

use super::SnapshotError;
use super::catalog::{self, Shape};
use super::copied;
use super::restore;
use super::session::Session;
use super::take::{Amount, Subject, take_some};
use crate::db::Pool;
use crate::db::lease::Lease;
use crate::db::migrate::{Ledger, MigrateError, ledger_table};
use crate::db::pool::Shared;
use crate::db::statement::{self, Kind};
use plugin_api::db::{DbError, Dialect};
use plugin_api::descriptor::MigrationSpec;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

/// Of a plugin with more rows only the schema is tried: a rollback must not take long.
const ROWS_MAX: i64 = 100_000;
/// The most differences that a message lists.
const LISTED_MAX: usize = 3;

/// Why down scripts can't be trusted. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum Unproven {
    /// There could be no trial.
    #[error("try the down scripts on a copy")]
    Trial(#[from] SnapshotError),
    /// One of them failed there.
    #[error("revert on a copy")]
    Down(#[from] MigrateError),
    /// They lead somewhere else.
    #[error(
        "the down scripts don't lead back to what migrations up to {to_version} create: {}{}",
        differences[..differences.len().min(LISTED_MAX)].join("; "),
        if differences.len() > LISTED_MAX { "; …" } else { "" }
    )]
    Differs {
        /// The last migration that would stay.
        to_version: i64,
        /// What is different, at least one thing.
        differences: Vec<String>,
    },
}

impl From<DbError> for Unproven {
    fn from(error: DbError) -> Self {
        Self::Trial(error.into())
    }
}

impl From<std::io::Error> for Unproven {
    fn from(error: std::io::Error) -> Self {
        Self::Trial(error.into())
    }
}

/// Reverts a plugin's migrations after `to_version` on a copy of its tables, and compares what is left with
/// what `migrations` up to there create. The plugin's own tables are only read.
///
/// # Errors
/// [`Unproven`].
pub async fn prove_down(
    pool: &Pool,
    plugin_id: &str,
    migrations: &[MigrationSpec],
    to_version: i64,
) -> Result<(), Unproven> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("copy.zip");
    let subject = Subject { plugin_id, version: "", reason: "", taken_at_ms: 0 };
    take_some(pool, subject, Amount::NoneAbove(ROWS_MAX), File::create(&file)?).await?;
    let trial = Trial { table: ledger_table(plugin_id), migrations, to_version, file: &file };
    let (reverted, applied) = match pool.shared().dialect() {
        Dialect::Sqlite => trial.in_files(folder.path()).await?,
        Dialect::Postgres => trial.in_schemas(pool).await?,
    };
    let differences = differences(&reverted, &applied);
    if differences.is_empty() { Ok(()) } else { Err(Unproven::Differs { to_version, differences }) }
}

/// What is found in a database: name and normal form of each table and view.
type Found = BTreeMap<String, Vec<String>>;

struct Trial<'a> {
    table: String,
    migrations: &'a [MigrationSpec],
    to_version: i64,
    file: &'a Path,
}

impl Trial<'_> {
    async fn in_files(&self, folder: &Path) -> Result<(Found, Found), Unproven> {
        let reverted = self.in_file(&folder.join("reverted.db"), Way::Down).await?;
        let applied = self.in_file(&folder.join("applied.db"), Way::Up).await?;
        Ok((reverted, applied))
    }

    async fn in_file(&self, file: &Path, way: Way) -> Result<Found, Unproven> {
        let scratch = Pool::open_scratch(file).await.map_err(std::io::Error::other)?;
        let mut lease = scratch.shared().begin().await?;
        let found = self.go(scratch.shared(), &mut lease, way).await;
        // Rolled back or not, it is thrown away.
        drop(lease);
        scratch.close().await;
        found
    }

    /// In schemas that nobody else ever sees: the transaction that makes them is rolled back.
    async fn in_schemas(&self, pool: &Pool) -> Result<(Found, Found), Unproven> {
        let shared = pool.shared();
        let mut lease = shared.begin().await?;
        let found = async {
            lease.script("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10s'").await?;
            let mut found = Vec::with_capacity(2);
            for (schema, way) in [("backplane_trial_down", Way::Down), ("backplane_trial_up", Way::Up)] {
                lease.script(&format!("CREATE SCHEMA {schema}; SET LOCAL search_path = {schema}")).await?;
                found.push(self.go(shared, &mut lease, way).await?);
            }
            Ok::<_, Unproven>(found)
        };
        let found = found.await;
        // Closes the connection, which rolls back: on it, names were prepared to mean other tables.
        drop(lease);
        let mut found = found?.into_iter();
        Ok((found.next().unwrap_or_default(), found.next().unwrap_or_default()))
    }

    async fn go(&self, shared: &Shared, lease: &mut Lease, way: Way) -> Result<Found, Unproven> {
        match way {
            Way::Down => {
                let manifest = copied::manifest(self.file).await?;
                restore::fill(&mut Session { shared, lease }, &manifest, self.file).await?;
                let mut ledger = Ledger { shared, lease, table: &self.table, plugin: None };
                ledger.revert(self.to_version).await?;
            }
            Way::Up => {
                let mut ledger = Ledger { shared, lease, table: &self.table, plugin: None };
                ledger.apply_up_to(self.migrations, self.to_version).await?;
            }
        }
        self.found(&mut Session { shared, lease }).await.map_err(Unproven::from)
    }

    async fn found(&self, session: &mut Session<'_>) -> Result<Found, DbError> {
        let sql = match session.dialect() {
            Dialect::Sqlite => {
                "SELECT name, type = 'view' FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            }
            Dialect::Postgres => {
                "SELECT relname::text, relkind = 'v' FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v')"
            }
        };
        let names: Vec<(String, bool)> = session.all(sql, Vec::new()).await?;
        let mut found = Found::new();
        for (name, is_view) in names.into_iter().filter(|(name, _)| *name != self.table) {
            let kind = if is_view { Kind::View } else { Kind::Table };
            if let Some(shape) = catalog::shape(session, &name, kind).await? {
                found.insert(name, normal(session.dialect(), &shape));
            }
        }
        Ok(found)
    }
}

#[derive(Debug, Clone, Copy)]
enum Way {
    Down,
    Up,
}

/// What a table is, without where its numbers go on, and without the traces of how it came to be.
fn normal(dialect: Dialect, shape: &Shape) -> Vec<String> {
    let statements = shape.create.iter().chain(&shape.finish).chain(&shape.link);
    let counts =
        |statement: &&String| statement.starts_with("SELECT setval(") || statement.contains(" sqlite_sequence ");
    let mut normal: Vec<String> = statements
        .filter(|statement| !counts(statement) && !statement.starts_with("COMMENT ON "))
        .map(|statement| match dialect {
            Dialect::Sqlite => statement::normal(statement),
            Dialect::Postgres => statement.clone(),
        })
        .collect();
    normal.sort();
    normal
}

fn differences(reverted: &Found, applied: &Found) -> Vec<String> {
    let left = reverted.keys().filter(|name| !applied.contains_key(*name)).map(|name| format!("{name} is left over"));
    let gone = applied.keys().filter(|name| !reverted.contains_key(*name)).map(|name| format!("{name} is missing"));
    let other = applied.iter().filter_map(|(name, wanted)| {
        let found = reverted.get(name).filter(|found| *found != wanted)?;
        let only = |one: &[String], other: &[String]| {
            one.iter().find(|statement| !other.contains(statement)).cloned().unwrap_or_else(|| "nothing".to_owned())
        };
        Some(format!("{name} is {:?} instead of {:?}", only(found, wanted), only(wanted, found)))
    });
    left.chain(gone).chain(other).collect()
}
