//! Taking a checked bundle in.

use super::work::Work;
use super::{AfterInstall, Supervisor};
use crate::plugin::candidate::Candidate;
use crate::plugin::error::OperationError;
use crate::plugin::operation::Operation;
use crate::plugin::status::PluginStatus;
use std::sync::Arc;

impl Supervisor {
    pub(super) fn prepare_install(&self, candidate: &Candidate, then: AfterInstall) -> Result<Work, OperationError> {
        self.refuse_installed(candidate)?;
        self.refuse_unfit(&candidate.release.manifest, then == AfterInstall::Enable)?;
        let operation = match then {
            AfterInstall::Enable => Operation::Install,
            AfterInstall::Wait => Operation::InstallWaiting,
        };
        let status = PluginStatus::disabled(Arc::clone(&candidate.release), self.workplace.log);
        Ok(Work::new(operation, None, Some(status)))
    }

    fn refuse_installed(&self, candidate: &Candidate) -> Result<(), OperationError> {
        let Some(status) = self.plugins.get(candidate.id()) else { return Ok(()) };
        refuse_known_version(status, candidate)?;
        let (installed, offered) = (status.version().clone(), candidate.version().clone());
        Err(OperationError::OtherVersion { id: candidate.id().clone(), installed, offered })
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
