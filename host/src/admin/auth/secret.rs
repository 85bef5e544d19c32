//! The server's secret: the key that signs tokens is it, others are made of it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The file in the data directory.
const FILE: &str = "jwt.key";
/// Bytes of a secret: what HS256 wants at least (RFC 7518, 3.2).
const BYTES: usize = 32;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file can't be read, or not be written.
    #[error("failed to keep the signing key in {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is there, but it is none of ours.
    #[error("{} holds no signing key; move it away, and a new one is made (every login ends)", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

/// `configured` or, if that is empty, the bytes of a file in `data` that only the owner reads,
/// made on the first start.
///
/// # Errors
/// [`SecretError`].
pub fn load(configured: &str, data: &Path) -> Result<Vec<u8>, SecretError> {
    if !configured.is_empty() {
        return Ok(configured.as_bytes().to_vec());
    }
    let path = data.join(FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let text = hex::encode(rand::random::<[u8; BYTES]>());
            write(&path, &text).map_err(|source| SecretError::Io { path: path.clone(), source })?;
            text
        }
        Err(source) => return Err(SecretError::Io { path, source }),
    };
    match hex::decode(text.trim()) {
        Ok(secret) if secret.len() == BYTES => Ok(secret),
        _ => Err(SecretError::Damaged { path }),
    }
}

/// Written whole or not at all: a key cut short by a crash would stop every later start.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::auth::token::{Claims, TokenKey};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let data = tempfile::tempdir().unwrap();
        let claims = Claims { session_uuid: uuid::Uuid::nil(), exp: u64::from(u32::MAX), sub: "1".to_owned() };
        let key = |configured| TokenKey::new(&load(configured, data.path()).unwrap());
        let token = key("").sign(&claims).unwrap();
        assert_eq!(key("").verify(&token), Ok(claims.clone()));
        let mode = fs::metadata(data.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(key("configured").verify(&token).is_err());
        fs::write(data.path().join(FILE), "short").unwrap();
        assert!(matches!(load("", data.path()), Err(SecretError::Damaged { .. })));
    }
}
