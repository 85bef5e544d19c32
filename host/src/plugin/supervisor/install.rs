//! Taking a checked bundle in.

use super::undo::{Step, Undo};
use super::{AfterInstall, Outcome, Supervisor};
use crate::plugin::candidate::Candidate;
use crate::plugin::error::OperationError;
use crate::plugin::event::EventState;
use crate::plugin::release::Release;
use crate::plugin::status::PluginStatus;
use crate::store::{Kept, Store, StoreError};
use std::sync::Arc;

impl Supervisor {
    pub(super) async fn install(&mut self, candidate: Candidate, then: AfterInstall) -> Outcome {
        self.refuse_installed(&candidate)?;
        self.refuse_unfit(&candidate.release.manifest, then == AfterInstall::Enable)?;
        let (id, version) = (candidate.id().clone(), candidate.version().clone());
        let mut undo = Undo::default();
        match self.try_install(candidate, then, &mut undo).await {
            Ok(status) => {
                let state = if status.active.is_some() { EventState::Enabled } else { EventState::Installed };
                self.tell(&id, &version, state, None);
                Ok(status)
            }
            Err(error) => {
                self.take_back(undo).await;
                self.tell(&id, &version, EventState::Failed, Some(error.chain()));
                Err(error)
            }
        }
    }

    async fn try_install(&mut self, candidate: Candidate, then: AfterInstall, undo: &mut Undo) -> Outcome {
        let release = self.keep(candidate, undo).await?;
        let status = PluginStatus::disabled(Arc::clone(&release));
        match then {
            AfterInstall::Wait => self.settle(status).await,
            AfterInstall::Enable => {
                let active = self.start(&release, Arc::clone(&status.stats), undo).await?;
                self.settle(status.serving(active)).await
            }
        }
    }

    fn refuse_installed(&self, candidate: &Candidate) -> Result<(), OperationError> {
        let Some(status) = self.plugins.get(candidate.id()) else { return Ok(()) };
        refuse_known_version(status, candidate)?;
        let (installed, offered) = (status.version().clone(), candidate.version().clone());
        Err(OperationError::OtherVersion { id: candidate.id().clone(), installed, offered })
    }

    /// Moves bundle and library from staging into the store.
    pub(super) async fn keep(&self, candidate: Candidate, undo: &mut Undo) -> Result<Arc<Release>, OperationError> {
        let Candidate { release, bundle, library, .. } = candidate;
        if self.in_store(|store| store.keep_bundle(bundle)).await? == Kept::New {
            undo.remember(Step::Bundle(release.bundle));
        }
        if self.in_store(|store| store.keep_library(library)).await? == Kept::New {
            undo.remember(Step::Library(release.library));
        }
        Ok(Arc::new(release))
    }

    /// Syncing a file blocks, so it happens on another thread.
    async fn in_store<F>(&self, work: F) -> Result<Kept, OperationError>
    where
        F: FnOnce(&Store) -> Result<Kept, StoreError> + Send + 'static,
    {
        let store = Arc::clone(&self.workplace.store);
        let kept = tokio::task::spawn_blocking(move || work(&store)).await;
        Ok(kept.map_err(|_| OperationError::ShuttingDown)??)
    }
}

/// A version that is known is known by its bytes: others must not take its name.
pub(super) fn refuse_known_version(status: &PluginStatus, candidate: &Candidate) -> Result<(), OperationError> {
    let (id, version) = (candidate.id().clone(), candidate.version().clone());
    let Some(known) = status.versions.iter().find(|known| known.version == version) else { return Ok(()) };
    let offered = candidate.release.bundle;
    if known.sha256 != offered {
        return Err(OperationError::OtherBytes { id, version, installed: known.sha256, offered });
    }
    if *status.version() == version {
        return Err(OperationError::AlreadyInstalled { id, version });
    }
    Ok(())
}
