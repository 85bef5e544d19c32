//! What a plugin may do with the database: its own tables as it likes, others' only as far as it is granted.
//!
//! It keeps plugins that mean well within what an administrator has agreed to. It is no wall: native code in the
//! server's process can do anything that the process can.

use super::id::PluginId;
use super::manifest::DatabaseAccess;
use crate::db::touches;
use plugin_api::db::{DbError, DbErrorKind, Dialect};
use quick_cache::sync::Cache;
use std::collections::BTreeSet;
use std::sync::Arc;

/// More different statements than a plugin runs again and again.
const STATEMENTS_MAX: usize = 512;
/// A longer statement is made for its values, and is not the same twice.
const REMEMBERED_BYTES_MAX: usize = 8 * 1024;

/// The bounds of one generation.
#[derive(Debug)]
pub(super) struct Fence {
    id: PluginId,
    dialect: Dialect,
    own: BTreeSet<String>,
    access: DatabaseAccess,
    /// What was found out about statements.
    known: Cache<Box<str>, Verdict>,
}

/// None if a statement may run; why not otherwise.
type Verdict = Option<Arc<str>>;

impl Fence {
    /// Around a plugin with these tables and views.
    pub(super) fn new(id: PluginId, dialect: Dialect, own: BTreeSet<String>, access: DatabaseAccess) -> Self {
        Self { id, dialect, own, access, known: Cache::new(STATEMENTS_MAX) }
    }

    /// Whether a statement may run. Costs one look into a table for a statement that was seen before.
    ///
    /// # Errors
    /// Of kind [`Refused`](DbErrorKind::Refused), with the reason.
    pub(super) fn check(&self, sql: &str) -> Result<(), DbError> {
        let verdict = match self.known.get(sql) {
            Some(verdict) => verdict,
            None => self.look(sql),
        };
        match verdict {
            None => Ok(()),
            Some(reason) => Err(DbError::new(DbErrorKind::Refused, reason.to_string())),
        }
    }

    fn look(&self, sql: &str) -> Verdict {
        let verdict = self.refusal(sql).map(Arc::from);
        if sql.len() <= REMEMBERED_BYTES_MAX {
            self.known.insert(sql.into(), verdict.clone());
        }
        verdict
    }

    fn refusal(&self, sql: &str) -> Option<String> {
        let id = &self.id;
        let touched = match touches(sql, self.dialect) {
            Ok(touched) => touched,
            Err(reason) => {
                return Some(format!("the statement can't be read, so it is not run for plugin {id}: {reason}"));
            }
        };
        if touched.ddl {
            let accepted = "only SELECT, INSERT, UPDATE and DELETE run for a plugin; tables are made by its migrations";
            return Some(format!("plugin {id} may not run this: {accepted}"));
        }
        if let Some(table) = touched.writes.iter().find(|table| !self.own.contains(*table)) {
            return Some(format!(
                "plugin {id} may not write table {table}: it may write the tables that its own migrations create"
            ));
        }
        let foreign = touched.reads.iter().find(|table| !self.own.contains(*table))?;
        match self.access {
            DatabaseAccess::Read => None,
            DatabaseAccess::Own => Some(format!(
                "plugin {id} may not read table {foreign}, which its migrations did not create: \
                 it would need database = \"read\" in [capabilities] of its plugin.toml"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fence(access: DatabaseAccess) -> Fence {
        Fence::new("shop".parse().unwrap(), Dialect::Sqlite, BTreeSet::from(["mine".to_owned()]), access)
    }

    #[test]
    fn own_tables_are_free_and_those_of_others_as_granted() {
        for (sql, own, read) in [
            ("SELECT * FROM mine", true, true),
            ("INSERT INTO mine VALUES ($1)", true, true),
            ("SELECT * FROM mine JOIN sys_user ON TRUE", false, true),
            ("INSERT INTO mine SELECT id FROM sys_user", false, true),
            ("UPDATE sys_user SET is_superuser = 1", false, false),
            ("DELETE FROM sys_user", false, false),
            ("DROP TABLE mine", false, false),
            ("SELECT FROM WHERE", false, false),
        ] {
            // The second time it is remembered.
            for _ in 0..2 {
                assert_eq!(fence(DatabaseAccess::Own).check(sql).is_ok(), own, "{sql}");
                assert_eq!(fence(DatabaseAccess::Read).check(sql).is_ok(), read, "{sql}");
            }
        }
        let refused = fence(DatabaseAccess::Own).check("SELECT 1 FROM sys_user").unwrap_err();
        assert_eq!(refused.kind, DbErrorKind::Refused);
        assert!(refused.message.contains("may not read table sys_user"), "{}", refused.message);
    }
}
