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
    /// The request's id, if it has one.
    pub request: Option<RequestDigits>,
}

/// The id of a request: 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestDigits([u8; Self::LENGTH]);

impl RequestDigits {
    const LENGTH: usize = 32;

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("it is made of ASCII only")
    }

    /// An id, unless `text` has another length.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let digits: [u8; Self::LENGTH] = text.as_bytes().try_into().ok()?;
        digits.is_ascii().then_some(Self(digits))
    }
}

impl Asker {
    /// Who asks in the call that is running on this thread; None outside of every call.
    #[must_use]
    pub fn now() -> Option<Self> {
        ASKER.try_with(|asker| *asker).ok()
    }

    pub(super) fn of(caller: &Caller<'_>) -> Self {
        Self {
            user_id: caller.user_id,
            is_superuser: caller.is_superuser,
            request: RequestDigits::of(caller.request_id),
        }
    }

    /// Runs one step of a call.
    pub(super) fn during<T>(self, step: impl FnOnce() -> T) -> T {
        ASKER.sync_scope(self, step)
    }
}
