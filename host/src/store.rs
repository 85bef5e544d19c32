//! Bundles on disk: staged while they are checked, then stored under the hash of their bytes.
//!
//! The store owns `<data>/staging` and `<data>/store`. It knows what a bundle looks like as an
//! archive, and must not know what a plugin means: the manifest leaves here as text.
//!
//! Invariants: a file under `store/` is whole and never changes (written elsewhere, synced, then
//! renamed, and read-only from then on); a file under `staging/` dies with its owner, or at the
//! next start.

mod archive;
pub mod bundle;
mod entry_name;
mod sha256;
mod staging;
pub mod ui;

use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub use bundle::{Bundle, BundleError, BundleFile, BundleLimits, StagedLibrary, host_target};
pub use sha256::{Hasher, ParseSha256Error, Sha256};
pub use staging::{Staged, StagingError, StagingWriter};

/// The store of one data directory.
#[derive(Debug)]
pub struct Store {
    bundles: PathBuf,
    libraries: PathBuf,
    staging: PathBuf,
    verified: Mutex<HashMap<Sha256, Stamp>>,
}

/// Why the store could not keep, find or remove a file.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system said no.
    #[error("{step} {}", path.display())]
    Io {
        /// What was being done.
        step: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file's bytes are no longer those that were stored.
    #[error("read {}: its sha256 is {found}, it was stored as {expected}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The hash it is named after.
        expected: Sha256,
        /// The hash of what is there.
        found: Sha256,
    },
    /// The file is whole and can't be unpacked.
    #[error("unpack {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<BundleError>,
    },
}

/// Whether keeping a file brought it into the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It was not there before.
    New,
    /// The same bytes were there already.
    Known,
}

/// How much a store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Bundles.
    pub bundles: u64,
    /// Bytes of them.
    pub bundle_bytes: u64,
    /// Libraries.
    pub libraries: u64,
    /// Bytes of them.
    pub library_bytes: u64,
}

/// What tells that a file has not been touched since its hash was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: SystemTime,
}

impl Store {
    /// Opens the store of `data`, creates what is missing and empties the staging folder.
    ///
    /// # Errors
    /// [`StoreError::Io`] if a folder can't be made or emptied.
    pub fn open(data: &Path) -> Result<Self, StoreError> {
        let store = Self {
            bundles: data.join("store"),
            libraries: data.join("store").join("lib"),
            staging: data.join("staging"),
            verified: Mutex::new(HashMap::new()),
        };
        if store.staging.exists() {
            fs::remove_dir_all(&store.staging).map_err(io_error("empty", &store.staging))?;
        }
        for folder in [&store.libraries, &store.staging] {
            fs::create_dir_all(folder).map_err(io_error("create", folder))?;
        }
        Ok(store)
    }

    /// Begins a file that is hashed while it is written, of at most `bytes_max` bytes.
    ///
    /// # Errors
    /// [`StagingError::Io`] if the file can't be created.
    pub async fn stage(&self, bytes_max: u64) -> Result<StagingWriter, StagingError> {
        StagingWriter::create(&self.staging, bytes_max).await
    }

    /// Copies a file of this machine into staging, at most `bytes_max` bytes of it.
    ///
    /// # Errors
    /// [`StagingError`] if it can't be read or is larger.
    pub async fn stage_file(&self, path: &Path, bytes_max: u64) -> Result<Staged, StagingError> {
        staging::copy(path, self.stage(bytes_max).await?).await
    }

    /// The folder for files that are being checked.
    #[must_use]
    pub fn staging(&self) -> &Path {
        &self.staging
    }

    /// Takes a checked bundle into the store.
    ///
    /// # Errors
    /// [`StoreError::Io`]; nothing is left in the store then.
    pub fn keep_bundle(&self, staged: Staged) -> Result<Kept, StoreError> {
        let target = self.bundle(&staged.sha256());
        keep(staged.into_path(), &target)
    }

    /// Takes a checked library into the store, read-only.
    ///
    /// # Errors
    /// [`StoreError::Io`]; nothing is left in the store then.
    pub fn keep_library(&self, staged: StagedLibrary) -> Result<Kept, StoreError> {
        let target = self.library_path(&staged.sha256);
        keep(staged.path, &target)
    }

    /// Where the bundle with this hash is, or would be.
    #[must_use]
    pub fn bundle(&self, sha256: &Sha256) -> PathBuf {
        self.bundles.join(format!("{sha256}.zip"))
    }

    /// The library with this hash, its bytes verified since they last changed.
    ///
    /// # Errors
    /// [`StoreError::Io`] if it is not there, [`StoreError::Damaged`] if it is not what was stored.
    pub fn library(&self, sha256: &Sha256) -> Result<PathBuf, StoreError> {
        self.verified(sha256, self.library_path(sha256))
    }

    /// The file at `path`, if its bytes have this hash. They are read anew only when they may have changed.
    fn verified(&self, sha256: &Sha256, path: PathBuf) -> Result<PathBuf, StoreError> {
        let stamp = stamp(&path)?;
        if self.verified.lock().get(sha256) == Some(&stamp) {
            return Ok(path);
        }
        let found = sha256::of_file(&path).map_err(io_error("read", &path))?;
        if found != *sha256 {
            return Err(StoreError::Damaged { path, expected: *sha256, found });
        }
        self.verified.lock().insert(*sha256, stamp);
        Ok(path)
    }

    /// The files below `ui/` of the bundle with this hash, by their names in it, after its bytes have been
    /// verified. Blocking; what it gives is as large as [`ui::check`] lets it be.
    ///
    /// # Errors
    /// [`StoreError::Io`] if it is not there, [`StoreError::Damaged`] if it is not what was stored,
    /// [`StoreError::Unreadable`] if it can't be unpacked.
    pub fn ui_files(&self, sha256: &Sha256, limits: &BundleLimits) -> Result<Vec<(String, Bytes)>, StoreError> {
        let path = self.verified(sha256, self.bundle(sha256))?;
        bundle::ui_files(&path, limits).map_err(|source| StoreError::Unreadable { path, source: Box::new(source) })
    }

    /// Whether there is a library with this hash.
    #[must_use]
    pub fn has_library(&self, sha256: &Sha256) -> bool {
        self.library_path(sha256).exists()
    }

    /// Removes a bundle; it may be missing.
    ///
    /// # Errors
    /// [`StoreError::Io`] if it is there and stays.
    pub fn remove_bundle(&self, sha256: &Sha256) -> Result<(), StoreError> {
        self.verified.lock().remove(sha256);
        remove(&self.bundle(sha256))
    }

    /// Removes a library; it may be missing.
    ///
    /// # Errors
    /// [`StoreError::Io`] if it is there and stays.
    pub fn remove_library(&self, sha256: &Sha256) -> Result<(), StoreError> {
        self.verified.lock().remove(sha256);
        remove(&self.library_path(sha256))
    }

    /// Removes every file that no installed version refers to, and gives their number: what an
    /// operation left that was cut off before its commit.
    ///
    /// # Errors
    /// [`StoreError::Io`] if a folder can't be read or a file stays.
    pub fn sweep(&self, bundles: &BTreeSet<Sha256>, libraries: &BTreeSet<Sha256>) -> Result<usize, StoreError> {
        Ok(sweep(&self.bundles, bundles)? + sweep(&self.libraries, libraries)?)
    }

    /// The hashes of everything that is there: bundles, then libraries.
    ///
    /// # Errors
    /// [`StoreError::Io`] if a folder can't be read.
    pub fn stored(&self) -> Result<(BTreeSet<Sha256>, BTreeSet<Sha256>), StoreError> {
        Ok((hashes(&self.bundles)?, hashes(&self.libraries)?))
    }

    /// How much it holds.
    ///
    /// # Errors
    /// [`StoreError::Io`] if a folder can't be read.
    pub fn usage(&self) -> Result<Usage, StoreError> {
        let (bundles, bundle_bytes) = measure(&self.bundles, "zip")?;
        let (libraries, library_bytes) = measure(&self.libraries, "so")?;
        Ok(Usage { bundles, bundle_bytes, libraries, library_bytes })
    }

    fn library_path(&self, sha256: &Sha256) -> PathBuf {
        self.libraries.join(format!("{sha256}.so"))
    }
}

/// How many files of a kind there are, and their bytes. One that goes meanwhile is not counted.
fn measure(folder: &Path, extension: &str) -> Result<(u64, u64), StoreError> {
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(folder).map_err(io_error("list", folder))? {
        let entry = entry.map_err(io_error("list", folder))?;
        let is_of_kind = entry.path().extension().is_some_and(|found| found == extension);
        if let Some(metadata) = entry.metadata().ok().filter(|_| is_of_kind) {
            files += 1;
            bytes += metadata.len();
        }
    }
    Ok((files, bytes))
}

fn hashes(folder: &Path) -> Result<BTreeSet<Sha256>, StoreError> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(io_error("list", folder))? {
        let path = entry.map_err(io_error("list", folder))?.path();
        found.extend(path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<Sha256>().ok()));
    }
    Ok(found)
}

/// Moves a staged file to its place, unless the same bytes are there.
fn keep(staged: tempfile::TempPath, target: &Path) -> Result<Kept, StoreError> {
    if target.exists() {
        return Ok(Kept::Known);
    }
    let mut permissions = fs::metadata(&staged).map_err(io_error("read", &staged))?.permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&staged, permissions).map_err(io_error("protect", &staged))?;
    fs::File::open(&staged).and_then(|file| file.sync_all()).map_err(io_error("sync", &staged))?;
    staged.persist(target).map_err(|error| StoreError::Io {
        step: "store",
        path: target.to_path_buf(),
        source: error.error,
    })?;
    sync_folder(target)?;
    Ok(Kept::New)
}

/// Makes a rename or removal survive a power cut.
fn sync_folder(file: &Path) -> Result<(), StoreError> {
    let Some(folder) = file.parent() else {
        return Ok(());
    };
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_error("sync", folder))
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("remove", path)(error)),
        _ => Ok(()),
    }
}

fn sweep(folder: &Path, wanted: &BTreeSet<Sha256>) -> Result<usize, StoreError> {
    let mut removed = 0;
    for entry in fs::read_dir(folder).map_err(io_error("list", folder))? {
        let path = entry.map_err(io_error("list", folder))?.path();
        let hash = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<Sha256>().ok());
        // A file of any other name is not ours: somebody put it there, somebody may want it.
        if hash.is_some_and(|hash| !wanted.contains(&hash)) {
            remove(&path)?;
            removed += 1;
        }
    }
    Ok(removed)
}

fn stamp(path: &Path) -> Result<Stamp, StoreError> {
    let metadata = fs::metadata(path).map_err(io_error("read", path))?;
    let modified = metadata.modified().map_err(io_error("read", path))?;
    Ok(Stamp { bytes: metadata.len(), modified })
}

fn io_error(step: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_path_buf();
    move |source| StoreError::Io { step, path, source }
}

#[cfg(test)]
mod tests;
