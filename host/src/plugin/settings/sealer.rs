//! Secrets at rest.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use std::fmt;

/// What the key is for: the same secret also signs tokens, with another key.
const PURPOSE: &[u8] = b"backplane: secret settings of plugins, 1";
const NONCE_BYTES: usize = 24;

/// Encrypts secret settings under a key made of the server's secret. What it has encrypted for one setting can't
/// be put in the place of another.
#[derive(Clone)]
pub struct Sealer(XChaCha20Poly1305);

impl Sealer {
    /// With a key made of the server's secret.
    ///
    /// # Panics
    /// Never: 32 bytes can be made of any secret.
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(None, secret).expand(PURPOSE, &mut key).expect("32 bytes are within HKDF's bounds");
        Self(XChaCha20Poly1305::new(&key.into()))
    }

    /// `plain` for setting `key` of plugin `id`, encrypted, in base64.
    ///
    /// # Panics
    /// Never: a setting is far below the cipher's 256 GiB.
    #[must_use]
    pub fn seal(&self, id: &str, key: &str, plain: &str) -> String {
        // As long as 24 bytes, so that numbers taken at random never meet.
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let place = place(id, key);
        let payload = Payload { msg: plain.as_bytes(), aad: &place };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload).expect("the text is short");
        STANDARD.encode([nonce.as_slice(), &sealed].concat())
    }

    /// What was sealed for this setting; None if it was sealed for another one, with another secret, or was changed.
    #[must_use]
    pub fn open(&self, id: &str, key: &str, sealed: &str) -> Option<String> {
        let bytes = STANDARD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let place = place(id, key);
        let plain = self.0.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &place }).ok()?;
        String::from_utf8(plain).ok()
    }
}

/// Neither an id nor a key has a NUL.
fn place(id: &str, key: &str) -> Vec<u8> {
    [id.as_bytes(), &[0], key.as_bytes()].concat()
}

impl fmt::Debug for Sealer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sealer")
    }
}

#[cfg(test)]
mod tests {
    use super::Sealer;

    #[test]
    fn what_is_sealed_opens_only_in_its_place_and_with_its_secret() {
        let sealer = Sealer::new(b"one secret");
        let sealed = sealer.seal("notice", "token", "hunter22");
        assert!(!sealed.contains("hunter22"));
        assert_ne!(sealed, sealer.seal("notice", "token", "hunter22"));
        assert_eq!(sealer.open("notice", "token", &sealed).as_deref(), Some("hunter22"));
        assert_eq!(sealer.open("notice", "other", &sealed), None);
        assert_eq!(sealer.open("other", "token", &sealed), None);
        assert_eq!(Sealer::new(b"another").open("notice", "token", &sealed), None);
        for broken in ["", "x", "AAAA", &sealed[4..]] {
            assert_eq!(sealer.open("notice", "token", broken), None);
        }
    }
}
