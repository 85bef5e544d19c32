//! Which pending migrations take something from code that knows the schema as it is now.
//!
//! While a plugin is upgraded in place its old version serves on the new schema, so that its migrations may
//! only expand: what is there stays as it is. What a migration makes itself, a later one may change again.

use super::MigrateError;
use super::script::{self, Script};
use crate::db::statement::{self, Action, Break, Statement};
use plugin_api::db::Dialect;
use plugin_api::descriptor::MigrationSpec;
use std::collections::BTreeSet;

/// Something that old code would notice.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, thiserror::Error)]
#[error("migration {version} ({name}), line {line}: {statement}: {why}; instead, {instead}")]
pub struct Contraction {
    /// The migration's number.
    pub version: i64,
    /// The migration's name.
    pub name: String,
    /// The line of its up script, from 1.
    pub line: u64,
    /// The statement, shortened.
    pub statement: String,
    /// Why old code would break.
    pub why: String,
    /// What would let it go on.
    pub instead: String,
}

/// What of the migrations after `applied_to` would break code that knows the schema as it is there.
///
/// # Errors
/// [`MigrateError::Invalid`] if their numbers or scripts can't be accepted at all.
pub fn contractions(
    dialect: Dialect,
    migrations: &[MigrationSpec],
    applied_to: i64,
) -> Result<Vec<Contraction>, MigrateError> {
    let mut new = New::default();
    let mut found = Vec::new();
    for script in script::all_for(dialect, migrations)?.iter().filter(|script| script.version > applied_to) {
        // A script that can't be read is refused elsewhere, whole.
        for statement in statement::read(dialect, &script.up).unwrap_or_default() {
            found.extend(new.breaks(&statement).map(|(why, instead)| contraction(script, &statement, why, instead)));
            new.follow(&statement);
        }
    }
    Ok(found)
}

fn contraction(script: &Script, statement: &Statement, why: &str, instead: &str) -> Contraction {
    Contraction {
        version: script.version,
        name: script.name.clone(),
        line: statement.line,
        statement: statement.text.clone(),
        why: why.to_owned(),
        instead: instead.to_owned(),
    }
}

/// What old code does not know.
#[derive(Default)]
struct New {
    /// Tables, views, indexes and triggers.
    objects: BTreeSet<String>,
    /// Tables and their columns.
    columns: BTreeSet<(String, String)>,
}

impl New {
    fn breaks<'a>(&self, statement: &'a Statement) -> impl Iterator<Item = (&'a str, &'a str)> {
        let noticed = statement.breaks.iter().filter(|found| !self.is_new(found));
        noticed.filter_map(|found| found.why.map(|why| (why, found.instead))).collect::<Vec<_>>().into_iter()
    }

    fn is_new(&self, found: &Break) -> bool {
        let is_new = |column: &String| self.columns.contains(&(found.object.clone(), column.clone()));
        self.objects.contains(&found.object) || (!found.columns.is_empty() && found.columns.iter().all(is_new))
    }

    fn follow(&mut self, statement: &Statement) {
        for touch in &statement.touches {
            match &touch.action {
                Action::Create { .. } => {
                    self.objects.insert(touch.name.clone());
                }
                Action::Rename { to } if self.objects.contains(&touch.name) => {
                    self.objects.insert(to.clone());
                }
                _ => {}
            }
        }
        for found in &statement.breaks {
            self.columns.extend(found.adds.iter().map(|column| (found.object.clone(), column.clone())));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migration(version: i64, up: &str) -> MigrationSpec {
        let (down, up_postgres, down_postgres) = Default::default();
        MigrationSpec { version, name: "x".to_owned(), up: up.to_owned(), down, up_postgres, down_postgres }
    }

    fn found(dialect: Dialect, up: &str) -> Vec<Contraction> {
        contractions(dialect, &[migration(1, "CREATE TABLE t (a TEXT)"), migration(2, up)], 1).expect("in order")
    }

    #[test]
    fn what_expands_goes_in_place() {
        for up in [
            "CREATE TABLE u (id BIGINT PRIMARY KEY); DELETE FROM u; ALTER TABLE u RENAME TO w; DROP TABLE w",
            "CREATE INDEX t_a ON t (a); DROP INDEX t_a",
            "CREATE TABLE u (id BIGINT); CREATE UNIQUE INDEX u_id ON u (id); UPDATE u SET id = 1",
            "ALTER TABLE t ADD COLUMN b TEXT",
            "ALTER TABLE t ADD COLUMN b BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE t ADD COLUMN b TEXT; UPDATE t SET b = a; ALTER TABLE t RENAME COLUMN b TO c",
            "INSERT INTO t (a) VALUES ('x') ON CONFLICT DO NOTHING",
            "CREATE VIEW v AS SELECT a FROM t; DROP VIEW v",
            "SELECT 1",
        ] {
            for dialect in [Dialect::Sqlite, Dialect::Postgres] {
                assert_eq!(found(dialect, up), [], "{dialect:?}: {up}");
            }
        }
        let trigger = "CREATE TRIGGER g AFTER INSERT ON t BEGIN UPDATE t SET a = 'x'; END; DROP TRIGGER g";
        assert_eq!(found(Dialect::Sqlite, trigger), []);
        assert_eq!(found(Dialect::Postgres, "ALTER TABLE t ALTER COLUMN a SET DEFAULT 'x'"), []);
        let applied = [migration(1, "CREATE TABLE t (a TEXT)"), migration(2, "DROP TABLE t")];
        assert_eq!(contractions(Dialect::Sqlite, &applied, 2).expect("in order"), [], "it has happened already");
    }

    #[test]
    fn what_old_code_would_notice_is_found() {
        for up in [
            "DROP TABLE t",
            "ALTER TABLE t RENAME TO u",
            "ALTER TABLE t RENAME COLUMN a TO b",
            "ALTER TABLE t DROP COLUMN a",
            "ALTER TABLE t ADD COLUMN b TEXT NOT NULL",
            "CREATE UNIQUE INDEX t_a ON t (a)",
            "DELETE FROM t",
            "UPDATE t SET a = 'x'",
            "ALTER TABLE t ADD COLUMN b TEXT; UPDATE t SET b = 'x', a = 'y'",
            "INSERT INTO t (a) VALUES ('x') ON CONFLICT (a) DO UPDATE SET a = 'y'",
            "DROP INDEX t_a",
            "DROP VIEW v",
        ] {
            for dialect in [Dialect::Sqlite, Dialect::Postgres] {
                assert_eq!(found(dialect, up).len(), 1, "{dialect:?}: {up}");
            }
        }
        assert_eq!(found(Dialect::Sqlite, "REPLACE INTO t VALUES ('x')").len(), 1);
        assert_eq!(found(Dialect::Sqlite, "INSERT OR REPLACE INTO t VALUES ('x')").len(), 1);
        assert_eq!(found(Dialect::Sqlite, "DROP TRIGGER g").len(), 1);
        for up in [
            "ALTER TABLE t ALTER COLUMN a TYPE BIGINT USING a::BIGINT",
            "ALTER TABLE t ALTER COLUMN a SET NOT NULL",
            "ALTER TABLE t ALTER COLUMN a DROP NOT NULL",
            "ALTER TABLE t ALTER COLUMN a DROP DEFAULT",
            "ALTER TABLE t ADD CONSTRAINT c CHECK (a <> '')",
            "ALTER TABLE t ADD CONSTRAINT c UNIQUE (a)",
            "ALTER TABLE t DROP CONSTRAINT c",
            "ALTER TABLE t ADD COLUMN b TEXT UNIQUE DEFAULT 'x'",
            "TRUNCATE t",
        ] {
            assert_eq!(found(Dialect::Postgres, up).len(), 1, "{up}");
        }
    }

    #[test]
    fn contractions_say_what_to_do() {
        let text = |up: &str| found(Dialect::Sqlite, up)[0].to_string();
        insta::assert_snapshot!(text("SELECT 1;\nALTER TABLE t DROP COLUMN a"), @"migration 2 (x), line 2: ALTER TABLE t DROP COLUMN a: the column goes, which old code still reads and writes; instead, stop using it in one version and take it away in a later one, with an upgrade that drains first");
        insta::assert_snapshot!(text("ALTER TABLE t ADD COLUMN b TEXT NOT NULL"), @"migration 2 (x), line 1: ALTER TABLE t ADD COLUMN b TEXT NOT NULL: old code writes rows without a value for the new column, which demands one; instead, give it a DEFAULT, or let it be NULL");
        insta::assert_snapshot!(text("UPDATE t SET a = 'x'"), @"migration 2 (x), line 1: UPDATE t SET a = 'x': values change that old code reads, and no undo brings them back; instead, fill a new column and read that one");
        insta::assert_snapshot!(text("CREATE UNIQUE INDEX t_a ON t (a)"), @"migration 2 (x), line 1: CREATE UNIQUE INDEX t_a ON t(a): the new unique index refuses rows that old code may write; instead, make it unique in a later version, when no old code writes any more");
    }
}
