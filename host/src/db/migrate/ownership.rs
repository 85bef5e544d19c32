//! Whose tables a plugin's migrations touch: only those that they create themselves (ADR 15).
//!
//! Pure. What earlier migrations of a plugin have created is found by reading them again, in order.

use super::core;
use super::script::{self, Script};
use crate::db::statement::{self, Action, Kind, Statement, Touch};
use plugin_api::db::Dialect;
use plugin_api::descriptor::MigrationSpec;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

/// The most own tables that a message lists.
const LISTED_MAX: usize = 8;

/// Whether migrations may read the tables of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// They read what they own.
    Own,
    /// They may read what others own as well: a capability says so.
    Others,
}

/// Who owns a name in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// The server's own schema.
    Core,
    /// A plugin, by its id.
    Plugin(String),
    /// The records of which migrations were applied.
    Ledgers,
    /// SQLite or PostgreSQL itself.
    Database,
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Core => formatter.write_str("the core"),
            Self::Plugin(id) => write!(formatter, "plugin {id}"),
            Self::Ledgers => formatter.write_str("the ledgers of migrations"),
            Self::Database => formatter.write_str("the database itself"),
        }
    }
}

/// The owners of all names that somebody owns.
#[derive(Debug, Clone, Default)]
pub struct Owners {
    plugins: BTreeMap<String, String>,
}

impl Owners {
    /// The core's and the database's names, and those of plugins: table and plugin.
    #[must_use]
    pub fn new(plugins: BTreeMap<String, String>) -> Self {
        Self { plugins }
    }

    /// Who owns the name, if anybody does.
    #[must_use]
    pub fn of(&self, name: &str) -> Option<Owner> {
        let lower = name.to_ascii_lowercase();
        let begins = |with: &[&str]| with.iter().any(|with| lower.starts_with(with));
        if begins(&["_migrations"]) {
            return Some(Owner::Ledgers);
        }
        if begins(&["sqlite_", "pragma_", "pg_", "information_schema"]) {
            return Some(Owner::Database);
        }
        if CORE.contains(&lower) {
            return Some(Owner::Core);
        }
        self.plugins.get(name).cloned().map(Owner::Plugin)
    }
}

/// Everything that the core's migrations have ever created.
static CORE: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let mut names = BTreeSet::new();
    for dialect in [Dialect::Sqlite, Dialect::Postgres] {
        let scripts = script::all_for(dialect, &core::migrations()).unwrap_or_default();
        let statements = scripts.iter().flat_map(|script| statement::read(dialect, &script.up).unwrap_or_default());
        for touch in statements.flat_map(|statement| statement.touches) {
            match touch.action {
                Action::Create { .. } => names.insert(touch.name),
                Action::Rename { to } => names.insert(to),
                _ => false,
            };
        }
    }
    names
});

/// Which of its two scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The one that applies a migration.
    Up,
    /// The one that takes it back.
    Down,
}

/// Something in a migration that is refused.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, thiserror::Error)]
#[error(
    "migration {version} ({name}), {} script, line {line}: {reason}",
    if *direction == Direction::Up { "up" } else { "down" }
)]
pub struct Fault {
    /// The migration's number.
    pub version: i64,
    /// The migration's name.
    pub name: String,
    /// Which script.
    pub direction: Direction,
    /// The line of the script, from 1.
    pub line: u64,
    /// The statement, shortened; empty where the script can't be read.
    pub statement: String,
    /// What is wrong, whom it concerns, and what would be accepted.
    pub reason: String,
}

/// What a plugin owns at some point of its migrations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Owned {
    /// Tables and views.
    pub(super) relations: BTreeMap<String, Kind>,
    /// Indexes and triggers, with their tables.
    parts: BTreeMap<(Kind, String), String>,
}

impl Owned {
    pub(super) fn of(relations: BTreeMap<String, Kind>) -> Self {
        Self { relations, parts: BTreeMap::new() }
    }

    /// Follows a statement that has run.
    pub(super) fn follow(&mut self, statement: &Statement) {
        for Touch { action, kind, name } in &statement.touches {
            match action {
                Action::Create { on: Some(table) } => {
                    self.parts.insert((*kind, name.clone()), table.clone());
                }
                Action::Create { on: None } => {
                    self.relations.insert(name.clone(), *kind);
                }
                Action::Drop if matches!(kind, Kind::Index | Kind::Trigger) => {
                    self.parts.remove(&(*kind, name.clone()));
                }
                Action::Drop => {
                    self.relations.remove(name);
                    self.parts.retain(|_, table| table != name);
                }
                Action::Rename { to } => {
                    if let Some(kind) = self.relations.remove(name) {
                        self.relations.insert(to.clone(), kind);
                    }
                    for table in self.parts.values_mut().filter(|table| *table == name) {
                        table.clone_from(to);
                    }
                }
                Action::Alter | Action::Write | Action::Read | Action::Refer => {}
            }
        }
    }

    fn has(&self, touch: &Touch) -> bool {
        match touch.kind {
            Kind::Table | Kind::View => self.relations.contains_key(&touch.name),
            Kind::Index | Kind::Trigger => self.parts.contains_key(&(touch.kind, touch.name.clone())),
        }
    }

    fn listed(&self) -> String {
        let names: Vec<&str> = self.relations.keys().map(String::as_str).collect();
        match names.len() {
            0 => ", which is nothing so far".to_owned(),
            count if count > LISTED_MAX => format!(": {}, …", names[..LISTED_MAX].join(", ")),
            _ => format!(": {}", names.join(", ")),
        }
    }
}

/// Looks at a plugin's migrations, one after the other.
pub(super) struct Check<'a> {
    pub(super) plugin: &'a str,
    pub(super) dialect: Dialect,
    pub(super) owners: &'a Owners,
    pub(super) reads: Reads,
    pub(super) owned: Owned,
}

impl Check<'_> {
    /// What is wrong with a migration; afterwards it counts as applied.
    pub(super) fn migration(&mut self, script: &Script) -> Vec<Fault> {
        let mut faults = self.script(script, Direction::Up, &script.up);
        if let Some(down) = &script.down {
            let after = self.owned.clone();
            faults.extend(self.script(script, Direction::Down, down));
            self.owned = after;
        }
        faults
    }

    fn script(&mut self, script: &Script, direction: Direction, sql: &str) -> Vec<Fault> {
        let fault = |line, statement: &str, reason| Fault {
            version: script.version,
            name: script.name.clone(),
            direction,
            line,
            statement: statement.to_owned(),
            reason,
        };
        let statements = match statement::read(self.dialect, sql) {
            Ok(statements) => statements,
            Err(place) => {
                let reason = format!("it can't be read at column {}: {}", place.column, place.reason);
                return vec![fault(place.line, "", reason)];
            }
        };
        let mut faults = Vec::new();
        for statement in &statements {
            for reason in self.reasons(statement) {
                faults.push(fault(statement.line, &statement.text, format!("{}: {reason}", statement.text)));
            }
            self.owned.follow(statement);
        }
        faults
    }

    fn reasons(&self, statement: &Statement) -> Vec<String> {
        let mut reasons: Vec<String> = statement.forbidden.iter().cloned().collect();
        let mut own = self.owned.clone();
        for touch in &statement.touches {
            let reason = match &touch.action {
                Action::Create { on: None } => {
                    own.relations.insert(touch.name.clone(), touch.kind);
                    self.taken(touch, &touch.name)
                }
                Action::Create { on: Some(_) } => self.taken(touch, &touch.name),
                Action::Rename { to } => self.taken(touch, to),
                Action::Read if self.reads == Reads::Others => None,
                _ if own.has(touch) => None,
                action => Some(self.foreign(touch, action)),
            };
            reasons.extend(reason.filter(|reason| !reasons.contains(reason)));
        }
        reasons
    }

    fn taken(&self, touch: &Touch, name: &str) -> Option<String> {
        let owner = self.owners.of(name).filter(|owner| *owner != Owner::Plugin(self.plugin.to_owned()))?;
        let (kind, plugin) = (touch.kind.as_str(), self.plugin);
        Some(format!("the name {name} belongs to {owner}; plugin {plugin} must give its {kind} another name"))
    }

    fn foreign(&self, touch: &Touch, action: &Action) -> String {
        let Touch { kind, name, .. } = touch;
        let (kind, plugin) = (kind.as_str(), self.plugin);
        let whose = match self.owners.of(name) {
            Some(Owner::Plugin(id)) if id == plugin => "is created by a later migration only".to_owned(),
            Some(owner) => format!("belongs to {owner}"),
            None => format!("is created by none of the migrations of plugin {plugin}"),
        };
        let (may, instead) = match action {
            Action::Alter => ("alter only what", ""),
            Action::Drop => ("drop only what", ""),
            Action::Write => ("change only rows of what", ""),
            Action::Read => ("read only what", ""),
            Action::Refer => ("refer only to what", "; keep the key in a column without REFERENCES"),
            Action::Create { .. } | Action::Rename { .. } => ("rename only what", ""),
        };
        let listed = self.owned.listed();
        format!("{kind} {name} {whose}; plugin {plugin} may {may} its own migrations create{listed}{instead}")
    }
}

/// Everything in a plugin's migrations that would be refused, on every database they are for.
///
/// # Errors
/// The text says why their numbers or scripts can't be accepted at all.
pub fn faults(
    plugin: &str,
    dialects: &[Dialect],
    migrations: &[MigrationSpec],
    owners: &Owners,
    reads: Reads,
) -> Result<Vec<Fault>, super::MigrateError> {
    let mut faults: Vec<Fault> = Vec::new();
    for dialect in dialects {
        let mut check = Check { plugin, dialect: *dialect, owners, reads, owned: Owned::default() };
        for script in script::all_for(*dialect, migrations)? {
            // A script for both databases has each fault once.
            for fault in check.migration(&script) {
                if !faults.contains(&fault) {
                    faults.push(fault);
                }
            }
        }
    }
    Ok(faults)
}

/// A migration, as a plan shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Outline {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// What would run.
    pub up: String,
    /// What would take it back.
    pub down: Option<String>,
    /// Tables and views that it creates.
    pub creates: BTreeSet<String>,
    /// Tables that it alters or renames.
    pub alters: BTreeSet<String>,
    /// Tables and views that it drops.
    pub drops: BTreeSet<String>,
    /// Tables whose rows it changes.
    pub writes: BTreeSet<String>,
}

/// What each migration does on one database. A script that can't be read has no tables; see [`faults`].
///
/// # Errors
/// As [`faults`].
pub fn outlines(dialect: Dialect, migrations: &[MigrationSpec]) -> Result<Vec<Outline>, super::MigrateError> {
    let scripts = script::all_for(dialect, migrations)?;
    Ok(scripts.into_iter().map(|script| outline(dialect, script)).collect())
}

fn outline(dialect: Dialect, script: Script) -> Outline {
    let statements = statement::read(dialect, &script.up).unwrap_or_default();
    let Script { version, name, up, down, .. } = script;
    let (creates, alters, drops, writes) = Default::default();
    let mut outline = Outline { version, name, up, down, creates, alters, drops, writes };
    let touches = statements.into_iter().flat_map(|statement| statement.touches);
    for Touch { action, name, .. } in touches.filter(|touch| matches!(touch.kind, Kind::Table | Kind::View)) {
        match action {
            Action::Create { .. } => outline.creates.insert(name),
            Action::Alter | Action::Rename { .. } => outline.alters.insert(name),
            Action::Drop => outline.drops.insert(name),
            Action::Write => outline.writes.insert(name),
            Action::Read | Action::Refer => false,
        };
    }
    outline
}

#[cfg(test)]
mod tests;
