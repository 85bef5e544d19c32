//! Which images are mapped, and why.

use super::maps;
use parking_lot::Mutex;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::Arc;

/// One mapped image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageReport {
    /// The id that the library gives itself; empty while it is not known.
    pub plugin: String,
    /// Its version.
    pub version: String,
    /// The number of the load in this process.
    pub generation: u64,
    /// What becomes of it.
    pub state: ImageState,
    /// Bytes of the address space that it takes, shared pages included.
    pub mapped_bytes: u64,
}

/// What becomes of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum ImageState {
    /// In use.
    Active,
    /// Given to the reaper, which waits for the last holder.
    Draining,
    /// Can't be unmapped.
    Retained {
        /// Why, in words for an administrator.
        reason: String,
    },
}

#[derive(Debug, Default)]
pub(super) struct Reports(Mutex<Vec<Arc<Entry>>>);

#[derive(Debug)]
pub(super) struct Entry {
    number: u64,
    copy: PathBuf,
    known: Mutex<(String, String, ImageState)>,
}

impl Reports {
    pub(super) fn add(&self, number: u64, copy: PathBuf) -> Arc<Entry> {
        let known = Mutex::new((String::new(), String::new(), ImageState::Active));
        let entry = Arc::new(Entry { number, copy, known });
        self.0.lock().push(Arc::clone(&entry));
        entry
    }

    pub(super) fn remove(&self, number: u64) {
        self.0.lock().retain(|entry| entry.number != number);
    }

    pub(super) fn all(&self) -> Vec<ImageReport> {
        let entries = self.0.lock().clone();
        let sizes = maps::sizes_of_copies();
        entries.iter().map(|entry| entry.report(sizes.get(&entry.copy).copied().unwrap_or(0))).collect()
    }
}

impl Entry {
    pub(super) fn name(&self, plugin: &str, version: &str) {
        let mut known = self.known.lock();
        plugin.clone_into(&mut known.0);
        version.clone_into(&mut known.1);
    }

    pub(super) fn set(&self, state: ImageState) {
        self.known.lock().2 = state;
    }

    fn report(&self, mapped_bytes: u64) -> ImageReport {
        let (plugin, version, state) = self.known.lock().clone();
        ImageReport { plugin, version, generation: self.number, state, mapped_bytes }
    }
}
