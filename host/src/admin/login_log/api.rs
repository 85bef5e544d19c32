//! Routes of the login log.

use super::LoginLog;
use super::model::{LoginLogRow, NewLoginLog};
use crate::admin::Clock;
use crate::admin::auth::{Attempt, LoginWatcher, Outcome};
use crate::admin::journal::api::{LogList, Selection};
use crate::admin::journal::filter::LogFilter;
use crate::http::{Allowed, Answer, ApiError, Done, JsonBody, Language, context};
use crate::permissions;
use plugin_api::Id;
use poem::Request;
use poem_openapi::param::Query;
use poem_openapi::{Object, OpenApi};

permissions! {
    ListLoginLog = "log:login:list",
    DeleteLoginLog = "log:login:del",
    ClearLoginLog = "log:login:clear",
}

/// `/logs/login`
pub struct LoginLogApi {
    log: LoginLog,
    clock: Clock,
}

/// An attempt to log in.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "LoginLog")]
pub struct LoginLogView {
    /// Of the user; empty if nobody has this name.
    pub user_uuid: String,
    /// The name that was given.
    pub username: String,
    /// 1 success, 0 failure.
    pub status: i32,
    /// Where from.
    pub ip: String,
    /// Of the address.
    pub country: Option<String>,
    /// Of the address.
    pub region: Option<String>,
    /// Of the address.
    pub city: Option<String>,
    /// As it was sent.
    pub user_agent: Option<String>,
    /// `Chrome 126.0.0`
    pub browser: Option<String>,
    /// `Windows 10`
    pub os: Option<String>,
    /// `PC`
    pub device: Option<String>,
    /// What the client was told.
    pub msg: String,
    /// `YYYY-MM-DD HH:MM:SS`
    pub login_time: String,
    /// The key.
    pub id: Id,
    /// `YYYY-MM-DD HH:MM:SS`
    pub created_time: String,
}

impl LoginLogApi {
    /// The routes over `log`.
    pub fn new(log: LoginLog, clock: Clock) -> Self {
        Self { log, clock }
    }

    fn view(&self, row: LoginLogRow) -> LoginLogView {
        LoginLogView {
            user_uuid: row.user_uuid,
            username: row.username,
            status: row.status,
            ip: row.ip,
            country: row.country,
            region: row.region,
            city: row.city,
            user_agent: row.user_agent,
            browser: row.browser,
            os: row.os,
            device: row.device,
            msg: row.msg,
            login_time: self.clock.format(row.login_time),
            id: row.id.into(),
            created_time: self.clock.format(row.created_time),
        }
    }
}

impl LoginWatcher for LoginLog {
    fn attempted(&self, attempt: &Attempt) {
        let (english, chinese) = &attempt.message;
        self.record(NewLoginLog {
            user_uuid: attempt.user_uuid.clone().unwrap_or_default(),
            username: attempt.username.clone(),
            status: i32::from(attempt.outcome == Outcome::Success),
            ip: attempt.origin.ip.map_or(String::new(), |ip| ip.to_string()),
            user_agent: attempt.origin.user_agent.clone(),
            msg: match context::language() {
                Language::Chinese => chinese.to_string(),
                Language::English => english.to_string(),
            },
            login_time: attempt.time_ms,
        });
    }
}

/// Who tried to log in
#[OpenApi]
impl LoginLogApi {
    /// List the login log, newest first
    #[oai(path = "/logs/login", method = "get", operation_id = "get_login_logs")]
    async fn list(
        &self,
        request: &Request,
        _caller: Allowed<ListLoginLog>,
        /// A part of the user name
        #[oai(validator(max_length = 64))]
        username: Query<Option<String>>,
        /// 1 success, 0 failure
        status: Query<Option<i32>>,
        /// A part of the address
        #[oai(validator(max_length = 64))]
        ip: Query<Option<String>>,
        /// Instead of `page`: empty, then what `next_cursor` said
        #[oai(validator(max_length = 64))]
        cursor: Query<Option<String>>,
    ) -> Result<Answer<LogList<LoginLogView>>, ApiError> {
        let filter = LogFilter { username: username.0, ip: ip.0, status: status.0 };
        self.log.entries().answer(request.uri(), &filter, cursor.0.as_deref(), |row| self.view(row)).await
    }

    /// Delete entries of the login log
    #[oai(path = "/logs/login", method = "delete", operation_id = "delete_login_logs")]
    async fn delete(&self, _caller: Allowed<DeleteLoginLog>, selection: JsonBody<Selection>) -> Result<Done, ApiError> {
        self.log.entries().delete_selected(&selection.0).await
    }

    /// Clear the login log
    #[oai(path = "/logs/login/all", method = "delete", operation_id = "clear_login_logs")]
    async fn clear(&self, _caller: Allowed<ClearLoginLog>) -> Result<Done, ApiError> {
        self.log.entries().delete_all().await
    }
}
