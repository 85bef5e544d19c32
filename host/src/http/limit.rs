//! How often one client may ask.

use super::{ApiError, Message};
use crate::cache::{Cluster, Redis};
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use poem::http::{HeaderValue, StatusCode, header};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

/// Clients that are kept before those are looked for that may ask as if they never had.
const CLIENTS_MAX: usize = 10_000;

/// A limit that each client has for itself. Routes that share it count together, and so do all
/// processes; while they can't, each counts for itself.
pub struct ClientLimit(Option<Limit>);

struct Limit {
    requests: u32,
    /// After which one more may come.
    interval: Duration,
    here: RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>,
    shared: Option<(&'static str, Redis)>,
}

impl ClientLimit {
    /// At most `requests` in a row; they come back evenly over `within`. 0 is no limit.
    pub fn new(requests: u32, within: Duration) -> Self {
        let limit = |burst: NonZeroU32| {
            let interval = within / requests;
            let quota = Quota::with_period(interval)?.allow_burst(burst);
            Some(Limit { requests, interval, here: RateLimiter::hashmap(quota), shared: None })
        };
        Self(NonZeroU32::new(requests).and_then(limit))
    }

    /// The same, counted under `name` together with every process of `cluster`.
    #[must_use]
    pub fn shared(self, name: &'static str, cluster: &Cluster) -> Self {
        Self(self.0.map(|limit| Limit { shared: cluster.redis().map(|redis| (name, redis.clone())), ..limit }))
    }

    /// Counts a request of `client`.
    ///
    /// # Errors
    /// 429 with `Retry-After`, once the client has to wait.
    pub async fn admit(&self, client: Option<IpAddr>) -> Result<(), ApiError> {
        let Some(limit) = &self.0 else { return Ok(()) };
        match limit.count(network(client)).await {
            None => Ok(()),
            Some(wait) => {
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                Err(too_many(seconds.max(1)))
            }
        }
    }
}

impl Limit {
    /// Counts a request; gives how long to wait if there were too many.
    async fn count(&self, client: IpAddr) -> Option<Duration> {
        if let Some((name, redis)) = &self.shared {
            match redis.count(&format!("limiter:{name}:{client}"), self.interval, self.requests).await {
                Ok(wait) => return wait,
                Err(error) => tracing::debug!(%error, "requests are counted by this process alone"),
            }
        }
        if self.here.len() > CLIENTS_MAX {
            self.here.retain_recent();
        }
        let refused = self.here.check_key(&client).err()?;
        Some(refused.wait_time_from(self.here.clock().now()))
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

    #[tokio::test]
    async fn each_client_has_a_limit_of_its_own_and_zero_is_none() {
        let limit = ClientLimit::new(2, Duration::from_secs(60));
        let client = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        for address in ["192.0.2.1", "192.0.2.2", "2001:db8::1"] {
            assert!(
                limit.admit(client(address)).await.is_ok() && limit.admit(client(address)).await.is_ok(),
                "{address}"
            );
            let refused = limit.admit(client(address)).await.unwrap_err();
            assert_eq!(refused.to_response().headers()["retry-after"], "30", "{address}");
        }
        assert!(limit.admit(client("2001:db8::ffff")).await.is_err());
        assert!(limit.admit(client("2001:db8:0:1::1")).await.is_ok());
        let none = ClientLimit::new(0, Duration::from_secs(60));
        for _ in 0..100 {
            assert!(none.admit(None).await.is_ok());
        }
    }
}
