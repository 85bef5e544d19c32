//! `import`: what another system keeps is moved into a data directory at rest.

use std::cell::RefCell;

use indicatif::ProgressBar;
use plugin_api::IdForm;

use super::{
    Context,
    arguments::{ImportCommand, ImportFba},
    error::CliError,
    output::table,
    progress::Progress,
    settings,
};
use crate::{
    app::{CoreError, DataDir},
    config::IdKind,
    db::{Pool, migrate},
    import::{self, Mode, Origin, Progressed, Report, TableReport},
};

pub(super) async fn run(order: ImportCommand, context: &Context) -> Result<(), CliError> {
    let ImportCommand::Fba(order) = order;
    let config = settings::load(&context.place)?;
    if config.ids.kind == IdKind::Snowflake {
        IdForm::Text.set();
    }
    let mode = if order.apply { Mode::Apply } else { Mode::Trial };
    let directory = &context.place.data;
    if mode == Mode::Trial && !directory.is_dir() {
        // Opening it would make it.
        return Err(CliError::NotMigrated);
    }
    let data = DataDir::open(directory).map_err(CoreError::from)?;
    let pool = Pool::open(&config.database_url(data.path())).await.map_err(CoreError::from)?;
    let moved = move_in(&order, &pool, mode, context.progress).await;
    pool.close().await;
    let report = moved?;
    context.output.answer(&report, || text(&report))?;
    Ok(())
}

async fn move_in(order: &ImportFba, pool: &Pool, mode: Mode, progress: Progress) -> Result<Report, CliError> {
    match mode {
        Mode::Apply => drop(migrate::core(pool).await.map_err(CoreError::from)?),
        Mode::Trial => {
            let applied = migrate::core_applied(pool).await.map_err(CoreError::from)?;
            if applied.len() != migrate::core_migrations().len() {
                return Err(CliError::NotMigrated);
            }
        }
    }
    let bar = RefCell::new(None);
    let origin = Origin { url: &order.url, schema: &order.schema };
    let moved = import::fba(origin, pool, mode, &|progressed| draw(&bar, progress, progressed)).await;
    if let Some((_, bar)) = bar.take() {
        bar.finish_and_clear();
    }
    Ok(moved?)
}

/// One bar for each table, one after the other.
fn draw(bar: &RefCell<Option<(&'static str, ProgressBar)>>, progress: Progress, progressed: Progressed) {
    let mut shown = bar.borrow_mut();
    if shown.as_ref().is_none_or(|(table, _)| *table != progressed.table) {
        if let Some((_, bar)) = shown.take() {
            bar.finish_and_clear();
        }
        *shown = Some((progressed.table, progress.steps(progressed.table, progressed.total)));
    }
    if let Some((_, bar)) = shown.as_ref() {
        bar.set_position(progressed.done);
    }
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for table in report.tables.iter().filter(|table| table.problems_in_all > 0) {
        for problem in &table.problems {
            text.push_str(&format!("{} {}: {}\n", table.table, problem.id, problem.text));
        }
        let more = table.problems_in_all - table.problems.len() as u64;
        if more > 0 {
            text.push_str(&format!("{}: {more} more of such\n", table.table));
        }
        text.push('\n');
    }
    let heads = ["TABLE", "ROWS", "ADDED", "RENUMBERED", "CHANGED", "SKIPPED", "LEFT OUT"];
    text.push_str(&table(&heads, &report.tables.iter().map(line).collect::<Vec<_>>()));
    let samples: u64 = report.tables.iter().map(|table| table.samples_removed).sum();
    if samples > 0 {
        text.push_str(&format!("\n{samples} rows that came with this installation and that nobody uses make way.\n"));
    }
    text.push_str(if report.applied {
        "\nDone. What is here already has stayed as it was.\n"
    } else {
        "\nNothing has been changed. With --apply, exactly this is done.\n"
    });
    text
}

fn line(table: &TableReport) -> Vec<String> {
    if let Some(why) = table.absent {
        return vec![table.table.to_owned(), why.to_owned()];
    }
    let counts = [table.read, table.added, table.renumbered, table.changed, table.skipped, table.left_out];
    [table.table.to_owned()].into_iter().chain(counts.map(|count| count.to_string())).collect()
}
