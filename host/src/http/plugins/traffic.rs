//! `/plugins/traffic`: how much plugins are called, how often they fail and how long they take.

use super::model::Tag;
use crate::http::{Answer, ApiError, SuperCaller};
use crate::plugin::SupervisorHandle;
use crate::plugin::traffic::{INTERVAL, Latency, Recent, Sample};
use crate::store::Usage;
use poem_openapi::param::{Path, Query};
use poem_openapi::{Object, OpenApi};
use std::sync::Arc;

/// `/plugins/traffic`, `/plugins/{plugin}/traffic`
pub struct TrafficApi {
    supervisor: SupervisorHandle,
}

/// The last minute. Times are from the dispatch of a call to the head of its answer, in milliseconds, known to 3 %.
#[derive(Debug, Clone, Object)]
#[oai(rename = "RecentTraffic")]
pub(super) struct RecentDto {
    /// How long it has lasted, but for what has come since the last sample.
    pub seconds: u64,
    /// Calls that ended.
    pub calls: u64,
    /// Calls that ended with a status of 500 and above, in a panic, or at their deadline.
    pub errors: u64,
    /// Calls that were turned away because too many were running.
    pub rejected: u64,
    /// How long they took on average.
    pub mean_ms: Option<f64>,
    /// Half of them took at most that.
    pub p50_ms: Option<f64>,
    /// 95 of a hundred took at most that.
    pub p95_ms: Option<f64>,
    /// 99 of a hundred took at most that.
    pub p99_ms: Option<f64>,
    /// The longest.
    pub max_ms: Option<f64>,
}

/// Samples of the last half hour, the oldest first, column by column. Where nothing was called, times are 0.
#[derive(Debug, Clone, Default, Object)]
#[oai(rename = "TrafficHistory")]
pub(super) struct HistoryDto {
    /// The ends of the intervals, in seconds since 1970-01-01 UTC.
    pub times: Vec<i64>,
    /// Calls that ended in the interval.
    pub calls: Vec<u64>,
    /// Calls that ended with a status of 500 and above, in a panic, or at their deadline.
    pub errors: Vec<u64>,
    /// Calls that were turned away because too many were running.
    pub rejected: Vec<u64>,
    /// Half of the calls took at most that.
    pub p50_ms: Vec<f64>,
    /// 95 of a hundred took at most that.
    pub p95_ms: Vec<f64>,
    /// 99 of a hundred took at most that.
    pub p99_ms: Vec<f64>,
}

/// What the calls of a plugin come to in this process.
#[derive(Debug, Clone, Object)]
#[oai(rename = "PluginTraffic")]
pub(super) struct TrafficDto {
    /// Seconds between two samples.
    pub interval_s: u64,
    /// The last minute, up to now.
    pub recent: RecentDto,
    /// The last half hour.
    pub history: HistoryDto,
}

/// What the calls of all plugins come to in this process.
#[derive(Debug, Clone, Object)]
#[oai(rename = "TotalTraffic")]
pub(super) struct TotalTrafficDto {
    /// Seconds between two samples.
    pub interval_s: u64,
    /// The last minute of all together, up to the last sample.
    pub recent: RecentDto,
    /// The last half hour of all together.
    pub history: HistoryDto,
    /// Each that is installed.
    pub plugins: Vec<SharedTrafficDto>,
}

/// What one plugin has of it.
#[derive(Debug, Clone, Object)]
#[oai(rename = "SharedTraffic")]
pub(super) struct SharedTrafficDto {
    /// The plugin.
    pub id: String,
    /// Its last minute, up to now.
    pub recent: RecentDto,
    /// Its calls at the times of the whole.
    pub calls: Vec<u64>,
    /// Its failed calls at the times of the whole.
    pub errors: Vec<u64>,
}

/// What the store holds.
#[derive(Debug, Clone, Copy, Object)]
#[oai(rename = "PluginStore")]
pub(super) struct StoreDto {
    /// Bundles.
    pub bundles: u64,
    /// Bytes of them.
    pub bundle_bytes: u64,
    /// Libraries.
    pub libraries: u64,
    /// Bytes of them.
    pub library_bytes: u64,
}

impl TrafficApi {
    /// The routes over `supervisor`.
    #[must_use]
    pub fn new(supervisor: SupervisorHandle) -> Self {
        Self { supervisor }
    }
}

#[OpenApi(prefix_path = "/plugins", tag = "Tag::Plugins")]
impl TrafficApi {
    /// Show how much all plugins are called, how often they fail and how long they take
    #[oai(path = "/traffic", method = "get")]
    async fn total(
        &self,
        _caller: SuperCaller,
        /// Only samples after this moment, in seconds since 1970-01-01 UTC.
        #[oai(default)]
        after: Query<i64>,
    ) -> Result<Answer<TotalTrafficDto>, ApiError> {
        let traffic = &self.supervisor.workplace().traffic;
        let samples = traffic.history(after.0);
        let shared = |status: &Arc<crate::plugin::PluginStatus>| {
            let own = status.stats.history(after.0);
            SharedTrafficDto {
                id: status.id().to_string(),
                recent: RecentDto::of(&status.stats.recent()),
                calls: at_times_of(&samples, &own, |sample| sample.calls),
                errors: at_times_of(&samples, &own, |sample| sample.errors),
            }
        };
        Ok(Answer::of(TotalTrafficDto {
            interval_s: INTERVAL.as_secs(),
            recent: RecentDto::of(&traffic.recent()),
            plugins: self.supervisor.list().iter().map(shared).collect(),
            history: HistoryDto::of(&samples),
        }))
    }

    /// Show how much a plugin is called, how often it fails and how long it takes
    #[oai(path = "/:plugin/traffic", method = "get")]
    async fn traffic(
        &self,
        _caller: SuperCaller,
        plugin: Path<String>,
        /// Only samples after this moment, in seconds since 1970-01-01 UTC.
        #[oai(default)]
        after: Query<i64>,
    ) -> Result<Answer<TrafficDto>, ApiError> {
        let stats = &self.supervisor.installed(&self.supervisor.id(&plugin.0)?)?.stats;
        Ok(Answer::of(TrafficDto {
            interval_s: INTERVAL.as_secs(),
            recent: RecentDto::of(&stats.recent()),
            history: HistoryDto::of(&stats.history(after.0)),
        }))
    }

    /// Show how much the store of plugins holds
    #[oai(path = "/doctor/store", method = "get")]
    async fn store(&self, _caller: SuperCaller) -> Result<Answer<StoreDto>, ApiError> {
        let store = Arc::clone(&self.supervisor.workplace().store);
        let usage = tokio::task::spawn_blocking(move || store.usage()).await.map_err(ApiError::internal)?;
        Ok(Answer::of(StoreDto::of(usage.map_err(ApiError::internal)?)))
    }
}

/// Numbers of a plugin, one for each sample of the whole; 0 where the plugin was not there yet.
fn at_times_of(whole: &[Sample], own: &[Sample], number: impl Fn(&Sample) -> u64) -> Vec<u64> {
    let mut own = own.iter().peekable();
    let mut at = |sample: &Sample| {
        while own.next_if(|one| one.at_s < sample.at_s).is_some() {}
        own.next_if(|one| one.at_s == sample.at_s).map_or(0, &number)
    };
    whole.iter().map(&mut at).collect()
}

/// Whole microseconds in milliseconds.
fn ms(us: u64) -> f64 {
    std::time::Duration::from_micros(us).as_secs_f64() * 1_000.0
}

impl RecentDto {
    fn of(recent: &Recent) -> Self {
        let time = |of: fn(&Latency) -> u64| recent.latency.as_ref().map(|latency| ms(of(latency)));
        Self {
            seconds: recent.seconds,
            calls: recent.calls,
            errors: recent.errors,
            rejected: recent.rejected,
            mean_ms: time(|latency| latency.mean_us),
            p50_ms: time(|latency| latency.p50_us),
            p95_ms: time(|latency| latency.p95_us),
            p99_ms: time(|latency| latency.p99_us),
            max_ms: time(|latency| latency.max_us),
        }
    }
}

impl HistoryDto {
    fn of(samples: &[Sample]) -> Self {
        let count = |of: fn(&Sample) -> u64| samples.iter().map(of).collect();
        let time = |of: fn(&Latency) -> u64| -> Vec<f64> {
            samples.iter().map(|sample| sample.latency.as_ref().map_or(0.0, |latency| ms(of(latency)))).collect()
        };
        Self {
            times: samples.iter().map(|sample| sample.at_s).collect(),
            calls: count(|sample| sample.calls),
            errors: count(|sample| sample.errors),
            rejected: count(|sample| sample.rejected),
            p50_ms: time(|latency| latency.p50_us),
            p95_ms: time(|latency| latency.p95_us),
            p99_ms: time(|latency| latency.p99_us),
        }
    }
}

impl StoreDto {
    fn of(usage: Usage) -> Self {
        let Usage { bundles, bundle_bytes, libraries, library_bytes } = usage;
        Self { bundles, bundle_bytes, libraries, library_bytes }
    }
}
