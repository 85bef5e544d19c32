//! Access tokens: HS256 JWTs that name a session.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The key that signs and verifies tokens.
#[derive(Clone)]
pub struct TokenKey {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// The session; a token is valid only while its session is.
    pub session_uuid: Uuid,
    /// When it ends, Unix seconds.
    pub exp: u64,
    /// The user's id, as text.
    pub sub: String,
}

/// Why a token is no good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It was good once.
    #[error("token expired")]
    Expired,
    /// It never was, or the key has changed.
    #[error("token invalid")]
    Invalid,
}

impl TokenKey {
    /// A key of these bytes.
    pub fn new(secret: &[u8]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.set_required_spec_claims(&["exp", "sub"]);
        Self { encoding: EncodingKey::from_secret(secret), decoding: DecodingKey::from_secret(secret), validation }
    }

    /// A signed token.
    ///
    /// # Errors
    /// Whatever the signer says; it has no reason to fail with HS256.
    pub fn sign(&self, claims: &Claims) -> Result<String, jsonwebtoken::errors::Error> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.encoding)
    }

    /// The claims of a token of ours.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation).map(|token| token.claims).map_err(
            |error| match error.kind() {
                ErrorKind::ExpiredSignature => TokenError::Expired,
                _ => TokenError::Invalid,
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(exp: u64) -> Claims {
        Claims { session_uuid: Uuid::nil(), exp, sub: "1".to_owned() }
    }

    #[test]
    fn only_unexpired_tokens_of_the_same_key_are_good() {
        let key = TokenKey::new(b"one");
        let good = key.sign(&claims(u64::from(u32::MAX))).unwrap();
        let old = key.sign(&claims(1)).unwrap();
        assert_eq!(key.verify(&good), Ok(claims(u64::from(u32::MAX))));
        assert_eq!(key.verify(&old), Err(TokenError::Expired));
        assert_eq!(TokenKey::new(b"two").verify(&good), Err(TokenError::Invalid));
        assert_eq!(key.verify("nonsense"), Err(TokenError::Invalid));
        // `{"alg":"none"}` with the same claims.
        let unsigned = format!("eyJhbGciOiJub25lIn0.{}.", good.split('.').nth(1).unwrap());
        assert_eq!(key.verify(&unsigned), Err(TokenError::Invalid));
    }
}
