//! One run of a job, from its row to its row.

use super::rows::{self, Ended, JobOutcome, JobRow, LastRun, Taken};
use crate::loader::{CallError, Lease};
use crate::plugin::active::ActivePlugin;
use crate::plugin::id::PluginId;
use crate::plugin::release::Release;
use crate::plugin::services::{later_ms, millis, now_ms};
use crate::plugin::table::Published;
use crate::tasks;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use plugin_api::db::{Database, DbError};
use plugin_api::descriptor::JobSpec;
use plugin_api::services::{Level, ServiceError, ServiceErrorKind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// After its deadline a run has so long to be told, before another process may take the job.
const GRACE: Duration = Duration::from_secs(30);

/// What runs the jobs of all plugins.
#[derive(Debug)]
pub struct JobRunner {
    database: Database,
    deadline: Duration,
}

/// What starts the jobs of one plugin when it asks for it itself.
#[derive(Debug)]
pub(in crate::plugin) struct OwnJobs {
    id: PluginId,
    is_granted: bool,
    runner: Arc<JobRunner>,
    published: Published,
    runtime: Handle,
}

/// The job runs already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::plugin) struct Busy;

/// What is known of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobState {
    /// Its name.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// Its timetable, as the plugin wrote it.
    pub schedule: String,
    /// When it falls due next, in Unix milliseconds; none while it is not watched.
    pub next_ms: Option<i64>,
    /// Since when it runs, in Unix milliseconds.
    pub running_since_ms: Option<i64>,
    /// Its last run that has ended.
    pub last: Option<LastRun>,
}

impl JobRunner {
    /// Runs each for `deadline` at most.
    #[must_use]
    pub fn new(database: Database, deadline: Duration) -> Self {
        Self { database, deadline }
    }

    /// Starts a job of a generation that was due at `due_ms`, by its index, unless it is taken or runs already, on this
    /// process or another one.
    ///
    /// # Errors
    /// The database's.
    pub(in crate::plugin) async fn start(
        &self,
        active: &Arc<ActivePlugin>,
        index: usize,
        due_ms: i64,
    ) -> Result<Result<(), Busy>, DbError> {
        // Held from before the row is taken: a stop waits for both.
        let (Some(job), Some(lease)) = (active.jobs.get(index), active.generation.lease()) else {
            return Ok(Err(Busy));
        };
        let run = Taken { id: active.id.clone(), name: job.name.clone(), began_ms: now_ms() };
        if !rows::take(&self.database, &run, due_ms, later_ms(self.deadline + GRACE)).await? {
            return Ok(Err(Busy));
        }
        let (active, database, deadline) = (Arc::clone(active), self.database.clone(), self.deadline);
        tasks::spawn("a plugin's job", async move {
            let ended = finished(&active, lease, &run, index, deadline).await;
            if let Err(error) = rows::end(&database, &run, &ended).await {
                tracing::error!(%error, plugin.id = %run.id, "the end of job {} of plugin {} can't be noted", run.name, run.id);
            }
        });
        Ok(Ok(()))
    }

    /// What is known of the jobs of a plugin; `watched` is the generation that serves.
    ///
    /// # Errors
    /// The database's.
    pub(in crate::plugin) async fn states(
        &self,
        release: &Release,
        watched: Option<&ActivePlugin>,
    ) -> Result<Vec<JobState>, DbError> {
        let rows = rows::of(&self.database, release.id()).await?;
        let next = |name: &str| {
            let active = watched?;
            active.jobs[active.job(name)?].timetable.next(Timestamp::now())
        };
        let state = |job: &JobSpec| {
            let row = rows.iter().find(|row| row.name == job.name);
            JobState {
                name: job.name.clone(),
                title: job.title.clone(),
                schedule: job.schedule.clone(),
                next_ms: next(&job.name).map(Timestamp::as_millisecond),
                running_since_ms: row.filter(|row| row.runs(now_ms())).map(|row| row.began_time),
                last: row.and_then(|row| row.last(now_ms())),
            }
        };
        Ok(release.descriptor.jobs.iter().map(state).collect())
    }
}

impl JobRow {
    fn runs(&self, now_ms: i64) -> bool {
        self.taken_until.is_some_and(|until| until > now_ms)
    }

    fn last(&self, now_ms: i64) -> Option<LastRun> {
        let began_ms = Some(self.began_time).filter(|_| !self.runs(now_ms));
        if self.taken_until.is_some() && !self.runs(now_ms) {
            // Whoever had it is no more.
            return Some(LastRun { outcome: JobOutcome::Interrupted, reason: None, duration_ms: None, began_ms });
        }
        let (outcome, reason, duration_ms) = (self.outcome?, self.reason.clone(), self.duration_ms);
        Some(LastRun { outcome, reason, duration_ms, began_ms })
    }
}

impl OwnJobs {
    /// Starts jobs of `id`, once it serves.
    ///
    /// # Panics
    /// Outside a tokio runtime: rows are taken on the caller's.
    pub(in crate::plugin) fn new(id: PluginId, is_granted: bool, runner: Arc<JobRunner>, published: Published) -> Self {
        Self { id, is_granted, runner, published, runtime: Handle::current() }
    }

    pub(in crate::plugin) fn run(&self, name: &str) -> BoxFuture<'static, Result<(), ServiceError>> {
        let refused =
            |kind, message| Box::pin(std::future::ready(Err(ServiceError::new(kind, message)))) as BoxFuture<_>;
        let id = self.id.clone();
        if !self.is_granted {
            let message = format!(
                "plugin {id} may not start jobs: it would need jobs = true in [capabilities] of its plugin.toml"
            );
            return refused(ServiceErrorKind::Refused, message);
        }
        let Some(active) = self.published.load().serving(&id).cloned() else {
            return refused(ServiceErrorKind::Unavailable, format!("plugin {id} does not serve"));
        };
        // Of the version that serves, which need not be the one that asks.
        let Some(index) = active.job(name) else {
            let names: Vec<&str> = active.jobs.iter().map(|job| job.name.as_str()).collect();
            let message = format!("plugin {id} contributes no job {name:?}; there are: {}", names.join(", "));
            return refused(ServiceErrorKind::NotFound, message);
        };
        let (runner, name) = (Arc::clone(&self.runner), name.to_owned());
        let task = self.runtime.spawn(async move { runner.start(&active, index, now_ms()).await });
        Box::pin(async move {
            match task.await {
                Ok(Ok(Ok(()))) => Ok(()),
                Ok(Ok(Err(Busy))) => {
                    Err(ServiceError::new(ServiceErrorKind::Busy, format!("job {name} of plugin {id} runs already")))
                }
                Ok(Err(error)) => Err(ServiceError::other(error)),
                Err(_) => Err(ServiceError::new(ServiceErrorKind::Unavailable, "the server is shutting down")),
            }
        })
    }
}

/// Lets the plugin work, and says what came of it.
async fn finished(active: &ActivePlugin, lease: Lease, run: &Taken, index: usize, deadline: Duration) -> Ended {
    let began = Instant::now();
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    let (outcome, reason) = match tokio::time::timeout(deadline, lease.run_job(index)).await {
        Ok(Ok(Ok(()))) => (JobOutcome::Done, None),
        Ok(Ok(Err(words))) => (JobOutcome::Failed, Some(active.log().secrets().hide(&words).into_owned())),
        // What it said is told by its own hook, which is a strike as well.
        Ok(Err(error @ CallError::Panicked(_))) => (JobOutcome::Panicked, Some(error.to_string())),
        Ok(Err(error @ CallError::Malformed(_))) => (JobOutcome::Failed, Some(error.to_string())),
        Ok(Err(CallError::Cut)) => (JobOutcome::Interrupted, None),
        Err(_elapsed) => {
            active.overrun();
            (JobOutcome::Timeout, Some(format!("it was not done within {} ms", deadline.as_millis())))
        }
    };
    let duration_ms = millis(began.elapsed());
    let (level, what) = match (outcome, &reason) {
        (JobOutcome::Done, _) => (Level::Debug, format!("job {} is done after {duration_ms} ms", run.name)),
        (_, None) => (Level::Warn, format!("job {} was interrupted after {duration_ms} ms", run.name)),
        (_, Some(reason)) => (Level::Error, format!("job {} failed: {reason}", run.name)),
    };
    active.note(level, &what, None);
    Ended { outcome, reason, duration_ms }
}
