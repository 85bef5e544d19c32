//! Files that are being received or checked; each dies with its owner.

use super::sha256::{Hasher, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Bytes read at a time while copying a local file.
const CHUNK_BYTES: usize = 64 * 1024;

/// A file that is hashed while it is written. Dropping it removes the file.
#[derive(Debug)]
pub struct StagingWriter {
    file: File,
    path: TempPath,
    hasher: Hasher,
    bytes: u64,
    bytes_max: u64,
}

/// A whole file in staging. Dropping it removes the file.
#[derive(Debug)]
pub struct Staged {
    path: TempPath,
    sha256: Sha256,
    bytes: u64,
}

/// Why a file did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum StagingError {
    /// More bytes came than are accepted.
    #[error("the file is larger than {bytes_max} bytes")]
    TooLarge {
        /// The most that is accepted.
        bytes_max: u64,
    },
    /// The file system said no.
    #[error("stage {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl StagingWriter {
    pub(super) async fn create(folder: &Path, bytes_max: u64) -> Result<Self, StagingError> {
        let created = tempfile::Builder::new().prefix("bundle-").suffix(".zip").tempfile_in(folder);
        let (file, path) = created.map_err(io_error(folder))?.into_parts();
        Ok(Self { file: File::from_std(file), path, hasher: Hasher::default(), bytes: 0, bytes_max })
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`StagingError::TooLarge`] as soon as the limit is passed, [`StagingError::Io`].
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), StagingError> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(length);
        if self.bytes > self.bytes_max {
            return Err(StagingError::TooLarge { bytes_max: self.bytes_max });
        }
        self.hasher.update(bytes);
        self.file.write_all(bytes).await.map_err(io_error(&self.path))
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`StagingError::Io`] if the last bytes can't be written.
    pub async fn finish(mut self) -> Result<Staged, StagingError> {
        self.file.flush().await.map_err(io_error(&self.path))?;
        Ok(Staged { path: self.path, sha256: self.hasher.finish(), bytes: self.bytes })
    }
}

impl Staged {
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

    /// Its size in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn into_path(self) -> TempPath {
        self.path
    }
}

/// Copies a local file into a staging file.
pub(super) async fn copy(source: &Path, mut writer: StagingWriter) -> Result<Staged, StagingError> {
    let mut file = File::open(source).await.map_err(io_error(source))?;
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut chunk).await.map_err(io_error(source))? {
            0 => return writer.finish().await,
            length => writer.write(&chunk[..length]).await?,
        }
    }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> StagingError {
    let path = path.to_path_buf();
    move |source| StagingError::Io { path, source }
}
