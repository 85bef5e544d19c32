//! What is announced, and who acts on it.

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Something has been committed that makes remembered things untrue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Announcement {
    /// What a user may do, or their sessions.
    User(i64),
    /// One session has ended.
    Session(Uuid),
    /// What many users may do.
    Everybody,
    /// Entries of a log were deleted.
    Logs,
    /// Which plugins should be served.
    Plugins,
    /// More than one can say.
    Everything,
}

/// Something that remembers, and forgets at once.
pub trait Memory: Send + Sync + 'static {
    /// Forgets what the announcement makes untrue. What is being looked up meanwhile must not be
    /// remembered afterwards.
    fn forget(&self, announcement: &Announcement);
}

/// Something that follows the rows of plugins, which takes a while.
pub trait Follower: Send + Sync + 'static {
    /// Something may have been missed: what is served now may be wrong.
    fn doubt(&self);

    /// Completes when what is served is what the rows say, as of a moment after the call.
    fn catch_up(&self) -> BoxFuture<'static, ()>;
}
