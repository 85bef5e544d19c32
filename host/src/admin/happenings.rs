//! What happens in the core that others may have to follow: their rows name users and departments by id.

use futures_util::future::BoxFuture;
use plugin_api::db::{DbError, Transaction};

/// Something that happens in the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// There is a new user.
    UserAdded,
    /// A user is gone.
    UserDeleted,
    /// A department is gone.
    DeptDeleted,
}

/// Who is told. Implemented by whoever knows the plugins.
pub trait Happenings: Send + Sync + 'static {
    /// Tells what happens to the user or department `id`, if `transaction` is committed.
    ///
    /// # Errors
    /// The database's: the transaction must not be committed then.
    fn tell<'a>(&'a self, transaction: &'a Transaction, what: Happening, id: i64)
    -> BoxFuture<'a, Result<(), DbError>>;

    /// A transaction in which something was told has been committed.
    fn told(&self);
}

/// Nobody is told.
#[derive(Debug, Clone, Copy, Default)]
pub struct NobodyTold;

impl Happening {
    /// What it is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UserAdded => "user_added",
            Self::UserDeleted => "user_deleted",
            Self::DeptDeleted => "dept_deleted",
        }
    }
}

impl Happenings for NobodyTold {
    fn tell<'a>(&'a self, _: &'a Transaction, _: Happening, _: i64) -> BoxFuture<'a, Result<(), DbError>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn told(&self) {}
}
