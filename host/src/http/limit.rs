//! How often one client may ask.

use super::{ApiError, Message};
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use poem::http::{HeaderValue, StatusCode, header};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

/// Clients that are kept before those are looked for that may ask as if they never had.
const CLIENTS_MAX: usize = 10_000;

/// A limit that each client has for itself. Routes that share it count together.
pub struct ClientLimit(Option<RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>>);

impl ClientLimit {
    /// At most `requests` in a row; they come back evenly over `within`. 0 is no limit.
    pub fn new(requests: u32, within: Duration) -> Self {
        let quota = NonZeroU32::new(requests)
            .and_then(|requests| Some(Quota::with_period(within / requests.get())?.allow_burst(requests)));
        Self(quota.map(RateLimiter::hashmap))
    }

    /// Counts a request of `client`.
    ///
    /// # Errors
    /// 429 with `Retry-After`, once the client has to wait.
    pub fn admit(&self, client: Option<IpAddr>) -> Result<(), ApiError> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        if limiter.len() > CLIENTS_MAX {
            limiter.retain_recent();
        }
        limiter.check_key(&network(client)).map_err(|refused| {
            let wait = refused.wait_time_from(limiter.clock().now());
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            too_many(seconds.max(1))
        })
    }
}

/// Whoever has an IPv6 address has the other ones of its /64 too.
fn network(client: Option<IpAddr>) -> IpAddr {
    match client {
        Some(IpAddr::V6(address)) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        Some(address) => address,
        None => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    }
}

fn too_many(retry_after_s: u64) -> ApiError {
    let message = Message::fixed("too many requests; try again later", "请求过于频繁，请稍后重试");
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, message)
        .with_header(header::RETRY_AFTER, HeaderValue::from(retry_after_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_a_limit_of_its_own_and_zero_is_none() {
        let limit = ClientLimit::new(2, Duration::from_secs(60));
        let client = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        for address in ["192.0.2.1", "192.0.2.2", "2001:db8::1"] {
            assert!(limit.admit(client(address)).is_ok() && limit.admit(client(address)).is_ok(), "{address}");
            let refused = limit.admit(client(address)).unwrap_err();
            assert_eq!(refused.to_response().headers()["retry-after"], "30", "{address}");
        }
        assert!(limit.admit(client("2001:db8::ffff")).is_err());
        assert!(limit.admit(client("2001:db8:0:1::1")).is_ok());
        let none = ClientLimit::new(0, Duration::from_secs(60));
        assert!((0..100).all(|_| none.admit(None).is_ok()));
    }
}
