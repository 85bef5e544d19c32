//! `/plugins/{plugin}/jobs`: what plugins do by a timetable.

use crate::admin::Clock;
use crate::http::{Answer, ApiError, SuperCaller};
use crate::plugin::{JobState, LastRun, SupervisorHandle};
use poem_openapi::param::Path;
use poem_openapi::{Object, OpenApi};
use serde_json::Value;

/// `/plugins/{plugin}/jobs`
pub struct JobsApi {
    supervisor: SupervisorHandle,
    clock: Clock,
}

/// A job of a plugin.
#[derive(Debug, Clone, Object)]
#[oai(rename = "PluginJob")]
pub struct JobDto {
    /// Its name.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// Five fields as of crontab(5), then the name of a time zone, if it is not the server's.
    pub schedule: String,
    /// When it falls due next; null while the plugin does not serve or is not granted jobs.
    pub next_time: Option<String>,
    /// Since when it runs, on this process or another one.
    pub running_since: Option<String>,
    /// Its last run that has ended.
    pub last_run: Option<LastRunDto>,
}

/// A run of a job that has ended.
#[derive(Debug, Clone, Object)]
#[oai(rename = "PluginJobRun")]
pub struct LastRunDto {
    /// `done`, `failed`, `panicked`, `timeout` or `interrupted`.
    pub outcome: String,
    /// Why, where it did not go well.
    pub reason: Option<String>,
    /// How long it took, in milliseconds, where that is known.
    pub duration_ms: Option<i64>,
    /// When it began; null while another one runs.
    pub began_time: Option<String>,
}

impl JobsApi {
    /// The routes over `supervisor`, showing times by `clock`.
    #[must_use]
    pub fn new(supervisor: SupervisorHandle, clock: Clock) -> Self {
        Self { supervisor, clock }
    }
}

#[OpenApi(prefix_path = "/plugins", tag = "crate::http::plugins::model::Tag::Plugins")]
impl JobsApi {
    /// List a plugin's jobs: when each falls due, and what became of its last run
    #[oai(path = "/:plugin/jobs", method = "get")]
    async fn list(&self, _caller: SuperCaller, plugin: Path<String>) -> Result<Answer<Vec<JobDto>>, ApiError> {
        let jobs = self.supervisor.jobs(&self.supervisor.id(&plugin.0)?).await?;
        Ok(Answer::of(jobs.into_iter().map(|job| JobDto::of(job, &self.clock)).collect()))
    }

    /// Start a job now, beside its timetable; the answer does not wait for its end
    #[oai(path = "/:plugin/jobs/:job/run", method = "post")]
    async fn run(
        &self,
        _caller: SuperCaller,
        plugin: Path<String>,
        job: Path<String>,
    ) -> Result<Answer<Value>, ApiError> {
        self.supervisor.run_job(&self.supervisor.id(&plugin.0)?, &job.0).await?;
        Ok(Answer::done())
    }
}

impl JobDto {
    /// As `clock` shows times.
    #[must_use]
    pub fn of(job: JobState, clock: &Clock) -> Self {
        let JobState { name, title, schedule, next_ms, running_since_ms, last } = job;
        let time = |moment: Option<i64>| moment.map(|moment| clock.format(moment));
        let last_run = last.map(|LastRun { outcome, reason, duration_ms, began_ms }| LastRunDto {
            outcome: outcome.as_str().to_owned(),
            reason,
            duration_ms,
            began_time: time(began_ms),
        });
        Self { name, title, schedule, next_time: time(next_ms), running_since: time(running_since_ms), last_run }
    }
}
