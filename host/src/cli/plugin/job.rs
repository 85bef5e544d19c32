//! `plugin job …`: what a plugin does by a timetable.

use std::time::Duration;

use serde_json::Value;

use super::super::{
    Context,
    admin::Admin,
    arguments::{JobCommand, Named, NamedJob},
    error::CliError,
    output::table,
};
use super::{MissingData, connect, finish};
use crate::plugin::PluginId;

/// Between two looks whether a job has ended.
const INTERVAL: Duration = Duration::from_millis(250);

pub(super) async fn run(command: JobCommand, context: &Context) -> Result<(), CliError> {
    match command {
        JobCommand::List(order) => list(&order, context).await,
        JobCommand::Run(order) => start(&order, context).await,
    }
}

async fn list(order: &Named, context: &Context) -> Result<(), CliError> {
    let admin = connect(&order.server, MissingData::Refuse, context).await?;
    let jobs = finish(admin.jobs(&order.id).await, admin).await?;
    context.output.answer(&jobs, || listed(&jobs, &order.id))?;
    Ok(())
}

/// Starts a job and waits for its end. An interrupted wait does not interrupt the job of a running server.
async fn start(order: &NamedJob, context: &Context) -> Result<(), CliError> {
    let NamedJob { id, job, server } = order;
    let admin = connect(server, MissingData::Refuse, context).await?;
    let ended = finish(ended(&*admin, id, job).await, admin).await?;
    let run = &ended["last_run"];
    if run["outcome"] != "done" {
        let reason = run["reason"].as_str().or(run["outcome"].as_str()).unwrap_or_default();
        return Err(CliError::Job { id: id.clone(), job: job.clone(), reason: reason.to_owned() });
    }
    context.output.answer(&ended, || format!("job {job} of {id} is done after {} ms", run["duration_ms"]))?;
    Ok(())
}

async fn ended(admin: &dyn Admin, id: &PluginId, job: &str) -> Result<Value, CliError> {
    admin.run_job(id, job).await?;
    loop {
        let jobs = admin.jobs(id).await?;
        let state = jobs.as_array().into_iter().flatten().find(|state| state["name"] == job);
        match state {
            Some(state) if state["running_since"].is_string() => tokio::time::sleep(INTERVAL).await,
            Some(state) => return Ok(state.clone()),
            // The plugin was upgraded to a version without it.
            None => return Ok(Value::Null),
        }
    }
}

fn listed(jobs: &Value, id: &PluginId) -> String {
    let rows: Vec<Vec<String>> = jobs.as_array().into_iter().flatten().map(row).collect();
    if rows.is_empty() {
        return format!("{id} has no jobs");
    }
    table(&["JOB", "SCHEDULE", "NEXT", "LAST", "TITLE"], &rows)
}

fn row(job: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let last = match (job["running_since"].as_str(), &job["last_run"]) {
        (Some(since), _) => format!("runs since {since}"),
        (None, Value::Null) => "-".to_owned(),
        (None, run) => format!("{} {}", word(&run["outcome"]), word(&run["began_time"])),
    };
    vec![word(&job["name"]), word(&job["schedule"]), word(&job["next_time"]), last, word(&job["title"])]
}
