//! One table on its way from there to here.

use super::ImportError;
use super::entry::Entry;
use super::ids::{Numbers, kept_max};
use super::report::TableReport;
use super::source::Source;
use super::tables::Table;
use super::target::Target;
use plugin_api::db::{DbError, DbErrorKind};
use std::collections::HashSet;

/// Rows of a table that is kept in memory while it is sorted.
const SORTED_ROWS_MAX: u64 = 100_000;

/// Is told how far an import is.
pub type Watch<'a> = &'a (dyn Fn(Progressed) + 'a);

/// How far it is.
#[derive(Debug, Clone, Copy)]
pub struct Progressed {
    /// The table.
    pub table: &'static str,
    /// Rows that were read.
    pub done: u64,
    /// Rows that there are.
    pub total: u64,
}

/// The work on one table.
pub(super) struct Step<'a> {
    source: &'a Source,
    watch: Watch<'a>,
    /// Where to.
    pub(super) to: &'a Target,
    /// Which.
    pub(super) table: &'static Table,
    /// What became of its rows so far.
    pub(super) report: TableReport,
    total: u64,
    last_kept: i64,
    after: Option<i64>,
}

impl<'a> Step<'a> {
    pub(super) async fn begin(
        source: &'a Source,
        to: &'a Target,
        table: &'static Table,
        watch: Watch<'a>,
    ) -> Result<Self, ImportError> {
        let (total, last_kept) = source.size(table).await?;
        let report = TableReport::new(table.name);
        Ok(Self { source, watch, to, table, report, total, last_kept, after: Some(i64::MIN) })
    }

    /// Rows of the source.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// The next rows that fit, in the order of their ids; None after the last ones.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Entry>>, ImportError> {
        let Some(after) = self.after else { return Ok(None) };
        let rows = self.source.rows(self.table, after).await?;
        let unreadable = |source| ImportError::Source { table: self.table.name, source };
        self.after = None;
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows.iter() {
            let read = row.and_then(|row| Entry::read(self.table, &row, &mut self.report));
            let (id, entry) = read.map_err(unreadable)?;
            // Without this a source that lies could keep us here for ever.
            if id <= self.after.unwrap_or(after) {
                return Err(unreadable(DbError::new(DbErrorKind::Decode, "the ids do not ascend")));
            }
            self.report.read += 1;
            self.after = Some(id);
            entries.extend(entry);
        }
        if self.report.read > self.table.rows_max {
            return Err(ImportError::TooMany { table: self.table.name, rows_max: self.table.rows_max });
        }
        (self.watch)(Progressed { table: self.table.name, done: self.report.read, total: self.total });
        Ok((!rows.is_empty()).then_some(entries))
    }

    /// Every row that fits.
    pub(super) async fn all(&mut self) -> Result<Vec<Entry>, ImportError> {
        let mut all = Vec::new();
        while let Some(entries) = self.next().await? {
            all.extend(entries);
            if self.report.read > SORTED_ROWS_MAX {
                return Err(ImportError::TooMany { table: self.table.name, rows_max: SORTED_ROWS_MAX });
            }
        }
        Ok(all)
    }

    /// Numbers for new rows, above all that are used here or there and above `reserved`.
    pub(super) async fn numbers(&self, reserved: i64) -> Result<Numbers, ImportError> {
        let ours = self.to.last_id(self.table).await.map_err(self.failed())?;
        Ok(Numbers::above(ours.max(self.last_kept.min(kept_max())).max(reserved)))
    }

    /// Which of the entries' ids are used here.
    pub(super) async fn taken(&self, entries: &[Entry]) -> Result<HashSet<i64>, ImportError> {
        let ids: Vec<i64> = entries.iter().map(|entry| entry.id).collect();
        self.to.taken(self.table, &ids).await.map_err(self.failed())
    }

    /// Adds a row; gives its id.
    pub(super) async fn add(
        &mut self,
        numbers: &mut Numbers,
        taken: &HashSet<i64>,
        entry: &Entry,
    ) -> Result<i64, ImportError> {
        let id = numbers.of(entry.id, taken);
        self.to.insert(self.table, id, entry).await.map_err(self.failed())?;
        self.report.added += 1;
        self.report.renumbered += u64::from(id != entry.id);
        Ok(id)
    }

    /// A row that is here: it stays as it is, unless somebody has edited it there and nobody here.
    pub(super) async fn keep(
        &mut self,
        ours: i64,
        entry: &Entry,
        refreshed: &[&'static str],
    ) -> Result<(), ImportError> {
        let is_edited = entry.int("updated_time").is_some();
        let changed = if is_edited && !refreshed.is_empty() {
            self.to.refresh(self.table, ours, entry, refreshed).await.map_err(self.failed())?
        } else {
            0
        };
        if changed > 0 {
            self.report.changed += 1;
        } else {
            self.report.skipped += 1;
        }
        Ok(())
    }

    /// Names the table in an error of our database.
    pub(super) fn failed(&self) -> impl Fn(DbError) -> ImportError + 'static {
        let table = self.table.name;
        move |source| ImportError::Target { table, source }
    }

    pub(super) fn end(self) -> TableReport {
        self.report
    }
}
