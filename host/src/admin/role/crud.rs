//! Statements about roles, their members, and what they grant.

use super::model::{Membership, Role, RoleDraft, RoleFilter, RoleMenu, RoleScope, RoleScopeRule};
use crate::admin::sql::containing;
use plugin_api::db::{Database, DbError, Statements, placeholders};
use sea_query::{Cond, Expr, ExprTrait, Order, Query};

const COLUMNS: [&str; 7] = ["id", "name", "status", "is_filter_scopes", "remark", "created_time", "updated_time"];

/// A set that belongs to a role, and the table that holds it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Links {
    table: &'static str,
    column: &'static str,
    target: &'static str,
}

/// The menu entries of a role.
pub(super) const MENUS: Links = Links { table: "sys_role_menu", column: "menu_id", target: "sys_menu" };
/// The data scopes of a role.
pub(super) const SCOPES: Links =
    Links { table: "sys_role_data_scope", column: "data_scope_id", target: "sys_data_scope" };

pub(super) async fn all(db: &Database) -> Result<Vec<Role>, DbError> {
    let mut select = Query::select();
    select.columns(COLUMNS).from("sys_role").order_by("id", Order::Asc);
    db.statement(&select).fetch_all().await
}

pub(super) async fn page(
    db: &Database,
    filter: &RoleFilter,
    limit: u64,
    offset: u64,
) -> Result<(Vec<Role>, u64), DbError> {
    let mut select = Query::select();
    select.columns(COLUMNS).from("sys_role").cond_where(condition(filter)).order_by("id", Order::Asc);
    db.page(&select, limit, offset).await
}

pub(super) async fn by_id(db: &Database, id: i64) -> Result<Option<Role>, DbError> {
    let mut select = Query::select();
    select.columns(COLUMNS).from("sys_role").and_where(Expr::col("id").eq(id));
    db.statement(&select).fetch_optional().await
}

pub(super) async fn insert(db: &impl Statements, draft: &RoleDraft, now_ms: i64) -> Result<i64, DbError> {
    db.insert("sys_role")
        .value("name", draft.name.as_str())
        .value("status", draft.status)
        .value("is_filter_scopes", draft.is_filter_scopes.unwrap_or(true))
        .value("remark", draft.remark.clone().flatten())
        .value("created_time", now_ms)
        .returning_id()
        .await
}

pub(super) async fn update(db: &Database, id: i64, draft: &RoleDraft, now_ms: i64) -> Result<u64, DbError> {
    let mut update = Query::update();
    update
        .table("sys_role")
        .value("name", draft.name.as_str())
        .value("status", draft.status)
        .value("updated_time", now_ms)
        .and_where(Expr::col("id").eq(id));
    if let Some(filters) = draft.is_filter_scopes {
        update.value("is_filter_scopes", filters);
    }
    if let Some(remark) = &draft.remark {
        update.value("remark", remark.clone());
    }
    db.statement(&update).execute().await
}

/// Keeps every other change of the role away until the transaction ends; 0 if there is no such role.
pub(super) async fn lock(db: &impl Statements, id: i64) -> Result<u64, DbError> {
    db.query("UPDATE sys_role SET status = status WHERE id = $1").bind(id).execute().await
}

pub(super) async fn delete(db: &impl Statements, ids: &[i64]) -> Result<u64, DbError> {
    let sql = format!("DELETE FROM sys_role WHERE id IN ({})", placeholders(1, ids.len()));
    db.query(sql).bind_all(ids.iter().copied()).execute().await
}

/// Takes away everything that names these roles.
pub(super) async fn delete_links(db: &impl Statements, ids: &[i64]) -> Result<(), DbError> {
    for table in ["sys_user_role", MENUS.table, SCOPES.table] {
        let sql = format!("DELETE FROM {table} WHERE role_id IN ({})", placeholders(1, ids.len()));
        db.query(sql).bind_all(ids.iter().copied()).execute().await?;
    }
    Ok(())
}

pub(super) async fn unlink(db: &impl Statements, links: Links, role_id: i64) -> Result<u64, DbError> {
    db.query(format!("DELETE FROM {} WHERE role_id = $1", links.table)).bind(role_id).execute().await
}

/// Links a role with those of `ids` that exist; gives their number. `ids` must not be empty.
pub(super) async fn link(db: &impl Statements, links: Links, role_id: i64, ids: &[i64]) -> Result<u64, DbError> {
    let Links { table, column, target } = links;
    let sql = format!(
        "INSERT INTO {table} (role_id, {column}) SELECT r.id, t.id FROM {target} t JOIN sys_role r ON r.id = $1 \
         WHERE t.id IN ({})",
        placeholders(2, ids.len())
    );
    db.query(sql).bind(role_id).bind_all(ids.iter().copied()).execute().await
}

/// Gives a user those of the roles `ids` that exist; gives their number. `ids` must not be empty.
pub(super) async fn join(db: &impl Statements, user_id: i64, ids: &[i64]) -> Result<u64, DbError> {
    let sql = format!(
        "INSERT INTO sys_user_role (user_id, role_id) SELECT u.id, r.id FROM sys_role r JOIN sys_user u ON u.id = $1 \
         WHERE r.id IN ({})",
        placeholders(2, ids.len())
    );
    db.query(sql).bind(user_id).bind_all(ids.iter().copied()).execute().await
}

pub(super) async fn leave_all(db: &impl Statements, user_id: i64) -> Result<u64, DbError> {
    db.query("DELETE FROM sys_user_role WHERE user_id = $1").bind(user_id).execute().await
}

/// The roles of each of these users. `user_ids` must not be empty.
pub(super) async fn of_users(db: &Database, user_ids: &[i64]) -> Result<Vec<Membership>, DbError> {
    let sql = format!(
        "SELECT ur.user_id, r.id, r.name, r.status, r.is_filter_scopes, r.remark, r.created_time, r.updated_time \
         FROM sys_user_role ur JOIN sys_role r ON r.id = ur.role_id WHERE ur.user_id IN ({}) ORDER BY r.id",
        placeholders(1, user_ids.len())
    );
    db.query(sql).bind_all(user_ids.iter().copied()).fetch_all().await
}

/// The menu entries of each of these roles. `role_ids` must not be empty.
pub(super) async fn menus(db: &Database, role_ids: &[i64]) -> Result<Vec<RoleMenu>, DbError> {
    let sql = format!(
        "SELECT rm.role_id, m.id, m.title, m.name, m.path, m.parent_id, m.sort, m.icon, m.type, m.component, m.perms, \
         m.status, m.display, m.cache, m.link, m.remark, m.created_time, m.updated_time \
         FROM sys_role_menu rm JOIN sys_menu m ON m.id = rm.menu_id WHERE rm.role_id IN ({}) ORDER BY m.sort, m.id",
        placeholders(1, role_ids.len())
    );
    db.query(sql).bind_all(role_ids.iter().copied()).fetch_all().await
}

/// The data scopes of each of these roles. `role_ids` must not be empty.
pub(super) async fn scopes(db: &Database, role_ids: &[i64]) -> Result<Vec<RoleScope>, DbError> {
    let sql = format!(
        "SELECT rs.role_id, s.id, s.name, s.status, s.created_time, s.updated_time \
         FROM sys_role_data_scope rs JOIN sys_data_scope s ON s.id = rs.data_scope_id \
         WHERE rs.role_id IN ({}) ORDER BY s.id",
        placeholders(1, role_ids.len())
    );
    db.query(sql).bind_all(role_ids.iter().copied()).fetch_all().await
}

/// The rules of each of these data scopes. `scope_ids` must not be empty.
pub(super) async fn rules(db: &Database, scope_ids: &[i64]) -> Result<Vec<RoleScopeRule>, DbError> {
    let sql = format!(
        "SELECT sr.data_scope_id AS scope_id, r.id, r.name, r.model, r.column_name, r.operator, r.expression, r.value, \
         r.created_time, r.updated_time FROM sys_data_scope_rule sr JOIN sys_data_rule r ON r.id = sr.data_rule_id \
         WHERE sr.data_scope_id IN ({}) ORDER BY r.id",
        placeholders(1, scope_ids.len())
    );
    db.query(sql).bind_all(scope_ids.iter().copied()).fetch_all().await
}

fn condition(filter: &RoleFilter) -> Cond {
    let name = filter.name.as_deref().filter(|name| !name.is_empty());
    Cond::all()
        .add_option(name.map(|name| Expr::col("name").like(containing(name))))
        .add_option(filter.status.map(|status| Expr::col("status").eq(status)))
}
