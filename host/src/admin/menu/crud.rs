//! Statements about menus.

use super::model::{Menu, kind};
use crate::admin::filter::Filter;
use crate::admin::sql::placeholders;
use plugin_api::db::{Database, DbError, Query, Statements};

const COLUMNS: &str = "id, title, name, path, sort, icon, type, component, perms, status, display, cache, link, \
                       remark, parent_id, plugin_id, created_time, updated_time";

/// Every enabled entry, in the order of the sidebar.
pub(super) async fn enabled(db: &Database) -> Result<Vec<Menu>, DbError> {
    list(db, None, Some(1)).await
}

/// Entries with a part of a title and a status, in the order of the sidebar.
pub(super) async fn list(db: &Database, title: Option<&str>, status: Option<i32>) -> Result<Vec<Menu>, DbError> {
    let filter = Filter::new().containing("title", title).equal("status", status);
    db.query(format!("SELECT {COLUMNS} FROM sys_menu WHERE {} ORDER BY sort, id", filter.sql()))
        .bind_all(filter.parameters())
        .fetch_all()
        .await
}

pub(super) async fn by_id(db: &impl Statements, id: i64) -> Result<Option<Menu>, DbError> {
    db.query(format!("SELECT {COLUMNS} FROM sys_menu WHERE id = $1")).bind(id).fetch_optional().await
}

/// The ids of the core's own entries of these names. `names` must not be empty.
pub(super) async fn ids_of(db: &Database, names: &[&str]) -> Result<Vec<i64>, DbError> {
    let marks = placeholders(1, names.len());
    db.query(format!("SELECT id FROM sys_menu WHERE plugin_id IS NULL AND name IN ({marks}) ORDER BY id"))
        .bind_all(names.iter().copied())
        .fetch_all()
        .await
}

/// The entries that the enabled roles of a user have.
pub(super) async fn granted_ids(db: &Database, user_id: i64) -> Result<Vec<i64>, DbError> {
    db.query(
        "SELECT DISTINCT rm.menu_id FROM sys_role_menu rm \
         JOIN sys_user_role ur ON ur.role_id = rm.role_id JOIN sys_role r ON r.id = rm.role_id \
         WHERE ur.user_id = $1 AND r.status = 1",
    )
    .bind(user_id)
    .fetch_all()
    .await
}

/// Keeps other transactions from changing the tree before this one ends; the first row stands for it.
pub(super) async fn lock_tree(db: &impl Statements) -> Result<u64, DbError> {
    db.query("UPDATE sys_menu SET sort = sort WHERE id = (SELECT MIN(id) FROM sys_menu)").execute().await
}

/// Whether an entry that is no button, other than `except`, has this title.
pub(super) async fn title_taken(db: &impl Statements, title: &str, except: i64) -> Result<bool, DbError> {
    let found: i64 = db
        .query("SELECT COUNT(*) FROM sys_menu WHERE title = $1 AND type <> $2 AND id <> $3")
        .bind(title)
        .bind(kind::BUTTON)
        .bind(except)
        .fetch_scalar()
        .await?;
    Ok(found > 0)
}

pub(super) async fn children(db: &impl Statements, id: i64) -> Result<i64, DbError> {
    db.query("SELECT COUNT(*) FROM sys_menu WHERE parent_id = $1").bind(id).fetch_scalar().await
}

pub(super) async fn insert(db: &impl Statements, menu: &Menu) -> Result<u64, DbError> {
    let statement = db.query(
        "INSERT INTO sys_menu (title, name, path, sort, icon, type, component, perms, status, display, cache, link, \
         remark, parent_id, created_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    );
    written(statement, menu).bind(menu.created_time).execute().await
}

/// Writes an entry.
pub(super) async fn update(db: &impl Statements, menu: &Menu, now_ms: i64) -> Result<u64, DbError> {
    let statement = db.query(
        "UPDATE sys_menu SET title = $1, name = $2, path = $3, sort = $4, icon = $5, type = $6, component = $7, \
         perms = $8, status = $9, display = $10, cache = $11, link = $12, remark = $13, parent_id = $14, \
         updated_time = $15 WHERE id = $16",
    );
    written(statement, menu).bind(now_ms).bind(menu.id).execute().await
}

/// From now on the entry's plugin no longer decides its title, icon and place.
pub(super) async fn set_arranged(db: &impl Statements, id: i64) -> Result<u64, DbError> {
    db.query("UPDATE sys_menu SET arranged = $1 WHERE id = $2").bind(true).bind(id).execute().await
}

/// Deletes an entry with what roles were granted of it.
pub(super) async fn delete(db: &impl Statements, id: i64) -> Result<u64, DbError> {
    db.query("DELETE FROM sys_role_menu WHERE menu_id = $1").bind(id).execute().await?;
    db.query("DELETE FROM sys_menu WHERE id = $1").bind(id).execute().await
}

fn written<'q>(statement: Query<'q>, menu: &Menu) -> Query<'q> {
    statement
        .bind(menu.title.as_str())
        .bind(menu.name.as_str())
        .bind(menu.path.clone())
        .bind(menu.sort)
        .bind(menu.icon.clone())
        .bind(menu.kind)
        .bind(menu.component.clone())
        .bind(menu.perms.clone())
        .bind(menu.status)
        .bind(menu.display)
        .bind(menu.cache)
        .bind(menu.link.clone())
        .bind(menu.remark.clone())
        .bind(menu.parent_id)
}
