//! Measures, and asks.

use super::machine::{Machine, Probe};
use super::quantity::{duration, short_size};
use super::redis::{self, Told};
use crate::admin::auth::Authenticator;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A measurement that is no older is good enough: however many ask, the machine is measured once.
const FRESH: Duration = Duration::from_secs(1);
/// What Redis has no word for.
const NOTHING: &str = "-";

/// The machine, this process and the store of shared state. Cheap to clone.
#[derive(Clone)]
pub struct Monitor {
    probe: Arc<Mutex<Measured>>,
    authenticator: Arc<Authenticator>,
    /// Empty without a Redis.
    redis_url: Arc<str>,
    began: Instant,
}

#[derive(Default)]
struct Measured {
    probe: Option<Probe>,
    last: Option<(Instant, Machine)>,
}

/// What the store of shared state says of itself: each key with its value as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreReport {
    /// The values of [`INFO_KEYS`], in their order.
    pub info: Vec<String>,
    /// Name and number of calls of each command.
    pub commands: Vec<(String, String)>,
}

/// What clients ask of the store.
pub const INFO_KEYS: [&str; 15] = [
    "redis_version",
    "redis_mode",
    "role",
    "tcp_port",
    "uptime",
    "connected_clients",
    "blocked_clients",
    "used_memory_human",
    "used_memory_rss_human",
    "maxmemory_human",
    "mem_fragmentation_ratio",
    "instantaneous_ops_per_sec",
    "total_commands_processed",
    "rejected_connections",
    "keys_num",
];

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
pub enum MonitorError {
    /// The configured Redis does not answer.
    #[error("failed to ask Redis")]
    Redis(#[source] ::redis::RedisError),
    /// Measuring panicked.
    #[error("failed to measure the machine")]
    Measure(#[source] tokio::task::JoinError),
}

impl Monitor {
    /// Of this machine, and of the Redis at `redis_url` or, if that is empty, of what is remembered
    /// in this process instead.
    pub fn new(authenticator: Arc<Authenticator>, redis_url: &str) -> Self {
        Self { probe: Arc::default(), authenticator, redis_url: redis_url.into(), began: Instant::now() }
    }

    /// The machine and this process, measured at most a second ago, beside the requests.
    ///
    /// # Errors
    /// [`MonitorError::Measure`].
    pub async fn machine(&self) -> Result<Machine, MonitorError> {
        let measured = Arc::clone(&self.probe);
        tokio::task::spawn_blocking(move || measured.lock().machine()).await.map_err(MonitorError::Measure)
    }

    /// What the store of shared state says of itself.
    ///
    /// # Errors
    /// [`MonitorError`].
    pub async fn store(&self) -> Result<StoreReport, MonitorError> {
        if self.redis_url.is_empty() {
            return self.embedded().await;
        }
        Ok(report(&redis::ask(&self.redis_url).await.map_err(MonitorError::Redis)?))
    }

    /// Without a Redis, what would be there is remembered in this process.
    async fn embedded(&self) -> Result<StoreReport, MonitorError> {
        let resident = short_size(self.machine().await?.process.resident_bytes);
        let sessions = self.authenticator.remembered().to_string();
        let value = |key: &str| match key {
            "redis_version" => "embedded".to_owned(),
            "redis_mode" => "standalone".to_owned(),
            "role" => "master".to_owned(),
            "uptime" => duration(self.began.elapsed().as_secs()),
            "connected_clients" => "1".to_owned(),
            "used_memory_human" | "used_memory_rss_human" => resident.clone(),
            "maxmemory_human" => "0B".to_owned(),
            "mem_fragmentation_ratio" => "1.00".to_owned(),
            "keys_num" => sessions.clone(),
            "tcp_port" => NOTHING.to_owned(),
            _ => "0".to_owned(),
        };
        let info = INFO_KEYS.iter().map(|key| value(key)).collect();
        Ok(StoreReport { info, commands: vec![("remembered sessions".to_owned(), sessions.clone())] })
    }
}

impl Measured {
    fn machine(&mut self) -> Machine {
        if let Some((at, machine)) = &self.last
            && at.elapsed() < FRESH
        {
            return machine.clone();
        }
        let machine = self.probe.get_or_insert_with(Probe::new).measure();
        self.last = Some((Instant::now(), machine.clone()));
        machine
    }
}

fn report(told: &Told) -> StoreReport {
    let said = |key: &str| told.info.get::<String>(key);
    let value = |key: &str| match key {
        "uptime" => said("uptime_in_seconds").and_then(|seconds| seconds.parse().ok()).map(duration),
        "keys_num" => Some(told.keys.to_string()),
        key => said(key),
    };
    let info = INFO_KEYS.iter().map(|key| value(key).unwrap_or_else(|| NOTHING.to_owned())).collect();
    StoreReport { info, commands: told.commands.clone() }
}
