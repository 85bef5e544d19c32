//! Statements about users.

use super::model::{NewUser, User};
use plugin_api::db::{Database, DbError};

const COLUMNS: &str = "id, uuid, username, nickname, password, avatar, email, phone, status, is_superuser, \
                       is_staff, is_multi_login, join_time, last_login_time, dept_id";

pub(super) async fn count(db: &Database) -> Result<i64, DbError> {
    db.query("SELECT COUNT(*) FROM sys_user").fetch_scalar().await
}

pub(super) async fn by_id(db: &Database, id: i64) -> Result<Option<User>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM sys_user WHERE id = $1");
    db.query(sql).bind(id).fetch_optional().await
}

pub(super) async fn by_username(db: &Database, username: &str) -> Result<Option<User>, DbError> {
    let sql = format!("SELECT {COLUMNS} FROM sys_user WHERE username = $1");
    db.query(sql).bind(username).fetch_optional().await
}

pub(super) async fn dept_name(db: &Database, user_id: i64) -> Result<Option<String>, DbError> {
    db.query("SELECT d.name FROM sys_dept d JOIN sys_user u ON u.dept_id = d.id WHERE u.id = $1")
        .bind(user_id)
        .fetch_optional()
        .await
}

pub(super) async fn role_names(db: &Database, user_id: i64) -> Result<Vec<String>, DbError> {
    db.query(
        "SELECT r.name FROM sys_role r JOIN sys_user_role ur ON ur.role_id = r.id \
         WHERE ur.user_id = $1 ORDER BY r.id",
    )
    .bind(user_id)
    .fetch_all()
    .await
}

/// Creates a super-user who is staff and may be logged in several times.
pub(super) async fn insert_administrator(db: &Database, user: &NewUser) -> Result<u64, DbError> {
    db.query(
        "INSERT INTO sys_user (uuid, username, nickname, password, status, is_superuser, is_staff, \
         is_multi_login, join_time, last_password_changed_time, created_time) \
         VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, $9, $10)",
    )
    .bind(user.uuid.as_str())
    .bind(user.username.as_str())
    .bind(user.nickname.as_str())
    .bind(user.password.as_str())
    .bind(true)
    .bind(true)
    .bind(true)
    .bind(user.now_ms)
    .bind(user.now_ms)
    .bind(user.now_ms)
    .execute()
    .await
}
