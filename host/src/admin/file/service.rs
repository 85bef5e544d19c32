//! Rules about uploaded files: what is accepted, how much of it, and where it goes.

use super::media::{Class, HEAD_BYTES, Media};
use super::name::StoredName;
use crate::admin::Clock;
use std::io;
use std::path::PathBuf;
use tempfile::TempPath;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

/// Marks files that are not complete. No stored file is named like that.
const INCOMING: &str = ".incoming-";

/// What the core does with uploaded files.
#[derive(Debug, Clone)]
pub struct FileService {
    directory: PathBuf,
    clock: Clock,
}

/// A file that is being received. Dropped before it is finished, it leaves nothing behind.
#[derive(Debug)]
pub struct Incoming {
    file: File,
    path: TempPath,
    directory: PathBuf,
    name: StoredName,
    /// The first bytes, until they have been looked at.
    head: Option<Vec<u8>>,
    bytes: u64,
}

/// Why a file was not stored.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Its name has no extension.
    #[error("file name without an extension")]
    NoExtension,
    /// Files with this extension are not accepted.
    #[error("extension {extension} is not accepted")]
    Unsupported {
        /// The extension.
        extension: String,
    },
    /// It is something else than its extension says.
    #[error("content is no {extension}")]
    Mismatch {
        /// The extension.
        extension: &'static str,
    },
    /// It is larger than files of its class may be.
    #[error("larger than {} bytes", class.bytes_max())]
    TooLarge {
        /// The class.
        class: Class,
    },
    /// The file can't be written.
    #[error("failed to store an uploaded file")]
    Io(#[from] io::Error),
}

impl FileService {
    /// Keeps files in `directory`, which is made when the first one comes.
    pub fn new(directory: PathBuf, clock: Clock) -> Self {
        Self { directory, clock }
    }

    /// Takes away what an earlier run of the server was killed over.
    pub fn sweep(&self) {
        // No folder: nothing was ever uploaded.
        let Ok(entries) = std::fs::read_dir(&self.directory) else { return };
        let left = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(INCOMING));
        for entry in left {
            if let Err(error) = std::fs::remove_file(entry.path()) {
                tracing::warn!(%error, path = %entry.path().display(), "a half-received file was not removed");
            }
        }
    }

    /// Begins to receive a file that its sender calls `file_name`.
    ///
    /// # Errors
    /// [`FileError::NoExtension`], [`FileError::Unsupported`], or the file system's.
    pub async fn begin(&self, file_name: &str) -> Result<Incoming, FileError> {
        let (stem, extension) = file_name.rsplit_once('.').ok_or(FileError::NoExtension)?;
        if extension.is_empty() {
            return Err(FileError::NoExtension);
        }
        let media = Media::of_extension(extension)
            .ok_or_else(|| FileError::Unsupported { extension: extension.chars().take(16).collect() })?;
        let directory = self.directory.clone();
        let made = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&directory)?;
            tempfile::Builder::new().prefix(INCOMING).tempfile_in(directory)
        });
        let (file, path) = made.await.map_err(io::Error::other)??.into_parts();
        Ok(Incoming {
            file: File::from_std(file),
            path,
            directory: self.directory.clone(),
            name: StoredName::new(stem, media, self.clock.now_ms()),
            head: Some(Vec::new()),
            bytes: 0,
        })
    }
}

impl Incoming {
    /// Takes the next part.
    ///
    /// # Errors
    /// [`FileError::TooLarge`], [`FileError::Mismatch`], or the file system's.
    pub async fn write(&mut self, part: &[u8]) -> Result<(), FileError> {
        let class = self.name.media().class;
        self.bytes += part.len() as u64;
        if self.bytes > class.bytes_max() {
            return Err(FileError::TooLarge { class });
        }
        if let Some(head) = &mut self.head {
            head.extend_from_slice(&part[..part.len().min(HEAD_BYTES - head.len())]);
            if head.len() == HEAD_BYTES {
                self.look()?;
            }
        }
        Ok(self.file.write_all(part).await?)
    }

    /// Stores the file under its name, and gives that.
    ///
    /// # Errors
    /// [`FileError::Mismatch`], or the file system's.
    pub async fn finish(mut self) -> Result<StoredName, FileError> {
        self.look()?;
        self.file.flush().await?;
        self.file.sync_all().await?;
        let Self { path, directory, name, .. } = self;
        let place = directory.join(name.as_str());
        let stored = tokio::task::spawn_blocking(move || path.persist_noclobber(place));
        stored.await.map_err(io::Error::other)?.map_err(|error| error.error)?;
        Ok(name)
    }

    /// Looks once at what the file really is.
    fn look(&mut self) -> Result<(), FileError> {
        let media = self.name.media();
        match self.head.take() {
            Some(head) if !media.recognises(&head) => Err(FileError::Mismatch { extension: media.extension }),
            _ => Ok(()),
        }
    }
}
