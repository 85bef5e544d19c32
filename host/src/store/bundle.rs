//! A bundle: the zip in which a plugin travels.
//!
//! `plugin.toml`, `README.md` and one library per target under `lib/<target>/`; beside them
//! `CHANGELOG.md`, `LICENSE`, `icon.svg`, `ui/` and `locales/` may stand.

use super::archive::Archive;
use super::entry_name::NameFault;
use super::sha256::{Hasher, Sha256};
use super::ui::{self, UiFault};
use bytes::Bytes;
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use tempfile::TempPath;

/// What may stand at the top of a bundle.
const TOP_ENTRIES: [&str; 8] =
    ["plugin.toml", "README.md", "CHANGELOG.md", "LICENSE", "icon.svg", "lib", "ui", "locales"];
/// A manifest is a page of text.
const MANIFEST_BYTES_MAX: u64 = 64 * 1024;
/// A README may carry an inlined picture.
const README_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// The bounds of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BundleLimits {
    /// The zip itself, in bytes.
    pub packed_bytes_max: u64,
    /// Everything in it together, in bytes.
    pub unpacked_bytes_max: u64,
    /// Files and folders in it.
    pub entries_max: usize,
    /// How many times larger an unpacked file may be than its packed form.
    pub ratio_max: u64,
}

/// A checked bundle.
#[derive(Debug)]
pub struct Bundle {
    /// The text of `plugin.toml`.
    pub manifest: String,
    /// The text of `README.md`.
    pub readme: String,
    /// The targets for which it brings a library.
    pub targets: BTreeSet<String>,
    /// The library for the target asked for.
    pub library: StagedLibrary,
    /// Everything in it, by name.
    pub files: Vec<BundleFile>,
}

/// A file in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BundleFile {
    /// Its name, with its folders.
    pub name: String,
    /// Its size, unpacked.
    pub bytes: u64,
    /// The hash of its bytes.
    pub sha256: Sha256,
}

/// A library taken out of a bundle. Dropping it removes the file.
#[derive(Debug)]
pub struct StagedLibrary {
    pub(super) path: TempPath,
    pub(super) sha256: Sha256,
}

/// Why a file is not a bundle that can be installed here.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// Not a zip, or cut off.
    #[error("the file is not a zip archive")]
    NotAZip,
    /// A zip without files.
    #[error("the archive is empty")]
    Empty,
    /// More entries than are accepted.
    #[error("the archive has more than {entries_max} entries")]
    TooManyEntries {
        /// The most that is accepted.
        entries_max: usize,
    },
    /// Unpacked, it is larger than is accepted.
    #[error("the archive unpacks to more than {bytes_max} bytes")]
    TooLarge {
        /// The most that is accepted.
        bytes_max: u64,
    },
    /// One of the texts is larger than is accepted.
    #[error("{name} is larger than {bytes_max} bytes")]
    FileTooLarge {
        /// Its name.
        name: &'static str,
        /// The most that is accepted.
        bytes_max: u64,
    },
    /// A file that unpacks to far more than it is.
    #[error("entry {name:?} unpacks to {ratio} times its size, at most {ratio_max} times is accepted")]
    Bomb {
        /// The entry.
        name: String,
        /// How many times larger.
        ratio: u64,
        /// The most that is accepted.
        ratio_max: u64,
    },
    /// Two entries have one name.
    #[error("the archive has two entries with the same name")]
    DuplicateNames,
    /// Two entries share bytes.
    #[error("the archive has entries that overlap")]
    Overlapping,
    /// A name that can't be unpacked safely.
    #[error("entry {name:?} can't be accepted: {fault}")]
    Name {
        /// The entry.
        name: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// A symbolic link, a device.
    #[error("entry {name:?} is neither a file nor a folder (symbolic links are not accepted)")]
    NotAFile {
        /// The entry.
        name: String,
    },
    /// Encrypted, or packed in an unusual way.
    #[error("entry {name:?} is encrypted or packed by a method other than deflate")]
    Packing {
        /// The entry.
        name: String,
    },
    /// Its bytes are not those that the archive promises.
    #[error("entry {name:?} is damaged")]
    Damaged {
        /// The entry.
        name: String,
    },
    /// Something that does not belong in a bundle.
    #[error("entry {name:?} does not belong in a bundle; at its top stand {}", TOP_ENTRIES.join(", "))]
    Stray {
        /// The entry.
        name: String,
    },
    /// A file below `ui/` that is not served.
    #[error("entry {name:?} can't be accepted: {fault}")]
    Ui {
        /// The entry.
        name: String,
        /// What is wrong with it.
        fault: UiFault,
    },
    /// A file that every bundle has.
    #[error("the bundle has no {name}")]
    Missing {
        /// The file.
        name: &'static str,
    },
    /// A text that is not UTF-8.
    #[error("{name} is not UTF-8 text")]
    NotText {
        /// The file.
        name: &'static str,
    },
    /// No library for this host.
    #[error("the bundle has no library for {wanted}; it brings {}", listed(found))]
    WrongTarget {
        /// This host's target.
        wanted: String,
        /// The targets that the bundle brings.
        found: BTreeSet<String>,
    },
    /// Two libraries for one target.
    #[error("the bundle has {count} libraries in lib/{target}/, exactly one is accepted")]
    SeveralLibraries {
        /// The target.
        target: String,
        /// How many.
        count: usize,
    },
    /// The file system of this host said no.
    #[error("unpack the bundle")]
    Io(#[source] io::Error),
}

impl Default for BundleLimits {
    fn default() -> Self {
        Self {
            packed_bytes_max: 64 * 1024 * 1024,
            unpacked_bytes_max: 256 * 1024 * 1024,
            entries_max: 2000,
            ratio_max: 200,
        }
    }
}

impl Bundle {
    /// Checks the zip at `path` whole, and unpacks the library for `target` into `staging`.
    /// Blocking: seconds for the largest bundle.
    ///
    /// # Errors
    /// [`BundleError`], a variant per fault; nothing is left in `staging` then.
    pub fn read(path: &Path, staging: &Path, target: &str, limits: &BundleLimits) -> Result<Self, BundleError> {
        let mut archive = Archive::open(path, limits)?;
        check_places(&archive)?;
        let manifest = required_text(&mut archive, "plugin.toml", MANIFEST_BYTES_MAX)?;
        let readme = required_text(&mut archive, "README.md", README_BYTES_MAX)?;
        let library = library_for(&archive, target)?;
        let files = archive.verify()?;
        ui::check_files(&files)?;
        let targets = targets(&archive);
        let library = unpack_library(&mut archive, &library, staging)?;
        Ok(Self { manifest, readme, targets, library, files })
    }
}

/// The files below `ui/` of the bundle at `path`, by their names in it. Blocking.
pub(super) fn ui_files(path: &Path, limits: &BundleLimits) -> Result<Vec<(String, Bytes)>, BundleError> {
    let mut archive = Archive::open(path, limits)?;
    let names: Vec<String> = archive.names().filter(|name| ui::is_ui(name)).map(str::to_owned).collect();
    let read = |name: String| {
        let mut bytes = Vec::new();
        archive.unpack(&name, &mut bytes)?;
        Ok((name, Bytes::from(bytes)))
    };
    names.into_iter().map(read).collect()
}

impl StagedLibrary {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The hash of its bytes.
    #[must_use]
    pub fn sha256(&self) -> Sha256 {
        self.sha256
    }
}

/// The target triple that this host was built for: the folder under `lib/` that it loads from.
#[must_use]
pub fn host_target() -> String {
    let system = if cfg!(all(target_os = "linux", target_env = "musl")) {
        "unknown-linux-musl"
    } else if cfg!(target_os = "linux") {
        "unknown-linux-gnu"
    } else if cfg!(target_os = "macos") {
        "apple-darwin"
    } else {
        std::env::consts::OS
    };
    format!("{}-{system}", std::env::consts::ARCH)
}

fn check_places(archive: &Archive) -> Result<(), BundleError> {
    let belongs = |name: &str| match name.split_once('/') {
        Some((folder, _)) => ["lib", "ui", "locales"].contains(&folder),
        None => TOP_ENTRIES.contains(&name) && !["lib", "ui", "locales"].contains(&name),
    };
    match archive.names().find(|name| !belongs(name)) {
        Some(name) if archive.names().any(|name| name == "plugin.toml") => {
            Err(BundleError::Stray { name: name.to_owned() })
        }
        // Without a manifest it is no bundle at all, and that is the more helpful answer.
        _ => Ok(()),
    }
}

fn required_text(archive: &mut Archive, name: &'static str, bytes_max: u64) -> Result<String, BundleError> {
    archive.text(name, bytes_max)?.ok_or(BundleError::Missing { name })
}

fn targets(archive: &Archive) -> BTreeSet<String> {
    archive.names().filter_map(library_target).map(str::to_owned).collect()
}

/// `lib/<target>/<name>.so` gives the target.
fn library_target(name: &str) -> Option<&str> {
    let (target, file) = name.strip_prefix("lib/")?.split_once('/')?;
    let is_library = [".so", ".dylib", ".dll"].iter().any(|suffix| file.ends_with(suffix));
    (is_library && !file.contains('/')).then_some(target)
}

fn library_for(archive: &Archive, target: &str) -> Result<String, BundleError> {
    let mut fitting = archive.names().filter(|name| library_target(name) == Some(target));
    let Some(library) = fitting.next() else {
        return Err(BundleError::WrongTarget { wanted: target.to_owned(), found: targets(archive) });
    };
    match fitting.count() {
        0 => Ok(library.to_owned()),
        more => Err(BundleError::SeveralLibraries { target: target.to_owned(), count: more + 1 }),
    }
}

fn unpack_library(archive: &mut Archive, name: &str, staging: &Path) -> Result<StagedLibrary, BundleError> {
    let created = tempfile::Builder::new().prefix("library-").suffix(".so").tempfile_in(staging);
    let (file, path) = created.map_err(BundleError::Io)?.into_parts();
    let mut target = HashingFile { file, hasher: Hasher::default() };
    archive.unpack(name, &mut target)?;
    Ok(StagedLibrary { path, sha256: target.hasher.finish() })
}

fn listed(targets: &BTreeSet<String>) -> String {
    if targets.is_empty() {
        return "none".to_owned();
    }
    targets.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// Hashes what it writes.
struct HashingFile {
    file: std::fs::File,
    hasher: Hasher,
}

impl Write for HashingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.file.write(bytes)?;
        self.hasher.update(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
