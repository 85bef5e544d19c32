//! Which plugin is being started, in a file, so that the next start knows which one the process died of.
//!
//! The file needs no database and is written without a sync: it has to outlive the process, not the machine.
//! One process at a time works on a data directory, so it is one process' word.

use crate::plugin::id::PluginId;
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// In the data directory.
const FILE: &str = "starting.json";
/// A plugin is tried once more after the first time: an administrator may have ended the process.
const DEATHS_MAX: u32 = 2;

/// The marker of one start.
#[derive(Debug)]
pub(in crate::plugin) struct StartMarker {
    path: PathBuf,
    record: Record,
}

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Record {
    /// What is being started now.
    starting: Option<Started>,
    /// How often in a row the process has died of starting a version.
    deaths: BTreeMap<PluginId, Deaths>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Started {
    id: PluginId,
    version: Version,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Deaths {
    version: Version,
    times: u32,
}

impl StartMarker {
    /// The marker of the start that begins now, in the data directory `data`. What the start before has left says
    /// of what it died.
    pub(in crate::plugin) fn open(data: &Path) -> Self {
        let path = data.join(FILE);
        let mut record = read(&path);
        if let Some(Started { id, version }) = record.starting.take() {
            let before =
                record.deaths.get(&id).filter(|deaths| deaths.version == version).map_or(0, |deaths| deaths.times);
            record.deaths.insert(id, Deaths { version, times: before + 1 });
        }
        let marker = Self { path, record };
        // At once: a death of another plugin must not hide this one.
        marker.write();
        marker
    }

    /// How often in a row the process has died of starting this version.
    pub(in crate::plugin) fn deaths(&self, id: &PluginId, version: &Version) -> u32 {
        self.record.deaths.get(id).filter(|deaths| deaths.version == *version).map_or(0, |deaths| deaths.times)
    }

    /// Whether that was once too often.
    pub(in crate::plugin) fn is_deadly(&self, id: &PluginId, version: &Version) -> bool {
        self.deaths(id, version) >= DEATHS_MAX
    }

    /// Remembers what is being started from now on.
    pub(in crate::plugin) fn begin(&mut self, id: &PluginId, version: &Version) {
        self.record.starting = Some(Started { id: id.clone(), version: version.clone() });
        self.write();
    }

    /// The process has survived it.
    pub(in crate::plugin) fn survived(&mut self, id: &PluginId) {
        self.record.starting = None;
        self.record.deaths.remove(id);
        self.write();
    }

    fn write(&self) {
        let written =
            if self.record == Record::default() { remove(&self.path) } else { write(&self.path, &self.record) };
        if let Err(error) = written {
            tracing::warn!(
                "{} can't be written, so a plugin that ends the server won't be known: {error}",
                self.path.display()
            );
        }
    }
}

fn read(path: &Path) -> Record {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            tracing::warn!("{} is not readable and is left out of account: {error}", path.display());
            Record::default()
        }),
        Err(_) => Record::default(),
    }
}

/// Renamed into place: the next start finds the whole file or the one before.
fn write(path: &Path, record: &Record) -> io::Result<()> {
    let unfinished = path.with_extension("json.new");
    std::fs::write(&unfinished, serde_json::to_vec(record)?)?;
    std::fs::rename(&unfinished, path)
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> PluginId {
        text.parse().unwrap()
    }

    #[test]
    fn the_second_death_in_a_row_is_one_too_many() {
        let data = tempfile::tempdir().unwrap();
        let version = Version::new(1, 0, 0);
        let start = || StartMarker::open(data.path());
        start().begin(&id("deadly"), &version);
        let mut second = start();
        assert_eq!((second.deaths(&id("deadly"), &version), second.is_deadly(&id("deadly"), &version)), (1, false));
        second.begin(&id("healthy"), &version);
        second.survived(&id("healthy"));
        second.begin(&id("deadly"), &version);
        let mut third = start();
        assert!(third.is_deadly(&id("deadly"), &version));
        assert!(!third.is_deadly(&id("deadly"), &Version::new(2, 0, 0)), "another version is another matter");
        assert_eq!(third.deaths(&id("healthy"), &version), 0);
        third.survived(&id("deadly"));
        assert!(!data.path().join(FILE).exists(), "a good start leaves nothing");
        assert_eq!(start().deaths(&id("deadly"), &version), 0);
    }

    #[test]
    fn a_file_of_nonsense_is_left_out_of_account() {
        let data = tempfile::tempdir().unwrap();
        std::fs::write(data.path().join(FILE), "{").unwrap();
        assert_eq!(StartMarker::open(data.path()).record, Record::default());
    }
}
