//! `plugin sync`: makes the plugins of a server what a file says.
//!
//! What is there is asked, what there should be is chosen from a directory of bundles, and the way from the one to the
//! other is a list of steps that is shown or taken. Each step is an operation that a person could ask for as well.

mod bundles;
mod error;
mod file;
mod goal;
mod lock;
mod server;
mod steps;

pub(in crate::cli) use error::SyncError;

use std::{collections::BTreeMap, path::PathBuf};

use serde::Serialize;

use super::{MissingData, connect, text};
use crate::{
    cli::{
        Context,
        admin::{Admin, Change, Start},
        arguments::Sync,
        error::CliError,
        output::Format,
    },
    plugin::{Acceptance, Dependents, PluginId, Way},
};
use bundles::Shelf;
use file::PluginsFile;
use goal::{Goal, Sources};
use lock::Lock;
use steps::Step;

/// What differs, and what was done about it.
#[derive(Debug, Serialize)]
struct Report<'a> {
    changes: &'a [Step],
    applied: bool,
    unlisted: Vec<&'a PluginId>,
}

pub(super) async fn run(order: &Sync, context: &Context) -> Result<(), CliError> {
    let file = PluginsFile::read(&order.file)?;
    let shelf = shelf_of(order)?;
    let lock_path = order.file.with_extension("lock");
    let lock = Lock::read(&lock_path)?;
    if order.locked && lock.is_none() {
        return Err(SyncError::NoLock { path: lock_path }.into());
    }
    let missing = if order.apply { MissingData::Create } else { MissingData::Refuse };
    let admin = connect(&order.server, missing, context).await?;
    let outcome = sync(order, &Inputs { file, shelf, lock, lock_path }, admin.as_ref(), context).await;
    admin.close().await;
    outcome
}

/// What the operator's files say.
struct Inputs {
    file: PluginsFile,
    shelf: Shelf,
    lock: Option<Lock>,
    lock_path: PathBuf,
}

async fn sync(order: &Sync, inputs: &Inputs, admin: &dyn Admin, context: &Context) -> Result<(), CliError> {
    let there = server::look(admin).await?;
    let sources = Sources {
        file: &inputs.file,
        shelf: &inputs.shelf,
        there: &there,
        lock: inputs.lock.as_ref(),
        locked: order.locked,
    };
    let goals = sources.goals()?;
    let steps = steps::between(&there, &goals)?;
    let unlisted: Vec<&PluginId> = there.keys().filter(|id| !goals.get(*id).is_some_and(|goal| goal.managed)).collect();
    if order.apply {
        for step in &steps {
            take(step, &goals, admin, context).await?;
        }
        Lock::of(&goals, &server::look(admin).await?).write(&inputs.lock_path)?;
    }
    let report = Report { changes: &steps, applied: order.apply, unlisted };
    context.output.answer(&report, || words(&report))?;
    match steps.len() {
        changes if changes > 0 && !order.apply => Err(CliError::Drift { changes }),
        _ => Ok(()),
    }
}

/// The bundles of the directory that was named, else of `bundles` beside the file, if there is one.
fn shelf_of(order: &Sync) -> Result<Shelf, SyncError> {
    let usual = order.file.with_file_name("bundles");
    match &order.bundles {
        Some(folder) => Shelf::read(folder),
        None if usual.is_dir() => Shelf::read(&usual),
        None => Ok(Shelf::default()),
    }
}

async fn take(
    step: &Step,
    goals: &BTreeMap<PluginId, Goal>,
    admin: &dyn Admin,
    context: &Context,
) -> Result<(), CliError> {
    if context.output.format() == Format::Human {
        eprintln!("{step} …");
    }
    let id = step.id();
    let goal = goals.get(id).ok_or_else(|| SyncError::Vanished { id: id.clone() })?;
    let bundle = || goal.bundle.as_deref().ok_or_else(|| SyncError::Vanished { id: id.clone() });
    let plugin = match step {
        Step::Install { .. } => admin.install(bundle()?, Start::Disabled).await?,
        Step::Change { .. } => admin.upgrade(id, bundle()?, Way::SideBySide, Acceptance::Accept).await?,
        Step::Set { values, .. } => admin.configure(id, values.clone()).await?,
        Step::Enable { .. } => admin.change(id, Change::Enable).await?,
        Step::Disable { .. } => admin.change(id, Change::Disable(Dependents::Keep)).await?,
    };
    match text::failure(&plugin) {
        Some(failure) => Err(CliError::NotRunning(failure)),
        None => Ok(()),
    }
}

fn words(report: &Report<'_>) -> String {
    let mut lines: Vec<String> = report.changes.iter().map(ToString::to_string).collect();
    if lines.is_empty() {
        lines.push("the plugins are what the file says".to_owned());
    }
    if !report.unlisted.is_empty() {
        let names: Vec<&str> = report.unlisted.iter().map(|id| id.as_str()).collect();
        lines.push(format!("left as they are, the file does not name them: {}", names.join(", ")));
    }
    lines.join("\n")
}
