//! A zip that is written while its contents come. Packing takes time, so a thread of its own does it; what is
//! read ahead of it is bounded.

use sha2::{Digest, Sha256};
use std::io::{self, Write};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Pieces that wait to be packed; each is a page of rows at most.
const PIECES_MAX: usize = 4;

/// A zip that is being written.
pub struct ArchiveWriter {
    pieces: mpsc::Sender<Piece>,
    packing: JoinHandle<io::Result<Sealed>>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Of the whole zip.
    pub bytes: u64,
    /// Of the whole zip, in hex.
    pub sha256: String,
}

enum Piece {
    Entry(String),
    Bytes(Vec<u8>),
    End,
}

impl ArchiveWriter {
    /// Writes to `sink`, on a thread of its own.
    pub fn new<W: Write + Send + 'static>(sink: W) -> Self {
        let (pieces, coming) = mpsc::channel(PIECES_MAX);
        let packing = tokio::task::spawn_blocking(move || pack(sink, coming));
        Self { pieces, packing }
    }

    /// Begins the next entry.
    ///
    /// # Errors
    /// What the sink said.
    pub async fn begin(&mut self, name: impl Into<String>) -> io::Result<()> {
        self.send(Piece::Entry(name.into())).await
    }

    /// Adds to the entry.
    ///
    /// # Errors
    /// What the sink said.
    pub async fn write(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        self.send(Piece::Bytes(bytes)).await
    }

    /// Writes the end of the zip. Dropped without it, the zip stays unreadable.
    ///
    /// # Errors
    /// What the sink said.
    pub async fn finish(mut self) -> io::Result<Sealed> {
        self.send(Piece::End).await?;
        (&mut self.packing).await.map_err(io::Error::other)?
    }

    async fn send(&mut self, piece: Piece) -> io::Result<()> {
        if self.pieces.send(piece).await.is_ok() {
            return Ok(());
        }
        // The thread ends before its time only with an error.
        match (&mut self.packing).await {
            Ok(Err(error)) => Err(error),
            _ => Err(io::Error::other("the zip was not written to its end")),
        }
    }
}

fn pack(sink: impl Write, mut coming: mpsc::Receiver<Piece>) -> io::Result<Sealed> {
    let counted = Counted { sink, bytes: 0, hash: Sha256::new() };
    let mut zip = ZipWriter::new_stream(counted);
    loop {
        match coming.blocking_recv() {
            // Rows of a large table may be more than the 4 GiB of the plain format.
            Some(Piece::Entry(name)) => zip.start_file(name, SimpleFileOptions::default().large_file(true))?,
            Some(Piece::Bytes(bytes)) => zip.write_all(&bytes)?,
            Some(Piece::End) => break,
            None => return Err(io::Error::other("the zip was given up")),
        }
    }
    let mut counted = zip.finish()?.into_inner();
    counted.flush()?;
    Ok(Sealed { bytes: counted.bytes, sha256: hex::encode(counted.hash.finalize()) })
}

/// Counts and hashes what passes.
struct Counted<W> {
    sink: W,
    bytes: u64,
    hash: Sha256,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.sink.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += u64::try_from(written).unwrap_or(u64::MAX);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
