//! Statements about sessions, what they may do, and passwords.

use super::model::{NewSession, PasswordRow, RefreshableRow, Renewed, RoleRow, SessionRow, SpentRow};
use plugin_api::db::{Database, DbError, Statements};
use uuid::Uuid;

/// Why a refresh token is spent: a newer one was given out.
pub(super) const ROTATED: &str = "rotated";
/// Why a refresh token is spent: another login took the user's place.
pub(super) const REPLACED: &str = "replaced";

pub(super) async fn session(db: &Database, session: Uuid) -> Result<Option<SessionRow>, DbError> {
    db.query(
        "SELECT s.expire_time, s.last_used_time, u.id AS user_id, u.uuid, u.username, u.status, u.is_superuser, u.is_staff, \
         u.nickname, u.avatar, u.email, u.phone, u.is_multi_login, u.join_time, u.last_login_time, u.dept_id, \
         d.name AS dept_name, d.status AS dept_status, d.del_flag AS dept_deleted \
         FROM sys_session s JOIN sys_user u ON u.id = s.user_id LEFT JOIN sys_dept d ON d.id = u.dept_id \
         WHERE s.session_uuid = $1",
    )
    .bind(session.to_string())
    .fetch_optional()
    .await
}

/// The roles of a user.
pub(super) async fn roles(db: &Database, user_id: i64) -> Result<Vec<RoleRow>, DbError> {
    let sql = "SELECT r.name, r.status FROM sys_role r JOIN sys_user_role ur ON ur.role_id = r.id \
               WHERE ur.user_id = $1 ORDER BY r.id";
    db.query(sql).bind(user_id).fetch_all().await
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

pub(super) async fn touch(db: &Database, session: Uuid, now_ms: i64) -> Result<u64, DbError> {
    db.query("UPDATE sys_session SET last_used_time = $1 WHERE session_uuid = $2")
        .bind(now_ms)
        .bind(session.to_string())
        .execute()
        .await
}

pub(super) async fn insert_session(db: &impl Statements, session: &NewSession) -> Result<u64, DbError> {
    let (refresh_hash, refresh_expire_time) = session.refresh.clone().unzip();
    db.query(
        "INSERT INTO sys_session (session_uuid, family_uuid, user_id, username, nickname, ip, os, browser, device, \
         refresh_hash, refresh_expire_time, last_login_time, last_used_time, expire_time) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(session.session.to_string())
    .bind(session.family.to_string())
    .bind(session.user_id)
    .bind(session.username.as_str())
    .bind(session.nickname.as_str())
    .bind(session.ip.clone())
    .bind(session.agent.os.as_str())
    .bind(session.agent.browser.as_str())
    .bind(session.agent.device.as_str())
    .bind(refresh_hash)
    .bind(refresh_expire_time)
    .bind(session.now_ms)
    .bind(session.now_ms)
    .bind(session.expire_time)
    .execute()
    .await
}

pub(super) async fn delete_session(db: &impl Statements, session: Uuid) -> Result<u64, DbError> {
    db.query("DELETE FROM sys_session WHERE session_uuid = $1").bind(session.to_string()).execute().await
}

/// Ends a session of a user, or the one that has taken its place since.
pub(super) async fn delete_session_of(db: &impl Statements, user_id: i64, session: Uuid) -> Result<u64, DbError> {
    db.query(
        "DELETE FROM sys_session WHERE user_id = $1 AND (session_uuid = $2 OR family_uuid IN \
         (SELECT family_uuid FROM sys_spent_refresh_token WHERE session_uuid = $3))",
    )
    .bind(user_id)
    .bind(session.to_string())
    .bind(session.to_string())
    .execute()
    .await
}

pub(super) async fn delete_sessions_of(db: &impl Statements, user_id: i64) -> Result<u64, DbError> {
    db.query("DELETE FROM sys_session WHERE user_id = $1").bind(user_id).execute().await
}

/// Ends whatever one login began.
pub(super) async fn delete_family(db: &impl Statements, family: &str) -> Result<u64, DbError> {
    db.query("DELETE FROM sys_session WHERE family_uuid = $1").bind(family).execute().await
}

/// Takes away what nothing can use any more.
pub(super) async fn delete_expired(db: &impl Statements, now_ms: i64) -> Result<u64, DbError> {
    db.query("DELETE FROM sys_spent_refresh_token WHERE expire_time < $1").bind(now_ms).execute().await?;
    db.query(
        "DELETE FROM sys_session WHERE expire_time < $1 \
         AND (refresh_expire_time IS NULL OR refresh_expire_time < $2)",
    )
    .bind(now_ms)
    .bind(now_ms)
    .execute()
    .await
}

pub(super) async fn refreshable(db: &Database, hash: &str) -> Result<Option<RefreshableRow>, DbError> {
    db.query(
        "SELECT s.session_uuid, s.family_uuid, s.user_id, s.last_login_time, s.refresh_expire_time, u.status, u.is_multi_login, \
         d.status AS dept_status, d.del_flag AS dept_deleted \
         FROM sys_session s JOIN sys_user u ON u.id = s.user_id LEFT JOIN sys_dept d ON d.id = u.dept_id \
         WHERE s.refresh_hash = $1",
    )
    .bind(hash)
    .fetch_optional()
    .await
}

/// Whether the user has logged in again since.
pub(super) async fn has_later_login(db: &Database, row: &RefreshableRow) -> Result<bool, DbError> {
    let later: i64 = db
        .query("SELECT COUNT(*) FROM sys_session WHERE user_id = $1 AND family_uuid <> $2 AND last_login_time > $3")
        .bind(row.user_id)
        .bind(row.family_uuid.as_str())
        .bind(row.last_login_time)
        .fetch_scalar()
        .await?;
    Ok(later > 0)
}

/// Puts a session in the place of the one with this refresh token; 0 if the token is spent.
pub(super) async fn renew(db: &impl Statements, hash: &str, renewed: &Renewed, now_ms: i64) -> Result<u64, DbError> {
    db.query(
        "UPDATE sys_session SET session_uuid = $1, refresh_hash = $2, refresh_expire_time = $3, expire_time = $4, \
         last_used_time = $5 WHERE refresh_hash = $6",
    )
    .bind(renewed.session.to_string())
    .bind(renewed.refresh.hash.as_str())
    .bind(renewed.refresh_expire_time)
    .bind(renewed.expire_time)
    .bind(now_ms)
    .bind(hash)
    .execute()
    .await
}

pub(super) async fn spend_token(db: &impl Statements, hash: &str, row: &RefreshableRow) -> Result<u64, DbError> {
    db.query(
        "INSERT INTO sys_spent_refresh_token (refresh_hash, session_uuid, family_uuid, user_id, reason, expire_time) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(hash)
    .bind(row.session_uuid.as_str())
    .bind(row.family_uuid.as_str())
    .bind(row.user_id)
    .bind(ROTATED)
    .bind(row.refresh_expire_time)
    .execute()
    .await
}

/// Remembers the refresh tokens of a user's sessions, which are about to be ended by another login.
pub(super) async fn spend_tokens_of(db: &impl Statements, user_id: i64) -> Result<u64, DbError> {
    let sql = format!(
        "INSERT INTO sys_spent_refresh_token (refresh_hash, session_uuid, family_uuid, user_id, reason, expire_time) \
         SELECT refresh_hash, session_uuid, family_uuid, user_id, '{REPLACED}', refresh_expire_time FROM sys_session \
         WHERE user_id = $1 AND refresh_hash IS NOT NULL"
    );
    db.query(sql).bind(user_id).execute().await
}

pub(super) async fn spent_token(db: &Database, hash: &str) -> Result<Option<SpentRow>, DbError> {
    db.query("SELECT family_uuid, user_id, reason FROM sys_spent_refresh_token WHERE refresh_hash = $1")
        .bind(hash)
        .fetch_optional()
        .await
}

pub(super) async fn password(db: &Database, user_id: i64) -> Result<Option<PasswordRow>, DbError> {
    db.query("SELECT password, last_password_changed_time FROM sys_user WHERE id = $1")
        .bind(user_id)
        .fetch_optional()
        .await
}

pub(super) async fn set_password(db: &impl Statements, user_id: i64, hash: &str, now_ms: i64) -> Result<u64, DbError> {
    db.query("UPDATE sys_user SET password = $1, last_password_changed_time = $2, updated_time = $3 WHERE id = $4")
        .bind(hash)
        .bind(now_ms)
        .bind(now_ms)
        .bind(user_id)
        .execute()
        .await
}

/// Notes a login of an enabled user whose password is still the one of `hash`; 0 if it is not.
/// Held until the transaction ends, so that a change of the password comes before it or after it.
pub(super) async fn note_login(db: &impl Statements, user_id: i64, hash: &str, now_ms: i64) -> Result<u64, DbError> {
    db.query("UPDATE sys_user SET last_login_time = $1 WHERE id = $2 AND status = 1 AND password = $3")
        .bind(now_ms)
        .bind(user_id)
        .bind(hash)
        .execute()
        .await
}

/// Puts another hash of the same password in the place of `old`, unless that has changed meanwhile.
pub(super) async fn replace_hash(db: &Database, user_id: i64, old: &str, new: &str) -> Result<u64, DbError> {
    db.query("UPDATE sys_user SET password = $1 WHERE id = $2 AND password = $3")
        .bind(new)
        .bind(user_id)
        .bind(old)
        .execute()
        .await
}

/// The hashes of a user's last `count` former passwords.
pub(super) async fn former(db: &Database, user_id: i64, count: u32) -> Result<Vec<String>, DbError> {
    db.query("SELECT password FROM sys_user_password_history WHERE user_id = $1 ORDER BY id DESC LIMIT $2")
        .bind(user_id)
        .bind(i64::from(count))
        .fetch_all()
        .await
}

pub(super) async fn insert_former(db: &impl Statements, user_id: i64, hash: &str, now_ms: i64) -> Result<u64, DbError> {
    db.query("INSERT INTO sys_user_password_history (user_id, password, created_time) VALUES ($1, $2, $3)")
        .bind(user_id)
        .bind(hash)
        .bind(now_ms)
        .execute()
        .await
}

/// Keeps a user's newest `count` former passwords.
pub(super) async fn prune_former(db: &impl Statements, user_id: i64, count: u32) -> Result<u64, DbError> {
    db.query(
        "DELETE FROM sys_user_password_history WHERE user_id = $1 AND id NOT IN \
         (SELECT id FROM sys_user_password_history WHERE user_id = $2 ORDER BY id DESC LIMIT $3)",
    )
    .bind(user_id)
    .bind(user_id)
    .bind(i64::from(count))
    .execute()
    .await
}
