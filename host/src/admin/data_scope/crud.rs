//! Statements about data scopes.

use super::model::DataScope;
use crate::admin::filter::Filter;
use plugin_api::db::{Database, DbError, Statements};

const COLUMNS: &str = "id, name, status, created_time, updated_time";

pub(super) async fn all(db: &Database) -> Result<Vec<DataScope>, DbError> {
    db.query(format!("SELECT {COLUMNS} FROM sys_data_scope ORDER BY id")).fetch_all().await
}

pub(super) async fn page(db: &Database, filter: &Filter, limit: i64, offset: i64) -> Result<Vec<DataScope>, DbError> {
    let (sql, next) = (filter.sql(), filter.next());
    let last = next + 1;
    db.query(format!("SELECT {COLUMNS} FROM sys_data_scope WHERE {sql} ORDER BY id LIMIT ${next} OFFSET ${last}"))
        .bind_all(filter.parameters())
        .bind(limit)
        .bind(offset)
        .fetch_all()
        .await
}

pub(super) async fn count(db: &Database, filter: &Filter) -> Result<u64, DbError> {
    let sql = format!("SELECT COUNT(*) FROM sys_data_scope WHERE {}", filter.sql());
    db.query(sql).bind_all(filter.parameters()).fetch_scalar().await
}

pub(super) async fn by_id(db: &Database, id: i64) -> Result<Option<DataScope>, DbError> {
    db.query(format!("SELECT {COLUMNS} FROM sys_data_scope WHERE id = $1")).bind(id).fetch_optional().await
}

pub(super) async fn insert(db: &Database, name: &str, status: i32, now_ms: i64) -> Result<(), DbError> {
    db.insert("sys_data_scope")
        .value("name", name)
        .value("status", status)
        .value("created_time", now_ms)
        .execute()
        .await
}

pub(super) async fn update(db: &Database, id: i64, name: &str, status: i32, now_ms: i64) -> Result<u64, DbError> {
    db.query("UPDATE sys_data_scope SET name = $1, status = $2, updated_time = $3 WHERE id = $4")
        .bind(name)
        .bind(status)
        .bind(now_ms)
        .bind(id)
        .execute()
        .await
}

/// Marks a scope as changed, which also keeps others from changing it before the transaction ends.
pub(super) async fn touch(db: &impl Statements, id: i64, now_ms: i64) -> Result<u64, DbError> {
    db.query("UPDATE sys_data_scope SET updated_time = $1 WHERE id = $2").bind(now_ms).bind(id).execute().await
}

pub(super) async fn remove_rules(db: &impl Statements, id: i64) -> Result<u64, DbError> {
    db.query("DELETE FROM sys_data_scope_rule WHERE data_scope_id = $1").bind(id).execute().await
}

pub(super) async fn add_rule(db: &impl Statements, id: i64, rule_id: i64) -> Result<u64, DbError> {
    db.query("INSERT INTO sys_data_scope_rule (data_scope_id, data_rule_id) VALUES ($1, $2)")
        .bind(id)
        .bind(rule_id)
        .execute()
        .await
}

/// Deletes a scope with its links to rules and roles.
pub(super) async fn delete(db: &impl Statements, id: i64) -> Result<u64, DbError> {
    remove_rules(db, id).await?;
    db.query("DELETE FROM sys_role_data_scope WHERE data_scope_id = $1").bind(id).execute().await?;
    db.query("DELETE FROM sys_data_scope WHERE id = $1").bind(id).execute().await
}

/// Enabled roles of a user that see everything.
pub(super) async fn unfiltered_roles(db: &Database, user_id: i64) -> Result<i64, DbError> {
    db.query(
        "SELECT COUNT(*) FROM sys_role r JOIN sys_user_role ur ON ur.role_id = r.id \
         WHERE ur.user_id = $1 AND r.status = 1 AND NOT r.is_filter_scopes",
    )
    .bind(user_id)
    .fetch_scalar()
    .await
}

/// The department of a user.
pub(super) async fn dept_of(db: &Database, user_id: i64) -> Result<Option<i64>, DbError> {
    let found: Option<Option<i64>> =
        db.query("SELECT dept_id FROM sys_user WHERE id = $1").bind(user_id).fetch_optional().await?;
    Ok(found.flatten())
}
