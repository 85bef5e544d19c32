//! Tables whose rows are known by what they are called.

use super::ImportError;
use super::entry::Entry;
use super::ids::Ids;
use super::step::Step;
use std::collections::HashMap;

/// By what a row of theirs is found among ours.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key {
    /// A text that no two rows share.
    Text(&'static str),
    /// A number and a text.
    Pair(&'static str, &'static str),
}

impl Key {
    fn of(self, entry: &Entry) -> (i64, String) {
        match self {
            Self::Text(text) => (0, entry.text(text).to_owned()),
            Self::Pair(number, text) => (entry.int(number).unwrap_or_default(), entry.text(text).to_owned()),
        }
    }

    /// Our rows that `entries` may be.
    async fn found(self, step: &Step<'_>, entries: &[Entry]) -> Result<HashMap<(i64, String), i64>, ImportError> {
        match self {
            Self::Text(key) => {
                let texts: Vec<&str> = entries.iter().map(|entry| entry.text(key)).collect();
                let found = step.to.by_text(step.table, key, &texts).await.map_err(step.failed())?;
                Ok(found.into_iter().map(|(text, id)| ((0, text), id)).collect())
            }
            Self::Pair(number, text) => {
                let numbers: Vec<i64> = entries.iter().filter_map(|entry| entry.int(number)).collect();
                step.to.by_pair(step.table, (number, text), &numbers).await.map_err(step.failed())
            }
        }
    }
}

/// Adds the rows that are not here. `prepare` makes their references ours, and tells what is wrong with
/// those that it can't, or why the row can't be moved; of a row that is here and was never touched, `refreshed` columns take what was edited there.
pub(super) async fn copy(
    step: &mut Step<'_>,
    key: Key,
    refreshed: &[&'static str],
    mut prepare: impl FnMut(&mut Entry) -> Result<Option<String>, String>,
) -> Result<Ids, ImportError> {
    let mut ids = Ids::default();
    let mut numbers = step.numbers(0).await?;
    while let Some(read) = step.next().await? {
        let mut entries = Vec::with_capacity(read.len());
        for mut entry in read {
            match prepare(&mut entry) {
                Ok(problem) => {
                    problem.into_iter().for_each(|problem| step.report.problem(entry.id, problem));
                    entries.push(entry);
                }
                Err(why) => step.report.leave_out(entry.id, why),
            }
        }
        let mut known = key.found(step, &entries).await?;
        let taken = step.taken(&entries).await?;
        for entry in &entries {
            if let Some(ours) = known.get(&key.of(entry)).copied() {
                ids.same(entry.id, ours);
                step.keep(ours, entry, refreshed).await?;
            } else {
                let ours = step.add(&mut numbers, &taken, entry).await?;
                ids.added(entry.id, ours);
                known.insert(key.of(entry), ours);
            }
        }
    }
    Ok(ids)
}
