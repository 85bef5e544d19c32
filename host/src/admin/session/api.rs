//! Routes about live sessions.

use super::model::LiveSession;
use super::service::SessionService;
use crate::admin::Clock;
use crate::http::{Allowed, Answer, ApiError, Done};
use crate::permissions;
use plugin_api::Id;
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};

permissions! {
    ListSessions = "monitor:session:list",
    EndSession = "monitor:session:del",
}

/// `/monitors/sessions`
pub struct SessionApi {
    sessions: SessionService,
    clock: Clock,
}

/// A session that can still be used or renewed.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "Session")]
pub struct SessionView {
    /// The user.
    pub id: Id,
    /// Names the session.
    pub session_uuid: String,
    /// The login name.
    pub username: String,
    /// The name that is shown.
    pub nickname: String,
    /// Where the user logged in.
    pub ip: String,
    /// On which operating system.
    pub os: String,
    /// With which program.
    pub browser: String,
    /// On which kind of device.
    pub device: String,
    /// 1 used within the last five minutes, 0 not.
    pub status: i32,
    /// `YYYY-MM-DD HH:MM:SS`
    pub last_login_time: String,
    /// When the access token ends: `YYYY-MM-DD HH:MM:SS`
    pub expire_time: String,
}

impl SessionApi {
    /// The routes over `sessions`.
    pub fn new(sessions: SessionService, clock: Clock) -> Self {
        Self { sessions, clock }
    }

    fn view(&self, session: LiveSession) -> SessionView {
        SessionView {
            status: i32::from(self.sessions.is_in_use(&session)),
            id: session.user_id.into(),
            session_uuid: session.session_uuid,
            username: session.username,
            nickname: session.nickname,
            ip: session.ip.unwrap_or_default(),
            os: session.os.unwrap_or_default(),
            browser: session.browser.unwrap_or_default(),
            device: session.device.unwrap_or_default(),
            last_login_time: self.clock.format(session.last_login_time),
            expire_time: self.clock.format(session.expire_time),
        }
    }
}

/// Sessions
#[OpenApi]
impl SessionApi {
    /// Who is logged in
    ///
    /// The latest logins first, a thousand at most.
    #[oai(path = "/monitors/sessions", method = "get", operation_id = "list_sessions")]
    async fn list(
        &self,
        _caller: Allowed<ListSessions>,
        /// A part of the login name
        #[oai(validator(max_length = 64))]
        username: Query<Option<String>>,
    ) -> Result<Answer<Vec<SessionView>>, ApiError> {
        let sessions = self.sessions.list(username.0.as_deref().unwrap_or_default()).await;
        let sessions = sessions.map_err(ApiError::internal)?;
        Ok(Answer::of(sessions.into_iter().map(|session| self.view(session)).collect()))
    }

    /// End a session
    ///
    /// Its next request is a 401, and it can't be renewed. A session that is not there is no error.
    #[oai(path = "/monitors/sessions/:pk", method = "delete", operation_id = "end_session")]
    async fn end(
        &self,
        _caller: Allowed<EndSession>,
        /// The user
        pk: Path<Id>,
        /// The session
        #[oai(validator(max_length = 64))]
        session_uuid: Query<String>,
    ) -> Result<Done, ApiError> {
        self.sessions.end(pk.0.get(), &session_uuid.0).await.map_err(ApiError::internal)?;
        Ok(Done::done())
    }
}
