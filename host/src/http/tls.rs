//! TLS of accepted sockets: a certificate and its key, taken anew when their files change.

use crate::tasks;
use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::{Accept, TlsAcceptor};
use tokio_util::sync::CancellationToken;

/// Spoken inside TLS, the better one first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];
/// How often the files are looked at. Certificates are renewed weeks before they end.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A chain of certificates has some kilobytes; no more is read than this.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The certificate in force. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    files: Files,
    current: Arc<ArcSwap<ServerConfig>>,
    seen: [u8; 32],
}

#[derive(Clone)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// What stood in the files.
struct Pem {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// Why the files can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One can't be read.
    #[error("{setting} {} can't be read", file.display())]
    Unreadable {
        /// The key of the configuration.
        setting: &'static str,
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The first holds no certificate.
    #[error("tls.certificate {} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)", file.display())]
    NoCertificate {
        /// The file.
        file: PathBuf,
    },
    /// The second holds no key.
    #[error("tls.key {} holds no private key in PEM form that can be read without a password", file.display())]
    NoKey {
        /// The file.
        file: PathBuf,
    },
    /// They are not of one another, or of a kind that is not spoken.
    #[error("tls.certificate {} can't be used with tls.key {}", certificate.display(), key.display())]
    Refused {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
}

impl Tls {
    /// Reads a chain of certificates, the server's own first, and its private key.
    ///
    /// # Errors
    /// [`TlsError`], naming the file.
    pub fn open(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let files = Files { certificate: certificate.to_owned(), key: key.to_owned() };
        let pem = files.read()?;
        let current = Arc::new(ArcSwap::from_pointee(files.configured(&pem)?));
        Ok(Self { files, current, seen: pem.digest() })
    }

    /// Takes the files anew when they change, until `stop`. What can't be used is told, and the last
    /// good certificate stays.
    pub fn follow(mut self, stop: CancellationToken) {
        tasks::spawn("certificate", async move {
            while stop.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
                self = match tokio::task::spawn_blocking(move || self.look()).await {
                    Ok(tls) => tls,
                    Err(error) => return tracing::error!(%error, "the certificate is no longer looked after"),
                };
            }
        });
    }

    fn look(mut self) -> Self {
        // Files that are missing for a moment are being replaced.
        let Ok(pem) = self.files.read() else { return self };
        let digest = pem.digest();
        if digest == self.seen {
            return self;
        }
        self.seen = digest;
        match self.files.configured(&pem) {
            Ok(config) => {
                self.current.store(Arc::new(config));
                tracing::info!("{} has changed and is in force", self.files.certificate.display());
            }
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, source, "the certificate stays as it was");
            }
        }
        self
    }

    /// The handshake on an accepted socket, to be waited for elsewhere.
    pub(super) fn accept(&self, socket: TcpStream) -> Accept<TcpStream> {
        TlsAcceptor::from(self.current.load_full()).accept(socket)
    }
}

impl Files {
    fn read(&self) -> Result<Pem, TlsError> {
        let read = |setting, file: &Path| {
            let mut bytes = Vec::new();
            let done = File::open(file).and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
            match done {
                Ok(_) => Ok(bytes),
                Err(source) => Err(TlsError::Unreadable { setting, file: file.to_owned(), source }),
            }
        };
        Ok(Pem { certificate: read("tls.certificate", &self.certificate)?, key: read("tls.key", &self.key)? })
    }

    fn configured(&self, pem: &Pem) -> Result<ServerConfig, TlsError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem.certificate).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| TlsError::NoCertificate { file: self.certificate.clone() })?;
        let key = PrivateKeyDer::from_pem_slice(&pem.key);
        let key = key.map_err(|_| TlsError::NoKey { file: self.key.clone() })?;
        let refused =
            |source| TlsError::Refused { certificate: self.certificate.clone(), key: self.key.clone(), source };
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(refused)?;
        let mut config = builder.with_no_client_auth().with_single_cert(chain, key).map_err(refused)?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        Ok(config)
    }
}

impl Pem {
    /// Tells a change; the key itself is not kept.
    fn digest(&self) -> [u8; 32] {
        let parts = [Sha256::digest(&self.certificate), Sha256::digest(&self.key)];
        Sha256::digest(parts.concat()).into()
    }
}
