//! Hashing and checking of passwords: argon2id, off the workers, a few at a time.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use rand::RngExt;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Hashes at once: each takes 19 MiB and a core, so a crowd at the door must queue.
const HASHES_AT_ONCE_MAX: usize = 4;
/// Longest password, in bytes: long enough for any phrase, too short to keep a core busy.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// Characters of a password made by the host: 20 of 54 are 115 bits.
const RANDOM_CHARACTERS: usize = 20;
/// Without those that are mistaken for each other when read from a screen.
const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// The hash of no password, with the same cost as a real one: checking a password of a user who
/// does not exist takes as long as that of one who does.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and checks passwords. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
}

/// A password could not be hashed.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The algorithm refused.
    #[error("failed to hash a password: {0}")]
    Hash(argon2::password_hash::Error),
    /// The thread that hashed was lost: the process is ending.
    #[error("hashing was interrupted")]
    Interrupted,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(HASHES_AT_ONCE_MAX)) }
    }
}

impl Passwords {
    /// A salted hash in PHC form.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub async fn hash(&self, password: &str) -> Result<String, PasswordError> {
        let password = password.to_owned();
        self.in_turn(move || {
            let hash: PasswordHash =
                Argon2::default().hash_password(password.as_bytes()).map_err(PasswordError::Hash)?;
            Ok(hash.to_string())
        })
        .await?
    }

    /// Whether `password` is the one that was hashed. None for a user that does not exist: the
    /// answer is no, and takes as long.
    ///
    /// # Errors
    /// [`PasswordError::Interrupted`].
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, PasswordError> {
        let exists = hash.is_some();
        let hash = hash.unwrap_or(NOBODY).to_owned();
        let password = password.to_owned();
        let matches = self.in_turn(move || is_hash_of(&hash, &password));
        Ok(matches.await? && exists)
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, PasswordError> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| PasswordError::Interrupted)?;
        let work = move || {
            // Held by the work itself: a client that hangs up must not make room for another.
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| PasswordError::Interrupted)
    }
}

/// Whether a hash is a bcrypt one: no longer made, still checked, for users who came from elsewhere.
pub(super) fn is_foreign(hash: &str) -> bool {
    ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| hash.starts_with(prefix))
}

fn is_hash_of(hash: &str, password: &str) -> bool {
    if is_foreign(hash) {
        return bcrypt::verify(password, hash).unwrap_or(false);
    }
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// A random password with a digit, a letter and a character that is neither.
pub fn random() -> String {
    let mut generator = rand::rng();
    loop {
        let password: String =
            (0..RANDOM_CHARACTERS).map(|_| char::from(ALPHABET[generator.random_range(0..ALPHABET.len())])).collect();
        let digit = password.contains(|c: char| c.is_ascii_digit());
        let letter = password.contains(|c: char| c.is_ascii_alphabetic());
        if digit && letter {
            let (left, right) = password.split_at(RANDOM_CHARACTERS / 2);
            return format!("{left}-{right}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_knows_its_password_and_nobody_has_one() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse").await.unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(passwords.verify("correct horse", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("wrong", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("", None).await.unwrap());
        assert!(!passwords.verify("x", Some("no hash")).await.unwrap());
    }

    #[test]
    fn checking_nobodys_password_costs_as_much_as_anybodys() {
        let nobody = PasswordHash::new(NOBODY).unwrap();
        let somebody: PasswordHash = Argon2::default().hash_password(b"x").unwrap();
        assert_eq!(nobody.algorithm, somebody.algorithm);
        assert_eq!(nobody.params, somebody.params);
        assert_eq!(nobody.version, somebody.version);
        let length = |hash: &PasswordHash| hash.hash.as_ref().unwrap().len();
        assert_eq!(length(&nobody), length(&somebody));
    }

    #[test]
    fn random_passwords_differ() {
        assert_ne!(random(), random());
        assert_eq!(random().len(), RANDOM_CHARACTERS + 1);
    }
}
