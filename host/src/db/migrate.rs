//! Schema migrations, of the core and of every plugin.
//!
//! Each owner has a ledger, a table that says what was applied and how to take it back, so that a
//! plugin's data can be purged when its library is long gone. A call is one transaction: if its third
//! migration fails, the first two have not happened either. The same transaction holds the lock
//! against other nodes, so that no error can leave it held.

mod core;
mod expand;
mod ledger;
mod ownership;
mod registry;
mod script;

pub use self::expand::{Contraction, contractions};
pub use self::ownership::{Direction, Fault, Outline, Owner, Owners, Reads, faults, outlines};

pub(super) use self::ledger::Ledger;

use self::ownership::{Check, Owned};
use super::Pool;
use super::lease::Lease;
use plugin_api::db::DbError;
use plugin_api::descriptor::MigrationSpec;
use script::Script;

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
    /// A migration does what no plugin's migration may do. Nothing of it has run.
    #[error("accept the migrations: {}", listed(faults))]
    Refused {
        /// What is wrong, at least one.
        faults: Vec<Fault>,
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

/// The most faults that a message lists.
const FAULTS_LISTED_MAX: usize = 3;

/// The first faults on one line, and how many more there are.
pub fn listed<T: ToString>(faults: &[T]) -> String {
    let mut texts: Vec<String> = faults.iter().take(FAULTS_LISTED_MAX).map(ToString::to_string).collect();
    if let Some(more) = faults.len().checked_sub(FAULTS_LISTED_MAX).filter(|more| *more > 0) {
        texts.push(format!("and {more} more"));
    }
    texts.join("; ")
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
    Migrator::of_core(pool).apply(&core::migrations()).await
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
    Migrator::of_core(pool).revert(to_version).await
}

/// What of the core's schema is applied, oldest first.
///
/// # Errors
/// [`MigrateError::Ledger`].
pub async fn core_applied(pool: &Pool) -> Result<Vec<Applied>, MigrateError> {
    Migrator::of_core(pool).applied().await
}

/// The migrations of one plugin.
#[derive(Clone)]
pub struct PluginMigrator {
    migrator: Migrator,
}

impl PluginMigrator {
    /// The migrator of a plugin; its ledger is the table `_migrations_<id>`. Its tables are registered, and
    /// it touches no others: the core's schema must be there.
    pub fn new(pool: &Pool, plugin_id: &str) -> Self {
        Self::in_database(pool, plugin_id, Some(plugin_id.to_owned()))
    }

    /// The migrator of a plugin in a database where nothing else lives, and where it can do no harm.
    pub fn on_scratch(pool: &Pool, plugin_id: &str) -> Self {
        Self::in_database(pool, plugin_id, None)
    }

    fn in_database(pool: &Pool, plugin_id: &str, plugin: Option<String>) -> Self {
        let table = ledger_table(plugin_id);
        Self { migrator: Migrator { pool: pool.clone(), table, plugin } }
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

    /// Registers the tables of what is applied, as `migrations` create them, without applying anything. For
    /// what was applied before tables were registered.
    ///
    /// # Errors
    /// [`MigrateError`].
    pub async fn register(&self, migrations: &[MigrationSpec]) -> Result<(), MigrateError> {
        self.migrator.register(migrations).await
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

/// The table that says which migrations of a plugin were applied.
pub(super) fn ledger_table(plugin_id: &str) -> String {
    format!("_migrations_{plugin_id}")
}

/// The migrations of one owner, who is known by the ledger's name.
#[derive(Clone)]
struct Migrator {
    pool: Pool,
    table: String,
    /// The plugin whose tables are registered.
    plugin: Option<String>,
}

impl Migrator {
    fn of_core(pool: &Pool) -> Self {
        Self { pool: pool.clone(), table: "_migrations".to_owned(), plugin: None }
    }

    async fn apply(&self, migrations: &[MigrationSpec]) -> Result<Vec<i64>, MigrateError> {
        let scripts = script::all_for(self.pool.shared().dialect(), migrations)?;
        // Most calls find nothing to do: look first, without a lock, and without reading scripts.
        let entries = self.entries().await?;
        let nothing_to_do = ledger::plan(&scripts, &entries)?.is_empty();
        if nothing_to_do && self.is_registered().await? {
            return Ok(Vec::new());
        }
        let owned = self.check(&scripts, &entries).await?;
        if nothing_to_do && owned.as_ref().is_none_or(|owned| owned.relations.is_empty()) {
            return Ok(Vec::new());
        }
        let mut lease = self.begin().await?;
        let mut ledger = self.ledger(&mut lease);
        let applied = async {
            let applied = ledger.apply_all(&scripts).await?;
            if let (Some(plugin), Some(owned)) = (&self.plugin, &owned) {
                ledger.register(plugin, &owned.relations).await?;
            }
            Ok(applied)
        };
        let applied = applied.await;
        self.end(lease, applied).await
    }

    async fn missing(&self, migrations: &[MigrationSpec]) -> Result<Vec<i64>, MigrateError> {
        let scripts = script::all_for(self.pool.shared().dialect(), migrations)?;
        let entries = self.entries().await?;
        Ok(ledger::plan(&scripts, &entries)?.versions())
    }

    /// Refuses migrations that are not applied yet and do what they may not; gives what a plugin owns when all
    /// are applied.
    async fn check(&self, scripts: &[Script], entries: &[ledger::Entry]) -> Result<Option<Owned>, MigrateError> {
        let Some(plugin) = &self.plugin else { return Ok(None) };
        let dialect = self.pool.shared().dialect();
        let owners = self.read(async |ledger| ledger.owners().await).await?;
        let mut check = Check { plugin, dialect, owners: &owners, reads: Reads::Own, owned: Owned::default() };
        let mut faults = Vec::new();
        for script in scripts {
            let applied = entries.iter().find(|entry| entry.version == script.version);
            let mut found = check.migration(script);
            if let Some(applied) = applied {
                found.retain(|fault| fault.direction == Direction::Down && applied.down != script.down);
            }
            faults.extend(found);
        }
        if faults.is_empty() { Ok(Some(check.owned)) } else { Err(MigrateError::Refused { faults }) }
    }

    /// Tables are registered in the transaction that creates them: all of a plugin's, or, of one that is older
    /// than the registry, none.
    async fn is_registered(&self) -> Result<bool, MigrateError> {
        let Some(plugin) = &self.plugin else { return Ok(true) };
        Ok(!self.read(async |ledger| ledger.relations(plugin).await).await?.is_empty())
    }

    async fn register(&self, migrations: &[MigrationSpec]) -> Result<(), MigrateError> {
        let Some(plugin) = &self.plugin else { return Ok(()) };
        let entries = self.entries().await?;
        if entries.is_empty() || self.is_registered().await? {
            return Ok(());
        }
        let mut scripts = script::all_for(self.pool.shared().dialect(), migrations)?;
        scripts.retain(|script| entries.iter().any(|entry| entry.version == script.version));
        let owned = self.check(&scripts, &entries).await?.unwrap_or_default();
        let mut relations = self.read(async |ledger| ledger.relations(plugin).await).await?;
        let before = relations.len();
        relations.extend(owned.relations);
        if relations.len() == before {
            return Ok(());
        }
        let mut lease = self.begin().await?;
        let registered = self.ledger(&mut lease).register(plugin, &relations).await;
        self.end(lease, registered).await
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
        self.read(async |ledger| if ledger.exists().await? { ledger.entries().await } else { Ok(Vec::new()) }).await
    }

    async fn read<T>(
        &self,
        work: impl AsyncFnOnce(&mut Ledger<'_>) -> Result<T, MigrateError>,
    ) -> Result<T, MigrateError> {
        let mut lease = self.pool.shared().acquire_for("SELECT").await.map_err(ledger_error)?;
        work(&mut self.ledger(&mut lease)).await
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
        Ledger { shared: self.pool.shared(), lease, table: &self.table, plugin: self.plugin.as_deref() }
    }
}
