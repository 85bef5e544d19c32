//! Numbers, each of which is one process' at a time.

use super::redis::{CacheError, Redis};
use super::state::script;
use crate::tasks;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long a number is its process' without a word from it.
const LIFE: Duration = Duration::from_secs(60);
/// How often the process says that it still has it.
const RENEWAL_INTERVAL: Duration = Duration::from_secs(20);

/// Takes a number for its owner, or keeps it; gives 0 if it is another's.
const TAKE: &str = "local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1";

/// Gives a number back, unless it is another's.
const GIVE: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0";

/// A number that no other process has.
#[derive(Debug)]
pub struct NumberLease {
    number: u8,
    key: String,
    owner: String,
    redis: Redis,
    ended: CancellationToken,
}

impl Redis {
    /// Takes the first free number from `first` on, which goes on at 0 after `last`; None if there is none.
    ///
    /// Whoever loses Redis for longer than a minute may lose the number to another, which is logged.
    ///
    /// # Errors
    /// [`CacheError`].
    pub async fn lease_number(&self, name: &str, first: u8, last: u8) -> Result<Option<NumberLease>, CacheError> {
        let owner = Uuid::new_v4().simple().to_string();
        for number in (first..=last).chain(0..first) {
            let key = self.key(&format!("{name}:{number}"));
            if self.take_number(&key, &owner).await? {
                let (redis, ended) = (self.clone(), CancellationToken::new());
                let lease = NumberLease { number, key, owner, redis, ended };
                tasks::spawn("lease of a number", lease.renewal());
                return Ok(Some(lease));
            }
        }
        Ok(None)
    }

    async fn take_number(&self, key: &str, owner: &str) -> Result<bool, CacheError> {
        let life_ms = u64::try_from(LIFE.as_millis()).unwrap_or(u64::MAX);
        Ok(self.ask::<u32>(script(TAKE, key).arg(owner).arg(life_ms)).await? == 1)
    }
}

impl NumberLease {
    /// The number.
    #[must_use]
    pub fn number(&self) -> u8 {
        self.number
    }

    /// Leaves the number to others.
    pub async fn give_back(&self) {
        self.ended.cancel();
        if let Err(error) = self.redis.ask::<u32>(script(GIVE, &self.key).arg(&self.owner)).await {
            tracing::debug!(%error, "a number is free only when its lease runs out");
        }
    }

    fn renewal(&self) -> impl Future<Output = ()> + Send + 'static {
        let (redis, key, owner, ended) = (self.redis.clone(), self.key.clone(), self.owner.clone(), self.ended.clone());
        async move {
            while ended.run_until_cancelled(tokio::time::sleep(RENEWAL_INTERVAL)).await.is_some() {
                match redis.take_number(&key, &owner).await {
                    Ok(true) => {}
                    Ok(false) => tracing::error!(key, "another process has taken this process' number; restart it"),
                    Err(error) => tracing::warn!(%error, key, "the lease of this process' number was not renewed"),
                }
            }
        }
    }
}

impl Drop for NumberLease {
    fn drop(&mut self) {
        self.ended.cancel();
    }
}
