//! Everything of a plugin that an administrator may want to keep when it goes: a zip with its tables as SQL,
//! its settings without secrets, its files, and its bundle.

use super::error::OperationError;
use super::files::Folders;
use super::release::Release;
use super::schema;
use super::services::now_ms;
use super::settings;
use crate::db::Pool;
use crate::db::snapshot::{self, ArchiveWriter, Sealed, SnapshotError};
use crate::store::Store;
use serde_json::{Map, Value, json};
use std::io::{self, Write};
use tokio::io::AsyncReadExt;

/// Bytes of the bundle that are read at a time.
const CHUNK_BYTES: usize = 256 << 10;

/// Writes the export of a plugin to `sink`, piece by piece: `plugin.json`, `tables.sql`, `settings.json`,
/// `files/…`, `bundle.zip`. The bundle is left out where the store lacks it. Files are those of this process' data
/// directory, each as it is when its turn comes.
///
/// # Errors
/// [`OperationError::Snapshot`], also for what the sink said; what was written is no readable zip then.
pub async fn export<W: Write + Send + 'static>(
    pool: &Pool,
    store: &Store,
    folders: &Folders,
    release: &Release,
    sink: W,
) -> Result<Sealed, OperationError> {
    let fault = |source: SnapshotError| OperationError::Snapshot { id: release.id().clone(), source: source.into() };
    let settings = open_settings(pool, release).await?;
    let mut archive = ArchiveWriter::new(sink);
    let about = json!({
        "id": release.id().as_str(),
        "version": release.version().to_string(),
        "database": schema::database_name(pool.database().dialect()),
        "exported_time": now_ms(),
    });
    write(&mut archive, "plugin.json", about.to_string()).await.map_err(|error| fault(error.into()))?;
    snapshot::export_tables(pool, release.id().as_str(), "tables.sql", &mut archive).await.map_err(fault)?;
    let rest = async {
        write(&mut archive, "settings.json", Value::Object(settings).to_string()).await?;
        write_files(&mut archive, folders, release).await?;
        write_bundle(&mut archive, store, release).await?;
        archive.finish().await
    };
    rest.await.map_err(|error| fault(error.into()))
}

/// What was set, but for secrets and for what the plugin does not know.
async fn open_settings(pool: &Pool, release: &Release) -> Result<Map<String, Value>, OperationError> {
    let mut stored = settings::load_open(&pool.database(), release.id()).await?;
    let open = release.contribution.settings.fields().iter().filter(|field| !field.secret);
    Ok(open.filter_map(|field| Some((field.key.clone(), stored.remove(&field.key)?))).collect())
}

async fn write(archive: &mut ArchiveWriter, entry: &str, text: String) -> io::Result<()> {
    archive.begin(entry).await?;
    archive.write(text.into_bytes()).await
}

async fn write_files(archive: &mut ArchiveWriter, folders: &Folders, release: &Release) -> io::Result<()> {
    for file in folders.list(release.id()).await? {
        // One that has gone meanwhile is none.
        if let Some(content) = folders.read(release.id(), &file.name).await? {
            archive.begin(&format!("files/{}", file.name)).await?;
            archive.write(content).await?;
        }
    }
    Ok(())
}

async fn write_bundle(archive: &mut ArchiveWriter, store: &Store, release: &Release) -> io::Result<()> {
    let mut file = match tokio::fs::File::open(store.bundle(&release.bundle)).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    archive.begin("bundle.zip").await?;
    loop {
        let mut chunk = vec![0; CHUNK_BYTES];
        let length = file.read(&mut chunk).await?;
        if length == 0 {
            return Ok(());
        }
        chunk.truncate(length);
        archive.write(chunk).await?;
    }
}
