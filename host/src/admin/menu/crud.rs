//! Statements about menus.

use super::model::Menu;
use plugin_api::db::{Database, DbError};

/// Every enabled entry, in the order of the sidebar.
pub(super) async fn enabled(db: &Database) -> Result<Vec<Menu>, DbError> {
    db.query(
        "SELECT id, title, name, path, sort, icon, type, component, perms, display, cache, link, remark, \
         parent_id, plugin_id, created_time, updated_time FROM sys_menu WHERE status = 1 ORDER BY sort, id",
    )
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
