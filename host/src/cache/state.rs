//! State that belongs to no process: values that run out by themselves, and quotas.
//!
//! While Redis is away every call fails at once. What to do then is the caller's decision.

use super::redis::{CacheError, Redis};
use redis::{Cmd, FromRedisValue};
use std::time::Duration;

/// How often an update is decided anew because others were faster.
const TRIES_MAX: usize = 32;

/// Gives a value, empty if there is none, and the time of Redis' clock.
const READ: &str = "local now = redis.call('TIME')
return {redis.call('GET', KEYS[1]) or '', now[1], now[2]}";

/// Sets a value unless it is another than the one that was read.
const REPLACE: &str = "if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1";

/// Counts one request, by the generic cell rate algorithm: the key has the time at which the quota is
/// whole again. Gives the microseconds to wait. All times are in microseconds, which a number of Lua
/// holds exactly, but shows so only if it is told to.
const COUNT: &str = "local clock = redis.call('TIME')
local now, interval, burst = clock[1] * 1000000 + clock[2], tonumber(ARGV[1]), tonumber(ARGV[2])
local whole = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + interval
local wait = whole - now - interval * burst
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', whole), 'PX', math.ceil((whole - now) / 1000))
return 0";

/// What becomes of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It stays.
    Keep,
    /// This takes its place.
    Put {
        /// The new value; not empty.
        value: String,
        /// How long it is there.
        seconds: u32,
    },
}

impl Redis {
    /// Keeps a value for a while.
    ///
    /// # Errors
    /// [`CacheError`].
    pub async fn put(&self, name: &str, value: &str, seconds: u32) -> Result<(), CacheError> {
        self.state(redis::cmd("SET").arg(self.key(name)).arg(value).arg("EX").arg(seconds)).await
    }

    /// Takes a value away; two who ask at once do not both get it.
    ///
    /// # Errors
    /// [`CacheError`].
    pub async fn take(&self, name: &str) -> Result<Option<String>, CacheError> {
        self.state(redis::cmd("GETDEL").arg(self.key(name))).await
    }

    /// Looks at a value.
    ///
    /// # Errors
    /// [`CacheError`].
    pub async fn read<T>(&self, name: &str, look: impl FnOnce(&str, i64) -> T) -> Result<T, CacheError> {
        let (value, now_ms) = self.value(&self.key(name)).await?;
        Ok(look(&value, now_ms))
    }

    /// Changes a value as `decide` says, which gets the value, empty if there is none, and the time in
    /// Unix milliseconds. When others change it meanwhile, it is decided anew.
    ///
    /// # Errors
    /// [`CacheError`]; nothing is changed then.
    pub async fn update<T>(
        &self,
        name: &str,
        mut decide: impl FnMut(&str, i64) -> (Change, T),
    ) -> Result<T, CacheError> {
        let key = self.key(name);
        for _ in 0..TRIES_MAX {
            let (old, now_ms) = self.value(&key).await?;
            let (change, outcome) = decide(&old, now_ms);
            let Change::Put { value, seconds } = change else { return Ok(outcome) };
            if self.state::<u32>(script(REPLACE, &key).arg(&old).arg(value).arg(seconds)).await? == 1 {
                return Ok(outcome);
            }
        }
        Err(CacheError::Contended)
    }

    /// Counts a request: at most `burst` in a row, one more after each `interval`. Gives how long to wait if
    /// there were too many.
    ///
    /// # Errors
    /// [`CacheError`]; it is not counted then.
    pub async fn count(&self, name: &str, interval: Duration, burst: u32) -> Result<Option<Duration>, CacheError> {
        let interval = u64::try_from(interval.as_micros()).unwrap_or(u64::MAX);
        let wait: u64 = self.state(script(COUNT, &self.key(name)).arg(interval).arg(burst)).await?;
        Ok((wait > 0).then(|| Duration::from_micros(wait)))
    }

    async fn value(&self, key: &str) -> Result<(String, i64), CacheError> {
        let (value, seconds, micros): (String, i64, i64) = self.state(&script(READ, key)).await?;
        Ok((value, seconds * 1000 + micros / 1000))
    }

    /// Asks, unless it is known that nobody answers.
    async fn state<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, CacheError> {
        if self.is_away() { Err(CacheError::Silent) } else { self.ask(command).await }
    }
}

pub(super) fn script(text: &str, key: &str) -> Cmd {
    let mut command = redis::cmd("EVAL");
    command.arg(text).arg(1).arg(key);
    command
}
