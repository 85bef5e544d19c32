//! A plugin's tables as SQL that another database can run.

use super::SnapshotError;
use super::archive::ArchiveWriter;
use super::catalog::Shape;
use super::quoted;
use super::rows::Pages;
use super::session::Session;
use super::take::shapes;
use crate::db::Pool;
use crate::db::migrate::ledger_table;
use plugin_api::db::ValueRef;

/// Types of PostgreSQL whose values stand without quotes.
const BARE: [&str; 6] = ["smallint", "integer", "bigint", "numeric", "real", "double precision"];

/// Writes the tables of a plugin to an entry of a zip: `CREATE`, `INSERT`, then keys and indexes. They are as
/// they are at one instant. Gives the number of rows.
///
/// # Errors
/// [`SnapshotError`].
pub async fn export_tables(
    pool: &Pool,
    plugin_id: &str,
    entry: &str,
    archive: &mut ArchiveWriter,
) -> Result<u64, SnapshotError> {
    let shared = pool.shared();
    let mut lease = shared.begin_reading().await?;
    let written = write(&mut Session { shared, lease: &mut lease }, plugin_id, entry, archive).await;
    if let Err(error) = lease.rollback().await {
        tracing::debug!(%error, "the connection of an export was closed");
    }
    written
}

async fn write(
    session: &mut Session<'_>,
    plugin_id: &str,
    entry: &str,
    archive: &mut ArchiveWriter,
) -> Result<u64, SnapshotError> {
    let ledger = ledger_table(plugin_id);
    let mut shapes = shapes(session, plugin_id).await?;
    shapes.retain(|shape| shape.name != ledger);
    archive.begin(entry).await?;
    let mut rows = 0;
    for shape in &shapes {
        archive.write(lines(&shape.create)).await?;
    }
    for shape in &shapes {
        if !shape.is_view {
            rows += inserts(session, shape, archive).await?;
        }
        archive.write(lines(&shape.finish)).await?;
    }
    for shape in &shapes {
        archive.write(lines(&shape.link)).await?;
    }
    Ok(rows)
}

fn lines(statements: &[String]) -> Vec<u8> {
    let line = |statement: &String| format!("{};\n", statement.trim_end().trim_end_matches(';'));
    statements.iter().map(line).collect::<String>().into_bytes()
}

async fn inserts(session: &mut Session<'_>, shape: &Shape, archive: &mut ArchiveWriter) -> Result<u64, SnapshotError> {
    let columns: Vec<String> = shape.stored().map(|column| quoted(&column.name)).collect();
    let head = format!("INSERT INTO {} ({}) VALUES (", quoted(&shape.name), columns.join(", "));
    let mut pages = Pages::of(session, shape).await?;
    let mut rows = 0;
    while let Some(page) = pages.next(session).await? {
        let mut text = String::new();
        for row in page.rows.iter() {
            let row = row?;
            let values = row.values()[page.skip..].iter().zip(shape.stored());
            let values: Vec<String> = values.map(|(value, column)| literal(value, &column.kind)).collect();
            text.push_str(&head);
            text.push_str(&values.join(", "));
            text.push_str(");\n");
        }
        pages.measured(page.rows.len(), text.len());
        rows += u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
        archive.write(text.into_bytes()).await?;
    }
    Ok(rows)
}

fn literal(value: &ValueRef<'_>, kind: &str) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Bool(value) => value.to_string().to_uppercase(),
        ValueRef::Int(value) => value.to_string(),
        // SQLite has no word for infinity, but reads this as it.
        ValueRef::Float(value) if value.is_infinite() => if *value > 0.0 { "9e999" } else { "-9e999" }.to_owned(),
        ValueRef::Float(value) => format!("{value:?}"),
        // PostgreSQL's values come as texts.
        ValueRef::Text(text) if kind == "boolean" => text.to_uppercase(),
        ValueRef::Text(text) if is_bare(kind, text) => (*text).to_owned(),
        // Both databases end a text at NUL.
        ValueRef::Text(text) if text.contains('\0') => format!("CAST(X'{}' AS TEXT)", hex::encode(text)),
        ValueRef::Text(text) => format!("'{}'", text.replace('\'', "''")),
        ValueRef::Bytes(bytes) => format!("X'{}'", hex::encode(bytes)),
    }
}

fn is_bare(kind: &str, text: &str) -> bool {
    let kind = kind.split('(').next().unwrap_or_default();
    BARE.contains(&kind) && text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte))
}
