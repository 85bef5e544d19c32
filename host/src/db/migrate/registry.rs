//! Which plugin owns which table: the rows of `plugin_table`, changed in the transaction that changes
//! the tables themselves.

use super::MigrateError;
use super::ledger::{Entry, Ledger};
use super::ownership::{Owned, Owner, Owners};
use crate::db::statement::{self, Action, Kind, Statement, Touch};
use plugin_api::db::Dialect;
use std::collections::BTreeMap;

/// What a plugin's tables are called in the registry.
pub(in crate::db) type Relations = BTreeMap<String, Kind>;

impl Ledger<'_> {
    /// The owners of all tables.
    pub(super) async fn owners(&mut self) -> Result<Owners, MigrateError> {
        let rows = self.query("SELECT name, plugin_id FROM plugin_table", Vec::new()).await?;
        let rows: Vec<(String, String)> = rows.deserialize().map_err(super::ledger_error)?;
        Ok(Owners::new(rows.into_iter().collect()))
    }

    /// The tables and views of a plugin, as they are registered.
    pub(super) async fn relations(&mut self, plugin: &str) -> Result<Relations, MigrateError> {
        let sql = "SELECT name, kind FROM plugin_table WHERE plugin_id = $1";
        let rows: Vec<(String, String)> =
            self.query(sql, vec![plugin.into()]).await?.deserialize().map_err(super::ledger_error)?;
        let kind = |word: &str| if word == Kind::View.as_str() { Kind::View } else { Kind::Table };
        Ok(rows.into_iter().map(|(name, word)| (name, kind(&word))).collect())
    }

    /// Makes the rows of a plugin equal to `owned`.
    pub(in crate::db) async fn register(&mut self, plugin: &str, owned: &Relations) -> Result<(), MigrateError> {
        let before = self.relations(plugin).await?;
        for name in before.keys().filter(|name| !owned.contains_key(*name)) {
            let sql = "DELETE FROM plugin_table WHERE name = $1 AND plugin_id = $2";
            self.execute(sql, vec![name.clone().into(), plugin.into()]).await?;
        }
        for (name, kind) in owned.iter().filter(|(name, _)| !before.contains_key(*name)) {
            let sql = "INSERT INTO plugin_table (name, plugin_id, kind, created_time) VALUES ($1, $2, $3, $4)";
            let values = vec![name.clone().into(), plugin.into(), kind.as_str().into(), super::ledger::now_ms().into()];
            self.execute(sql, values).await?;
        }
        Ok(())
    }

    /// Reads a down script before it runs. What it touches may belong to nobody, since the registry does not
    /// know everything that old migrations made, but not to somebody else.
    pub(super) fn refuse_foreign_down(
        &self,
        plugin: &str,
        owners: &Owners,
        entry: &Entry,
    ) -> Result<Vec<Statement>, MigrateError> {
        let Entry { version, name, down, .. } = entry;
        let invalid = |reason: String| MigrateError::Invalid { version: *version, name: name.clone(), reason };
        let statements = statement::read(self.shared.dialect(), down.as_deref().unwrap_or_default())
            .map_err(|place| invalid(format!("its down script can't be read: {place}")))?;
        for statement in &statements {
            let text = &statement.text;
            if let Some(reason) = &statement.forbidden {
                return Err(invalid(format!("its down script has {text}: {reason}")));
            }
            let touched = statement.touches.iter().filter(|touch| touch.action != Action::Read);
            for Touch { name: object, kind, .. } in touched {
                match owners.of(object) {
                    Some(Owner::Plugin(id)) if id == plugin => {}
                    Some(owner) => {
                        let kind = kind.as_str();
                        return Err(invalid(format!("its down script has {text}: {kind} {object} belongs to {owner}")));
                    }
                    None => {}
                }
            }
        }
        Ok(statements)
    }

    /// Drops what is left of a plugin's tables and views after its last migration was taken back.
    pub(in crate::db) async fn drop_left_overs(&mut self, plugin: &str) -> Result<(), MigrateError> {
        let left = self.relations(plugin).await?;
        let views = left.iter().filter(|(_, kind)| **kind == Kind::View);
        for (name, _) in views {
            self.execute(&format!("DROP VIEW IF EXISTS {}", quoted(name)), Vec::new()).await?;
        }
        self.drop_tables(left.iter().filter(|(_, kind)| **kind == Kind::Table).map(|(name, _)| name.as_str())).await?;
        self.register(plugin, &Relations::new()).await
    }

    /// Drops tables that may refer to each other, in any order.
    async fn drop_tables(&mut self, names: impl Iterator<Item = &str>) -> Result<(), MigrateError> {
        let names: Vec<String> = names.map(quoted).collect();
        match self.shared.dialect() {
            // All foreign keys are looked at when the transaction ends, and they are gone then.
            Dialect::Sqlite => {
                self.execute("PRAGMA defer_foreign_keys = ON", Vec::new()).await?;
                for name in names {
                    self.execute(&format!("DROP TABLE IF EXISTS {name}"), Vec::new()).await?;
                }
            }
            Dialect::Postgres if names.is_empty() => {}
            Dialect::Postgres => {
                self.execute(&format!("DROP TABLE IF EXISTS {}", names.join(", ")), Vec::new()).await?;
            }
        }
        Ok(())
    }

    /// Follows statements that have run in the registry.
    pub(super) async fn follow(&mut self, plugin: &str, statements: &[Statement]) -> Result<(), MigrateError> {
        let mut owned = Owned::of(self.relations(plugin).await?);
        statements.iter().for_each(|statement| owned.follow(statement));
        self.register(plugin, &owned.relations).await
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
