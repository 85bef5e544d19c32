//! What the processes over one database share besides it: announcements of what to forget, and
//! state that belongs to none of them.
//!
//! All of it goes through one Redis, when one is configured; without it this process is the only
//! one, and nothing here costs anything. The room knows how to tell and how to keep, and must not
//! know what a user, a role or a plugin is.
//!
//! Invariant: a process believes what it remembers only while it hears everything that the others
//! announce (see [`Announcements`] and ADR 0011).

mod announcement;
mod announcements;
mod belief;
mod lease;
mod letter;
mod members;
mod redis;
mod state;
mod subscription;

pub use announcement::{Announcement, Follower, Memory};
pub use announcements::Announcements;
pub use lease::NumberLease;
pub use redis::{CacheError, Redis};
pub use state::Change;

/// The processes over one database, as one of them sees them. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    redis: Option<Redis>,
    announcements: Announcements,
}

impl Cluster {
    /// This process is the only one.
    #[must_use]
    pub fn alone() -> Self {
        Self::default()
    }

    /// The processes of the product `name` that use the Redis at `url`; alone if it is empty.
    ///
    /// Must be called on a tokio runtime. Nothing is heard before [`Announcements::start`].
    ///
    /// # Errors
    /// [`CacheError`] if the address can't be understood; a Redis that does not answer is no error.
    pub fn open(url: &str, name: &str) -> Result<Self, CacheError> {
        if url.is_empty() {
            return Ok(Self::alone());
        }
        let redis = Redis::open(url, name)?;
        let announcements = Announcements::over(redis.clone());
        Ok(Self { redis: Some(redis), announcements })
    }

    /// Where state is kept that belongs to no process; None if this is the only one.
    #[must_use]
    pub fn redis(&self) -> Option<&Redis> {
        self.redis.as_ref()
    }

    /// How the processes tell each other what to forget.
    #[must_use]
    pub fn announcements(&self) -> &Announcements {
        &self.announcements
    }
}
