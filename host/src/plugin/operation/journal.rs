//! The rows of operations: written as they go, read by a start after a crash and by administrators.

use super::{Operation, Step};
use crate::plugin::id::PluginId;
use crate::plugin::plan::Plan;
use crate::plugin::schema;
use crate::plugin::status::{Desired, Observed, PluginStatus};
use plugin_api::db::{Database, DbError, Statements, Transaction};
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Who asked for an operation, and by which plan.
#[derive(Debug, Clone)]
pub(in crate::plugin) struct Order {
    /// Who.
    pub(in crate::plugin) origin: Origin,
    /// The plan that is applied.
    pub(in crate::plugin) plan: Option<Arc<Plan>>,
}

/// Who wants an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::plugin) enum Origin {
    /// A person.
    User {
        /// The id.
        id: i64,
        /// The login name.
        username: String,
    },
    /// The server, of its own accord.
    Server,
    /// The server, bringing up at its start what should serve.
    Start,
}

/// An operation as it begins.
pub(in crate::plugin) struct Opening<'a> {
    pub(in crate::plugin) id: &'a PluginId,
    pub(in crate::plugin) operation: Operation,
    pub(in crate::plugin) order: &'a Order,
    pub(in crate::plugin) before: Option<&'a PluginStatus>,
    pub(in crate::plugin) after: Option<&'a PluginStatus>,
}

/// What a crash leaves to be taken back, as far as the database does not say it itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::plugin) struct Remedy {
    /// How to take back the change of the schema, if one was begun.
    pub(in crate::plugin) schema: Option<schema::Undo>,
    /// The copy of the tables that was taken on the way, by its number.
    #[serde(default)]
    pub(in crate::plugin) snapshot: Option<i64>,
    /// The tables are those of the copy only once it was restored.
    #[serde(default)]
    pub(in crate::plugin) restore: bool,
    /// The plugin was switched off on the way, and should serve again.
    pub(in crate::plugin) switched_off: bool,
    /// The same of plugins that need it: each before what it needs.
    #[serde(default)]
    pub(in crate::plugin) along: Vec<PluginId>,
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationState {
    /// It has not ended: it runs, or the process that ran it has died.
    Running,
    /// It reached its end.
    Done,
    /// It was taken back.
    Undone,
    /// It was refused before its first step.
    Refused,
}

/// An operation that has not ended.
#[derive(Debug)]
pub(in crate::plugin) struct Unfinished {
    pub(in crate::plugin) entry: i64,
    pub(in crate::plugin) id: PluginId,
    pub(in crate::plugin) version: Version,
    pub(in crate::plugin) operation: Operation,
    pub(in crate::plugin) step: Option<Step>,
    pub(in crate::plugin) settled: bool,
    pub(in crate::plugin) remedy: Remedy,
}

#[derive(Deserialize)]
struct Row {
    id: i64,
    plugin_id: String,
    from_version: Option<String>,
    to_version: Option<String>,
    operation: String,
    step: Option<String>,
    settled: i64,
    remedy: String,
}

#[derive(Serialize)]
struct State<'a> {
    version: &'a Version,
    previous_version: &'a Option<Version>,
    desired: Desired,
    observed: Observed,
    reason: &'a Option<String>,
}

impl Order {
    /// By the server itself.
    pub(in crate::plugin) fn of_the_server() -> Self {
        Self { origin: Origin::Server, plan: None }
    }
}

impl OperationState {
    /// What the API and the database call it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Undone => "undone",
            Self::Refused => "refused",
        }
    }
}

/// An entry as it is written first.
struct Entry<'a> {
    plugin: &'a PluginId,
    operation: String,
    /// Before and after.
    versions: [Option<&'a Version>; 2],
    states: [Option<String>; 2],
    order: &'a Order,
}

/// A change of a plugin's settings, for the record. It has no steps.
pub(in crate::plugin) struct Configuration<'a> {
    pub(in crate::plugin) status: &'a PluginStatus,
    pub(in crate::plugin) order: &'a Order,
    /// What was asked for, by key, without secrets: what held before, and what holds then.
    pub(in crate::plugin) settings: [Map<String, Value>; 2],
}

/// Begins an entry; gives its number.
pub(in crate::plugin) async fn begin(db: &Database, opening: &Opening<'_>, now_ms: i64) -> Result<i64, DbError> {
    insert(db, &opening.entry(), OperationState::Running, None, now_ms).await
}

/// Records an operation that is done with this very transaction.
pub(in crate::plugin) async fn done(tx: &Transaction, opening: &Opening<'_>, now_ms: i64) -> Result<(), DbError> {
    insert(tx, &opening.entry(), OperationState::Done, None, now_ms).await.map(drop)
}

/// Records a change of settings: done with this very transaction, or refused.
pub(in crate::plugin) async fn configured(
    db: &impl Statements,
    configuration: &Configuration<'_>,
    refusal: Option<&str>,
    now_ms: i64,
) -> Result<(), DbError> {
    let state = if refusal.is_some() { OperationState::Refused } else { OperationState::Done };
    insert(db, &configuration.entry(), state, refusal, now_ms).await.map(drop)
}

/// Records an operation that never began, and why.
pub(in crate::plugin) async fn refused(
    db: &Database,
    opening: &Opening<'_>,
    error: &str,
    now_ms: i64,
) -> Result<(), DbError> {
    insert(db, &opening.entry(), OperationState::Refused, Some(error), now_ms).await.map(drop)
}

async fn insert(
    db: &impl Statements,
    entry: &Entry<'_>,
    state: OperationState,
    error: Option<&str>,
    now_ms: i64,
) -> Result<i64, DbError> {
    let (user_id, username) = match &entry.order.origin {
        Origin::User { id, username } => (Some(*id), Some(username.as_str())),
        Origin::Server | Origin::Start => (None, None),
    };
    let [from, to] = entry.versions.map(|version| version.map(Version::to_string));
    let [before, after] = entry.states.clone();
    db.insert("plugin_operation")
        .value("plugin_id", entry.plugin.as_str())
        .value("operation", entry.operation.as_str())
        .value("from_version", from)
        .value("to_version", to)
        .value("user_id", user_id)
        .value("username", username)
        .value("plan_hash", entry.order.plan.as_ref().map(|plan| plan.hash().to_string()))
        .value("state", state.as_str())
        .value("settled", i64::from(state == OperationState::Done))
        .value("remedy", json(&Remedy::default()))
        .value("before_state", before)
        .value("after_state", after)
        .value("error", error)
        .value("began_at", now_ms)
        .value("ended_at", (state != OperationState::Running).then_some(now_ms))
        .returning_id()
        .await
}

/// Notes that a step begins, and how to take back what is done by its end.
pub(in crate::plugin) async fn reach(db: &Database, entry: i64, step: Step, remedy: &Remedy) -> Result<(), DbError> {
    let sql = "UPDATE plugin_operation SET step = $2, remedy = $3 WHERE id = $1";
    db.query(sql).bind(entry).bind(step.as_str()).bind(json(remedy)).execute().await.map(drop)
}

/// Notes, with the change itself, that from now on it can only be finished.
pub(in crate::plugin) async fn settle(
    tx: &Transaction,
    entry: i64,
    after: Option<&PluginStatus>,
) -> Result<(), DbError> {
    let sql = "UPDATE plugin_operation SET settled = 1, after_state = $2 WHERE id = $1";
    tx.query(sql).bind(entry).bind(after.map(state_json)).execute().await.map(drop)
}

/// Notes the end.
pub(in crate::plugin) async fn end(
    db: &Database,
    entry: i64,
    state: OperationState,
    error: Option<&str>,
    now_ms: i64,
) -> Result<(), DbError> {
    let sql = "UPDATE plugin_operation SET state = $2, error = $3, ended_at = $4 WHERE id = $1";
    db.query(sql).bind(entry).bind(state.as_str()).bind(error).bind(now_ms).execute().await.map(drop)
}

/// What has not ended, newest first: the order in which it is taken back. Rows of another program are
/// left out.
pub(in crate::plugin) async fn unfinished(db: &impl Statements) -> Result<Vec<Unfinished>, DbError> {
    let sql = "SELECT id, plugin_id, from_version, to_version, operation, step, settled, remedy FROM plugin_operation \
               WHERE state = 'running' ORDER BY id DESC";
    let rows: Vec<Row> = db.query(sql).fetch_all().await?;
    Ok(rows.into_iter().filter_map(Row::read).collect())
}

impl<'a> Opening<'a> {
    fn entry(&self) -> Entry<'a> {
        let statuses = [self.before, self.after];
        Entry {
            plugin: self.id,
            operation: name(self.operation),
            versions: statuses.map(|status| status.map(PluginStatus::version)),
            states: statuses.map(|status| status.map(state_json)),
            order: self.order,
        }
    }
}

impl Configuration<'_> {
    fn entry(&self) -> Entry<'_> {
        let state = |settings: &Map<String, Value>| Some(json(&serde_json::json!({ "settings": settings })));
        let [before, after] = &self.settings;
        Entry {
            plugin: self.status.id(),
            operation: "configure".to_owned(),
            versions: [Some(self.status.version()); 2],
            states: [state(before), state(after)],
            order: self.order,
        }
    }
}

impl Row {
    fn read(self) -> Option<Unfinished> {
        let read = || {
            Some(Unfinished {
                entry: self.id,
                id: self.plugin_id.parse().ok()?,
                version: self.to_version.as_ref().or(self.from_version.as_ref())?.parse().ok()?,
                operation: word(&self.operation)?,
                step: self.step.as_deref().and_then(word),
                settled: self.settled != 0,
                remedy: serde_json::from_str(&self.remedy).ok()?,
            })
        };
        let unfinished = read();
        if unfinished.is_none() {
            tracing::error!(entry = self.id, "an unfinished operation can't be read: another program has written it");
        }
        unfinished
    }
}

fn word<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(Value::String(text.to_owned())).ok()
}

/// The name with which it is read again.
fn name(operation: Operation) -> String {
    serde_json::to_value(operation)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .expect("an operation is written as a text")
}

fn state_json(status: &PluginStatus) -> String {
    json(&State {
        version: status.version(),
        previous_version: &status.previous,
        desired: status.desired,
        observed: status.observed,
        reason: &status.reason,
    })
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("it has text keys and no floats")
}
