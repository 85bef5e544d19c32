//! Schema migrations, of the core and of every plugin.
//!
//! Each owner has a ledger, a table that says what was applied and how to take it back, so that a
//! plugin's data can be purged when its library is long gone. A call is one transaction: if its third
//! migration fails, the first two have not happened either. The same transaction holds the lock
//! against other nodes, so that no error can leave it held.

mod core;
mod ledger;
mod script;

use self::ledger::Ledger;
use super::Pool;
use super::lease::Lease;
use plugin_api::db::DbError;
use plugin_api::descriptor::MigrationSpec;

/// Why a schema was not changed. It is as it was before the call.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// An applied migration is not the one that is brought now.
    #[error(
        "apply migration {version} ({name}): it was changed after it was applied; put the change into a new migration"
    )]
    Changed {
        /// Its number.
        version: i64,
        /// Its name.
        name: String,
    },
    /// The database is ahead of what is brought now.
    #[error(
        "apply migrations: the database has migration {version} ({name}), which this version doesn't bring; revert it first, or use a newer version"
    )]
    Missing {
        /// Its number.
        version: i64,
        /// Its name, as applied.
        name: String,
    },
    /// A new migration stands before one that is applied already.
    #[error("apply migration {version} ({name}): its number must be greater than {last}, the last one applied")]
    OutOfOrder {
        /// Its number.
        version: i64,
        /// Its name.
        name: String,
        /// The last one applied.
        last: i64,
    },
    /// A migration can't be accepted as it is written.
    #[error("accept migration {version} ({name}): {reason}")]
    Invalid {
        /// Its number.
        version: i64,
        /// Its name.
        name: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// A migration that is to be taken back has no down script.
    #[error("revert migration {version} ({name}): it has no down script")]
    Irreversible {
        /// Its number.
        version: i64,
        /// Its name.
        name: String,
    },
    /// A script failed.
    #[error("run the {direction} script of migration {version} ({name})")]
    Script {
        /// `up` or `down`.
        direction: &'static str,
        /// Its number.
        version: i64,
        /// Its name.
        name: String,
        /// The database's words.
        #[source]
        source: DbError,
    },
    /// The ledger could not be read or written, or the lock not be had.
    #[error("keep the ledger of migrations")]
    Ledger {
        /// The database's words.
        #[source]
        source: DbError,
    },
}

fn ledger_error(source: DbError) -> MigrateError {
    MigrateError::Ledger { source }
}

/// One migration that was applied.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Applied {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// SHA-256 of its up script for this database, in hex.
    pub checksum: String,
    /// When, in Unix milliseconds.
    pub applied_at: i64,
}

/// Brings the core's schema up to date; gives the versions applied now.
///
/// # Errors
/// [`MigrateError`]; [`MigrateError::Missing`] means that a newer server has used this database.
pub async fn core(pool: &Pool) -> Result<Vec<i64>, MigrateError> {
    Migrator { pool: pool.clone(), table: "_migrations".to_owned() }.apply(&core::migrations()).await
}

/// What [`core`] brings, oldest first.
pub fn core_migrations() -> Vec<MigrationSpec> {
    core::migrations()
}

/// Takes the core's migrations back, down to and without `to_version`; 0 takes all of them.
///
/// # Errors
/// [`MigrateError`].
pub async fn revert_core(pool: &Pool, to_version: i64) -> Result<Vec<i64>, MigrateError> {
    Migrator { pool: pool.clone(), table: "_migrations".to_owned() }.revert(to_version).await
}

/// What of the core's schema is applied, oldest first.
///
/// # Errors
/// [`MigrateError::Ledger`].
pub async fn core_applied(pool: &Pool) -> Result<Vec<Applied>, MigrateError> {
    Migrator { pool: pool.clone(), table: "_migrations".to_owned() }.applied().await
}

/// The migrations of one plugin.
#[derive(Clone)]
pub struct PluginMigrator {
    migrator: Migrator,
}

impl PluginMigrator {
    /// The migrator of a plugin; its ledger is the table `_migrations_<id>`.
    pub fn new(pool: &Pool, plugin_id: &str) -> Self {
        Self { migrator: Migrator { pool: pool.clone(), table: format!("_migrations_{plugin_id}") } }
    }

    /// Applies what is not applied yet; gives the versions applied now. All or nothing.
    ///
    /// # Errors
    /// [`MigrateError`]; nothing has changed then.
    pub async fn apply(&self, migrations: &[MigrationSpec]) -> Result<Vec<i64>, MigrateError> {
        self.migrator.apply(migrations).await
    }

    /// Which of these are not applied yet.
    ///
    /// # Errors
    /// [`MigrateError`] if what is applied doesn't fit them.
    pub async fn missing(&self, migrations: &[MigrationSpec]) -> Result<Vec<i64>, MigrateError> {
        self.migrator.missing(migrations).await
    }

    /// Takes back what is newer than `to_version`, newest first; gives the versions taken back. All
    /// or nothing.
    ///
    /// # Errors
    /// [`MigrateError::Irreversible`] if one has no down script; see [`MigrateError`] for the rest.
    pub async fn revert(&self, to_version: i64) -> Result<Vec<i64>, MigrateError> {
        self.migrator.revert(to_version).await
    }

    /// Takes everything back and drops the ledger. Does nothing if nothing was ever applied.
    ///
    /// # Errors
    /// As [`PluginMigrator::revert`].
    pub async fn purge(&self) -> Result<(), MigrateError> {
        self.migrator.purge().await
    }

    /// What is applied, oldest first.
    ///
    /// # Errors
    /// [`MigrateError::Ledger`].
    pub async fn applied(&self) -> Result<Vec<Applied>, MigrateError> {
        self.migrator.applied().await
    }
}

/// The migrations of one owner, who is known by the ledger's name.
#[derive(Clone)]
struct Migrator {
    pool: Pool,
    table: String,
}

impl Migrator {
    async fn apply(&self, migrations: &[MigrationSpec]) -> Result<Vec<i64>, MigrateError> {
        let scripts = script::all_for(self.pool.shared().dialect(), migrations)?;
        // Most calls find nothing to do: look first, without a lock.
        if ledger::plan(&scripts, &self.entries().await?)?.is_empty() {
            return Ok(Vec::new());
        }
        let mut lease = self.begin().await?;
        let applied = self.ledger(&mut lease).apply_all(&scripts).await;
        self.end(lease, applied).await
    }

    async fn missing(&self, migrations: &[MigrationSpec]) -> Result<Vec<i64>, MigrateError> {
        let scripts = script::all_for(self.pool.shared().dialect(), migrations)?;
        let entries = self.entries().await?;
        Ok(ledger::plan(&scripts, &entries)?.versions())
    }

    async fn revert(&self, to_version: i64) -> Result<Vec<i64>, MigrateError> {
        if self.entries().await?.iter().all(|entry| entry.version <= to_version) {
            return Ok(Vec::new());
        }
        let mut lease = self.begin().await?;
        let reverted = self.ledger(&mut lease).revert(to_version).await;
        self.end(lease, reverted).await
    }

    async fn purge(&self) -> Result<(), MigrateError> {
        let mut lease = self.begin().await?;
        let purged = self.ledger(&mut lease).purge().await;
        self.end(lease, purged).await
    }

    async fn applied(&self) -> Result<Vec<Applied>, MigrateError> {
        let entries = self.entries().await?;
        Ok(entries.into_iter().map(ledger::Entry::into_applied).collect())
    }

    async fn entries(&self) -> Result<Vec<ledger::Entry>, MigrateError> {
        let mut lease = self.pool.shared().acquire_for("SELECT").await.map_err(ledger_error)?;
        let mut ledger = self.ledger(&mut lease);
        if ledger.exists().await? { ledger.entries().await } else { Ok(Vec::new()) }
    }

    async fn begin(&self) -> Result<Lease, MigrateError> {
        self.pool.shared().begin().await.map_err(ledger_error)
    }

    /// Commits what was done, or takes it back.
    async fn end<T>(&self, mut lease: Lease, done: Result<T, MigrateError>) -> Result<T, MigrateError> {
        match done {
            Ok(value) => {
                lease.will_alter();
                lease.commit(self.pool.shared()).await.map_err(ledger_error)?;
                Ok(value)
            }
            Err(error) => {
                if let Err(rollback) = lease.rollback().await {
                    tracing::warn!(error = %rollback, "failed to roll back; the connection was closed, which does the same");
                }
                Err(error)
            }
        }
    }

    fn ledger<'a>(&'a self, lease: &'a mut Lease) -> Ledger<'a> {
        Ledger { shared: self.pool.shared(), lease, table: &self.table }
    }
}
