//! The table that says what was applied, and the steps that keep it true.

use super::script::{self, Script};
use super::{Applied, MigrateError, ledger_error};
use crate::db::lease::{Bounds, Lease};
use crate::db::pool::Shared;
use crate::db::statement::Statement;
use plugin_api::db::{DbError, Dialect, Rows, Value};
use plugin_api::descriptor::MigrationSpec;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// For the ledger's own statements; scripts may take as long as they need.
const BOUNDS: Bounds = Bounds { bytes_max: 64 << 20, deadline: Duration::from_secs(30) };

/// How long to wait for another node's migrations, and for each table that requests still use. A waiting
/// change of a table holds up every later request to it, so the wait is short.
const LOCK_TIMEOUT: &str = "10s";

/// A line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub(super) struct Entry {
    pub(super) version: i64,
    pub(super) name: String,
    pub(super) checksum: String,
    pub(super) down: Option<String>,
    pub(super) applied_at: i64,
}

impl Entry {
    pub(super) fn into_applied(self) -> Applied {
        let Self { version, name, checksum, applied_at, .. } = self;
        Applied { version, name, checksum, applied_at }
    }
}

/// What is to be done.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) pending: Vec<&'a Script>,
    /// Applied ones whose down script was improved since.
    pub(super) with_new_down: Vec<&'a Script>,
}

impl Plan<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.with_new_down.is_empty()
    }

    /// The versions that are not applied yet.
    pub(super) fn versions(&self) -> Vec<i64> {
        self.pending.iter().map(|script| script.version).collect()
    }
}

/// Compares what is brought with what is applied.
pub(super) fn plan<'a>(scripts: &'a [Script], entries: &[Entry]) -> Result<Plan<'a>, MigrateError> {
    for Entry { version, name, .. } in entries {
        if !scripts.iter().any(|script| script.version == *version) {
            return Err(MigrateError::Missing { version: *version, name: name.clone() });
        }
    }
    let last = entries.iter().map(|entry| entry.version).max().unwrap_or(0);
    let mut plan = Plan { pending: Vec::new(), with_new_down: Vec::new() };
    for script in scripts {
        let (version, name) = (script.version, &script.name);
        match entries.iter().find(|entry| entry.version == version) {
            Some(entry) if entry.checksum != script.checksum => {
                return Err(MigrateError::Changed { version, name: name.clone() });
            }
            Some(entry) if entry.down != script.down => plan.with_new_down.push(script),
            Some(_) => {}
            None if version < last => {
                return Err(MigrateError::OutOfOrder { version, name: name.clone(), last });
            }
            None => plan.pending.push(script),
        }
    }
    Ok(plan)
}

/// One owner's ledger, on a connection.
pub(in crate::db) struct Ledger<'a> {
    pub(in crate::db) shared: &'a Shared,
    pub(in crate::db) lease: &'a mut Lease,
    /// Not quoted.
    pub(in crate::db) table: &'a str,
    /// The plugin whose tables are registered; None for the core, and where nothing else lives.
    pub(in crate::db) plugin: Option<&'a str>,
}

impl Ledger<'_> {
    /// Brings everything up to date, on a connection in a transaction; gives the versions applied.
    pub(super) async fn apply_all(&mut self, scripts: &[Script]) -> Result<Vec<i64>, MigrateError> {
        self.lock().await?;
        self.create().await?;
        let plan = plan(scripts, &self.entries().await?)?;
        for script in &plan.pending {
            self.apply(script).await?;
        }
        for script in &plan.with_new_down {
            self.replace_down(script).await?;
        }
        Ok(plan.versions())
    }

    /// Applies those up to a version, where nothing was applied before.
    pub(in crate::db) async fn apply_up_to(
        &mut self,
        migrations: &[MigrationSpec],
        to_version: i64,
    ) -> Result<(), MigrateError> {
        let mut scripts = script::all_for(self.shared.dialect(), migrations)?;
        scripts.retain(|script| script.version <= to_version);
        self.apply_all(&scripts).await.map(drop)
    }

    /// Takes back what is newer than `to_version`, newest first; gives the versions taken back.
    pub(in crate::db) async fn revert(&mut self, to_version: i64) -> Result<Vec<i64>, MigrateError> {
        self.lock().await?;
        let mut entries = self.entries().await?;
        entries.retain(|entry| entry.version > to_version);
        entries.reverse();
        let followed = self.look_at_downs(&entries).await?;
        for Entry { version, name, down, .. } in &entries {
            let Some(down) = down else {
                return Err(MigrateError::Irreversible { version: *version, name: name.clone() });
            };
            self.run("down", *version, name, down).await?;
            let sql = format!("DELETE FROM {} WHERE version = $1", self.quoted());
            self.execute(&sql, vec![(*version).into()]).await?;
        }
        if let Some(plugin) = self.plugin {
            self.follow(plugin, &followed).await?;
        }
        Ok(entries.into_iter().map(|entry| entry.version).collect())
    }

    /// What a plugin's down scripts will do, all of them, before the first runs.
    async fn look_at_downs(&mut self, entries: &[Entry]) -> Result<Vec<Statement>, MigrateError> {
        let Some(plugin) = self.plugin else { return Ok(Vec::new()) };
        let owners = self.owners().await?;
        let mut statements = Vec::new();
        for entry in entries {
            statements.extend(self.refuse_foreign_down(plugin, &owners, entry)?);
        }
        Ok(statements)
    }

    /// Takes everything back and drops the ledger, if there is one.
    pub(super) async fn purge(&mut self) -> Result<(), MigrateError> {
        if !self.exists().await? {
            return Ok(());
        }
        self.revert(0).await?;
        if let Some(plugin) = self.plugin {
            self.drop_left_overs(plugin).await?;
        }
        self.forget().await
    }

    /// Drops the ledger alone.
    pub(in crate::db) async fn forget(&mut self) -> Result<(), MigrateError> {
        let sql = format!("DROP TABLE {}", self.quoted());
        self.execute(&sql, Vec::new()).await
    }

    /// Holds up other nodes until the transaction ends, so that no error leaves it held. SQLite's
    /// transactions do so by themselves.
    pub(in crate::db) async fn lock(&mut self) -> Result<(), MigrateError> {
        if self.shared.dialect() == Dialect::Sqlite {
            return Ok(());
        }
        let settings = format!("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'");
        self.lease.script(&settings).await.map_err(ledger_error)?;
        let sql = "SELECT pg_advisory_xact_lock(hashtext('backplane'), hashtext(current_schema() || '.' || $1))";
        self.execute(sql, vec![self.table.into()]).await
    }

    pub(in crate::db) async fn exists(&mut self) -> Result<bool, MigrateError> {
        let (sql, name) = match self.shared.dialect() {
            Dialect::Sqlite => {
                ("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1", self.table.to_owned())
            }
            Dialect::Postgres => ("SELECT to_regclass($1) IS NOT NULL", self.quoted()),
        };
        self.query(sql, vec![name.into()]).await?.scalar().map_err(ledger_error)
    }

    async fn create(&mut self) -> Result<(), MigrateError> {
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS {} (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, \
             down TEXT, applied_at BIGINT NOT NULL)",
            self.quoted()
        );
        self.execute(&sql, Vec::new()).await
    }

    /// Oldest first.
    pub(super) async fn entries(&mut self) -> Result<Vec<Entry>, MigrateError> {
        let sql = format!("SELECT version, name, checksum, down, applied_at FROM {} ORDER BY version", self.quoted());
        self.query(&sql, Vec::new()).await?.deserialize().map_err(ledger_error)
    }

    async fn apply(&mut self, script: &Script) -> Result<(), MigrateError> {
        self.run("up", script.version, &script.name, &script.up).await?;
        let sql = format!(
            "INSERT INTO {} (version, name, checksum, down, applied_at) VALUES ($1, $2, $3, $4, $5)",
            self.quoted()
        );
        let Script { version, name, checksum, down, .. } = script.clone();
        self.execute(&sql, vec![version.into(), name.into(), checksum.into(), down.into(), now_ms().into()]).await
    }

    async fn replace_down(&mut self, script: &Script) -> Result<(), MigrateError> {
        let sql = format!("UPDATE {} SET down = $1 WHERE version = $2", self.quoted());
        self.execute(&sql, vec![script.down.clone().into(), script.version.into()]).await
    }

    async fn run(&mut self, direction: &'static str, version: i64, name: &str, sql: &str) -> Result<(), MigrateError> {
        self.lease.script(sql).await.map_err(|source| MigrateError::Script {
            direction,
            version,
            name: name.to_owned(),
            source,
        })
    }

    pub(super) async fn query(&mut self, sql: &str, parameters: Vec<Value>) -> Result<Rows, MigrateError> {
        let tagged = self.shared.tagged(sql, &parameters);
        let buffer = self.lease.query(&tagged, parameters, BOUNDS).await.map_err(ledger_error)?;
        Rows::decode(buffer).map_err(|error| ledger_error(DbError::from(error)))
    }

    pub(super) async fn execute(&mut self, sql: &str, parameters: Vec<Value>) -> Result<(), MigrateError> {
        let tagged = self.shared.tagged(sql, &parameters);
        self.lease.execute(&tagged, parameters, BOUNDS.deadline).await.map_err(ledger_error)?;
        Ok(())
    }

    fn quoted(&self) -> String {
        format!("\"{}\"", self.table.replace('"', "\"\""))
    }
}

pub(super) fn now_ms() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(version: i64, checksum: &str) -> Script {
        let text = |text: &str| text.to_owned();
        Script { version, name: text("x"), up: text("up"), down: None, checksum: text(checksum) }
    }

    fn entry(version: i64, checksum: &str) -> Entry {
        Entry { version, name: "x".to_owned(), checksum: checksum.to_owned(), down: None, applied_at: 0 }
    }

    #[test]
    fn plans_name_what_does_not_fit() {
        let brought = [script(1, "a"), script(3, "c"), script(4, "d")];
        let pending = |entries: &[Entry]| {
            plan(&brought, entries).map(|plan| plan.pending.iter().map(|s| s.version).collect::<Vec<_>>())
        };
        assert_eq!(pending(&[]).expect("fits"), [1, 3, 4]);
        assert_eq!(pending(&[entry(1, "a"), entry(3, "c")]).expect("fits"), [4]);
        assert!(matches!(pending(&[entry(1, "b")]), Err(MigrateError::Changed { version: 1, .. })));
        assert!(matches!(pending(&[entry(1, "a"), entry(2, "b")]), Err(MigrateError::Missing { version: 2, .. })));
        let skipped = pending(&[entry(1, "a"), entry(4, "d")]);
        assert!(matches!(skipped, Err(MigrateError::OutOfOrder { version: 3, last: 4, .. })));
    }
}
