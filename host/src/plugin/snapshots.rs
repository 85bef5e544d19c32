//! The copies of plugins' tables that this server keeps: their files, their rows, and how many stay.

use super::error::OperationError;
use super::id::PluginId;
use super::services::now_ms;
use crate::db::Pool;
use crate::db::snapshot::{self, SnapshotError, Subject};
use plugin_api::db::{Database, DbError};
use semver::Version;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// The folder in the data directory.
const FOLDER: &str = "snapshots";
/// The longest reason that is kept, in characters.
const REASON_CHARS_MAX: usize = 255;

/// A copy that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Its number.
    pub id: i64,
    /// Of which plugin.
    pub plugin_id: String,
    /// The plugin's version then.
    pub version: String,
    /// Why it was taken.
    pub reason: String,
    /// Its file, below the folder of snapshots.
    pub file: String,
    /// Of the file.
    pub sha256: String,
    /// Of the file.
    pub bytes: i64,
    /// In the plugin's tables.
    pub rows: i64,
    /// When, in Unix milliseconds.
    pub created_time: i64,
}

/// The copies of all plugins.
#[derive(Clone)]
pub struct Snapshots {
    pool: Pool,
    folder: PathBuf,
    kept_max: u32,
}

const COLUMNS: &str = "id, plugin_id, version, reason, file, sha256, bytes, rows, created_time";

impl Snapshots {
    /// Those in the data directory; of each plugin `kept_max` stay.
    #[must_use]
    pub fn new(pool: &Pool, data: &Path, kept_max: u32) -> Self {
        Self { pool: pool.clone(), folder: data.join(FOLDER), kept_max }
    }

    /// The copies of a plugin, the newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self, id: &PluginId) -> Result<Vec<Snapshot>, OperationError> {
        let sql = format!("SELECT {COLUMNS} FROM plugin_snapshot WHERE plugin_id = $1 ORDER BY id DESC");
        Ok(self.database().query(sql).bind(id.as_str()).fetch_all().await?)
    }

    /// Copies a plugin's tables now, and lets the oldest copies go that are too many. Requests go on meanwhile.
    ///
    /// # Errors
    /// [`OperationError::Snapshot`]; nothing is left of it then.
    pub async fn take(&self, id: &PluginId, version: &Version, reason: &str) -> Result<Snapshot, OperationError> {
        self.take_keeping(id, version, reason, None).await
    }

    /// The same; the copy `needed` stays, however old it is.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub(super) async fn take_keeping(
        &self,
        id: &PluginId,
        version: &Version,
        reason: &str,
        needed: Option<i64>,
    ) -> Result<Snapshot, OperationError> {
        let fault = |source: SnapshotError| snapshot_error(id, source);
        let now = now_ms();
        let name = format!("{id}/{now}-{}.zip", uuid::Uuid::new_v4().simple());
        let reason: String = reason.chars().take(REASON_CHARS_MAX).collect();
        let written = Unfinished::new(self.folder.join(&name)).map_err(|error| fault(error.into()))?;
        let file = written.file.try_clone().map_err(|error| fault(error.into()))?;
        let version = version.to_string();
        let subject = Subject { plugin_id: id.as_str(), version: &version, reason: &reason, taken_at_ms: now };
        let taken = snapshot::take(&self.pool, subject, file).await.map_err(fault)?;
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let sql = format!(
            "INSERT INTO plugin_snapshot (plugin_id, version, reason, file, sha256, bytes, rows, created_time) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING {COLUMNS}"
        );
        // The file is on the disk under its name before its row says so.
        let path = written.finish().await.map_err(|error| fault(error.into()))?;
        let insert = self.database().query(sql).bind(id.as_str()).bind(version.as_str()).bind(reason).bind(name);
        let insert =
            insert.bind(taken.sealed.sha256).bind(number(taken.sealed.bytes)).bind(number(taken.rows)).bind(now);
        let snapshot: Snapshot = insert.fetch_one().await.inspect_err(|_| remove(&path))?;
        self.let_oldest_go(id, needed).await?;
        Ok(snapshot)
    }

    /// One copy of a plugin.
    ///
    /// # Errors
    /// [`OperationError::NoSnapshot`].
    pub async fn find(&self, id: &PluginId, number: i64) -> Result<Snapshot, OperationError> {
        let sql = format!("SELECT {COLUMNS} FROM plugin_snapshot WHERE plugin_id = $1 AND id = $2");
        let found = self.database().query(sql).bind(id.as_str()).bind(number).fetch_optional().await?;
        found.ok_or_else(|| OperationError::NoSnapshot { id: id.clone(), number })
    }

    /// Refuses a copy whose file another server has, or nobody any more.
    ///
    /// # Errors
    /// [`OperationError::SnapshotElsewhere`].
    pub(super) fn refuse_elsewhere(&self, id: &PluginId, snapshot: &Snapshot) -> Result<(), OperationError> {
        if self.folder.join(&snapshot.file).exists() {
            return Ok(());
        }
        let file = format!("{FOLDER}/{}", snapshot.file);
        Err(OperationError::SnapshotElsewhere { id: id.clone(), number: snapshot.id, file })
    }

    /// Replaces a plugin's tables by those of a copy, whole or not at all. Nothing of the plugin may run.
    ///
    /// # Errors
    /// [`OperationError::NoSnapshot`]; [`OperationError::Snapshot`] if its file is not here or not what was
    /// written. The tables are as before then.
    pub async fn restore(&self, id: &PluginId, number: i64) -> Result<Snapshot, OperationError> {
        let snapshot = self.find(id, number).await?;
        let fault = |source: SnapshotError| snapshot_error(id, source);
        let path = self.folder.join(&snapshot.file);
        let hashed = {
            let path = path.clone();
            tokio::task::spawn_blocking(move || sha256(&path)).await.map_err(|_| OperationError::ShuttingDown)?
        };
        if hashed.map_err(|error| fault(error.into()))? != snapshot.sha256 {
            let reason = format!("{} is not the file that was written", path.display());
            return Err(fault(SnapshotError::Damaged(reason)));
        }
        snapshot::restore(&self.pool, id.as_str(), &path).await.map_err(fault)?;
        Ok(snapshot)
    }

    /// Deletes one copy.
    ///
    /// # Errors
    /// [`OperationError::NoSnapshot`].
    pub async fn delete(&self, id: &PluginId, number: i64) -> Result<(), OperationError> {
        let snapshot = self.find(id, number).await?;
        self.forget(&snapshot).await?;
        Ok(())
    }

    /// Removes files of copies that nobody knows: of a copy that was cut off, or deleted elsewhere.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweep(&self) -> Result<(), DbError> {
        let known: Vec<String> = self.database().query("SELECT file FROM plugin_snapshot").fetch_all().await?;
        let folder = self.folder.clone();
        let sweep = move || {
            let folders = std::fs::read_dir(&folder).into_iter().flatten().flatten();
            for entry in folders.flat_map(|entry| std::fs::read_dir(entry.path()).into_iter().flatten().flatten()) {
                let path = entry.path();
                let name = path.strip_prefix(&folder).ok().and_then(Path::to_str);
                if !name.is_some_and(|name| known.iter().any(|known| known == name)) {
                    remove(&path);
                }
            }
        };
        // A task that ended early has panicked, which is told already.
        let _ = tokio::task::spawn_blocking(sweep).await;
        Ok(())
    }

    async fn let_oldest_go(&self, id: &PluginId, needed: Option<i64>) -> Result<(), OperationError> {
        let kept = usize::try_from(self.kept_max).unwrap_or(usize::MAX);
        let copies = self.list(id).await?;
        for snapshot in copies.iter().skip(kept).filter(|copy| Some(copy.id) != needed) {
            self.forget(snapshot).await?;
        }
        Ok(())
    }

    /// The row goes first: a file without a row is swept away, a row without its file would be a promise.
    async fn forget(&self, snapshot: &Snapshot) -> Result<(), DbError> {
        self.database().query("DELETE FROM plugin_snapshot WHERE id = $1").bind(snapshot.id).execute().await?;
        remove(&self.folder.join(&snapshot.file));
        Ok(())
    }

    fn database(&self) -> Database {
        self.pool.database()
    }
}

fn snapshot_error(id: &PluginId, source: SnapshotError) -> OperationError {
    OperationError::Snapshot { id: id.clone(), source: source.into() }
}

/// A file under another name until it is whole. Dropped before, it goes.
struct Unfinished {
    file: File,
    temporary: PathBuf,
    path: PathBuf,
    is_finished: bool,
}

impl Unfinished {
    fn new(path: PathBuf) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let temporary = path.with_extension("part");
        Ok(Self { file: File::create_new(&temporary)?, temporary, path, is_finished: false })
    }

    async fn finish(mut self) -> io::Result<PathBuf> {
        let path = self.path.clone();
        let finish = move || {
            self.file.sync_all()?;
            std::fs::rename(&self.temporary, &self.path)?;
            self.is_finished = true;
            self.path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        };
        tokio::task::spawn_blocking(finish).await.map_err(io::Error::other)??;
        Ok(path)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.is_finished {
            remove(&self.temporary);
        }
    }
}

fn remove(path: &Path) {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, "the file {} of a copy can't be removed", path.display());
        }
        _ => {}
    }
}

fn sha256(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    io::copy(&mut File::open(path)?, &mut hash)?;
    Ok(hex::encode(hash.finalize()))
}
