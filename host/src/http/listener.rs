//! The socket on which the server listens.

use super::stream::Stream;
use super::tls::Tls;
use poem::http::uri::Scheme;
use poem::listener::Acceptor;
use poem::web::{LocalAddr, RemoteAddr};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;

/// Rest after a failed accept. Most often the process is out of file descriptors; without a rest
/// the loop would take a core to itself until one is free.
const REST: Duration = Duration::from_millis(50);

/// A bound TCP socket whose connections send small answers at once.
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
}

impl Listener {
    /// Binds `address`; port 0 takes any.
    ///
    /// # Errors
    /// The system's, for example if the port is taken.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address, tls: None })
    }

    /// With every connection inside TLS.
    #[must_use]
    pub fn with_tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// The address it is bound to, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Acceptor for Listener {
    type Io = Stream;

    fn local_addr(&self) -> Vec<LocalAddr> {
        vec![LocalAddr(self.address.into())]
    }

    async fn accept(&mut self) -> io::Result<(Stream, LocalAddr, RemoteAddr, Scheme)> {
        match self.socket.accept().await {
            Ok((stream, peer)) => {
                // Without it the last part of a streamed answer waits for an acknowledgement.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection keeps Nagle's algorithm");
                }
                let (stream, scheme) = match &self.tls {
                    Some(tls) => (Stream::tls(tls.accept(stream)), Scheme::HTTPS),
                    None => (Stream::plain(stream), Scheme::HTTP),
                };
                Ok((stream, LocalAddr(self.address.into()), RemoteAddr(peer.into()), scheme))
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(REST).await;
                Err(error)
            }
        }
    }
}
