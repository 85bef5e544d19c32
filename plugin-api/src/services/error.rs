//! What went wrong in a service of the host other than the database.

use crate::db::{DbError, DbErrorKind};

/// Why something was not done that a plugin asked its host, another server or another plugin for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ServiceError {
    /// What a caller may decide by.
    pub kind: ServiceErrorKind,
    /// For people. It holds no secrets: of a URL neither user name nor query.
    pub message: String,
}

impl ServiceError {
    /// An error of a kind.
    pub fn new(kind: ServiceErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// One of kind [`Other`](ServiceErrorKind::Other), from anything that can be shown.
    pub fn other(reason: impl ToString) -> Self {
        Self::new(ServiceErrorKind::Other, reason.to_string())
    }
}

impl From<DbError> for ServiceError {
    /// Of kind `Timeout` or `Unavailable` where the database's is; else `Other`.
    fn from(error: DbError) -> Self {
        let kind = match error.kind {
            DbErrorKind::Timeout => ServiceErrorKind::Timeout,
            DbErrorKind::Unavailable | DbErrorKind::TransactionEnded => ServiceErrorKind::Unavailable,
            _ => ServiceErrorKind::Other,
        };
        Self::new(kind, error.message)
    }
}

/// The kinds of failure that a caller treats differently. The numbers cross the ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum ServiceErrorKind {
    /// Anything else.
    Other = 0,
    /// The plugin has not been granted what this would need.
    Refused = 1,
    /// What was asked for can't be understood: a URL that is none, a header that can't be sent.
    Invalid = 2,
    /// There is nothing of that name.
    NotFound = 3,
    /// Something is larger than the host allows.
    TooLarge = 4,
    /// There is no room left.
    Full = 5,
    /// It took longer than the host, or the plugin, allows.
    Timeout = 6,
    /// The other side can't be reached, or broke off.
    Unreachable = 7,
    /// The host offers no such service here, or the plugin is being stopped.
    Unavailable = 8,
    /// As much of it runs already as may. Since 1.4.
    Busy = 9,
}

impl ServiceErrorKind {
    const ALL: [Self; 10] = [
        Self::Other,
        Self::Refused,
        Self::Invalid,
        Self::NotFound,
        Self::TooLarge,
        Self::Full,
        Self::Timeout,
        Self::Unreachable,
        Self::Unavailable,
        Self::Busy,
    ];

    /// The number that crosses the ABI.
    pub fn to_code(self) -> u32 {
        self as u32
    }

    /// The kind of a number that crossed the ABI; [`Other`](Self::Other) for one of a newer host.
    pub fn from_code(code: u32) -> Self {
        Self::ALL.into_iter().find(|kind| kind.to_code() == code).unwrap_or(Self::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_kinds_come_back() {
        for (code, kind) in (0..).zip(ServiceErrorKind::ALL) {
            assert_eq!(kind.to_code(), code);
            assert_eq!(ServiceErrorKind::from_code(code), kind);
        }
        assert_eq!(ServiceErrorKind::from_code(4_000), ServiceErrorKind::Other);
    }
}
