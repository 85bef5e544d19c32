//! Bringing a copy back.

use super::SnapshotError;
use super::copied::{self, BATCH_ROWS, Manifest, Table};
use super::quoted;
use super::session::Session;
use super::take::database;
use super::value;
use crate::db::Pool;
use crate::db::lease::Lease;
use crate::db::migrate::{Ledger, ledger_table};
use crate::db::pool::Shared;
use crate::db::statement::Kind;
use plugin_api::db::{DbError, Dialect, Value};
use std::path::Path;

/// Replaces a plugin's tables, ledger and rows by those of a copy, whole or not at all. Nothing of the plugin
/// may run meanwhile. Gives the number of rows.
///
/// # Errors
/// [`SnapshotError`]; everything is as before then.
pub async fn restore(pool: &Pool, plugin_id: &str, file: &Path) -> Result<u64, SnapshotError> {
    let shared = pool.shared();
    let manifest = copied::manifest(file).await?;
    refuse_other("plugin", &manifest.plugin_id, plugin_id)?;
    refuse_other("database", &manifest.database, database(shared.dialect()))?;
    let mut lease = shared.begin().await?;
    match replace(shared, &mut lease, &manifest, file).await {
        Ok(rows) => {
            lease.will_alter();
            lease.commit(shared).await?;
            Ok(rows)
        }
        Err(error) => {
            if let Err(rollback) = lease.rollback().await {
                tracing::warn!(error = %rollback, "failed to roll back; the connection was closed, which does the same");
            }
            Err(error)
        }
    }
}

fn refuse_other(what: &str, found: &str, wanted: &str) -> Result<(), SnapshotError> {
    if found == wanted {
        return Ok(());
    }
    Err(SnapshotError::Other { found: format!("{what} {found}"), wanted: format!("{what} {wanted}") })
}

async fn replace(shared: &Shared, lease: &mut Lease, manifest: &Manifest, file: &Path) -> Result<u64, SnapshotError> {
    let (plugin, table) = (manifest.plugin_id.as_str(), ledger_table(&manifest.plugin_id));
    let mut ledger = Ledger { shared, lease, table: &table, plugin: Some(plugin) };
    ledger.lock().await?;
    if ledger.exists().await? {
        ledger.forget().await?;
    }
    ledger.drop_left_overs(plugin).await?;
    let rows = fill(&mut Session { shared, lease }, manifest, file).await?;
    let kind = |is_view| if is_view { Kind::View } else { Kind::Table };
    let owned = manifest.owned().map(|shape| (registered(shared.dialect(), &shape.name), kind(shape.is_view)));
    let mut ledger = Ledger { shared, lease, table: &table, plugin: Some(plugin) };
    ledger.register(plugin, &owned.collect()).await?;
    Ok(rows)
}

/// SQLite keeps the spelling of a name; the registry doesn't.
fn registered(dialect: Dialect, name: &str) -> String {
    match dialect {
        Dialect::Sqlite => name.to_ascii_lowercase(),
        Dialect::Postgres => name.to_owned(),
    }
}

/// Makes everything that a copy holds, where nothing of it is.
pub(super) async fn fill(session: &mut Session<'_>, manifest: &Manifest, file: &Path) -> Result<u64, SnapshotError> {
    if session.dialect() == Dialect::Sqlite {
        // Rows come before those that they refer to; looked at when the transaction ends.
        session.script("PRAGMA defer_foreign_keys = ON").await?;
    }
    let mut rows = 0;
    for table in &manifest.tables {
        run(session, &table.shape.create).await?;
    }
    for table in &manifest.tables {
        if !table.shape.is_view {
            let filled = fill_table(session, table, file).await?;
            rows += if manifest.ledger.as_ref() == Some(&table.shape.name) { 0 } else { filled };
        }
        run(session, &table.shape.finish).await?;
    }
    for table in &manifest.tables {
        run(session, &table.shape.link).await?;
    }
    Ok(rows)
}

async fn run(session: &mut Session<'_>, statements: &[String]) -> Result<(), DbError> {
    for statement in statements {
        session.script(statement).await?;
    }
    Ok(())
}

async fn fill_table(session: &mut Session<'_>, table: &Table, file: &Path) -> Result<u64, SnapshotError> {
    let width = table.shape.stored().count();
    let mut lines = copied::lines(file.to_owned(), table);
    let mut rows = 0;
    while let Some(batch) = lines.recv().await {
        let batch = batch?;
        // Connections remember statements by their texts: these are two, not one for each number of rows.
        let together = if batch.len() == BATCH_ROWS && width * BATCH_ROWS <= PARAMETERS_MAX { BATCH_ROWS } else { 1 };
        let sql = insert(session.dialect(), table, together);
        for lines in batch.chunks(together) {
            let mut values: Vec<Value> = Vec::with_capacity(width * together);
            for line in lines {
                values.extend(value::values(line, width)?);
            }
            session.execute(&sql, values).await?;
        }
        rows += u64::try_from(batch.len()).unwrap_or(u64::MAX);
    }
    if rows == table.rows {
        return Ok(rows);
    }
    let (entry, expected) = (&table.entry, table.rows);
    Err(SnapshotError::Damaged(format!("{entry} has {rows} rows, the manifest says {expected}")))
}

/// SQLite's bound is 32,766, PostgreSQL's twice that.
const PARAMETERS_MAX: usize = 32_000;

fn insert(dialect: Dialect, table: &Table, rows: usize) -> String {
    let columns: Vec<String> = table.shape.stored().map(|column| quoted(&column.name)).collect();
    let mut number = 0;
    let mut parameter = |kind: &str| {
        number += 1;
        match dialect {
            Dialect::Sqlite => format!("${number}"),
            // Sent as text, which every type reads exactly as it wrote it.
            Dialect::Postgres => format!("${number}::text::{kind}"),
        }
    };
    let row = |parameter: &mut dyn FnMut(&str) -> String| {
        let values: Vec<String> = table.shape.stored().map(|column| parameter(&column.kind)).collect();
        format!("({})", values.join(", "))
    };
    let rows: Vec<String> = (0..rows).map(|_| row(&mut parameter)).collect();
    let numbers_too = if dialect == Dialect::Postgres { " OVERRIDING SYSTEM VALUE" } else { "" };
    format!(
        "INSERT INTO {} ({}){numbers_too} VALUES {}",
        quoted(&table.shape.name),
        columns.join(", "),
        rows.join(", ")
    )
}
