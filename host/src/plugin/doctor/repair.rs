//! Doing to each finding what it says.

use super::{Patient, Remedy, Repaired, examine};
use crate::db::migrate::PluginMigrator;
use crate::plugin::error::OperationError;
use plugin_api::db::{Database, DbError, Value};
use std::error::Error;

/// Takes away or mends everything that was found, as far as that can be done. What fails is told and holds up
/// nothing else.
///
/// # Errors
/// [`OperationError`] if it can't even be looked for.
pub async fn repair(patient: &Patient) -> Result<Vec<Repaired>, OperationError> {
    let mut repaired = Vec::new();
    for finding in examine(patient).await?.faults {
        if !finding.is_repairable() {
            continue;
        }
        let failure = apply(patient, &finding.remedy).await.err().map(|error| chain(error.as_ref()));
        match &failure {
            None => tracing::info!("{} {} was taken away by a repair", finding.subject.as_str(), finding.name),
            Some(why) => tracing::warn!("{} {} could not be repaired: {why}", finding.subject.as_str(), finding.name),
        }
        repaired.push(Repaired { finding, failure });
    }
    Ok(repaired)
}

async fn apply(patient: &Patient, remedy: &Remedy) -> Result<(), Box<dyn Error + Send + Sync>> {
    match remedy {
        Remedy::None => {}
        Remedy::Purge(id) => PluginMigrator::new(&patient.pool, id).purge().await?,
        Remedy::Statements(statements) => run(&patient.pool.database(), statements).await?,
        Remedy::RemoveBundle(sha256) => patient.store.remove_bundle(sha256)?,
        Remedy::RemoveLibrary(sha256) => patient.store.remove_library(sha256)?,
        Remedy::RemoveFile(path) => std::fs::remove_file(path)?,
        Remedy::RemoveFolder(path) => std::fs::remove_dir_all(path)?,
    }
    Ok(())
}

async fn run(db: &Database, statements: &[(String, Value)]) -> Result<(), DbError> {
    let transaction = db.begin().await?;
    for (sql, value) in statements {
        let query = transaction.query(sql.as_str());
        let query = if *value == Value::Null { query } else { query.bind(value.clone()) };
        query.execute().await?;
    }
    transaction.commit().await
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}
