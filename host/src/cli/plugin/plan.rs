//! `plugin plan` and `plugin apply`: what a change would come to, shown before it is done.

use super::{MissingData, Source, connect, finish, report, text};
use crate::cli::Context;
use crate::cli::admin::{Admin, Leavings, Planned};
use crate::cli::arguments::{Action, Apply, Subject};
use crate::cli::error::CliError;
use crate::cli::output::Format;
use crate::plugin::Dependents;
use serde_json::{Value, json};
use std::io::{IsTerminal, Write};
use std::path::Path;

/// Shows a plan. On a running server it waits there to be applied.
pub(super) async fn plan(order: &Subject, context: &Context) -> Result<(), CliError> {
    let admin = connect(&order.server, missing(order), context).await?;
    let planned = planned(order, admin.as_ref(), context).await;
    let lasts = admin.keeps_plans();
    let plan = finish(planned, admin).await?;
    context.output.answer(&plan, || {
        let next = match plan["id"].as_str().filter(|_| lasts) {
            Some(id) => format!("\napply it with `backplane plugin apply {id}`"),
            None => "\napply it with `backplane plugin apply` and the same arguments".to_owned(),
        };
        words(&plan) + &next
    })?;
    Ok(())
}

/// Applies a plan that waits, or makes one and applies it after a look.
pub(super) async fn apply(order: &Apply, context: &Context) -> Result<(), CliError> {
    let admin = connect(&order.subject.server, missing(&order.subject), context).await?;
    let place = admin.place();
    let applied = planned_and_applied(order, admin.as_ref(), context).await;
    let plugin = finish(applied, admin).await?;
    if plugin.is_null() {
        context.output.answer(&json!({"applied": true}), || "applied: the plugin is gone".to_owned())?;
        return Ok(());
    }
    report(context, &plugin, || text::changed("applied: now", &plugin, &place))
}

async fn planned_and_applied(order: &Apply, admin: &dyn Admin, context: &Context) -> Result<Value, CliError> {
    let subject = &order.subject;
    let is_id = subject.action.is_none() && uuid::Uuid::parse_str(&subject.subject).is_ok();
    let plan = if is_id { admin.plan(&subject.subject).await? } else { planned(subject, admin, context).await? };
    let id = plan["id"].as_str().unwrap_or_default().to_owned();
    if !order.yes {
        if context.output.format() == Format::Json || !std::io::stdin().is_terminal() {
            return Err(CliError::Unconfirmed);
        }
        eprintln!("{}", words(&plan));
        if !confirmed()? {
            // It expires by itself as well.
            let _ = admin.withdraw(&id).await;
            return Err(CliError::Unconfirmed);
        }
    }
    admin.apply(&id).await
}

async fn planned(order: &Subject, admin: &dyn Admin, context: &Context) -> Result<Value, CliError> {
    let Some(action) = order.action else {
        let bundle = Source::find(Path::new(&order.subject), context).await?;
        return admin.plan_bundle(&bundle.path, order.start(), order.way()).await;
    };
    let id = order.subject.parse().map_err(CliError::Id)?;
    let dependents = Dependents::of(order.cascade);
    let planned = match action {
        Action::Enable => Planned::Enable,
        Action::Disable => Planned::Disable(dependents),
        Action::Rollback => Planned::Rollback(order.version.clone(), order.tables()),
        Action::Uninstall => Planned::Uninstall(if order.purge { Leavings::Purge } else { Leavings::Keep }, dependents),
    };
    admin.plan_change(&id, planned).await
}

fn missing(order: &Subject) -> MissingData {
    if order.action.is_none() { MissingData::Create } else { MissingData::Refuse }
}

fn confirmed() -> Result<bool, CliError> {
    let failed = |source| CliError::Terminal { what: "ask whether to apply the plan", source };
    eprint!("apply this plan? [y/N] ");
    std::io::stderr().flush().map_err(failed)?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(failed)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

/// A plan, for people.
fn words(plan: &Value) -> String {
    let text = |key: &str| plan[key].as_str().unwrap_or_default();
    let versions = match (plan["from_version"].as_str(), plan["to_version"].as_str()) {
        (Some(from), Some(to)) if from != to => format!("{from} -> {to}"),
        (Some(version), _) | (None, Some(version)) => version.to_owned(),
        (None, None) => String::new(),
    };
    let mut lines = vec![
        format!("{} {} {versions}", text("operation"), text("plugin")),
        format!("steps: {}", listed(&plan["steps"], |step| step.as_str().map(str::to_owned)).join(", ")),
    ];
    if let Some(files) = plan["files"].as_array().filter(|files| !files.is_empty()) {
        lines.push(format!("files: {}, {} bytes unpacked", files.len(), plan["files_bytes"]));
    }
    for what in ["routes", "menus", "permissions", "settings", "models", "jobs", "events", "services"] {
        let signed =
            |key: &str, sign: &str| listed(&plan[what][key], |name| Some(format!("  {sign} {}", name.as_str()?)));
        let changes = [signed("added", "+"), signed("changed", "~"), signed("removed", "-")].concat();
        if !changes.is_empty() {
            lines.push(format!("{what}:"));
            lines.extend(changes);
        }
    }
    for migration in plan["migrations"].as_array().into_iter().flatten() {
        let name = migration["name"].as_str().unwrap_or_default();
        let direction = migration["direction"].as_str().unwrap_or_default();
        lines.push(format!("migration {} {name} ({direction}):", migration["version"]));
        let sql =
            migration["sqlite"].as_str().or(migration["postgres"].as_str()).unwrap_or("as recorded in the database");
        lines.extend(sql.trim_end().lines().map(|line| format!("  {line}")));
    }
    lines.extend(listed(&plan["capabilities_added"], |one| Some(format!("asks to be allowed: {}", one.as_str()?))));
    lines.extend(listed(&plan["dependencies"], |other| {
        let relation = if other["relation"] == "needs" { "needs" } else { "is needed by" };
        let state = if other["serves"] == true { "which serves" } else { "which does not serve" };
        Some(format!("{relation} {}, {state}", other["plugin"].as_str()?))
    }));
    lines.extend(listed(&plan["warnings"], |warning| Some(format!("warning: {}", warning.as_str()?))));
    lines.join("\n")
}

fn listed(items: &Value, line: impl Fn(&Value) -> Option<String>) -> Vec<String> {
    items.as_array().into_iter().flatten().filter_map(line).collect()
}
