//! Putting a kept version in the place of the installed one, by the same swap as an upgrade.

use super::Supervisor;
use super::work::{Tables, Work};
use crate::db::snapshot::prove_down;
use crate::plugin::error::OperationError;
use crate::plugin::id::PluginId;
use crate::plugin::operation::Operation;
use crate::plugin::release::Release;
use crate::plugin::rows;
use crate::plugin::schema;
use crate::plugin::status::Desired;
use semver::Version;
use std::sync::Arc;

impl Supervisor {
    pub(super) async fn prepare_rollback(
        &self,
        id: &PluginId,
        asked: Option<&Version>,
        tables: Tables,
    ) -> Result<Work, OperationError> {
        let before = self.installed(id)?;
        let version = before.rollback_target(asked)?;
        let database = self.workplace.pool.database();
        let release = Arc::new(rows::release(&database, id, &version, self.workplace.core.prefix()).await?);
        self.refuse_unfit(&release.manifest, before.desired == Desired::Enabled)?;
        let after = before.rolled_back(Arc::clone(&release));
        if tables == Tables::Revert {
            self.refuse_unproven(&release).await?;
        }
        Ok(match (before.desired, tables) {
            (Desired::Disabled, _) => Work::new(Operation::RollbackWaiting, Some(before), Some(after.switched_off())),
            (Desired::Enabled, Tables::Stay) => Work::new(Operation::Rollback, Some(before), Some(after)),
            (Desired::Enabled, Tables::Revert) => Work::new(Operation::RollbackReverting, Some(before), Some(after)),
        })
    }

    /// Tries on a copy whether the tables can be taken back to what `release` brings.
    async fn refuse_unproven(&self, release: &Release) -> Result<(), OperationError> {
        let migrations = &release.descriptor.migrations;
        prove_down(&self.workplace.pool, release.id().as_str(), migrations, schema::last(release)).await.map_err(
            |source| OperationError::Unproven {
                id: release.id().clone(),
                version: release.version().clone(),
                source: Box::new(source),
            },
        )
    }
}
