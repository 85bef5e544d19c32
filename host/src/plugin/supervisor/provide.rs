//! Bundles that this process lacks, from the database; and those that only it has, into it.

use super::Supervisor;
use crate::plugin::bundles;
use crate::plugin::error::OperationError;
use crate::plugin::id::PluginId;
use crate::plugin::rows::Installed;
use crate::plugin::status::KnownVersion;

impl Supervisor {
    /// Makes sure that bundle and library of a version are in the store. What comes from the database is
    /// checked like an upload.
    pub(super) async fn provide(&self, id: &PluginId, known: &KnownVersion) -> Result<(), OperationError> {
        let store = &self.workplace.store;
        let is_there = store.bundle(&known.sha256).exists() && store.has_library(&known.library_sha256);
        if is_there || !self.workplace.announcements.reach_others() {
            return Ok(());
        }
        let bytes_max = self.workplace.inspection.limits.packed_bytes_max;
        let database = self.workplace.pool.database();
        let Some(staged) = bundles::fetch(&database, &known.sha256, store, bytes_max).await? else {
            return Err(OperationError::NoBundle { id: id.clone(), version: known.version.clone() });
        };
        let candidate = self.workplace.inspection.of(staged, store.staging()).await?;
        let found = KnownVersion::of(&candidate.release);
        if (found.sha256, found.library_sha256) != (known.sha256, known.library_sha256) {
            return Err(OperationError::Disagree {
                what: "sha256",
                declared: known.sha256.to_string(),
                found: found.sha256.to_string(),
            });
        }
        // The rows need it, whatever becomes of the start.
        self.keep(candidate, &mut Vec::new()).await?;
        tracing::info!(plugin.id = %id, plugin.version = %known.version, "plugin {id} {} came from the database", known.version);
        Ok(())
    }

    /// Puts the bundles into the database that were installed when nobody else needed them.
    pub(super) async fn share_bundles(&self, installed: &[Installed]) {
        if !self.workplace.announcements.reach_others() {
            return;
        }
        for known in installed.iter().flat_map(|plugin| &plugin.versions) {
            if let Err(error) = self.share(known).await {
                tracing::error!("bundle {} can't be shared with other processes: {}", known.sha256, error.chain());
            }
        }
    }

    async fn share(&self, known: &KnownVersion) -> Result<(), OperationError> {
        let (database, path) = (self.workplace.pool.database(), self.workplace.store.bundle(&known.sha256));
        if !path.exists() || bundles::has(&database, &known.sha256).await? {
            return Ok(());
        }
        let transaction = database.begin().await?;
        bundles::put(&transaction, &known.sha256, &path).await?;
        Ok(transaction.commit().await?)
    }
}
