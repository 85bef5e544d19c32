//! Putting another version in the place of the installed one, side by side and without a gap.
//!
//! Usually it is newer. An older one is taken as well: an administrator who offers it wants it, and
//! its code runs on a schema that is ahead.

use super::install::refuse_known_version;
use super::undo::Undo;
use super::{Outcome, Supervisor};
use crate::plugin::candidate::Candidate;
use crate::plugin::event::EventState;
use crate::plugin::schema;
use crate::plugin::status::{Desired, PluginStatus};
use std::sync::Arc;

impl Supervisor {
    pub(super) async fn upgrade(&mut self, candidate: Candidate) -> Outcome {
        let before = self.installed(candidate.id())?;
        refuse_known_version(&before, &candidate)?;
        let (id, version) = (candidate.id().clone(), candidate.version().clone());
        let mut undo = Undo::default();
        match self.try_upgrade(&before, candidate, &mut undo).await {
            Ok(status) => {
                self.tell(&id, &version, EventState::Upgraded, None);
                self.retire_replaced(&before);
                Ok(status)
            }
            Err(error) => {
                self.take_back(undo).await;
                self.tell(&id, &version, EventState::Failed, Some(error.chain()));
                Err(error)
            }
        }
    }

    async fn try_upgrade(&mut self, before: &PluginStatus, candidate: Candidate, undo: &mut Undo) -> Outcome {
        if before.active.is_some() {
            schema::refuse_contractions(&self.workplace.pool, before.version(), &candidate.release).await?;
        }
        let release = self.keep(candidate, undo).await?;
        self.replace(before.upgraded(release), undo).await
    }

    /// Starts the version of `status` beside the old one, if it should serve, and swaps.
    pub(super) async fn replace(&mut self, status: PluginStatus, undo: &mut Undo) -> Outcome {
        if status.desired == Desired::Disabled {
            return self.settle(status.switched_off()).await;
        }
        let active = self.start(&status.release, Arc::clone(&status.stats), undo).await?;
        self.settle(status.serving(active)).await
    }

    /// The answer does not wait for the calls that the old version still serves.
    pub(super) fn retire_replaced(&self, before: &PluginStatus) {
        if let Some(active) = &before.active {
            drop(self.retire_in_background(Arc::clone(active)));
        }
    }
}
