//! Logs: many rows, which are never looked at again one by one.

use super::ImportError;
use super::entry::Entry;
use super::ids::{Ids, Numbers};
use super::source::BATCH;
use super::step::Step;
use super::tables::{self, Table};
use super::target::filled;
use plugin_api::db::{DbError, Rows, placeholders};
use std::collections::HashSet;

/// A log, and by what an entry is known: its time and these texts.
pub(super) struct Log {
    pub(super) table: &'static Table,
    time: &'static str,
    key: [&'static str; 4],
}

pub(super) static LOGIN: Log =
    Log { table: &tables::LOGIN_LOG, time: "login_time", key: ["user_uuid", "username", "ip", "msg"] };

pub(super) static OPERA: Log =
    Log { table: &tables::OPERA_LOG, time: "opera_time", key: ["trace_id", "username", "method", "path"] };

type Known = HashSet<(i64, [String; 4])>;

/// Adds the entries that are not here.
pub(super) async fn log(step: &mut Step<'_>, log: &Log) -> Result<Ids, ImportError> {
    if step.total() == 0 {
        return Ok(Ids::default());
    }
    // Entries are looked for by their time, which nothing else does: the index lives as long as the
    // import.
    let index = format!("import_{}", log.time);
    let create = format!("CREATE INDEX {index} ON {} ({})", log.table.name, log.time);
    step.to.execute(&create, Vec::new()).await.map_err(step.failed())?;
    let mut numbers = step.numbers(0).await?;
    while let Some(entries) = step.next().await? {
        let known = log.known(step, &entries).await.map_err(step.failed())?;
        add(step, log, known, entries, &mut numbers).await?;
    }
    step.to.execute(&format!("DROP INDEX {index}"), Vec::new()).await.map_err(step.failed())?;
    Ok(Ids::default())
}

async fn add(
    step: &mut Step<'_>,
    log: &Log,
    mut known: Known,
    entries: Vec<Entry>,
    numbers: &mut Numbers,
) -> Result<(), ImportError> {
    let taken = step.taken(&entries).await?;
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        if !known.insert(log.key_of(&entry)) {
            step.report.skipped += 1;
            continue;
        }
        let id = numbers.of(entry.id, &taken);
        step.report.added += 1;
        step.report.renumbered += u64::from(id != entry.id);
        rows.push((id, entry));
    }
    step.to.insert_many(log.table, rows).await.map_err(step.failed())
}

impl Log {
    fn key_of(&self, entry: &Entry) -> (i64, [String; 4]) {
        (entry.int(self.time).unwrap_or_default(), self.key.map(|column| entry.text(column).to_owned()))
    }

    /// The keys of our entries of the same times.
    async fn known(&self, step: &Step<'_>, entries: &[Entry]) -> Result<Known, DbError> {
        let times: Vec<i64> = entries.iter().filter_map(|entry| entry.int(self.time)).collect();
        let key = self.key.map(|column| format!("COALESCE({column}, '')")).join(", ");
        let sql = format!(
            "SELECT {}, {key} FROM {} WHERE {} IN ({})",
            self.time,
            self.table.name,
            self.time,
            placeholders(1, BATCH)
        );
        let rows: Rows = step.to.rows(&sql, filled(&times).collect()).await?;
        let keys: Vec<(i64, String, String, String, String)> = rows.deserialize()?;
        Ok(keys.into_iter().map(|(time, a, b, c, d)| (time, [a, b, c, d])).collect())
    }
}
