//! `plugin snapshot …` and `plugin export`: what is kept of a plugin's tables, and what is taken away.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::super::{
    Context,
    arguments::{Export, Named, NamedSnapshot, SnapshotCommand, TakeSnapshot},
    error::CliError,
};
use super::{MissingData, connect, finish};

pub(super) async fn run(command: SnapshotCommand, context: &Context) -> Result<(), CliError> {
    match command {
        SnapshotCommand::List(order) => list(&order, context).await,
        SnapshotCommand::Take(order) => take(&order, context).await,
        SnapshotCommand::Restore(order) => restore(&order, context).await,
        SnapshotCommand::Delete(order) => delete(&order, context).await,
    }
}

async fn list(order: &Named, context: &Context) -> Result<(), CliError> {
    let admin = connect(&order.server, MissingData::Refuse, context).await?;
    let snapshots = finish(admin.snapshots(&order.id).await, admin).await?;
    context.output.answer(&snapshots, || listed(&snapshots, order))?;
    Ok(())
}

async fn take(order: &TakeSnapshot, context: &Context) -> Result<(), CliError> {
    let admin = connect(&order.server, MissingData::Refuse, context).await?;
    let snapshot = finish(admin.take_snapshot(&order.id, &order.reason).await, admin).await?;
    context
        .output
        .answer(&snapshot, || format!("snapshot {} of {} is taken: {}", snapshot["id"], order.id, size(&snapshot)))?;
    Ok(())
}

async fn restore(order: &NamedSnapshot, context: &Context) -> Result<(), CliError> {
    let NamedSnapshot { id, snapshot, server } = order;
    let admin = connect(server, MissingData::Refuse, context).await?;
    finish(admin.restore_snapshot(id, *snapshot).await, admin).await?;
    let answer = json!({"id": id, "snapshot": snapshot, "restored": true});
    context.output.answer(&answer, || format!("the tables of {id} are as snapshot {snapshot} has them"))?;
    Ok(())
}

async fn delete(order: &NamedSnapshot, context: &Context) -> Result<(), CliError> {
    let NamedSnapshot { id, snapshot, server } = order;
    let admin = connect(server, MissingData::Refuse, context).await?;
    finish(admin.delete_snapshot(id, *snapshot).await, admin).await?;
    let answer = json!({"id": id, "snapshot": snapshot, "deleted": true});
    context.output.answer(&answer, || format!("snapshot {snapshot} of {id} is deleted"))?;
    Ok(())
}

pub(super) async fn export(order: &Export, context: &Context) -> Result<(), CliError> {
    let id = &order.id;
    let file = order.output.clone().unwrap_or_else(|| PathBuf::from(format!("{id}-export.zip")));
    let admin = connect(&order.server, MissingData::Refuse, context).await?;
    finish(admin.export(id, &file).await, admin).await?;
    let answer = json!({"id": id, "file": file});
    context.output.answer(&answer, || format!("{id} is exported to {}", file.display()))?;
    Ok(())
}

fn listed(snapshots: &Value, order: &Named) -> String {
    let rows = snapshots.as_array().map(Vec::as_slice).unwrap_or_default();
    if rows.is_empty() {
        return format!("{} has no snapshots", order.id);
    }
    let word = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    let line = |row: &Value| {
        let (version, time, reason) = (word(row, "version"), word(row, "created_time"), word(row, "reason"));
        format!("{}  {time}  version {version}  {}  ({reason})", row["id"], size(row))
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn size(row: &Value) -> String {
    format!("{} rows, {} bytes", row["rows"], row["bytes"])
}
