//! Rows of sessions, as an administrator sees them.

use serde::Deserialize;

/// A session that can still be used or renewed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LiveSession {
    /// Names it.
    pub session_uuid: String,
    /// The user.
    pub user_id: i64,
    /// The user's login name.
    pub username: String,
    /// The user's name that is shown.
    pub nickname: String,
    /// Where the user logged in.
    pub ip: Option<String>,
    /// On which operating system.
    pub os: Option<String>,
    /// With which program.
    pub browser: Option<String>,
    /// On which kind of device.
    pub device: Option<String>,
    /// Unix milliseconds.
    pub last_login_time: i64,
    /// Unix milliseconds.
    pub last_used_time: Option<i64>,
    /// When its access token ends, Unix milliseconds.
    pub expire_time: i64,
}
