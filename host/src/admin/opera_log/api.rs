//! Routes of the operation log.

use super::OperaLog;
use super::model::OperaLogRow;
use crate::admin::Clock;
use crate::admin::journal::api::{LogList, Selection};
use crate::admin::journal::filter::LogFilter;
use crate::http::{Allowed, Answer, ApiError, Done, JsonBody};
use crate::permissions;
use plugin_api::Id;
use poem::Request;
use poem_openapi::param::Query;
use poem_openapi::{Object, OpenApi};
use serde_json::Value;

permissions! {
    ListOperaLog = "log:opera:list",
    DeleteOperaLog = "log:opera:del",
    ClearOperaLog = "log:opera:clear",
}

/// `/logs/opera`
pub struct OperaLogApi {
    log: OperaLog,
    clock: Clock,
}

/// What somebody did.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "OperaLog")]
pub struct OperaLogView {
    /// The request's id.
    pub trace_id: String,
    /// Who; null for nobody who is logged in.
    pub username: Option<String>,
    /// The HTTP method.
    pub method: String,
    /// What the route does.
    pub title: String,
    /// The path.
    pub path: String,
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
    /// `Windows 10`
    pub os: Option<String>,
    /// `Chrome 126.0.0`
    pub browser: Option<String>,
    /// `PC`
    pub device: Option<String>,
    /// Parameters and body, without secrets.
    pub args: Option<Value>,
    /// 1 success, 0 failure.
    pub status: i32,
    /// The code in the answer.
    pub code: String,
    /// The text in the answer.
    pub msg: Option<String>,
    /// Milliseconds.
    pub cost_time: f64,
    /// `YYYY-MM-DD HH:MM:SS`
    pub opera_time: String,
    /// The key.
    pub id: Id,
    /// `YYYY-MM-DD HH:MM:SS`
    pub created_time: String,
}

/// What became of entries since the server's start.
#[derive(Debug, Clone, PartialEq, Object)]
pub struct LogStatus {
    /// Entries that were written.
    pub written: u64,
    /// Entries that wait to be written.
    pub waiting: u64,
    /// Reads that were left out, since too many came at once.
    pub skipped: u64,
    /// Entries that were lost, since the database failed for too long.
    pub lost: u64,
}

impl OperaLogApi {
    /// The routes over `log`.
    pub fn new(log: OperaLog, clock: Clock) -> Self {
        Self { log, clock }
    }

    fn view(&self, row: OperaLogRow) -> OperaLogView {
        OperaLogView {
            trace_id: row.trace_id,
            username: row.username,
            method: row.method,
            title: row.title,
            path: row.path,
            ip: row.ip,
            country: row.country,
            region: row.region,
            city: row.city,
            user_agent: row.user_agent,
            os: row.os,
            browser: row.browser,
            device: row.device,
            args: row.args.and_then(|args| serde_json::from_str(&args).ok()),
            status: row.status,
            code: row.code,
            msg: row.msg,
            cost_time: row.cost_time,
            opera_time: self.clock.format(row.opera_time),
            id: row.id.into(),
            created_time: self.clock.format(row.created_time),
        }
    }
}

/// What was done, request by request
#[OpenApi]
impl OperaLogApi {
    /// List the operation log, newest first
    #[oai(path = "/logs/opera", method = "get", operation_id = "get_opera_logs")]
    async fn list(
        &self,
        request: &Request,
        _caller: Allowed<ListOperaLog>,
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
    ) -> Result<Answer<LogList<OperaLogView>>, ApiError> {
        let filter = LogFilter { username: username.0, ip: ip.0, status: status.0 };
        self.log.entries().answer(request.uri(), &filter, cursor.0.as_deref(), |row| self.view(row)).await
    }

    /// What became of entries since the server's start
    #[oai(path = "/logs/opera/status", method = "get", operation_id = "get_opera_log_status")]
    async fn status(&self, _caller: Allowed<ListOperaLog>) -> Result<Answer<LogStatus>, ApiError> {
        let counts = self.log.counts();
        let (written, waiting, skipped, lost) = (counts.written, counts.waiting, counts.skipped, counts.lost);
        Ok(Answer::of(LogStatus { written, waiting, skipped, lost }))
    }

    /// Delete entries of the operation log
    #[oai(path = "/logs/opera", method = "delete", operation_id = "delete_opera_logs")]
    async fn delete(&self, _caller: Allowed<DeleteOperaLog>, selection: JsonBody<Selection>) -> Result<Done, ApiError> {
        self.log.entries().delete_selected(&selection.0).await
    }

    /// Clear the operation log
    #[oai(path = "/logs/opera/all", method = "delete", operation_id = "clear_opera_logs")]
    async fn clear(&self, _caller: Allowed<ClearOperaLog>) -> Result<Done, ApiError> {
        self.log.entries().delete_all().await
    }
}
