//! The export of a plugin as an answer, sent while it is written.

use crate::plugin::{PluginId, PluginStatus, SupervisorHandle, export};
use crate::tasks;
use bytes::Bytes;
use poem::http::{HeaderValue, header};
use poem::{Body, IntoResponse, Response};
use poem_openapi::ApiResponse;
use poem_openapi::registry::{MetaMediaType, MetaResponse, MetaResponses, MetaSchema, MetaSchemaRef, Registry};
use std::io::{self, Write};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

const CONTENT_TYPE: &str = "application/zip";
/// Pieces that wait for a slow client; writing waits with them.
const PIECES_MAX: usize = 8;
/// The zip's writer hands over very small pieces.
const PIECE_BYTES: usize = 64 << 10;

/// A zip that is still being written.
pub(super) struct Export {
    id: PluginId,
    pieces: mpsc::Receiver<io::Result<Bytes>>,
}

impl Export {
    /// Begins to write. If it fails half-way, the connection breaks: a cut zip is no zip.
    pub(super) fn of(status: &PluginStatus, supervisor: &SupervisorHandle) -> Self {
        let (sender, pieces) = mpsc::channel(PIECES_MAX);
        let (release, supervisor, id) = (Arc::clone(&status.release), supervisor.clone(), status.id().clone());
        let sink = Pieces { sender: sender.clone(), waiting: Vec::with_capacity(PIECE_BYTES) };
        drop(tasks::spawn("an export of a plugin", async move {
            let workplace = supervisor.workplace();
            if let Err(error) = export(&workplace.pool, &workplace.store, &workplace.folders, &release, sink).await {
                tracing::warn!(plugin.id = %release.id(), "an export was cut off: {}", error.chain());
                // The client may be what went away.
                let _ = sender.send(Err(io::Error::other(error.chain()))).await;
            }
        }));
        Self { id, pieces }
    }
}

/// Hands what is written to the answer.
struct Pieces {
    sender: mpsc::Sender<io::Result<Bytes>>,
    waiting: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.waiting, Vec::with_capacity(PIECE_BYTES));
        self.sender.blocking_send(Ok(piece.into())).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

impl IntoResponse for Export {
    fn into_response(self) -> Response {
        // An id has no character that needs quoting.
        let disposition = HeaderValue::from_str(&format!("attachment; filename={}-export.zip", self.id));
        let body = Body::from_bytes_stream(ReceiverStream::new(self.pieces));
        let mut response = Response::builder().content_type(CONTENT_TYPE).body(body);
        if let Ok(disposition) = disposition {
            response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
        }
        response
    }
}

impl ApiResponse for Export {
    fn meta() -> MetaResponses {
        let schema = MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format("string", "binary")));
        let content = vec![MetaMediaType { content_type: CONTENT_TYPE, schema }];
        let description = "A zip with tables.sql, settings.json, files and bundle.zip";
        let response = MetaResponse { description, status: Some(200), status_range: None, content, headers: vec![] };
        MetaResponses { responses: vec![response] }
    }

    fn register(_registry: &mut Registry) {}
}
