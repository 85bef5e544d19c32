//! Statements about data rules.

use super::model::{DataRule, Draft};
use crate::admin::filter::Filter;
use plugin_api::db::{Database, DbError, Statements};

const COLUMNS: &str =
    "r.id, r.name, r.model, r.column_name, r.operator, r.expression, r.value, r.created_time, r.updated_time";

pub(super) async fn all(db: &Database) -> Result<Vec<DataRule>, DbError> {
    db.query(format!("SELECT {COLUMNS} FROM sys_data_rule r ORDER BY r.id")).fetch_all().await
}

pub(super) async fn page(db: &Database, filter: &Filter, limit: i64, offset: i64) -> Result<Vec<DataRule>, DbError> {
    let (sql, next) = (filter.sql(), filter.next());
    let last = next + 1;
    db.query(format!("SELECT {COLUMNS} FROM sys_data_rule r WHERE {sql} ORDER BY r.id LIMIT ${next} OFFSET ${last}"))
        .bind_all(filter.parameters())
        .bind(limit)
        .bind(offset)
        .fetch_all()
        .await
}

pub(super) async fn count(db: &Database, filter: &Filter) -> Result<u64, DbError> {
    let sql = format!("SELECT COUNT(*) FROM sys_data_rule r WHERE {}", filter.sql());
    db.query(sql).bind_all(filter.parameters()).fetch_scalar().await
}

pub(super) async fn by_id(db: &Database, id: i64) -> Result<Option<DataRule>, DbError> {
    db.query(format!("SELECT {COLUMNS} FROM sys_data_rule r WHERE r.id = $1")).bind(id).fetch_optional().await
}

pub(super) async fn exists(db: &impl Statements, id: i64) -> Result<bool, DbError> {
    let found: i64 = db.query("SELECT COUNT(*) FROM sys_data_rule WHERE id = $1").bind(id).fetch_scalar().await?;
    Ok(found > 0)
}

/// The rules of a scope.
pub(super) async fn of_scope(db: &Database, scope_id: i64) -> Result<Vec<DataRule>, DbError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM sys_data_rule r JOIN sys_data_scope_rule sr ON sr.data_rule_id = r.id \
         WHERE sr.data_scope_id = $1 ORDER BY r.id"
    );
    db.query(sql).bind(scope_id).fetch_all().await
}

/// The rules of the enabled scopes of the enabled roles of a user.
pub(super) async fn of_user(db: &Database, user_id: i64) -> Result<Vec<DataRule>, DbError> {
    let sql = format!(
        "SELECT DISTINCT {COLUMNS} FROM sys_data_rule r \
         JOIN sys_data_scope_rule sr ON sr.data_rule_id = r.id \
         JOIN sys_data_scope s ON s.id = sr.data_scope_id \
         JOIN sys_role_data_scope rs ON rs.data_scope_id = s.id \
         JOIN sys_role o ON o.id = rs.role_id JOIN sys_user_role ur ON ur.role_id = o.id \
         WHERE ur.user_id = $1 AND o.status = 1 AND s.status = 1 ORDER BY r.id"
    );
    db.query(sql).bind(user_id).fetch_all().await
}

pub(super) async fn insert(db: &Database, draft: &Draft, now_ms: i64) -> Result<(), DbError> {
    db.insert("sys_data_rule")
        .value("name", draft.name.as_str())
        .value("model", draft.model.as_str())
        .value("column_name", draft.column.as_str())
        .value("operator", draft.operator)
        .value("expression", draft.expression)
        .value("value", draft.value.as_str())
        .value("created_time", now_ms)
        .execute()
        .await
}

pub(super) async fn update(db: &Database, id: i64, draft: &Draft, now_ms: i64) -> Result<u64, DbError> {
    db.query(
        "UPDATE sys_data_rule SET name = $1, model = $2, column_name = $3, operator = $4, expression = $5, \
         value = $6, updated_time = $7 WHERE id = $8",
    )
    .bind(draft.name.as_str())
    .bind(draft.model.as_str())
    .bind(draft.column.as_str())
    .bind(draft.operator)
    .bind(draft.expression)
    .bind(draft.value.as_str())
    .bind(now_ms)
    .bind(id)
    .execute()
    .await
}

/// Deletes a rule with its places in scopes.
pub(super) async fn delete(db: &impl Statements, id: i64) -> Result<u64, DbError> {
    db.query("DELETE FROM sys_data_scope_rule WHERE data_rule_id = $1").bind(id).execute().await?;
    db.query("DELETE FROM sys_data_rule WHERE id = $1").bind(id).execute().await
}
