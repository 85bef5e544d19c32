//! The zip around a bundle: every entry is checked before one byte is written anywhere.

use super::bundle::{BundleError, BundleFile, BundleLimits};
use super::entry_name::EntryName;
use super::sha256::Hasher;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use zip::{CompressionMethod, ZipArchive};

/// Bytes unpacked at a time.
const CHUNK_BYTES: usize = 64 * 1024;
/// Below this size a high ratio is harmless: a file of spaces compresses well.
const RATIO_FREE_BYTES: u64 = 1024 * 1024;
/// What marks the kind of file in a unix mode, and the two kinds that a bundle may hold.
const MODE_KIND: u32 = 0o170_000;
const MODE_FILE: u32 = 0o100_000;
const MODE_FOLDER: u32 = 0o040_000;

/// A zip of which every entry has been checked, its single root folder, if there is one, taken off.
#[derive(Debug)]
pub(super) struct Archive {
    zip: ZipArchive<BufReader<File>>,
    files: BTreeMap<String, usize>,
    bytes_max: u64,
}

impl Archive {
    /// Opens the zip at `path` and checks names, kinds, sizes and ratios of all entries.
    pub(super) fn open(path: &Path, limits: &BundleLimits) -> Result<Self, BundleError> {
        let file = File::open(path).map_err(BundleError::Io)?;
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|_| BundleError::NotAZip)?;
        check_directory(&mut zip, limits)?;
        let mut files = Vec::new();
        let mut unpacked_bytes: u64 = 0;
        for index in 0..zip.len() {
            let (name, is_file, bytes) = check_entry(&mut zip, index, limits)?;
            unpacked_bytes = unpacked_bytes.saturating_add(bytes);
            if is_file {
                files.push((name, index));
            }
        }
        if unpacked_bytes > limits.unpacked_bytes_max {
            return Err(BundleError::TooLarge { bytes_max: limits.unpacked_bytes_max });
        }
        Ok(Self { zip, files: without_root(files)?, bytes_max: limits.unpacked_bytes_max })
    }

    /// The names of the files, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// The text of a small file; None if it is not there.
    pub(super) fn text(&mut self, name: &'static str, bytes_max: u64) -> Result<Option<String>, BundleError> {
        if !self.files.contains_key(name) {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        match self.unpack_at_most(name, &mut bytes, bytes_max) {
            Err(BundleError::TooLarge { .. }) => {
                return Err(BundleError::FileTooLarge { name, bytes_max });
            }
            outcome => outcome?,
        }
        String::from_utf8(bytes).map(Some).map_err(|_| BundleError::NotText { name })
    }

    /// Unpacks one file; its checksum is verified on the way.
    pub(super) fn unpack(&mut self, name: &str, target: &mut dyn Write) -> Result<(), BundleError> {
        self.unpack_at_most(name, target, self.bytes_max)
    }

    fn unpack_at_most(&mut self, name: &str, target: &mut dyn Write, bytes_max: u64) -> Result<(), BundleError> {
        let Some(index) = self.files.get(name) else {
            return Err(BundleError::Damaged { name: name.to_owned() });
        };
        let damaged = || BundleError::Damaged { name: name.to_owned() };
        let mut entry = self.zip.by_index(*index).map_err(|_| damaged())?;
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut bytes: u64 = 0;
        loop {
            // The declared sizes were checked; the stream may still be longer than it declares.
            let length = match entry.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(length) => length,
                Err(_) => return Err(damaged()),
            };
            bytes = bytes.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
            if bytes > bytes_max {
                return Err(BundleError::TooLarge { bytes_max });
            }
            target.write_all(&chunk[..length]).map_err(BundleError::Io)?;
        }
    }

    /// Reads every file to its end, so that a damaged one is found before anything is installed.
    pub(super) fn verify(&mut self) -> Result<Vec<BundleFile>, BundleError> {
        let names: Vec<String> = self.files.keys().cloned().collect();
        let read = |name: String| {
            let mut tally = Tally { bytes: 0, hasher: Hasher::default() };
            self.unpack(&name, &mut tally)?;
            Ok(BundleFile { name, bytes: tally.bytes, sha256: tally.hasher.finish() })
        };
        names.into_iter().map(read).collect()
    }
}

/// Counts and hashes what is written to it.
struct Tally {
    bytes: u64,
    hasher: Hasher,
}

impl Write for Tally {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hasher.update(bytes);
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What holds for the archive as a whole.
fn check_directory(zip: &mut ZipArchive<BufReader<File>>, limits: &BundleLimits) -> Result<(), BundleError> {
    if zip.is_empty() {
        return Err(BundleError::Empty);
    }
    if zip.len() > limits.entries_max {
        return Err(BundleError::TooManyEntries { entries_max: limits.entries_max });
    }
    if zip.has_duplicate_names() {
        return Err(BundleError::DuplicateNames);
    }
    match zip.has_overlapping_entries() {
        Ok(false) => Ok(()),
        Ok(true) => Err(BundleError::Overlapping),
        Err(_) => Err(BundleError::NotAZip),
    }
}

/// What holds for each entry; gives its name, whether it is a file, and its declared size.
fn check_entry(
    zip: &mut ZipArchive<BufReader<File>>,
    index: usize,
    limits: &BundleLimits,
) -> Result<(EntryName, bool, u64), BundleError> {
    let entry = zip.by_index_raw(index).map_err(|_| BundleError::NotAZip)?;
    let raw = String::from_utf8_lossy(entry.name_raw()).into_owned();
    let name = EntryName::parse(&raw).map_err(|fault| BundleError::Name { name: raw.clone(), fault })?;
    let kind = entry.unix_mode().map_or(0, |mode| mode & MODE_KIND);
    if entry.is_symlink() || ![0, MODE_FILE, MODE_FOLDER].contains(&kind) {
        return Err(BundleError::NotAFile { name: raw });
    }
    if entry.encrypted() || ![CompressionMethod::Stored, CompressionMethod::Deflated].contains(&entry.compression()) {
        return Err(BundleError::Packing { name: raw });
    }
    let (packed, unpacked) = (entry.compressed_size().max(1), entry.size());
    if unpacked > RATIO_FREE_BYTES && unpacked / packed > limits.ratio_max {
        return Err(BundleError::Bomb { name: raw, ratio: unpacked / packed, ratio_max: limits.ratio_max });
    }
    Ok((name, !entry.is_dir(), unpacked))
}

/// Takes off the one folder that holds everything, where `plugin.toml` is not at the top.
fn without_root(files: Vec<(EntryName, usize)>) -> Result<BTreeMap<String, usize>, BundleError> {
    let Some((first, _)) = files.first() else {
        return Err(BundleError::Empty);
    };
    let root = first.top().to_owned();
    let rooted = files.iter().all(|(name, _)| name.below(&root).is_some());
    let stripped = files.iter().map(|(name, index)| {
        let name = if rooted { name.below(&root).unwrap_or(name.as_str()) } else { name.as_str() };
        (name.to_owned(), *index)
    });
    let by_name: BTreeMap<String, usize> = stripped.collect();
    // Two spellings of one name, "a" and "a/" for example, would hide one of the entries.
    if by_name.len() == files.len() { Ok(by_name) } else { Err(BundleError::DuplicateNames) }
}
