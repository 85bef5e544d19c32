//! Who asks in the call that this thread is running right now.
//!
//! The host knows it from the request itself. A service that must not take a plugin's word for it
//! reads it here: it is set around each step of a call into a plugin, and nowhere else.

use super::Caller;

tokio::task_local! {
    static ASKER: Asker;
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asker {
    /// The user's id; 0 for nobody.
    pub user_id: i64,
    /// Whether every permission is granted.
    pub is_superuser: bool,
}

impl Asker {
    /// Who asks in the call that is running on this thread; None outside of every call.
    #[must_use]
    pub fn now() -> Option<Self> {
        ASKER.try_with(|asker| *asker).ok()
    }

    pub(super) fn of(caller: &Caller<'_>) -> Self {
        Self { user_id: caller.user_id, is_superuser: caller.is_superuser }
    }

    /// Runs one step of a call.
    pub(super) fn during<T>(self, step: impl FnOnce() -> T) -> T {
        ASKER.sync_scope(self, step)
    }
}
