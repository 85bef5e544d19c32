//! Statements about live sessions.

use super::model::LiveSession;
use crate::admin::sql::ESCAPE;
use plugin_api::db::{Database, DbError};

/// Most sessions of one answer.
const SESSIONS_MAX: i64 = 1000;

/// Sessions that are not over at `now_ms`, of users whose name is like `pattern`; the latest first.
pub(super) async fn live(db: &Database, pattern: &str, now_ms: i64) -> Result<Vec<LiveSession>, DbError> {
    db.query(format!(
        "SELECT s.session_uuid, s.user_id, u.username, u.nickname, s.ip, s.os, s.browser, s.device, \
         s.last_login_time, s.last_used_time, s.expire_time \
         FROM sys_session s JOIN sys_user u ON u.id = s.user_id \
         WHERE (s.expire_time > $1 OR s.refresh_expire_time > $2) AND u.username LIKE $3 ESCAPE '{ESCAPE}' \
         ORDER BY s.last_login_time DESC, s.session_uuid LIMIT $4"
    ))
    .bind(now_ms)
    .bind(now_ms)
    .bind(pattern)
    .bind(SESSIONS_MAX)
    .fetch_all()
    .await
}
