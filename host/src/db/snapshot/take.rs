//! Taking a copy.

use super::SnapshotError;
use super::archive::{ArchiveWriter, Sealed};
use super::catalog::{self, Shape};
use super::copied::{FORMAT, MANIFEST, Manifest, Table};
use super::rows::Pages;
use super::session::Session;
use super::value;
use crate::db::Pool;
use crate::db::migrate::ledger_table;
use crate::db::statement::Kind;
use plugin_api::db::{DbError, Dialect};
use sha2::{Digest, Sha256};
use std::io::Write;

/// What is copied, and why.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The plugin.
    pub plugin_id: &'a str,
    /// Its version.
    pub version: &'a str,
    /// Why the copy is taken, for people.
    pub reason: &'a str,
    /// When, in Unix milliseconds.
    pub taken_at_ms: i64,
}

/// A copy that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The file.
    pub sealed: Sealed,
    /// In all tables, without the ledger.
    pub rows: u64,
}

/// Which rows are copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Amount {
    All,
    /// If there are more in all tables together, none.
    NoneAbove(i64),
}

/// Copies a plugin's tables and ledger, as they are at one instant, to `sink`. Requests go on meanwhile.
///
/// # Errors
/// [`SnapshotError`]; what was written to `sink` is unreadable then.
pub async fn take<W: Write + Send + 'static>(
    pool: &Pool,
    subject: Subject<'_>,
    sink: W,
) -> Result<Taken, SnapshotError> {
    take_some(pool, subject, Amount::All, sink).await
}

pub(super) async fn take_some<W: Write + Send + 'static>(
    pool: &Pool,
    subject: Subject<'_>,
    amount: Amount,
    sink: W,
) -> Result<Taken, SnapshotError> {
    let shared = pool.shared();
    let mut lease = shared.begin_reading().await?;
    let mut session = Session { shared, lease: &mut lease };
    let mut archive = ArchiveWriter::new(sink);
    let copied = copy(&mut session, subject, amount, &mut archive).await;
    if let Err(error) = lease.rollback().await {
        tracing::debug!(%error, "the connection of a copy was closed");
    }
    let rows = copied?;
    Ok(Taken { sealed: archive.finish().await?, rows })
}

/// The tables and views of a plugin, and its ledger last.
pub(super) async fn shapes(session: &mut Session<'_>, plugin_id: &str) -> Result<Vec<Shape>, DbError> {
    let sql = "SELECT name, kind = 'view' FROM plugin_table WHERE plugin_id = $1 ORDER BY name";
    let mut names: Vec<(String, bool)> = session.all(sql, vec![plugin_id.into()]).await?;
    names.push((ledger_table(plugin_id), false));
    let mut shapes = Vec::with_capacity(names.len());
    for (name, is_view) in names {
        let kind = if is_view { Kind::View } else { Kind::Table };
        // A row without a table: somebody has dropped it by hand.
        shapes.extend(catalog::shape(session, &name, kind).await?);
    }
    Ok(shapes)
}

async fn copy(
    session: &mut Session<'_>,
    subject: Subject<'_>,
    amount: Amount,
    archive: &mut ArchiveWriter,
) -> Result<u64, SnapshotError> {
    let shapes = shapes(session, subject.plugin_id).await?;
    let ledger = ledger_table(subject.plugin_id);
    archive.begin("schema.sql").await?;
    archive.write(script(&shapes).into_bytes()).await?;
    let with_rows = amount == Amount::All || fits(session, &shapes, &ledger, amount).await?;
    let mut tables = Vec::with_capacity(shapes.len());
    let mut all_rows = 0;
    for (number, shape) in shapes.into_iter().enumerate() {
        let entry = format!("tables/{number}.jsonl");
        let mut table = Table { shape, entry, rows: 0, sha256: hex::encode(Sha256::digest(b"")) };
        let is_ledger = table.shape.name == ledger;
        archive.begin(table.entry.clone()).await?;
        if !table.shape.is_view && (with_rows || is_ledger) {
            copy_rows(session, &mut table, archive).await?;
        }
        all_rows += if is_ledger { 0 } else { table.rows };
        tables.push(table);
    }
    let manifest = Manifest {
        format: FORMAT,
        plugin_id: subject.plugin_id.to_owned(),
        version: subject.version.to_owned(),
        reason: subject.reason.to_owned(),
        database: database(session.dialect()).to_owned(),
        taken_at: subject.taken_at_ms,
        ledger: tables.iter().any(|table| table.shape.name == ledger).then_some(ledger),
        tables,
    };
    archive.begin(MANIFEST).await?;
    let text = serde_json::to_vec_pretty(&manifest).map_err(std::io::Error::other)?;
    archive.write(text).await?;
    Ok(all_rows)
}

/// As manifests of plugins call it.
pub(super) const fn database(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "sqlite",
        Dialect::Postgres => "postgresql",
    }
}

async fn fits(session: &mut Session<'_>, shapes: &[Shape], ledger: &str, amount: Amount) -> Result<bool, DbError> {
    let Amount::NoneAbove(most) = amount else { return Ok(true) };
    let mut rows: i64 = 0;
    for shape in shapes.iter().filter(|shape| !shape.is_view && shape.name != ledger) {
        let sql = format!("SELECT count(*) FROM {}", super::quoted(&shape.name));
        rows += session.all::<i64>(&sql, Vec::new()).await?.first().copied().unwrap_or(0);
    }
    Ok(rows <= most)
}

async fn copy_rows(
    session: &mut Session<'_>,
    table: &mut Table,
    archive: &mut ArchiveWriter,
) -> Result<(), SnapshotError> {
    let mut hash = Sha256::new();
    let mut pages = Pages::of(session, &table.shape).await?;
    while let Some(page) = pages.next(session).await? {
        let mut lines = Vec::new();
        for row in page.rows.iter() {
            lines.extend(value::line(&row?.values()[page.skip..]));
        }
        pages.measured(page.rows.len(), lines.len());
        table.rows += u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
        hash.update(&lines);
        archive.write(lines).await?;
    }
    table.sha256 = hex::encode(hash.finalize());
    Ok(())
}

/// For people, and for hands that have only the file.
pub(super) fn script(shapes: &[Shape]) -> String {
    let steps: [fn(&Shape) -> &Vec<String>; 3] = [|shape| &shape.create, |shape| &shape.finish, |shape| &shape.link];
    let statements = steps.into_iter().flat_map(|step| shapes.iter().flat_map(step));
    statements.map(|statement| format!("{};\n", statement.trim_end().trim_end_matches(';'))).collect()
}
