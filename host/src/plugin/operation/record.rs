//! The record of operations, as administrators read it.

use plugin_api::db::{Database, DbError, Statements};
use sea_query::{Cond, Expr, ExprTrait, Order, Query, SelectStatement};
use serde::Deserialize;

const COLUMNS: [&str; 16] = [
    "id",
    "plugin_id",
    "operation",
    "from_version",
    "to_version",
    "user_id",
    "username",
    "plan_hash",
    "state",
    "step",
    "settled",
    "before_state",
    "after_state",
    "error",
    "began_at",
    "ended_at",
];

/// What was done with a plugin, or was tried.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OperationRecord {
    /// The key.
    pub id: i64,
    /// The plugin.
    pub plugin_id: String,
    /// The operation, in the words of [`Operation`](super::Operation)'s JSON form.
    pub operation: String,
    /// The version that was installed.
    pub from_version: Option<String>,
    /// The version that was to be installed.
    pub to_version: Option<String>,
    /// Who asked; none for the server itself.
    pub user_id: Option<i64>,
    /// The login name at that time.
    pub username: Option<String>,
    /// The plan that was applied.
    pub plan_hash: Option<String>,
    /// `running`, `done`, `undone` or `refused`.
    pub state: String,
    /// The last step with lasting effects that was begun.
    pub step: Option<String>,
    /// 1 if it could only be finished.
    pub settled: i64,
    /// The plugin's row before, as JSON.
    pub before_state: Option<String>,
    /// The plugin's row after, as JSON.
    pub after_state: Option<String>,
    /// Why it was not done.
    pub error: Option<String>,
    /// When it began, in Unix milliseconds.
    pub began_at: i64,
    /// When it ended.
    pub ended_at: Option<i64>,
}

/// Which operations are asked for; what is none does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordFilter {
    /// Of this plugin.
    pub plugin: Option<String>,
    /// Whose names begin with this: `install` is also one that waits.
    pub operation: Option<String>,
    /// In this state.
    pub state: Option<String>,
    /// By this user.
    pub username: Option<String>,
}

/// One page of the record, newest first, and how many entries there are.
///
/// # Errors
/// The database's.
pub async fn page(
    db: &Database,
    filter: &RecordFilter,
    limit: u64,
    offset: u64,
) -> Result<(Vec<OperationRecord>, u64), DbError> {
    db.page(&select(filter), limit, offset).await
}

/// The `limit` entries before the one of `id`, newest first.
///
/// # Errors
/// The database's.
pub async fn before(
    db: &Database,
    filter: &RecordFilter,
    id: i64,
    limit: u64,
) -> Result<Vec<OperationRecord>, DbError> {
    let mut select = select(filter);
    select.and_where(Expr::col("id").lt(id)).limit(limit);
    db.statement(&select).fetch_all().await
}

fn select(filter: &RecordFilter) -> SelectStatement {
    let RecordFilter { plugin, operation, state, username } = filter;
    let equal =
        |column: &'static str, value: &Option<String>| value.as_ref().map(|value| Expr::col(column).eq(value.as_str()));
    let condition = Cond::all()
        .add_option(equal("plugin_id", plugin))
        .add_option(operation.as_ref().map(|word| {
            Expr::col("operation").is_in(["", "_waiting", "_drained", "_reverting"].map(|end| format!("{word}{end}")))
        }))
        .add_option(equal("state", state))
        .add_option(equal("username", username));
    let mut select = Query::select();
    select.columns(COLUMNS).from("plugin_operation").cond_where(condition).order_by("id", Order::Desc);
    select
}
