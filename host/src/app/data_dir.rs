//! The data directory: one process works on it at a time.

use serde::Serialize;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Held locked by the process that works on the directory.
const LOCK: &str = "lock";
/// Says where the running server answers.
const SERVER: &str = "server.json";

/// A data directory that this process has to itself until it is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// The system lets go of the lock when the file is closed, also after `kill -9`.
    _lock: File,
}

/// Why the directory can't be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another process works on it.
    #[error(
        "the data directory {} is in use by another backplane; stop it, or name another directory with --data",
        path.display()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// It can't be made, read or written.
    #[error("failed to use the data directory {}", path.display())]
    Io {
        /// The directory or the file in it.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

#[derive(Serialize)]
struct ServerFile<'a> {
    url: &'a str,
    pid: u32,
    /// By which commands on this machine know the server, whatever name is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<&'a Path>,
}

/// Takes `server.json` away when the server ends.
#[derive(Debug)]
pub struct Announced(PathBuf);

impl Drop for Announced {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::debug!(%error, "{} was not removed", self.0.display());
        }
    }
}

impl DataDir {
    /// Makes the directory if it is missing, and locks it.
    ///
    /// # Errors
    /// [`DataDirError`].
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| DataDirError::Io { path, source }
        };
        fs::create_dir_all(path).map_err(failed(path))?;
        let path = fs::canonicalize(path).map_err(failed(path))?;
        let file = path.join(LOCK);
        let lock = File::options().create(true).truncate(false).write(true).open(&file).map_err(failed(&file))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::InUse { path }),
            Err(TryLockError::Error(source)) => Err(DataDirError::Io { path: file, source }),
        }
    }

    /// The directory, absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes where the server answers, and the file with its certificate if it speaks TLS, for commands
    /// that look for it.
    ///
    /// # Errors
    /// [`DataDirError::Io`].
    pub fn announce(&self, url: &str, certificate: Option<&Path>) -> Result<Announced, DataDirError> {
        let path = self.path.join(SERVER);
        let unfinished = self.path.join("server.json.new");
        let text = serde_json::json!(ServerFile { url, pid: std::process::id(), certificate });
        // Renamed into place: a reader finds the whole file or none.
        fs::write(&unfinished, format!("{text}\n"))
            .and_then(|()| fs::rename(&unfinished, &path))
            .map_err(|source| DataDirError::Io { path: path.clone(), source })?;
        Ok(Announced(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_one_is_refused_until_the_first_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new");
        let first = DataDir::open(&path).unwrap();
        assert!(matches!(DataDir::open(&path), Err(DataDirError::InUse { .. })));
        let announced = first.announce("http://127.0.0.1:1", None).unwrap();
        let text = fs::read_to_string(path.join(SERVER)).unwrap();
        assert!(text.contains("\"url\":\"http://127.0.0.1:1\""), "{text}");
        drop(announced);
        assert!(!path.join(SERVER).exists());
        drop(first);
        DataDir::open(&path).unwrap();
    }
}
