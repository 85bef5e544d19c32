//! SQLite keeps the statements that made everything.

use super::{Column, Shape};
use crate::db::snapshot::quoted;
use crate::db::snapshot::session::Session;
use plugin_api::db::DbError;

/// Names that a rowid answers to unless a column has them.
const ROW_NUMBERS: [&str; 3] = ["rowid", "_rowid_", "oid"];

pub(super) async fn shape(session: &mut Session<'_>, name: &str) -> Result<Option<Shape>, DbError> {
    let sql = "SELECT type, name, sql FROM sqlite_master WHERE lower(tbl_name) = lower($1) AND sql IS NOT NULL ORDER BY type, name";
    let parts: Vec<(String, String, String)> = session.all(sql, vec![name.into()]).await?;
    let Some((kind, own_name, create)) = parts.iter().find(|(kind, ..)| kind == "table" || kind == "view") else {
        return Ok(None);
    };
    let of_kind = |wanted: &str| {
        parts.iter().filter(move |(kind, ..)| kind == wanted).map(|(.., sql)| sql.clone()).collect::<Vec<_>>()
    };
    let mut shape = Shape {
        name: own_name.clone(),
        is_view: kind == "view",
        columns: Vec::new(),
        create: vec![create.clone()],
        finish: Vec::new(),
        link: of_kind("trigger"),
    };
    if shape.is_view {
        shape.link.insert(0, shape.create.remove(0));
        return Ok(Some(shape));
    }
    // A row can't refer to a table whose key is not unique yet.
    shape.create.extend(of_kind("index"));
    shape.columns = columns(session, own_name).await?;
    shape.finish.extend(sequence(session, own_name).await?);
    Ok(Some(shape))
}

async fn columns(session: &mut Session<'_>, name: &str) -> Result<Vec<Column>, DbError> {
    let sql = "SELECT name, hidden FROM pragma_table_xinfo($1) ORDER BY cid";
    let rows: Vec<(String, i64)> = session.all(sql, vec![name.into()]).await?;
    let column = |(name, hidden)| Column { name, kind: String::new(), is_computed: hidden != 0 };
    Ok(rows.into_iter().map(column).collect())
}

/// Where `AUTOINCREMENT` goes on, which may be further than the rows that are left.
async fn sequence(session: &mut Session<'_>, name: &str) -> Result<Vec<String>, DbError> {
    let sql = "SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_sequence'";
    if session.all::<i64>(sql, Vec::new()).await? != [1] {
        return Ok(Vec::new());
    }
    let found: Vec<i64> = session.all("SELECT seq FROM sqlite_sequence WHERE name = $1", vec![name.into()]).await?;
    let name = name.replace('\'', "''");
    let set = |last: i64| {
        [
            format!("DELETE FROM sqlite_sequence WHERE name = '{name}'"),
            format!("INSERT INTO sqlite_sequence (name, seq) VALUES ('{name}', {last})"),
        ]
    };
    Ok(found.first().map(|last| set(*last)).into_iter().flatten().collect())
}

/// What to page a table's rows by; None where it has no rowid, or hides it.
pub(in crate::db::snapshot) async fn row_number(
    session: &mut Session<'_>,
    shape: &Shape,
) -> Result<Option<&'static str>, DbError> {
    let sql = "SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = $1";
    if session.all::<i64>(sql, vec![shape.name.clone().into()]).await? != [0] {
        return Ok(None);
    }
    let is_column = |name: &str| shape.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
    Ok(ROW_NUMBERS.into_iter().find(|name| !is_column(name)))
}

/// The columns of a table's primary key, quoted and in order.
pub(in crate::db::snapshot) async fn key(session: &mut Session<'_>, name: &str) -> Result<Vec<String>, DbError> {
    let sql = "SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk";
    let names: Vec<String> = session.all(sql, vec![name.into()]).await?;
    Ok(names.iter().map(|name| quoted(name)).collect())
}
