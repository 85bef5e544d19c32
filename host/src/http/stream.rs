//! An accepted connection, in plain text or inside TLS.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Timeout, timeout};
use tokio_rustls::Accept;
use tokio_rustls::server::TlsStream;

/// How long a client may take to agree on keys: some round trips on a bad line.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);

/// A connection. Inside TLS, the first use agrees on the keys: in the connection's own task, so that
/// a slow client holds up nobody who comes after it.
pub struct Stream(State);

enum State {
    Plain(TcpStream),
    Handshake(Pin<Box<Timeout<Accept<TcpStream>>>>),
    Tls(Box<TlsStream<TcpStream>>),
    Failed,
}

impl Stream {
    pub(super) fn plain(socket: TcpStream) -> Self {
        Self(State::Plain(socket))
    }

    pub(super) fn tls(handshake: Accept<TcpStream>) -> Self {
        Self(State::Handshake(Box::pin(timeout(HANDSHAKE_DEADLINE, handshake))))
    }

    /// What to read from and write to, once the keys are agreed on.
    fn poll_open(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Open>>> {
        if let State::Handshake(handshake) = &mut self.0 {
            let agreed = ready!(handshake.as_mut().poll(context));
            self.0 = State::Failed;
            let stream =
                agreed.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the handshake took too long"))??;
            self.0 = State::Tls(Box::new(stream));
        }
        Poll::Ready(match &mut self.0 {
            State::Plain(socket) => Ok(Pin::new(socket)),
            State::Tls(stream) => Ok(Pin::new(stream.as_mut())),
            State::Handshake(_) | State::Failed => Err(io::ErrorKind::NotConnected.into()),
        })
    }
}

/// Both ways at once.
trait Open: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Open for T {}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_open(context))?.poll_read(context, into)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_open(context))?.poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_open(context))?.poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        // Both kinds take many parts at once.
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_open(context))?.poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            // Nobody waits for keys only to say goodbye.
            State::Handshake(_) | State::Failed => Poll::Ready(Ok(())),
            State::Plain(socket) => Pin::new(socket).poll_shutdown(context),
            State::Tls(stream) => Pin::new(stream.as_mut()).poll_shutdown(context),
        }
    }
}
