//! The bundles of a directory: what could be installed.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use semver::Version;
use sha2::{Digest, Sha256};

use super::error::SyncError;
use crate::{
    cli::check,
    plugin::{PluginId, dependencies::Node},
};

/// The bundles, by plugin and version.
#[derive(Debug, Default)]
pub(super) struct Shelf(BTreeMap<PluginId, BTreeMap<Version, Offer>>);

/// One bundle.
#[derive(Debug, Clone)]
pub(super) struct Offer {
    /// The file.
    pub(super) path: PathBuf,
    /// Its hash.
    pub(super) sha256: String,
    /// What its manifest says.
    pub(super) node: Node,
}

impl Shelf {
    /// Reads every `.zip` of a directory.
    ///
    /// # Errors
    /// [`SyncError::File`], [`SyncError::Bundle`], [`SyncError::Twice`].
    pub(super) fn read(folder: &Path) -> Result<Self, SyncError> {
        let unreadable = |source| SyncError::File { what: "read", path: folder.to_owned(), source };
        let mut shelf = Self::default();
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            paths.push(entry.map_err(unreadable)?.path());
        }
        paths.sort();
        for path in paths.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "zip")) {
            shelf.add(path)?;
        }
        Ok(shelf)
    }

    /// The bundles of one plugin, the oldest version first.
    pub(super) fn offers(&self, id: &PluginId) -> impl Iterator<Item = &Offer> {
        self.0.get(id).into_iter().flat_map(BTreeMap::values)
    }

    /// Every plugin that has a bundle.
    pub(super) fn ids(&self) -> impl Iterator<Item = &PluginId> {
        self.0.keys()
    }

    fn add(&mut self, path: PathBuf) -> Result<(), SyncError> {
        let manifest = check::manifest_of(&path).map_err(|source| SyncError::Bundle { path: path.clone(), source })?;
        let sha256 = sha256_of(&path).map_err(|source| SyncError::File { what: "read", path: path.clone(), source })?;
        let offer = Offer { path, sha256, node: Node::of(&manifest) };
        let (id, version) = (manifest.id, manifest.version);
        let before = self.0.entry(id.clone()).or_default().insert(version.clone(), offer.clone());
        match before {
            Some(before) if before.sha256 != offer.sha256 => {
                Err(SyncError::Twice { id, version, one: before.path, other: offer.path })
            }
            _ => Ok(()),
        }
    }
}

fn sha256_of(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    io::copy(&mut std::fs::File::open(path)?, &mut hasher)?;
    Ok(hex::encode(hasher.finalize()))
}
