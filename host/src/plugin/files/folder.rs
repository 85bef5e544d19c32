//! One plugin's folder.
//!
//! Every part of a name is opened below the one before it, and no link is followed: what somebody else has put into
//! the folder leads nowhere either. One thread at a time changes it, so that what is counted is what is there.

use super::FileLimits;
use super::name::{FileName, is_part};
use parking_lot::Mutex;
use plugin_api::files::{FileEntry, WriteMode};
use plugin_api::services::{ServiceError, ServiceErrorKind};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{self, AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;

/// A file that is not whole yet. Names of plugins never begin so.
const UNFINISHED: &str = ".unfinished-";

const FOLDER_FLAGS: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// What is no file must not hold up whoever opens it.
const FILE_FLAGS: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);
const FOLDER_MODE: Mode = Mode::RWXU;
const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR);

/// How much a plugin keeps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::plugin) struct Usage {
    /// How many files.
    pub(in crate::plugin) files: u64,
    /// All together.
    pub(in crate::plugin) bytes: u64,
}

/// A plugin's folder, which is made with its first file.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    limits: FileLimits,
    /// None until somebody has counted. Held by whoever changes the folder.
    usage: Mutex<Option<Usage>>,
}

impl Folder {
    pub(super) fn new(path: PathBuf, limits: FileLimits) -> Self {
        Self { path, limits, usage: Mutex::new(None) }
    }

    pub(super) fn read(&self, name: &FileName) -> Result<Vec<u8>, ServiceError> {
        let folder = self.descend(name).map_err(|error| fault(name, error))?;
        let file = open(&folder, name, OFlags::RDONLY)?;
        let most = self.limits.file_bytes_max;
        let mut content = Vec::new();
        file.take(most.saturating_add(1)).read_to_end(&mut content).map_err(|error| failed(&error))?;
        if u64::try_from(content.len()).unwrap_or(u64::MAX) > most {
            return Err(too_large(name, most));
        }
        Ok(content)
    }

    pub(super) fn write(&self, name: &FileName, content: &[u8], mode: WriteMode) -> Result<(), ServiceError> {
        let mut counted = self.usage.lock();
        let before = self.counted(&mut counted).map_err(|error| failed(&error))?;
        let old = self.size(name)?;
        let kept = old.filter(|_| mode == WriteMode::Append).unwrap_or(0);
        let bytes = kept.saturating_add(u64::try_from(content.len()).unwrap_or(u64::MAX));
        let after = Usage {
            files: before.files + u64::from(old.is_none()),
            bytes: before.bytes.saturating_sub(old.unwrap_or(0)).saturating_add(bytes),
        };
        self.admit(name, bytes, before, after)?;
        // If it fails, nobody knows what is there.
        *counted = None;
        let folder = self.make(name).map_err(|error| fault(name, error))?;
        match mode {
            WriteMode::Replace => replace(&folder, name, content),
            WriteMode::Append => append(&folder, name, content),
        }?;
        *counted = Some(after);
        Ok(())
    }

    pub(super) fn delete(&self, name: &FileName) -> Result<(), ServiceError> {
        let mut counted = self.usage.lock();
        let size = self.size(name)?.ok_or_else(|| fault(name, Errno::NOENT))?;
        let before = counted.take();
        let folder = self.descend(name).map_err(|error| fault(name, error))?;
        fs::unlinkat(&folder, name.leaf(), AtFlags::empty()).map_err(|error| fault(name, error))?;
        fs::fsync(&folder).map_err(|error| fault(name, error))?;
        self.remove_empty(name);
        *counted = before
            .map(|before| Usage { files: before.files.saturating_sub(1), bytes: before.bytes.saturating_sub(size) });
        Ok(())
    }

    /// Every file, by name.
    pub(super) fn list(&self) -> io::Result<Vec<FileEntry>> {
        let mut entries = Vec::new();
        if let Some(root) = self.root()? {
            walk(&root, "", &mut |name, _, stat| {
                // What is being written is not there yet.
                if name.rsplit('/').next().is_some_and(is_part) {
                    entries.push(entry(name, stat));
                }
                Ok(())
            })?;
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    /// Has the next who asks count again: somebody else may have removed what was there.
    pub(super) fn count_again(&self) {
        if let Some(mut counted) = self.usage.try_lock() {
            *counted = None;
        }
    }

    pub(super) fn usage(&self) -> io::Result<Usage> {
        self.counted(&mut self.usage.lock())
    }

    /// Removes the folder with all that is in it. Links in it are removed, not followed.
    pub(super) fn remove(&self) -> io::Result<()> {
        let mut counted = self.usage.lock();
        *counted = None;
        match std::fs::remove_dir_all(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    fn admit(&self, name: &FileName, bytes: u64, before: Usage, after: Usage) -> Result<(), ServiceError> {
        let FileLimits { file_bytes_max, bytes_max, files_max } = self.limits;
        let full = |message: String| Err(ServiceError::new(ServiceErrorKind::Full, message));
        if bytes > file_bytes_max {
            return Err(too_large(name, file_bytes_max));
        }
        if after.bytes > bytes_max && after.bytes > before.bytes {
            return full(format!("the plugin's files would have {} bytes, {bytes_max} at most are kept", after.bytes));
        }
        if after.files > files_max && after.files > before.files {
            return full(format!("the plugin has {} files, {files_max} at most are kept", before.files));
        }
        Ok(())
    }

    /// What is there; counted, and cleared of what was cut off, by whoever asks first.
    fn counted(&self, counted: &mut Option<Usage>) -> io::Result<Usage> {
        if let Some(usage) = *counted {
            return Ok(usage);
        }
        let mut usage = Usage::default();
        if let Some(root) = self.root()? {
            walk(&root, "", &mut |name, folder, stat| {
                let leaf = name.rsplit('/').next().unwrap_or_default();
                if leaf.starts_with(UNFINISHED) {
                    return Ok(fs::unlinkat(folder, leaf, AtFlags::empty())?);
                }
                usage.files += 1;
                usage.bytes = usage.bytes.saturating_add(size_of(stat));
                Ok(())
            })?;
        }
        *counted = Some(usage);
        Ok(usage)
    }

    /// Of a file; None if there is none.
    fn size(&self, name: &FileName) -> Result<Option<u64>, ServiceError> {
        let stat = self.descend(name).and_then(|folder| fs::statat(folder, name.leaf(), AtFlags::SYMLINK_NOFOLLOW));
        match stat {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => Ok(Some(size_of(&stat))),
            Ok(_) => Err(no_file(name)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(fault(name, error)),
        }
    }

    fn root(&self) -> io::Result<Option<OwnedFd>> {
        match fs::openat(CWD, &self.path, FOLDER_FLAGS, Mode::empty()) {
            Ok(root) => Ok(Some(root)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The folder that a file is in.
    fn descend(&self, name: &FileName) -> rustix::io::Result<OwnedFd> {
        let mut folder = fs::openat(CWD, &self.path, FOLDER_FLAGS, Mode::empty())?;
        for part in name.folders() {
            folder = fs::openat(&folder, part.as_str(), FOLDER_FLAGS, Mode::empty())?;
        }
        Ok(folder)
    }

    /// The same, made where it is missing.
    fn make(&self, name: &FileName) -> rustix::io::Result<OwnedFd> {
        if let Some(above) = self.path.parent() {
            std::fs::create_dir_all(above).map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
        }
        let mut folder = below(CWD, &self.path)?;
        for part in name.folders() {
            folder = below(&folder, part.as_str())?;
        }
        Ok(folder)
    }

    /// Folders go with the last file in them. One that is not empty stays, which is all that could go wrong.
    fn remove_empty(&self, name: &FileName) {
        for length in (0..name.folders().len()).rev() {
            let above = FileName::parse(&name.folders()[..=length].join("/"));
            let removed = above.ok().and_then(|above| {
                let folder = self.descend(&above).ok()?;
                fs::unlinkat(folder, above.leaf(), AtFlags::REMOVEDIR).ok()
            });
            if removed.is_none() {
                return;
            }
        }
    }
}

/// A folder, made and on the disk if it was missing.
fn below(above: impl AsFd, part: impl rustix::path::Arg + Copy) -> rustix::io::Result<OwnedFd> {
    match fs::openat(&above, part, FOLDER_FLAGS, Mode::empty()) {
        Err(Errno::NOENT) => {}
        opened => return opened,
    }
    match fs::mkdirat(&above, part, FOLDER_MODE) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error),
    }
    let folder = fs::openat(&above, part, FOLDER_FLAGS, Mode::empty())?;
    // What is on the disk is the entry in the folder above, which `..` is.
    fs::fsync(fs::openat(&folder, "..", FOLDER_FLAGS, Mode::empty())?)?;
    Ok(folder)
}

fn open(folder: &OwnedFd, name: &FileName, flags: OFlags) -> Result<File, ServiceError> {
    let opened = fs::openat(folder, name.leaf(), flags.union(FILE_FLAGS), FILE_MODE);
    let opened = opened.map_err(|error| fault(name, error))?;
    let stat = fs::fstat(&opened).map_err(|error| fault(name, error))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(no_file(name));
    }
    Ok(File::from(opened))
}

/// Whole on the disk under another name before it takes the place of what is there.
fn replace(folder: &OwnedFd, name: &FileName, content: &[u8]) -> Result<(), ServiceError> {
    let unfinished = format!("{UNFINISHED}{}", uuid::Uuid::new_v4().simple());
    let flags = OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::EXCL).union(FILE_FLAGS);
    let written = || -> io::Result<()> {
        let mut file = File::from(fs::openat(folder, unfinished.as_str(), flags, FILE_MODE)?);
        file.write_all(content)?;
        file.sync_all()?;
        fs::renameat(folder, unfinished.as_str(), folder, name.leaf())?;
        Ok(fs::fsync(folder)?)
    };
    written().map_err(|error| {
        // It may not even be there.
        let _ = fs::unlinkat(folder, unfinished.as_str(), AtFlags::empty());
        failed(&error)
    })
}

fn append(folder: &OwnedFd, name: &FileName, content: &[u8]) -> Result<(), ServiceError> {
    let mut file = open(folder, name, OFlags::WRONLY.union(OFlags::APPEND).union(OFlags::CREATE))?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    written.and_then(|()| Ok(fs::fsync(folder)?)).map_err(|error| failed(&error))
}

/// What is done with each file: its name, the folder that it is in, and what is known of it.
type Visit<'a> = dyn FnMut(&str, &OwnedFd, &Stat) -> io::Result<()> + 'a;

/// Visits every file below a folder. Links and whatever else is no file is left out.
fn walk(folder: &OwnedFd, prefix: &str, visit: &mut Visit<'_>) -> io::Result<()> {
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let Ok(part) = entry.file_name().to_str() else { continue };
        if part == "." || part == ".." {
            continue;
        }
        let stat = match fs::statat(folder, part, AtFlags::SYMLINK_NOFOLLOW) {
            // Gone meanwhile.
            Err(Errno::NOENT) => continue,
            stat => stat?,
        };
        let name = if prefix.is_empty() { part.to_owned() } else { format!("{prefix}/{part}") };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => visit(&name, folder, &stat)?,
            FileType::Directory => match fs::openat(folder, part, FOLDER_FLAGS, Mode::empty()) {
                Err(Errno::NOENT) => {}
                below => walk(&below?, &name, visit)?,
            },
            _ => {}
        }
    }
    Ok(())
}

fn entry(name: &str, stat: &Stat) -> FileEntry {
    let modified_ms = stat.st_mtime.saturating_mul(1_000);
    FileEntry { name: name.to_owned(), bytes: size_of(stat), modified_ms }
}

fn size_of(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or_default()
}

fn fault(name: &FileName, error: Errno) -> ServiceError {
    match error {
        Errno::NOENT => ServiceError::new(ServiceErrorKind::NotFound, format!("there is no file {}", shown(name))),
        Errno::LOOP | Errno::NOTDIR | Errno::ISDIR | Errno::NXIO => no_file(name),
        error => failed(&error.into()),
    }
}

fn no_file(name: &FileName) -> ServiceError {
    ServiceError::new(ServiceErrorKind::Invalid, format!("{} is no file, or not all of its folders are", shown(name)))
}

fn too_large(name: &FileName, most: u64) -> ServiceError {
    ServiceError::new(ServiceErrorKind::TooLarge, format!("{} has more than {most} bytes", shown(name)))
}

fn shown(name: &FileName) -> String {
    let parts: Vec<&str> = name.folders().iter().map(String::as_str).chain([name.leaf()]).collect();
    parts.join("/")
}

/// What the system says. It names no path: the data directory is nothing that a plugin needs to know.
pub(super) fn failed(error: &io::Error) -> ServiceError {
    let kind = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ServiceErrorKind::Full,
        _ => ServiceErrorKind::Other,
    };
    ServiceError::new(kind, format!("the file can't be used: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: FileLimits = FileLimits { file_bytes_max: 10, bytes_max: 25, files_max: 3 };

    fn name(text: &str) -> FileName {
        FileName::parse(text).unwrap()
    }

    fn write(folder: &Folder, text: &str, content: &str) -> Result<(), ServiceErrorKind> {
        folder.write(&name(text), content.as_bytes(), WriteMode::Replace).map_err(|error| error.kind)
    }

    fn read(folder: &Folder, text: &str) -> Result<String, ServiceErrorKind> {
        folder.read(&name(text)).map(|bytes| String::from_utf8(bytes).unwrap()).map_err(|error| error.kind)
    }

    #[test]
    fn files_are_kept_within_bounds() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().join("files/shop"), LIMITS);
        assert_eq!(read(&folder, "a"), Err(ServiceErrorKind::NotFound));
        assert_eq!((folder.usage().unwrap(), folder.list().unwrap()), (Usage::default(), vec![]));
        assert_eq!(write(&folder, "a", "one"), Ok(()));
        assert_eq!(write(&folder, "x/y/b", "0123456789"), Ok(()));
        assert_eq!(write(&folder, "a", "two!"), Ok(()));
        assert_eq!(folder.usage().unwrap(), Usage { files: 2, bytes: 14 });
        assert_eq!((read(&folder, "a"), read(&folder, "x/y/b")), (Ok("two!".to_owned()), Ok("0123456789".to_owned())));
        assert_eq!(folder.write(&name("a"), b"+", WriteMode::Append), Ok(()));
        assert_eq!(folder.write(&name("c"), b"0123456789", WriteMode::Append), Ok(()));
        assert_eq!(read(&folder, "a"), Ok("two!+".to_owned()));
        let names: Vec<_> = folder.list().unwrap().into_iter().map(|entry| (entry.name, entry.bytes)).collect();
        assert_eq!(names, [("a".to_owned(), 5), ("c".to_owned(), 10), ("x/y/b".to_owned(), 10)]);

        assert_eq!(write(&folder, "a", "01234567890"), Err(ServiceErrorKind::TooLarge));
        assert_eq!(write(&folder, "a", "012345"), Err(ServiceErrorKind::Full), "26 bytes");
        assert_eq!(write(&folder, "d", ""), Err(ServiceErrorKind::Full), "4 files");
        // Counted again, it is the same.
        let again = Folder::new(folder.path.clone(), LIMITS);
        assert_eq!(
            (again.usage().unwrap(), folder.usage().unwrap()),
            (Usage { files: 3, bytes: 25 }, again.usage().unwrap())
        );

        assert_eq!(folder.delete(&name("x/y/b")), Ok(()));
        assert!(!folder.path.join("x").exists(), "an empty folder goes");
        assert_eq!(folder.delete(&name("x/y/b")).unwrap_err().kind, ServiceErrorKind::NotFound);
        assert_eq!(folder.usage().unwrap(), Usage { files: 2, bytes: 15 });
        folder.remove().unwrap();
        folder.remove().unwrap();
        assert!(!folder.path.exists());
    }

    #[test]
    fn what_is_no_file_of_the_plugin_is_not_touched() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().join("files/shop"), FileLimits { files_max: 100, ..LIMITS });
        std::fs::write(place.path().join("secret"), "secret").unwrap();
        write(&folder, "folder/a", "a").unwrap();
        std::os::unix::fs::symlink(place.path().join("secret"), folder.path.join("link")).unwrap();
        std::os::unix::fs::symlink(place.path(), folder.path.join("out")).unwrap();
        for text in ["link", "out", "out/secret", "out/new", "folder", "folder/a/b"] {
            assert_eq!(read(&folder, text), Err(ServiceErrorKind::Invalid), "{text}");
            assert_eq!(write(&folder, text, "new"), Err(ServiceErrorKind::Invalid), "{text}");
            assert_eq!(folder.delete(&name(text)).unwrap_err().kind, ServiceErrorKind::Invalid, "{text}");
        }
        assert_eq!(folder.list().unwrap().len(), 1);
        folder.remove().unwrap();
        assert_eq!(std::fs::read_to_string(place.path().join("secret")).unwrap(), "secret");
        assert!(!place.path().join("new").exists());
    }

    #[test]
    fn what_was_cut_off_is_neither_seen_nor_kept() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().join("files/shop"), LIMITS);
        write(&folder, "a", "a").unwrap();
        let left = folder.path.join(format!("{UNFINISHED}1"));
        std::fs::write(&left, "half of it").unwrap();
        let folder = Folder::new(folder.path.clone(), LIMITS);
        assert_eq!(folder.list().unwrap().len(), 1);
        assert_eq!(folder.usage().unwrap(), Usage { files: 1, bytes: 1 });
        assert!(!left.exists());
    }
}
