//! Moving in: rows of an installation of FBA 1.13 on PostgreSQL become ours.
//!
//! The source is read in one read-only transaction and is not trusted: every value is bounded where
//! it is read, and what does not fit is left out and told. Our database is written in one
//! transaction. A trial does the same work and takes it back, so that it tells exactly what the
//! import will do.
//!
//! Invariant: what is here already stays as it is, but for rows that nobody has touched since they
//! were seeded. So a second import changes nothing.

mod column;
mod copy;
mod entry;
mod ids;
mod links;
mod logs;
mod report;
mod rules;
mod samples;
mod source;
mod step;
mod tables;
mod target;
mod tree;
mod users;

pub use report::{Problem, Report, TableReport};
pub use step::{Progressed, Watch};

use crate::db::{OpenError, Pool};
use copy::{Key, copy};
use entry::Entry;
use ids::Ids;
use plugin_api::db::{DbError, Value};
use source::Source;
use std::collections::HashMap;
use step::Step;
use tables::Table;
use target::Target;

/// Whether changes are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything is done and taken back.
    Trial,
    /// Everything is done.
    Apply,
}

/// Where rows come from.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    /// `postgres://…`; its password is never shown.
    pub url: &'a str,
    /// The schema with the tables.
    pub schema: &'a str,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Not a PostgreSQL.
    #[error("the source's URL must begin with postgres://; other databases are not read")]
    NotPostgres,
    /// The source can't be opened.
    #[error("failed to open the source")]
    Open(#[source] OpenError),
    /// The source is not what it should be.
    #[error("the source is no FBA 1.13: schema {schema:?} has {what}")]
    NotFba {
        /// The schema.
        schema: String,
        /// What is missing.
        what: String,
    },
    /// A table of the source can't be read.
    #[error("failed to read {table} of the source; nothing was changed")]
    Source {
        /// The table.
        table: &'static str,
        /// The source's words.
        #[source]
        source: DbError,
    },
    /// A table of ours can't be read or written.
    #[error("failed to move {table} in; nothing was changed")]
    Target {
        /// The table.
        table: &'static str,
        /// The database's words.
        #[source]
        source: DbError,
    },
    /// A table whose rows, or their ids, are kept in memory is too long.
    #[error("{table} of the source has more than {rows_max} rows; nothing was changed")]
    TooMany {
        /// The table.
        table: &'static str,
        /// What is taken.
        rows_max: u64,
    },
}

/// Moves everything from `origin` into `ours`, whose schema is up to date, and tells `watch` how far
/// it is.
///
/// # Errors
/// [`ImportError`]; our database is as it was then.
pub async fn fba(origin: Origin<'_>, ours: &Pool, mode: Mode, watch: Watch<'_>) -> Result<Report, ImportError> {
    let source = Source::open(origin).await?;
    let moved = into(&source, ours, mode, watch).await;
    source.close().await;
    moved
}

async fn into(source: &Source, ours: &Pool, mode: Mode, watch: Watch<'_>) -> Result<Report, ImportError> {
    // Asked before the transaction, which would end with the first table that is not there.
    let mut absent = Vec::new();
    for table in tables::OF_PLUGINS {
        if !target::has(ours, table).await? {
            absent.push(table.name);
        }
    }
    let target = Target::begin(ours).await?;
    let mut transfer = Transfer { source, target: &target, watch, absent, reports: Vec::new() };
    let moved = transfer.run().await;
    let reports = transfer.reports;
    let done = match (&moved, mode) {
        (Ok(()), Mode::Apply) => target.commit().await,
        _ => target.take_back().await,
    };
    moved.and(done)?;
    Ok(Report { applied: mode == Mode::Apply, tables: reports })
}

/// One import on its way.
struct Transfer<'a> {
    source: &'a Source,
    target: &'a Target,
    watch: Watch<'a>,
    /// Tables of plugins that are not installed here.
    absent: Vec<&'static str>,
    reports: Vec<TableReport>,
}

impl Transfer<'_> {
    /// What others refer to comes first.
    async fn run(&mut self) -> Result<(), ImportError> {
        let table = tables::DEPT.name;
        let made_way = samples::make_way(self.target).await;
        let (depts_gone, roles_gone) = made_way.map_err(|source| ImportError::Target { table, source })?;
        let depts = self.step(&tables::DEPT, async |step| tree::depts(step).await).await?;
        self.note_samples(depts_gone);
        let roles = self.by_key(&tables::ROLE, "name", &[]).await?;
        self.note_samples(roles_gone);
        let menus = self.step(&tables::MENU, async |step| tree::menus(step).await).await?;
        let users = self.step(&tables::USER, async |step| users::users(step, &depts).await).await?;
        let of_ours = |entry: &mut Entry| Ok(rules::with_our_ids(entry, &depts, &users));
        let rules =
            self.step(&tables::DATA_RULE, async |step| copy(step, Key::Text("name"), &[], of_ours).await).await?;
        let scopes = self.by_key(&tables::DATA_SCOPE, "name", &[]).await?;
        self.step(&tables::PASSWORD_HISTORY, async |step| users::former_passwords(step, &users).await).await?;
        for (table, left, right) in [
            (&tables::USER_ROLE, &users, &roles),
            (&tables::ROLE_MENU, &roles, &menus),
            (&tables::ROLE_DATA_SCOPE, &roles, &scopes),
            (&tables::DATA_SCOPE_RULE, &scopes, &rules),
        ] {
            self.step(table, async |step| links::links(step, left, right).await).await?;
        }
        self.plugins().await?;
        for log in [&logs::LOGIN, &logs::OPERA] {
            self.step(log.table, async |step| logs::log(step, log).await).await?;
        }
        Ok(())
    }

    /// Tells of the table just done how many samples have made way.
    fn note_samples(&mut self, count: u64) {
        if let Some(report) = self.reports.last_mut() {
            report.samples_removed = count;
        }
    }

    /// The tables of plugins that are on both sides.
    async fn plugins(&mut self) -> Result<(), ImportError> {
        let mut codes = HashMap::new();
        let known = |entry: &mut Entry| {
            codes.insert(entry.id, entry.text("code").to_owned());
            Ok(None)
        };
        let refreshed = &["name", "remark"];
        let types = self.step(&tables::DICT_TYPE, async |step| copy(step, Key::Text("code"), refreshed, known).await);
        let types = types.await?;
        let of_type = |entry: &mut Entry| {
            let theirs = entry.int("type_id").unwrap_or_default();
            let (Some(ours), Some(code)) = (types.ours(theirs), codes.get(&theirs)) else {
                return Err(format!("type_id: dictionary {theirs} is not there"));
            };
            entry.set("type_id", Value::Int(ours));
            // Their copy of the code may be an old one; ours is held to be the type's.
            entry.set("type_code", Value::from(code));
            Ok(None)
        };
        let key = Key::Pair("type_id", "label");
        let refreshed = &["value", "color", "sort", "status", "remark"];
        self.step(&tables::DICT_DATA, async |step| copy(step, key, refreshed, of_type).await).await?;
        self.by_key(&tables::CONFIG, "key", &["name", "type", "value", "is_frontend", "remark"]).await?;
        let key = Key::Pair("created_time", "title");
        self.step(&tables::NOTICE, async |step| copy(step, key, &[], |_| Ok(None)).await).await?;
        Ok(())
    }

    /// A table whose rows are known by one column.
    async fn by_key(
        &mut self,
        table: &'static Table,
        key: &'static str,
        refreshed: &[&'static str],
    ) -> Result<Ids, ImportError> {
        self.step(table, async |step| copy(step, Key::Text(key), refreshed, |_| Ok(None)).await).await
    }

    /// Does one table, if both sides have it.
    async fn step(
        &mut self,
        table: &'static Table,
        work: impl AsyncFnOnce(&mut Step<'_>) -> Result<Ids, ImportError>,
    ) -> Result<Ids, ImportError> {
        let absent = if !self.source.has(table) {
            Some("not in the source")
        } else if self.absent.contains(&table.name) {
            Some("its plugin is not installed here")
        } else {
            None
        };
        if let Some(why) = absent {
            self.reports.push(TableReport { absent: Some(why), ..TableReport::new(table.name) });
            return Ok(Ids::default());
        }
        let mut step = Step::begin(self.source, self.target, table, self.watch).await?;
        let ids = work(&mut step).await?;
        self.reports.push(step.end());
        Ok(ids)
    }
}
