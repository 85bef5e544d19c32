//! Refresh tokens: random, given out once, kept as a hash.

use sha2::{Digest, Sha256};

/// Random bytes of a token.
const BYTES: usize = 32;

/// A token to be given out.
pub(super) struct RefreshToken {
    /// What the client gets.
    pub(super) text: String,
    /// What is kept.
    pub(super) hash: String,
}

impl RefreshToken {
    pub(super) fn random() -> Self {
        let text = hex::encode(rand::random::<[u8; BYTES]>());
        let hash = hash(&text);
        Self { text, hash }
    }
}

/// SHA-256, in hex. No salt and no slowness: there is nothing to guess in 256 random bits.
pub(super) fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}
