//! `/plugins/operations`: who did what with plugins.

use super::model::Tag;
use crate::admin::Clock;
use crate::http::{Answer, ApiError, Page, PageQuery, SuperCaller};
use crate::plugin::SupervisorHandle;
use crate::plugin::operation::record::{self, OperationRecord, RecordFilter};
use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt};
use plugin_api::Id;
use plugin_api::db::{Database, DbError};
use poem::Body;
use poem::http::Uri;
use poem_openapi::param::Query;
use poem_openapi::payload::{Binary, Response};
use poem_openapi::types::ToJSON;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use serde_json::Value;
use std::io;

/// Entries read at a time while they are exported.
const EXPORT_PIECE: u64 = 500;

/// `/plugins/operations`
pub struct OperationsApi {
    supervisor: SupervisorHandle,
    clock: Clock,
}

/// What can be done with a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case", rename = "PluginOperationKind")]
pub(super) enum Kind {
    /// It came.
    Install,
    /// It was made to serve.
    Enable,
    /// It was made to stop.
    Disable,
    /// Another version took its place.
    Upgrade,
    /// The version before took its place.
    Rollback,
    /// It went.
    Uninstall,
    /// It went with its data.
    Purge,
    /// Its tables became those of a snapshot.
    Restore,
    /// The host took it out.
    Quarantine,
    /// Its settings were changed.
    Configure,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case", rename = "PluginOperationState")]
pub(super) enum State {
    /// It has not ended.
    Running,
    /// It reached its end.
    Done,
    /// It was taken back.
    Undone,
    /// It was refused.
    Refused,
}

/// Something that was done with a plugin, or was tried.
#[derive(Debug, Clone, Object)]
#[oai(rename = "PluginOperation")]
pub(super) struct OperationDto {
    /// The key.
    pub id: Id,
    /// The plugin.
    pub plugin: String,
    /// What was asked for.
    pub operation: String,
    /// The version that was installed.
    pub from_version: Option<String>,
    /// The version that was to be installed.
    pub to_version: Option<String>,
    /// Who asked; null for the server itself.
    pub user_id: Option<Id>,
    /// The login name at that time.
    pub username: Option<String>,
    /// The hash of the plan that was applied.
    pub plan_hash: Option<String>,
    /// What became of it: `running`, `done`, `undone` or `refused`.
    pub state: String,
    /// The last step with lasting effects that was begun.
    pub step: Option<String>,
    /// The plugin's state before.
    pub before: Option<Value>,
    /// The plugin's state after.
    pub after: Option<Value>,
    /// Why it was not done.
    pub error: Option<String>,
    /// When it began.
    pub began_time: String,
    /// When it ended.
    pub ended_time: Option<String>,
}

/// The record as a file.
#[derive(ApiResponse)]
pub(super) enum Export {
    /// One JSON object a line, newest first.
    #[oai(status = 200, content_type = "application/x-ndjson")]
    Lines(Binary<Body>, #[oai(header = "Content-Disposition")] String),
}

impl OperationsApi {
    /// The routes over `supervisor`, showing times by `clock`.
    #[must_use]
    pub fn new(supervisor: SupervisorHandle, clock: Clock) -> Self {
        Self { supervisor, clock }
    }

    fn database(&self) -> Database {
        self.supervisor.workplace().pool.database()
    }
}

#[OpenApi(prefix_path = "/plugins/operations", tag = "Tag::Plugins")]
impl OperationsApi {
    /// List what was done with plugins, the newest first
    #[oai(path = "/", method = "get")]
    async fn list(
        &self,
        _caller: SuperCaller,
        uri: &Uri,
        /// Of this plugin.
        #[oai(validator(max_length = 64))]
        plugin: Query<Option<String>>,
        /// What was asked for.
        operation: Query<Option<Kind>>,
        /// What became of it.
        state: Query<Option<State>>,
        /// By this user.
        #[oai(validator(max_length = 64))]
        username: Query<Option<String>>,
    ) -> Result<Answer<Page<OperationDto>>, ApiError> {
        let query = PageQuery::of(uri)?;
        let filter = filter(plugin.0, operation.0, state.0, username.0);
        let (limit, offset) = (query.limit().unsigned_abs(), query.offset().unsigned_abs());
        let (records, total) =
            record::page(&self.database(), &filter, limit, offset).await.map_err(ApiError::internal)?;
        let items = records.into_iter().map(|record| OperationDto::of(record, &self.clock)).collect();
        Ok(Answer::of(query.answer(uri, items, total)))
    }

    /// Download what was done with plugins, one JSON object a line
    #[oai(path = "/export", method = "get")]
    async fn export(
        &self,
        _caller: SuperCaller,
        /// Of this plugin.
        #[oai(validator(max_length = 64))]
        plugin: Query<Option<String>>,
        /// What was asked for.
        operation: Query<Option<Kind>>,
        /// What became of it.
        state: Query<Option<State>>,
        /// By this user.
        #[oai(validator(max_length = 64))]
        username: Query<Option<String>>,
    ) -> Result<Response<Export>, ApiError> {
        let filter = filter(plugin.0, operation.0, state.0, username.0);
        let lines = lines(self.database(), filter, self.clock.clone());
        let name = "attachment; filename=\"plugin-operations.jsonl\"".to_owned();
        Ok(Response::new(Export::Lines(Binary(Body::from_bytes_stream(lines)), name)))
    }
}

fn filter(
    plugin: Option<String>,
    operation: Option<Kind>,
    state: Option<State>,
    username: Option<String>,
) -> RecordFilter {
    let word = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
    RecordFilter {
        plugin,
        operation: word(operation.and_then(|kind| kind.to_json())),
        state: word(state.and_then(|state| state.to_json())),
        username,
    }
}

/// The record in pieces, so that a long one is never in memory whole.
fn lines(db: Database, filter: RecordFilter, clock: Clock) -> BoxStream<'static, io::Result<Bytes>> {
    let next = move |before: Option<i64>| {
        let (db, filter, clock) = (db.clone(), filter.clone(), clock.clone());
        async move {
            let records = piece(&db, &filter, before?).await;
            let next = records.as_ref().ok().and_then(|records| records.last()).map(|record| record.id);
            let text = records.map_err(io::Error::other).map(|records| {
                let lines = records.into_iter().map(|record| OperationDto::of(record, &clock).to_json_string() + "\n");
                Bytes::from(lines.collect::<String>())
            });
            Some((text, next))
        }
    };
    futures_util::stream::unfold(Some(i64::MAX), next).boxed()
}

async fn piece(db: &Database, filter: &RecordFilter, before: i64) -> Result<Vec<OperationRecord>, DbError> {
    record::before(db, filter, before, EXPORT_PIECE).await
}

impl OperationDto {
    fn of(record: OperationRecord, clock: &Clock) -> Self {
        let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
        Self {
            id: record.id.into(),
            plugin: record.plugin_id,
            operation: record.operation.split('_').next().unwrap_or_default().to_owned(),
            from_version: record.from_version,
            to_version: record.to_version,
            user_id: record.user_id.map(Id::from),
            username: record.username,
            plan_hash: record.plan_hash,
            state: record.state,
            step: record.step,
            before: json(record.before_state),
            after: json(record.after_state),
            error: record.error,
            began_time: clock.format(record.began_at),
            ended_time: record.ended_at.map(|at| clock.format(at)),
        }
    }
}
