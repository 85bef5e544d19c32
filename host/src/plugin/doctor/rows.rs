//! Rows of the host's own tables that are about plugins.

use super::owners::{Owner, Owners};
use super::{Finding, Problem, Remedy, Subject};
use plugin_api::db::{Database, DbError, Value};
use serde::Deserialize;

/// Models that begin so are the host's own words.
const OWN_WORDS: &str = "__";

#[derive(Deserialize)]
struct MenuRow {
    id: i64,
    name: String,
    plugin_id: String,
}

#[derive(Deserialize)]
struct RuleRow {
    id: i64,
    name: String,
    model: String,
}

pub(super) async fn look(db: &Database, owners: &Owners, core_models: &[String]) -> Result<Vec<Finding>, DbError> {
    let mut found = menus(db, owners).await?;
    found.extend(grants(db).await?);
    found.extend(settings(db, owners).await?);
    found.extend(versions(db, owners).await?);
    found.extend(data_rules(db, owners, core_models).await?);
    found.extend(jobs(db, owners).await?);
    found.extend(events(db, owners).await?);
    Ok(found)
}

async fn menus(db: &Database, owners: &Owners) -> Result<Vec<Finding>, DbError> {
    let sql = "SELECT id, name, plugin_id FROM sys_menu WHERE plugin_id IS NOT NULL ORDER BY id";
    let rows: Vec<MenuRow> = db.query(sql).fetch_all().await?;
    let judged = |row: MenuRow| {
        let remedy = statements(
            &["DELETE FROM sys_role_menu WHERE menu_id = $1", "DELETE FROM sys_menu WHERE id = $1"],
            &Value::from(row.id),
        );
        owners.judged(Subject::Menu, row.name, &row.plugin_id, remedy)
    };
    Ok(rows.into_iter().filter_map(judged).collect())
}

/// A grant of an entry, or to a role, that is no more.
async fn grants(db: &Database) -> Result<Vec<Finding>, DbError> {
    let mut found = Vec::new();
    for (column, of) in [("menu_id", "sys_menu"), ("role_id", "sys_role")] {
        let sql = format!(
            "SELECT DISTINCT {column} FROM sys_role_menu WHERE {column} NOT IN (SELECT id FROM {of}) ORDER BY 1"
        );
        for id in db.query(sql).fetch_all::<i64>().await? {
            let remedy = statements(&[&format!("DELETE FROM sys_role_menu WHERE {column} = $1")], &Value::from(id));
            found.push(Finding::of(Subject::Grant, format!("{column} {id}"), None, Problem::Dangling, remedy));
        }
    }
    Ok(found)
}

async fn settings(db: &Database, owners: &Owners) -> Result<Vec<Finding>, DbError> {
    let sql = "SELECT plugin_id, key FROM plugin_setting ORDER BY plugin_id, key";
    let rows: Vec<(String, String)> = db.query(sql).fetch_all().await?;
    let judged = |(id, key): (String, String)| {
        // All of the plugin's at once: the second finding then finds nothing to do.
        let remedy = statements(&["DELETE FROM plugin_setting WHERE plugin_id = $1"], &Value::Text(id.clone()));
        owners.judged(Subject::Setting, key, &id, remedy)
    };
    Ok(rows.into_iter().filter_map(judged).collect())
}

async fn versions(db: &Database, owners: &Owners) -> Result<Vec<Finding>, DbError> {
    let sql = "SELECT plugin_id, version FROM plugin_version ORDER BY plugin_id, version";
    let rows: Vec<(String, String)> = db.query(sql).fetch_all().await?;
    let mut found: Vec<Finding> = Vec::new();
    for (id, version) in rows {
        // Of an uninstalled plugin nothing is kept but its data.
        if matches!(owners.owner(&id), Owner::Kept | Owner::Nobody) {
            let remedy = statements(&["DELETE FROM plugin_version WHERE plugin_id = $1"], &Value::Text(id.clone()));
            found.push(Finding::of(Subject::Version, version, Some(&id), Problem::NoOwner, remedy));
        }
    }
    let sql = "SELECT DISTINCT sha256 FROM plugin_bundle_piece WHERE sha256 NOT IN (SELECT sha256 FROM plugin_version) \
               AND sha256 NOT IN (SELECT bundle_sha256 FROM plugin_plan WHERE bundle_sha256 IS NOT NULL) ORDER BY 1";
    for sha256 in db.query(sql).fetch_all::<String>().await? {
        let remedy = statements(&["DELETE FROM plugin_bundle_piece WHERE sha256 = $1"], &Value::Text(sha256.clone()));
        found.push(Finding::of(Subject::Bundle, sha256, None, Problem::NoOwner, remedy));
    }
    Ok(found)
}

/// Rules only ever add to what somebody sees of their own model: without its model, one says nothing.
async fn data_rules(db: &Database, owners: &Owners, core_models: &[String]) -> Result<Vec<Finding>, DbError> {
    let rows: Vec<RuleRow> = db.query("SELECT id, name, model FROM sys_data_rule ORDER BY id").fetch_all().await?;
    let mut found = Vec::new();
    for RuleRow { id, name, model } in rows {
        if model.starts_with(OWN_WORDS) || core_models.contains(&model) {
            continue;
        }
        let (problem, plugin, remedy) = match owners.owner_of_model(&model) {
            Some((Owner::Installed | Owner::Unfinished, _)) => continue,
            Some((Owner::Kept, plugin)) => (Problem::Kept, plugin, Remedy::None),
            None => (Problem::Kept, None, Remedy::None),
            Some((Owner::Nobody, plugin)) => {
                let sql = [
                    "DELETE FROM sys_data_scope_rule WHERE data_rule_id = $1",
                    "DELETE FROM sys_data_rule WHERE id = $1",
                ];
                (Problem::Dangling, plugin, statements(&sql, &Value::from(id)))
            }
        };
        found.push(Finding::of(Subject::DataRule, format!("{name} ({model})"), plugin, problem, remedy));
    }
    Ok(found)
}

/// Of a plugin that is not there, or that does not have the job.
async fn jobs(db: &Database, owners: &Owners) -> Result<Vec<Finding>, DbError> {
    let sql = "SELECT plugin_id, name FROM plugin_job ORDER BY plugin_id, name";
    let rows: Vec<(String, String)> = db.query(sql).fetch_all().await?;
    let is_known = |id: &str, name: &str| match owners.owner(id) {
        Owner::Unfinished => true,
        Owner::Installed => owners.has_job(id, name),
        Owner::Kept | Owner::Nobody => false,
    };
    let found = rows.into_iter().filter(|(id, name)| !is_known(id, name)).map(|(id, name)| {
        let remedy = Remedy::Statements(vec![(
            "DELETE FROM plugin_job WHERE plugin_id || '.' || name = $1".to_owned(),
            Value::Text(format!("{id}.{name}")),
        )]);
        Finding::of(Subject::Job, name, Some(&id), Problem::NoOwner, remedy)
    });
    Ok(found.collect())
}

/// Of a plugin that is not there.
async fn events(db: &Database, owners: &Owners) -> Result<Vec<Finding>, DbError> {
    let sql = "SELECT plugin_id, COUNT(*) FROM plugin_event GROUP BY plugin_id ORDER BY plugin_id";
    let rows: Vec<(String, i64)> = db.query(sql).fetch_all().await?;
    let gone = |id: &str| matches!(owners.owner(id), Owner::Kept | Owner::Nobody);
    let found = rows.into_iter().filter(|(id, _)| gone(id)).map(|(id, count)| {
        let remedy = statements(&["DELETE FROM plugin_event WHERE plugin_id = $1"], &Value::Text(id.clone()));
        Finding::of(Subject::Event, count.to_string(), Some(&id), Problem::NoOwner, remedy)
    });
    Ok(found.collect())
}

fn statements(sql: &[&str], value: &Value) -> Remedy {
    Remedy::Statements(sql.iter().map(|sql| ((*sql).to_owned(), value.clone())).collect())
}
