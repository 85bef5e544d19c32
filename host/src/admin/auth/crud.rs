//! Statements about sessions and what they may do.

use super::model::{NewSession, SessionRow};
use plugin_api::db::{Database, DbError, Statements};
use uuid::Uuid;

pub(super) async fn session(db: &Database, session: Uuid) -> Result<Option<SessionRow>, DbError> {
    db.query(
        "SELECT s.expire_time, u.id AS user_id, u.uuid, u.username, u.status, u.is_superuser, u.is_staff, \
         d.status AS dept_status, d.del_flag AS dept_deleted \
         FROM sys_session s JOIN sys_user u ON u.id = s.user_id LEFT JOIN sys_dept d ON d.id = u.dept_id \
         WHERE s.session_uuid = $1",
    )
    .bind(session.to_string())
    .fetch_optional()
    .await
}

/// The `status` of each role of a user.
pub(super) async fn role_statuses(db: &Database, user_id: i64) -> Result<Vec<i32>, DbError> {
    db.query("SELECT r.status FROM sys_role r JOIN sys_user_role ur ON ur.role_id = r.id WHERE ur.user_id = $1")
        .bind(user_id)
        .fetch_all()
        .await
}

/// The `perms` of each enabled entry that the enabled roles of a user have.
pub(super) async fn granted_perms(db: &Database, user_id: i64) -> Result<Vec<Option<String>>, DbError> {
    db.query(
        "SELECT m.perms FROM sys_menu m JOIN sys_role_menu rm ON rm.menu_id = m.id \
         JOIN sys_role r ON r.id = rm.role_id JOIN sys_user_role ur ON ur.role_id = r.id \
         WHERE ur.user_id = $1 AND r.status = 1 AND m.status = 1",
    )
    .bind(user_id)
    .fetch_all()
    .await
}

pub(super) async fn insert_session(db: &impl Statements, session: &NewSession) -> Result<u64, DbError> {
    db.query(
        "INSERT INTO sys_session (session_uuid, user_id, username, nickname, ip, last_login_time, expire_time) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(session.session.to_string())
    .bind(session.user_id)
    .bind(session.username.as_str())
    .bind(session.nickname.as_str())
    .bind(session.ip.clone())
    .bind(session.now_ms)
    .bind(session.expire_time)
    .execute()
    .await
}

pub(super) async fn delete_session(db: &impl Statements, session: Uuid) -> Result<u64, DbError> {
    db.query("DELETE FROM sys_session WHERE session_uuid = $1").bind(session.to_string()).execute().await
}

pub(super) async fn delete_sessions_of(db: &impl Statements, user_id: i64) -> Result<u64, DbError> {
    db.query("DELETE FROM sys_session WHERE user_id = $1").bind(user_id).execute().await
}

/// Takes sessions away that nothing can use any more.
pub(super) async fn delete_expired(db: &impl Statements, now_ms: i64) -> Result<u64, DbError> {
    db.query(
        "DELETE FROM sys_session WHERE expire_time < $1 \
         AND (refresh_expire_time IS NULL OR refresh_expire_time < $2)",
    )
    .bind(now_ms)
    .bind(now_ms)
    .execute()
    .await
}
