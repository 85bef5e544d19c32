//! Operations that a crash cut off: what had settled is finished, the rest is taken back.
//!
//! Whoever may change plugins looks for them first. What is found belongs to nobody any more: the process
//! that ran it has died, or could not take it back for lack of a database.

use super::Supervisor;
use crate::plugin::error::OperationError;
use crate::plugin::operation::journal::{self, OperationState, Remedy, Unfinished};
use crate::plugin::operation::{Operation, Step};
use crate::plugin::rows::{self, Data};
use crate::plugin::schema;
use crate::plugin::services::now_ms;
use crate::plugin::status::Desired;

const CUT_OFF: &str = "the server ended in the middle of it";

impl Supervisor {
    /// Ends every operation that was begun and not ended. The rows are right then; what is served here
    /// does not follow them yet. Says whether there was one.
    pub(super) async fn recover(&mut self) -> Result<bool, OperationError> {
        let database = self.workplace.pool.database();
        let unfinished = journal::unfinished(&database).await?;
        for operation in &unfinished {
            let state = self.end_unfinished(operation).await?;
            journal::end(&database, operation.entry, state, Some(CUT_OFF), now_ms()).await?;
            let Unfinished { id, operation, step, .. } = operation;
            let step = step.map_or("its first step", Step::as_str);
            tracing::warn!(plugin.id = %id, "{operation} of plugin {id} was cut off at {step}: {}", state.as_str());
        }
        Ok(!unfinished.is_empty())
    }

    async fn end_unfinished(&mut self, unfinished: &Unfinished) -> Result<OperationState, OperationError> {
        if unfinished.settled {
            return Ok(OperationState::Done);
        }
        if unfinished.operation == Operation::Purge && self.is_purged(unfinished).await? {
            let transaction = self.workplace.pool.database().begin().await?;
            rows::remove(&transaction, &unfinished.id, Data::Purge).await?;
            self.commit(transaction).await?;
            self.erase_files(&unfinished.id).await;
            return Ok(OperationState::Done);
        }
        self.take_schema_back(&unfinished.id, &unfinished.version, &unfinished.remedy).await?;
        let Remedy { switched_off, along, .. } = &unfinished.remedy;
        let itself = Some(&unfinished.id).filter(|_| *switched_off);
        if itself.is_some() || !along.is_empty() {
            let transaction = self.workplace.pool.database().begin().await?;
            for id in along.iter().chain(itself) {
                rows::want(&transaction, id, Desired::Enabled).await?;
            }
            self.commit(transaction).await?;
        }
        Ok(OperationState::Undone)
    }

    /// Whether the tables are gone, which can't be taken back.
    async fn is_purged(&self, unfinished: &Unfinished) -> Result<bool, OperationError> {
        Ok(unfinished.step == Some(Step::Purge)
            && schema::applied(&self.workplace.pool, &unfinished.id, &unfinished.version).await?.is_empty())
    }
}
