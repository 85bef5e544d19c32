//! Where a login comes from.

use std::net::IpAddr;

/// Most characters of a `User-Agent` that are kept.
const USER_AGENT_CHARACTERS_MAX: usize = 512;

/// Where a login comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The client's address, if it has one.
    pub ip: Option<IpAddr>,
    /// The client's `User-Agent`, at most 512 characters, empty if it sends none.
    pub user_agent: String,
}

impl Origin {
    /// Of a client at `ip` that says `user_agent` of itself.
    pub fn new(ip: Option<IpAddr>, user_agent: Option<&str>) -> Self {
        let user_agent = user_agent.unwrap_or_default().chars().take(USER_AGENT_CHARACTERS_MAX).collect();
        Self { ip, user_agent }
    }
}
