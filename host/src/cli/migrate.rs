//! `migrate`: brings the core's tables up to this version of the program, as `serve` does.

use serde_json::json;

use super::{Context, error::CliError, settings};
use crate::{
    app::{CoreError, DataDir},
    db::{Pool, migrate},
};

pub(super) async fn run(context: &Context) -> Result<(), CliError> {
    let config = settings::load(&context.place)?;
    let data = DataDir::open(&context.place.data).map_err(CoreError::from)?;
    let pool = Pool::open(&config.database_url(data.path())).await;
    let pool = pool.map_err(CoreError::from)?;
    let waiting = context.progress.waiting("migrating");
    let migrated = migrate::core(&pool).await;
    waiting.finish_and_clear();
    pool.close().await;
    let applied = migrated.map_err(CoreError::from)?;
    let steps: Vec<_> = migrate::core_migrations()
        .into_iter()
        .map(|step| {
            let now = applied.contains(&step.version);
            json!({"version": step.version, "name": step.name, "applied_now": now})
        })
        .collect();
    let answer = json!({"applied": applied.len(), "migrations": steps});
    context.output.answer(&answer, || match applied.len() {
        0 => format!("nothing to do: all {} migrations are applied", steps.len()),
        count => format!("applied {count} of {} migrations", steps.len()),
    })?;
    Ok(())
}
