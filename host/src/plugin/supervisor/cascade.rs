//! Switching a plugin off together with those that need it: what they are goes first, the last one in the
//! order of enabling at the head, each as an operation of its own.

use super::work::Change;
use super::{Command, Outcome, SupervisorHandle};
use crate::plugin::dependencies::{self, Graph};
use crate::plugin::error::OperationError;
use crate::plugin::id::PluginId;
use crate::plugin::rows::Data;

impl SupervisorHandle {
    /// Makes a plugin stop serving, after those that need it.
    ///
    /// # Errors
    /// [`OperationError`]; what was switched off before the one that failed serves again then.
    pub async fn disable_cascading(&self, id: &PluginId) -> Outcome {
        self.cascade(Change::Disable(id.clone())).await
    }

    /// Removes a plugin, and of its data as much as `data` says, after those that need it have stopped serving. They
    /// stay installed. Gives its last state.
    ///
    /// # Errors
    /// [`OperationError`]; what was switched off before the one that failed serves again then.
    pub async fn uninstall_cascading(&self, id: &PluginId, data: Data) -> Outcome {
        self.cascade(Change::Uninstall(id.clone(), data)).await
    }

    async fn cascade(&self, last: Change) -> Outcome {
        self.in_one_turn(move |handle| Box::pin(handle.cascade_in_turn(last))).await
    }

    /// Does `last` when nobody needs its plugin any more; nobody else changes plugins meanwhile.
    async fn cascade_in_turn(self, last: Change) -> Outcome {
        let mut off = Vec::new();
        let outcome = match self.switch_off_dependents(last.id(), &mut off).await {
            Ok(()) => self.ask_for(last).await,
            Err(error) => Err(error),
        };
        if outcome.is_err() {
            self.switch_on(&off).await;
        }
        outcome
    }

    async fn ask_for(&self, change: Change) -> Outcome {
        let order = self.order.clone();
        self.ask(|reply| Command::Change(Box::new(change), order, reply)).await?
    }

    /// Notes in `off` what it has switched off, also when one fails.
    async fn switch_off_dependents(&self, id: &PluginId, off: &mut Vec<PluginId>) -> Result<(), OperationError> {
        self.installed(id)?;
        if self.requires(id) {
            return Err(OperationError::Required { id: id.clone() });
        }
        let graph = Graph::of(self.published.load().plugins());
        for dependent in dependencies::cascade(&graph, id, &self.workplace.required)? {
            self.ask_for(Change::Disable(dependent.clone())).await?;
            off.push(dependent);
        }
        Ok(())
    }

    /// The last one switched off is the first one on again. One that can't be is recorded as failed, with its reason.
    async fn switch_on(&self, off: &[PluginId]) {
        for id in off.iter().rev().cloned() {
            if let Err(error) = self.ask_for(Change::Enable(id)).await {
                tracing::error!("a plugin that a failed cascade had switched off stays off: {}", error.chain());
            }
        }
    }
}
