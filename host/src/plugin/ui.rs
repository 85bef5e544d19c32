//! What browsers get of a plugin that serves: the files below `ui/` of its bundle, in memory.
//!
//! They are there exactly as long as the generation is, so nothing of a plugin that is switched off
//! is served, and nobody can change them on disk in between.

use super::manifest::Manifest;
use crate::store::{Hasher, Sha256};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::fmt;

/// Where the files stand in a bundle.
const FOLDER: &str = "ui/";

/// The files for browsers of one version.
pub struct Ui {
    hash: Sha256,
    module: String,
    files: BTreeMap<String, Bytes>,
}

impl Ui {
    /// The files of a bundle, for a manifest that names a module; None for others.
    pub(super) fn of(manifest: &Manifest, files: Vec<(String, Bytes)>) -> Option<Self> {
        let module = manifest.ui.as_ref()?.module.as_str();
        let below = |(name, bytes): (String, Bytes)| Some((name.strip_prefix(FOLDER)?.to_owned(), bytes));
        let files: BTreeMap<String, Bytes> = files.into_iter().filter_map(below).collect();
        Some(Self { hash: hash(&files), module: module.strip_prefix(FOLDER).unwrap_or(module).to_owned(), files })
    }

    /// Names all files as they are: another version has another hash, unless it brings the very same.
    #[must_use]
    pub fn hash(&self) -> Sha256 {
        self.hash
    }

    /// The module with the pages, by its name below `ui/`.
    #[must_use]
    pub fn module(&self) -> &str {
        &self.module
    }

    /// The bytes of a file, by its name below `ui/`.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<Bytes> {
        self.files.get(name).cloned()
    }
}

impl fmt::Debug for Ui {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ui").field("hash", &self.hash).field("files", &self.files.len()).finish_non_exhaustive()
    }
}

/// Of names and bytes, each with its length before it, so that no two lists read alike.
fn hash(files: &BTreeMap<String, Bytes>) -> Sha256 {
    let mut hasher = Hasher::default();
    for part in files.iter().flat_map(|(name, bytes)| [name.as_bytes(), bytes.as_ref()]) {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finish()
}

/// Names of files as a refusal lists them.
pub(super) fn file_names(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}
