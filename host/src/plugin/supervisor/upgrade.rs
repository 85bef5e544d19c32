//! Putting another version in the place of the installed one, side by side and without a gap.
//!
//! Usually it is newer. An older one is taken as well: an administrator who offers it wants it, and
//! its code runs on a schema that is ahead.

use super::Supervisor;
use super::install::refuse_known_version;
use super::work::{Way, Work};
use crate::plugin::candidate::Candidate;
use crate::plugin::error::OperationError;
use crate::plugin::operation::Operation;
use crate::plugin::schema;
use crate::plugin::status::Desired;
use std::sync::Arc;

impl Supervisor {
    pub(super) async fn prepare_upgrade(&self, candidate: &Candidate, way: Way) -> Result<Work, OperationError> {
        let before = self.installed(candidate.id())?;
        refuse_known_version(&before, candidate)?;
        self.refuse_unfit(&candidate.release.manifest, before.desired == Desired::Enabled)?;
        let serves = before.active.is_some();
        if serves && way == Way::SideBySide {
            schema::refuse_contractions(&self.workplace.pool, before.version(), &candidate.release).await?;
        }
        let after = before.upgraded(Arc::clone(&candidate.release), self.workplace.versions_kept);
        Ok(match (before.desired, way) {
            (Desired::Disabled, _) => Work::new(Operation::UpgradeWaiting, Some(before), Some(after.switched_off())),
            (Desired::Enabled, Way::DrainFirst) if serves => {
                Work::new(Operation::UpgradeDrained, Some(before), Some(after))
            }
            (Desired::Enabled, _) => Work::new(Operation::Upgrade, Some(before), Some(after)),
        })
    }
}
