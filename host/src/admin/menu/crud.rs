//! Statements about menus.

use super::model::{Menu, kind};
use crate::admin::filter::Filter;
use plugin_api::db::{Database, DbError, Statements, Value, assignments, placeholders};

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

pub(super) async fn insert(db: &impl Statements, menu: &Menu) -> Result<(), DbError> {
    let row = db.insert("sys_menu").value("created_time", menu.created_time);
    written(menu).into_iter().fold(row, |row, (column, value)| row.value(column, value)).execute().await
}

/// Writes an entry.
pub(super) async fn update(db: &impl Statements, menu: &Menu, now_ms: i64) -> Result<u64, DbError> {
    let (columns, values): (Vec<&str>, Vec<Value>) = written(menu).into_iter().unzip();
    let sql = format!("UPDATE sys_menu SET updated_time = $1, {} WHERE id = $2", assignments(3, &columns));
    db.query(sql).bind(now_ms).bind(menu.id).bind_all(values).execute().await
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

fn written(menu: &Menu) -> [(&'static str, Value); 14] {
    [
        ("title", menu.title.as_str().into()),
        ("name", menu.name.as_str().into()),
        ("path", menu.path.clone().into()),
        ("sort", menu.sort.into()),
        ("icon", menu.icon.clone().into()),
        ("type", menu.kind.into()),
        ("component", menu.component.clone().into()),
        ("perms", menu.perms.clone().into()),
        ("status", menu.status.into()),
        ("display", menu.display.into()),
        ("cache", menu.cache.into()),
        ("link", menu.link.clone().into()),
        ("remark", menu.remark.clone().into()),
        ("parent_id", menu.parent_id.into()),
    ]
}
