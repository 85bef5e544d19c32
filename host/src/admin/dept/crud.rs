//! Statements about departments.

use super::model::{Dept, Draft, Search};
use crate::admin::filter::Filter;
use plugin_api::Permitted;
use plugin_api::db::{Database, DbError, Statements};

const COLUMNS: &str = "id, name, parent_id, sort, leader, phone, email, status, del_flag, created_time, updated_time";

pub(super) async fn list(db: &Database, search: &Search, permitted: &Permitted) -> Result<Vec<Dept>, DbError> {
    let filter = Filter::new()
        .containing("name", search.name.as_deref())
        .containing("leader", search.leader.as_deref())
        .starting("phone", search.phone.as_deref())
        .equal("status", search.status)
        .within(permitted);
    let sql = filter.sql();
    db.query(format!("SELECT {COLUMNS} FROM sys_dept WHERE NOT del_flag AND {sql} ORDER BY sort, id"))
        .bind_all(filter.parameters())
        .fetch_all()
        .await
}

/// A department that is not deleted.
pub(super) async fn by_id(db: &impl Statements, id: i64) -> Result<Option<Dept>, DbError> {
    db.query(format!("SELECT {COLUMNS} FROM sys_dept WHERE id = $1 AND NOT del_flag")).bind(id).fetch_optional().await
}

/// Keeps other transactions from changing the tree before this one ends. The first row is never
/// removed, so it can stand for the tree.
pub(super) async fn lock_tree(db: &impl Statements) -> Result<u64, DbError> {
    db.query("UPDATE sys_dept SET sort = sort WHERE id = (SELECT MIN(id) FROM sys_dept)").execute().await
}

pub(super) async fn children(db: &impl Statements, id: i64) -> Result<i64, DbError> {
    db.query("SELECT COUNT(*) FROM sys_dept WHERE parent_id = $1 AND NOT del_flag").bind(id).fetch_scalar().await
}

pub(super) async fn users(db: &impl Statements, id: i64) -> Result<i64, DbError> {
    db.query("SELECT COUNT(*) FROM sys_user WHERE dept_id = $1").bind(id).fetch_scalar().await
}

pub(super) async fn insert(db: &impl Statements, draft: &Draft, now_ms: i64) -> Result<i64, DbError> {
    db.insert("sys_dept")
        .value("name", draft.name.as_str())
        .value("parent_id", draft.parent_id)
        .value("sort", draft.sort)
        .value("leader", draft.leader.clone())
        .value("phone", draft.phone.clone())
        .value("email", draft.email.clone())
        .value("status", draft.status)
        .value("created_time", now_ms)
        .returning_id()
        .await
}

pub(super) async fn update(db: &impl Statements, id: i64, draft: &Draft, now_ms: i64) -> Result<u64, DbError> {
    db.query(
        "UPDATE sys_dept SET name = $1, parent_id = $2, sort = $3, leader = $4, phone = $5, email = $6, \
         status = $7, updated_time = $8 WHERE id = $9 AND NOT del_flag",
    )
    .bind(draft.name.as_str())
    .bind(draft.parent_id)
    .bind(draft.sort)
    .bind(draft.leader.clone())
    .bind(draft.phone.clone())
    .bind(draft.email.clone())
    .bind(draft.status)
    .bind(now_ms)
    .bind(id)
    .execute()
    .await
}

/// Marks a department as deleted.
pub(super) async fn bury(db: &impl Statements, id: i64, now_ms: i64) -> Result<u64, DbError> {
    db.query("UPDATE sys_dept SET del_flag = $1, updated_time = $2 WHERE id = $3 AND NOT del_flag")
        .bind(true)
        .bind(now_ms)
        .bind(id)
        .execute()
        .await
}
