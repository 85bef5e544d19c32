//! What an operation has done so far, to be taken back if it does not come to its end.

use super::Supervisor;
use super::retire::retire;
use crate::plugin::active::ActivePlugin;
use crate::plugin::id::PluginId;
use crate::plugin::schema;
use crate::store::Sha256;
use std::sync::Arc;

/// The steps that were done, in order.
#[derive(Debug, Default)]
pub(super) struct Undo(Vec<Step>);

/// One step that can be taken back.
#[derive(Debug)]
pub(super) enum Step {
    /// A bundle came into the store.
    Bundle(Sha256),
    /// A library came into the store.
    Library(Sha256),
    /// A schema was changed.
    Schema(PluginId, schema::Undo),
    /// A generation was started.
    Started(Arc<ActivePlugin>),
}

impl Undo {
    /// Remembers a step right after it was done.
    pub(super) fn remember(&mut self, step: Step) {
        self.0.push(step);
    }
}

impl Supervisor {
    /// Takes everything back, the last step first. What can't be taken back is logged: there is
    /// nobody else to tell, and the other steps are still worth taking back.
    pub(super) async fn take_back(&self, undo: Undo) {
        for step in undo.0.into_iter().rev() {
            let outcome = match step {
                Step::Bundle(sha256) => self.workplace.store.remove_bundle(&sha256).map_err(|error| error.to_string()),
                Step::Library(sha256) => {
                    self.workplace.store.remove_library(&sha256).map_err(|error| error.to_string())
                }
                Step::Schema(id, undo) => {
                    schema::undo(&self.workplace.pool, &id, &undo).await.map_err(|error| error.to_string())
                }
                Step::Started(active) => {
                    // Its schema can only be taken back once it has stopped.
                    retire(active, self.workplace.deadlines).await;
                    Ok(())
                }
            };
            if let Err(error) = outcome {
                tracing::error!("a step of a failed operation could not be taken back: {error}");
            }
        }
    }
}
