//! Ledgers of migrations, and the tables that migrations have created.

use super::owners::Owners;
use super::{Finding, Problem, Remedy, Subject};
use plugin_api::db::{Database, DbError, Value};
use serde::Deserialize;
use std::collections::BTreeSet;

/// What a plugin's ledger begins with.
const LEDGER: &str = "_migrations_";
/// Says which plugin has created which table; not in every version of the schema.
const REGISTRY: &str = "plugin_table";

#[derive(Deserialize)]
struct TableRow {
    name: String,
    plugin_id: String,
    kind: String,
}

pub(super) async fn look(db: &Database, tables: &BTreeSet<String>, owners: &Owners) -> Result<Vec<Finding>, DbError> {
    let ledgers = tables.iter().filter_map(|table| Some((table, table.strip_prefix(LEDGER)?)));
    let mut found: Vec<Finding> = ledgers
        .filter_map(|(table, id)| owners.judged(Subject::Ledger, table, id, Remedy::Purge(id.to_owned())))
        .collect();
    if !tables.contains(REGISTRY) {
        return Ok(found);
    }
    let sql = "SELECT name, plugin_id, kind FROM plugin_table ORDER BY name";
    let registered: Vec<TableRow> = db.query(sql).fetch_all().await?;
    for row in registered {
        let TableRow { name, plugin_id, kind } = &row;
        if kind == "table" && !tables.contains(name) {
            let remedy = Remedy::Statements(vec![forgotten(name)]);
            found.push(Finding::of(Subject::Table, name, Some(plugin_id), Problem::Missing, remedy));
            continue;
        }
        found.extend(owners.judged(Subject::Table, name, plugin_id, dropped(&row)));
    }
    Ok(found)
}

fn dropped(row: &TableRow) -> Remedy {
    let what = if row.kind == "view" { "VIEW" } else { "TABLE" };
    let drop = format!("DROP {what} IF EXISTS \"{}\"", row.name.replace('"', "\"\""));
    Remedy::Statements(vec![(drop, Value::Null), forgotten(&row.name)])
}

fn forgotten(name: &str) -> (String, Value) {
    ("DELETE FROM plugin_table WHERE name = $1".to_owned(), Value::Text(name.to_owned()))
}
