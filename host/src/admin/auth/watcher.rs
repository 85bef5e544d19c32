//! Who wants to know of logins.

use super::Origin;
use super::login_error::Texts;

/// One attempt to log in, as it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The user's public id, if a user has this name.
    pub user_uuid: Option<String>,
    /// The name that was given.
    pub username: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Where it came from.
    pub origin: Origin,
    /// What the client was told.
    pub message: Texts,
    /// Unix milliseconds.
    pub time_ms: i64,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A session has begun.
    Success,
    /// None has.
    Failure,
}

/// Is told of every attempt to log in, before the client is. It must not block.
pub trait LoginWatcher: Send + Sync + 'static {
    /// An attempt has ended.
    fn attempted(&self, attempt: &Attempt);
}
