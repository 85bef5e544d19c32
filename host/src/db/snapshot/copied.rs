//! What a copy says of itself, and reading it.

use super::SnapshotError;
use super::catalog::Shape;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;
use zip::ZipArchive;

/// The form of copies that this program writes, and the only one that it reads.
pub(super) const FORMAT: u32 = 1;
pub(super) const MANIFEST: &str = "manifest.json";
/// Lines that are read ahead at a time.
pub(super) const BATCH_ROWS: usize = 50;
/// Fewer, if they are large.
const BATCH_BYTES: usize = 1 << 20;
const BATCHES_AHEAD: usize = 2;

/// The entry `manifest.json`, written last.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) format: u32,
    pub(super) plugin_id: String,
    pub(super) version: String,
    pub(super) reason: String,
    /// `sqlite` or `postgresql`.
    pub(super) database: String,
    /// Unix milliseconds.
    pub(super) taken_at: i64,
    /// The table that says which migrations were applied, if any were.
    pub(super) ledger: Option<String>,
    pub(super) tables: Vec<Table>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Table {
    pub(super) shape: Shape,
    /// The entry with its rows, one JSON array a line.
    pub(super) entry: String,
    pub(super) rows: u64,
    /// Of that entry.
    pub(super) sha256: String,
}

impl Manifest {
    /// Tables and views that belong to the plugin, without the ledger.
    pub(super) fn owned(&self) -> impl Iterator<Item = &Shape> {
        let shapes = self.tables.iter().map(|table| &table.shape);
        shapes.filter(|shape| self.ledger.as_deref() != Some(shape.name.as_str()))
    }
}

/// The manifest of a copy.
pub(super) async fn manifest(file: &Path) -> Result<Manifest, SnapshotError> {
    let file = file.to_owned();
    let read = move || {
        let mut zip = open(&file)?;
        let entry = zip.by_name(MANIFEST).map_err(|error| damaged(&error))?;
        let manifest: Manifest = serde_json::from_reader(BufReader::new(entry))
            .map_err(|error| SnapshotError::Damaged(error.to_string()))?;
        if manifest.format != FORMAT {
            let reason = format!("it has form {}, this server reads form {FORMAT}", manifest.format);
            return Err(SnapshotError::Damaged(reason));
        }
        Ok(manifest)
    };
    tokio::task::spawn_blocking(read).await.map_err(|_| SnapshotError::ShuttingDown)?
}

/// The lines of a table's entry, some at a time. The last thing that comes is an error if they are not what
/// the manifest says.
pub(super) fn lines(file: PathBuf, table: &Table) -> mpsc::Receiver<Result<Vec<String>, SnapshotError>> {
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    let (entry, expected) = (table.entry.clone(), table.sha256.clone());
    drop(tokio::task::spawn_blocking(move || {
        if let Err(error) = send_lines(&file, &entry, &expected, &sender) {
            // Nobody waits: nobody misses it.
            let _ = sender.blocking_send(Err(error));
        }
    }));
    receiver
}

fn send_lines(
    file: &Path,
    entry: &str,
    expected: &str,
    sender: &mpsc::Sender<Result<Vec<String>, SnapshotError>>,
) -> Result<(), SnapshotError> {
    let mut zip = open(file)?;
    let reader = zip.by_name(entry).map_err(|error| damaged(&error))?;
    let mut reader = BufReader::new(Hashed { reader, hash: Sha256::new() });
    loop {
        let mut batch = Vec::with_capacity(BATCH_ROWS);
        let mut bytes = 0;
        while batch.len() < BATCH_ROWS && bytes < BATCH_BYTES {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                break;
            }
            bytes += line.len();
            batch.push(line);
        }
        if batch.is_empty() {
            break;
        }
        if sender.blocking_send(Ok(batch)).is_err() {
            return Ok(());
        }
    }
    let found = hex::encode(reader.into_inner().hash.finalize());
    if found == expected { Ok(()) } else { Err(SnapshotError::Damaged(format!("{entry} is not what was written"))) }
}

fn open(file: &Path) -> Result<ZipArchive<BufReader<File>>, SnapshotError> {
    ZipArchive::new(BufReader::new(File::open(file)?)).map_err(|error| damaged(&error))
}

fn damaged(error: &zip::result::ZipError) -> SnapshotError {
    SnapshotError::Damaged(error.to_string())
}

struct Hashed<R> {
    reader: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.hash.update(&buffer[..read]);
        Ok(read)
    }
}
