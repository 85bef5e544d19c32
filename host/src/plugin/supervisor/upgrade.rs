//! Putting another version in the place of the installed one, side by side and without a gap.
//!
//! Usually it is newer. An older one is taken as well: an administrator who offers it wants it, and
//! its code runs on a schema that is ahead.

use super::Supervisor;
use super::install::refuse_known_version;
use super::work::Work;
use crate::plugin::candidate::Candidate;
use crate::plugin::error::OperationError;
use crate::plugin::operation::Operation;
use crate::plugin::status::Desired;
use std::sync::Arc;

impl Supervisor {
    pub(super) fn prepare_upgrade(&self, candidate: &Candidate) -> Result<Work, OperationError> {
        let before = self.installed(candidate.id())?;
        refuse_known_version(&before, candidate)?;
        let after = before.upgraded(Arc::clone(&candidate.release), self.workplace.versions_kept);
        Ok(match before.desired {
            Desired::Enabled => Work::new(Operation::Upgrade, Some(before), Some(after)),
            Desired::Disabled => Work::new(Operation::UpgradeWaiting, Some(before), Some(after.switched_off())),
        })
    }
}
