//! The users of live sessions, from the database.

use super::authenticator::{AuthError, SessionSource};
use super::model::SessionRow;
use super::{Identity, Profile, crud};
use crate::tasks;
use futures_util::future::BoxFuture;
use plugin_api::db::{Database, DbError, Statements};
use std::collections::HashSet;
use std::sync::Arc;
use uuid::Uuid;

/// How exactly the time of a session's last use is known, in milliseconds.
const TOUCH_EVERY_MS: i64 = 60_000;

/// Looks sessions up in the database.
#[derive(Debug, Clone)]
pub struct StoredSessions {
    db: Database,
}

impl StoredSessions {
    /// Of `db`.
    pub fn new(db: Database) -> Self {
        Self { db }
    }

    async fn identity(&self, session: Uuid) -> Result<Identity, AuthError> {
        let row = crud::session(&self.db, session).await.map_err(AuthError::Storage)?;
        let row = row.ok_or(AuthError::Expired)?;
        check(&row)?;
        self.touch(session, row.last_used_time);
        let roles = crud::roles(&self.db, row.user_id).await.map_err(AuthError::Storage)?;
        let has_roles = roles.iter().any(|role| role.status == 1);
        if !roles.is_empty() && !has_roles && !row.is_superuser {
            return Err(AuthError::RolesDisabled);
        }
        let perms = crud::granted_perms(&self.db, row.user_id).await.map_err(AuthError::Storage)?;
        Ok(Identity {
            user_id: row.user_id,
            uuid: row.uuid,
            username: row.username,
            is_superuser: row.is_superuser,
            is_staff: row.is_staff,
            has_menus: !perms.is_empty(),
            permissions: Arc::new(codes(&perms)),
            session,
            has_roles,
            profile: Profile {
                nickname: row.nickname,
                avatar: row.avatar,
                email: row.email,
                phone: row.phone,
                is_multi_login: row.is_multi_login,
                join_time: row.join_time,
                last_login_time: row.last_login_time,
                dept_id: row.dept_id,
                dept: row.dept_name,
                roles: roles.into_iter().map(|role| role.name).collect(),
            },
        })
    }

    /// Notes that a session is in use, now and then: not every request has to write, and none has
    /// to wait for a writer.
    fn touch(&self, session: Uuid, last_used_time: Option<i64>) {
        let now_ms = jiff::Timestamp::now().as_millisecond();
        if last_used_time.is_some_and(|last| now_ms - last <= TOUCH_EVERY_MS) {
            return;
        }
        let db = self.db.clone();
        tasks::spawn("note a session's use", async move {
            if let Err(error) = crud::touch(&db, session, now_ms).await {
                tracing::debug!(%error, "the use of a session was not noted");
            }
        });
    }
}

impl SessionSource for StoredSessions {
    fn load(&self, session: Uuid) -> BoxFuture<'_, Result<Identity, AuthError>> {
        Box::pin(self.identity(session))
    }
}

/// Ends every session of a user. Whoever calls it also has the user forgotten, after the commit.
///
/// # Errors
/// The database's.
pub async fn end_all_of(db: &impl Statements, user_id: i64) -> Result<u64, DbError> {
    crud::delete_sessions_of(db, user_id).await
}

fn check(row: &SessionRow) -> Result<(), AuthError> {
    if row.expire_time <= jiff::Timestamp::now().as_millisecond() {
        return Err(AuthError::Expired);
    }
    check_user(row.status, row.dept_status, row.dept_deleted)
}

/// Whether a user may do anything at all.
pub(super) fn check_user(status: i32, dept_status: Option<i32>, dept_deleted: Option<bool>) -> Result<(), AuthError> {
    if status != 1 {
        return Err(AuthError::UserDisabled);
    }
    if dept_status.is_some_and(|status| status != 1) || dept_deleted == Some(true) {
        return Err(AuthError::DeptDisabled);
    }
    Ok(())
}

fn codes(perms: &[Option<String>]) -> HashSet<String> {
    perms
        .iter()
        .flatten()
        .flat_map(|perms| perms.split(','))
        .map(str::trim)
        .filter(|code| !code.is_empty())
        .map(str::to_owned)
        .collect()
}
