//! Looking for what belongs to nobody on a running server, while nobody changes plugins.

use super::{Command, Supervisor, SupervisorHandle};
use crate::plugin::doctor::{self, Diagnosis, Patient, Repaired};
use crate::plugin::error::OperationError;

/// What a doctor does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Visit {
    /// Look.
    Examine,
    /// Mend, and look again.
    Repair,
}

impl SupervisorHandle {
    /// What is there without an owner, and what is kept.
    ///
    /// # Errors
    /// [`OperationError`] if the database or the store can't be read.
    pub async fn examine(&self) -> Result<Diagnosis, OperationError> {
        let (diagnosis, _) = self.command(|reply| Command::Visit(Visit::Examine, reply)).await?;
        Ok(diagnosis)
    }

    /// Takes away what has no owner; gives what is left, and what was done.
    ///
    /// # Errors
    /// As [`SupervisorHandle::examine`].
    pub async fn repair(&self) -> Result<(Diagnosis, Vec<Repaired>), OperationError> {
        self.command(|reply| Command::Visit(Visit::Repair, reply)).await
    }
}

impl Supervisor {
    pub(super) async fn visit(&mut self, visit: Visit) -> Result<(Diagnosis, Vec<Repaired>), OperationError> {
        let workplace = &self.workplace;
        let patient = Patient {
            pool: workplace.pool.clone(),
            store: std::sync::Arc::clone(&workplace.store),
            data: workplace.data.clone(),
            core_models: workplace.core.models().to_vec(),
        };
        let mut repaired = Vec::new();
        if visit == Visit::Repair {
            // What was cut off is ended first: much of what it left has an owner then, or is gone.
            if self.recover().await? {
                self.following.forget();
                self.follow().await?;
            }
            repaired = doctor::repair(&patient).await?;
        }
        Ok((doctor::examine(&patient).await?, repaired))
    }
}
