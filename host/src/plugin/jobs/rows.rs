//! Which jobs run, and what became of the last run of each.

use crate::plugin::id::PluginId;
use plugin_api::db::{Database, DbError, Transaction, placeholders};
use plugin_api::descriptor::JobSpec;
use serde::Deserialize;

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobOutcome {
    /// Its work is done.
    Done,
    /// It said that it failed.
    Failed,
    /// It panicked.
    Panicked,
    /// It overran its deadline.
    Timeout,
    /// The plugin or the server was stopped.
    Interrupted,
}

/// The last run of a job that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRun {
    /// What became of it.
    pub outcome: JobOutcome,
    /// Why, where it did not go well.
    pub reason: Option<String>,
    /// How long it took; none where that is not known.
    pub duration_ms: Option<i64>,
    /// When it began, in Unix milliseconds; none while another one runs.
    pub began_ms: Option<i64>,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct JobRow {
    pub(super) name: String,
    pub(super) taken_until: Option<i64>,
    pub(super) began_time: i64,
    pub(super) outcome: Option<JobOutcome>,
    pub(super) reason: Option<String>,
    pub(super) duration_ms: Option<i64>,
}

/// A run that this process has taken.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) id: PluginId,
    pub(super) name: String,
    pub(super) began_ms: i64,
}

/// What is to be told of a run that has ended.
#[derive(Debug, Clone)]
pub(super) struct Ended {
    pub(super) outcome: JobOutcome,
    pub(super) reason: Option<String>,
    pub(super) duration_ms: i64,
}

impl JobOutcome {
    /// What the API calls it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::Timeout => "timeout",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Takes the run of a job that was due at `due_ms`, until `until_ms`; false if somebody else has it, if it runs, or if the
/// plugin is gone.
pub(super) async fn take(db: &Database, run: &Taken, due_ms: i64, until_ms: i64) -> Result<bool, DbError> {
    let sql = "INSERT INTO plugin_job (plugin_id, name, due_time, taken_until, began_time) \
               SELECT id, $2, $3, $4, $5 FROM plugin WHERE id = $1 \
               ON CONFLICT (plugin_id, name) DO UPDATE SET due_time = $3, taken_until = $4, began_time = $5 \
               WHERE plugin_job.due_time < $3 AND (plugin_job.taken_until IS NULL OR plugin_job.taken_until <= $5)";
    let query = db.query(sql).bind(run.id.as_str()).bind(run.name.as_str()).bind(due_ms).bind(until_ms);
    Ok(query.bind(run.began_ms).execute().await? > 0)
}

/// Tells what became of a run, unless somebody else has taken it meanwhile.
pub(super) async fn end(db: &Database, run: &Taken, ended: &Ended) -> Result<(), DbError> {
    let sql = "UPDATE plugin_job SET taken_until = NULL, outcome = $4, reason = $5, duration_ms = $6 \
               WHERE plugin_id = $1 AND name = $2 AND began_time = $3";
    let query = db.query(sql).bind(run.id.as_str()).bind(run.name.as_str()).bind(run.began_ms);
    let query = query.bind(ended.outcome.as_str()).bind(ended.reason.clone()).bind(ended.duration_ms);
    query.execute().await.map(drop)
}

/// What is known of a plugin's jobs.
pub(super) async fn of(db: &Database, id: &PluginId) -> Result<Vec<JobRow>, DbError> {
    let sql = "SELECT name, taken_until, began_time, outcome, reason, duration_ms FROM plugin_job WHERE plugin_id = $1";
    db.query(sql).bind(id.as_str()).fetch_all().await
}

/// Removes what is known of jobs of a plugin that it does not have any more.
pub(in crate::plugin) async fn forget_others(tx: &Transaction, id: &PluginId, jobs: &[JobSpec]) -> Result<(), DbError> {
    let mut sql = "DELETE FROM plugin_job WHERE plugin_id = $1".to_owned();
    if !jobs.is_empty() {
        sql.push_str(&format!(" AND name NOT IN ({})", placeholders(2, jobs.len())));
    }
    let query = jobs.iter().fold(tx.query(sql).bind(id.as_str()), |query, job| query.bind(job.name.as_str()));
    query.execute().await.map(drop)
}

/// Gives back what a process had taken that was the only one, and is no more.
pub(in crate::plugin) async fn release_all(db: &Database) -> Result<(), DbError> {
    let sql = "UPDATE plugin_job SET taken_until = NULL, outcome = $1, reason = NULL, duration_ms = NULL \
               WHERE taken_until IS NOT NULL";
    db.query(sql).bind(JobOutcome::Interrupted.as_str()).execute().await.map(drop)
}
