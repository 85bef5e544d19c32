//! Rules about live sessions.

use super::crud;
use super::model::LiveSession;
use crate::admin::Clock;
use crate::admin::auth::AuthService;
use crate::admin::sql::escaped;
use plugin_api::db::{Database, DbError};
use uuid::Uuid;

/// How long after its last request a session counts as in use, in milliseconds.
const IN_USE_MS: i64 = 5 * 60 * 1000;

/// What administrators do with the sessions of others.
#[derive(Clone)]
pub struct SessionService {
    db: Database,
    clock: Clock,
    auth: AuthService,
}

impl SessionService {
    /// Over the sessions in `db`, which `auth` begins and ends.
    pub fn new(db: Database, clock: Clock, auth: AuthService) -> Self {
        Self { db, clock, auth }
    }

    /// Sessions that can still be used or renewed, of users whose name contains `username`.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self, username: &str) -> Result<Vec<LiveSession>, DbError> {
        crud::live(&self.db, &containing(username), self.clock.now_ms()).await
    }

    /// Whether somebody uses it at this time.
    pub fn is_in_use(&self, session: &LiveSession) -> bool {
        let since_ms = self.clock.now_ms() - session.last_used_time.unwrap_or(session.last_login_time);
        since_ms <= IN_USE_MS && session.expire_time > self.clock.now_ms()
    }

    /// Ends a session of a user. What names none is no error.
    ///
    /// # Errors
    /// The database's.
    pub async fn end(&self, user_id: i64, session: &str) -> Result<(), DbError> {
        match Uuid::parse_str(session) {
            Ok(session) => self.auth.end_session(user_id, session).await,
            Err(_) => Ok(()),
        }
    }
}

/// The pattern of texts that contain `part`.
fn containing(part: &str) -> String {
    format!("%{}%", escaped(part))
}
