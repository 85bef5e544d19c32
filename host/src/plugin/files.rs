//! Files that plugins keep: a folder each in the data directory.
//!
//! A folder belongs to a plugin, whatever its version; what it holds is bounded, and no name leads out of it. Like the
//! [fence](super::fence) it is no wall: native code can open any file that the server can.

mod folder;
mod name;

pub(super) use folder::Usage;

use super::id::PluginId;
use super::services::stopping;
use bytes::Bytes;
use folder::Folder;
use futures_util::future::BoxFuture;
use name::FileName;
use parking_lot::Mutex;
use plugin_api::files::{FileEntry, WriteMode};
use plugin_api::services::{ServiceError, ServiceErrorKind};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// The folder in the data directory, with one folder for each plugin.
pub(super) const FOLDER: &str = "files";
/// Each holds a thread while the disk works.
const AT_ONCE_MAX: usize = 4;

/// The bounds of each plugin's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLimits {
    /// The largest file, which is read and written whole.
    pub file_bytes_max: u64,
    /// All together.
    pub bytes_max: u64,
    /// How many.
    pub files_max: u64,
}

/// The folders of all plugins.
#[derive(Debug)]
pub struct Folders {
    place: PathBuf,
    limits: FileLimits,
    /// One each, so that what is counted is counted once.
    open: Mutex<BTreeMap<PluginId, Arc<Folder>>>,
}

/// What keeps the files of one generation.
#[derive(Debug)]
pub(super) struct Keeper {
    id: PluginId,
    /// None without the capability.
    folder: Option<Arc<Folder>>,
    places: Arc<Semaphore>,
    stopped: CancellationToken,
    runtime: Handle,
}

impl Folders {
    /// Those in the data directory.
    #[must_use]
    pub fn new(data: &Path, limits: FileLimits) -> Self {
        Self { place: data.join(FOLDER), limits, open: Mutex::default() }
    }

    /// The folder of a plugin, which need not be there.
    fn of(&self, id: &PluginId) -> Arc<Folder> {
        let new = || Arc::new(Folder::new(self.place.join(id.as_str()), self.limits));
        Arc::clone(self.open.lock().entry(id.clone()).or_insert_with(new))
    }

    /// How much a plugin keeps.
    ///
    /// # Errors
    /// The system's.
    pub(super) async fn usage(&self, id: &PluginId) -> io::Result<Usage> {
        let folder = self.of(id);
        blocking(move || folder.usage()).await
    }

    /// Every file of a plugin, by name.
    ///
    /// # Errors
    /// The system's.
    pub(super) async fn list(&self, id: &PluginId) -> io::Result<Vec<FileEntry>> {
        let folder = self.of(id);
        blocking(move || folder.list()).await
    }

    /// One of them, whole; None if it is gone.
    ///
    /// # Errors
    /// The system's.
    pub(super) async fn read(&self, id: &PluginId, name: &str) -> io::Result<Option<Vec<u8>>> {
        let (folder, name) = (self.of(id), FileName::parse(name).map_err(io::Error::other)?);
        blocking(move || match folder.read(&name) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind == ServiceErrorKind::NotFound => Ok(None),
            Err(error) => Err(io::Error::other(error)),
        })
        .await
    }

    /// Removes all that a plugin keeps.
    ///
    /// # Errors
    /// The system's; what could not be removed stays.
    pub(super) async fn remove(&self, id: &PluginId) -> io::Result<()> {
        let folder = self.of(id);
        let removed = blocking(move || folder.remove()).await;
        self.open.lock().remove(id);
        removed
    }
}

impl Keeper {
    /// Keeps files for a generation of `id`.
    ///
    /// # Panics
    /// Outside a tokio runtime: everything is done on the caller's.
    pub(super) fn new(id: PluginId, folders: &Folders, is_granted: bool) -> Self {
        let folder = is_granted.then(|| folders.of(&id)).inspect(|folder| folder.count_again());
        let (places, stopped) = (Arc::new(Semaphore::new(AT_ONCE_MAX)), CancellationToken::new());
        Self { id, folder, places, stopped, runtime: Handle::current() }
    }

    pub(super) fn read(&self, name: &str) -> BoxFuture<'static, Result<Bytes, ServiceError>> {
        self.with_name(name, |folder, name| folder.read(&name).map(Bytes::from))
    }

    pub(super) fn write(
        &self,
        name: &str,
        content: Bytes,
        mode: WriteMode,
    ) -> BoxFuture<'static, Result<(), ServiceError>> {
        self.with_name(name, move |folder, name| folder.write(&name, &content, mode))
    }

    pub(super) fn delete(&self, name: &str) -> BoxFuture<'static, Result<(), ServiceError>> {
        self.with_name(name, |folder, name| folder.delete(&name))
    }

    pub(super) fn list(&self) -> BoxFuture<'static, Result<Vec<FileEntry>, ServiceError>> {
        self.run(|folder| folder.list().map_err(|error| folder::failed(&error)))
    }

    /// Does nothing more from now on; what the disk does right now is done to its end.
    pub(super) fn close(&self) {
        self.stopped.cancel();
    }

    fn with_name<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce(&Folder, FileName) -> Result<T, ServiceError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, ServiceError>> {
        let name = FileName::parse(name);
        self.run(move |folder| work(folder, name?))
    }

    /// Runs `work` where it may wait for the disk.
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> Result<T, ServiceError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, ServiceError>> {
        let Some(folder) = self.folder.clone() else { return Box::pin(std::future::ready(Err(self.refused()))) };
        let (places, stopped) = (Arc::clone(&self.places), self.stopped.clone());
        let task = self.runtime.spawn(async move {
            let _place = places.acquire_owned().await;
            tokio::task::spawn_blocking(move || if stopped.is_cancelled() { Err(stopping()) } else { work(&folder) })
                .await
                .unwrap_or_else(|_| Err(stopping()))
        });
        Box::pin(async move { task.await.unwrap_or_else(|_| Err(stopping())) })
    }

    fn refused(&self) -> ServiceError {
        let message = format!(
            "plugin {} may not keep files: it would need files = true in [capabilities] of its plugin.toml",
            self.id
        );
        ServiceError::new(ServiceErrorKind::Refused, message)
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
