//! Routes about the machine and the store of shared state.

use super::Monitor;
use super::machine::{Disk, Machine};
use super::quantity::{duration, gigabytes, percent, size};
use super::service::{INFO_KEYS, MonitorError};
use crate::admin::Clock;
use crate::http::{Allowed, Answer, ApiError, Message};
use crate::permissions;
use poem_openapi::{Object, OpenApi};
use std::collections::HashMap;

permissions! {
    SeeServer = "monitor:server:list",
    SeeRedis = "monitor:redis:list",
}

/// Seconds after which a client may ask for the store again.
const RETRY_AFTER_S: u32 = 5;

/// `/monitors`
pub struct MonitorApi {
    monitor: Monitor,
    clock: Clock,
    service: String,
}

/// The machine and this process.
#[derive(Debug, Clone, PartialEq, Object)]
pub struct ServerMonitor {
    /// Its processors.
    pub cpu: CpuView,
    /// Its memory.
    pub mem: MemoryView,
    /// Its system.
    pub sys: SystemView,
    /// What is mounted.
    pub disk: Vec<DiskView>,
    /// This process.
    pub service: ServiceView,
}

/// Processors. Frequencies are in MHz, 0 where the system does not tell.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "CpuMonitor")]
pub struct CpuView {
    /// Cores.
    pub physical_num: u32,
    /// Threads.
    pub logical_num: u32,
    /// The highest frequency.
    pub max_freq: f64,
    /// The lowest frequency.
    pub min_freq: f64,
    /// The frequency now.
    pub current_freq: f64,
    /// Percent.
    pub usage: f64,
}

/// Memory, in gigabytes.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "MemoryMonitor")]
pub struct MemoryView {
    /// In all.
    pub total: f64,
    /// In use.
    pub used: f64,
    /// What a program could get.
    pub free: f64,
    /// Percent in use.
    pub usage: f64,
}

/// The system.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "SystemMonitor")]
pub struct SystemView {
    /// The machine's name.
    pub name: String,
    /// Its operating system.
    pub os: String,
    /// Its address.
    pub ip: String,
    /// Its architecture.
    pub arch: String,
}

/// A file system.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "DiskMonitor")]
pub struct DiskView {
    /// Where it is mounted.
    pub dir: String,
    /// The device.
    pub device: String,
    /// Its kind.
    #[oai(rename = "type")]
    pub kind: String,
    /// `251.97 GB`
    pub total: String,
    /// `18.40 GB`
    pub used: String,
    /// `72.47 GB`
    pub free: String,
    /// `20.30%`
    pub usage: String,
}

/// This process.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "ServiceMonitor")]
pub struct ServiceView {
    /// The product's name.
    pub name: String,
    /// The product's version.
    pub version: String,
    /// The program.
    pub home: String,
    /// `YYYY-MM-DD HH:MM:SS`
    pub startup: String,
    /// `5 minutes`
    pub elapsed: String,
    /// `0.00%`
    pub cpu_usage: String,
    /// `1.66 GB`
    pub mem_vms: String,
    /// `191.55 MB`
    pub mem_rss: String,
    /// Addresses that take no memory: `1.48 GB`
    pub mem_free: String,
}

/// The store of shared state.
#[derive(Debug, Clone, PartialEq, Object)]
pub struct RedisMonitor {
    /// What it says of itself.
    pub info: RedisView,
    /// How often each command was called.
    pub stats: Vec<RedisCommand>,
}

macro_rules! redis_view {
    ($($key:ident),*) => {
        /// What the store says of itself, everything as text.
        #[derive(Debug, Clone, PartialEq, Object)]
        #[oai(rename = "RedisInfo")]
        pub struct RedisView {
            $(#[doc = concat!("`", stringify!($key), "`")] pub $key: String,)*
        }

        impl RedisView {
            fn of(mut said: HashMap<&str, String>) -> Self {
                Self { $($key: said.remove(stringify!($key)).unwrap_or_default(),)* }
            }
        }
    };
}

redis_view!(
    redis_version,
    redis_mode,
    role,
    tcp_port,
    uptime,
    connected_clients,
    blocked_clients,
    used_memory_human,
    used_memory_rss_human,
    maxmemory_human,
    mem_fragmentation_ratio,
    instantaneous_ops_per_sec,
    total_commands_processed,
    rejected_connections,
    keys_num
);

/// A command of the store.
#[derive(Debug, Clone, PartialEq, Object)]
pub struct RedisCommand {
    /// Its name.
    pub name: String,
    /// How often it was called.
    pub value: String,
}

impl MonitorApi {
    /// The routes over `monitor`; `service` is the product's name.
    pub fn new(monitor: Monitor, clock: Clock, service: String) -> Self {
        Self { monitor, clock, service }
    }

    fn view(&self, machine: Machine) -> ServerMonitor {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let used = machine.memory_total.saturating_sub(machine.memory_available);
        ServerMonitor {
            service: self.service(&machine),
            cpu: CpuView {
                physical_num: count(machine.cpu.physical),
                logical_num: count(machine.cpu.logical),
                max_freq: machine.cpu.max_mhz,
                min_freq: machine.cpu.min_mhz,
                current_freq: machine.cpu.current_mhz,
                usage: machine.cpu.usage,
            },
            mem: MemoryView {
                total: gigabytes(machine.memory_total),
                used: gigabytes(used),
                free: gigabytes(machine.memory_available),
                usage: percent(used, machine.memory_total),
            },
            sys: SystemView {
                name: machine.host_name,
                os: "Linux".to_owned(),
                ip: machine.ip,
                arch: std::env::consts::ARCH.to_owned(),
            },
            disk: machine.disks.into_iter().map(disk).collect(),
        }
    }

    fn service(&self, machine: &Machine) -> ServiceView {
        let process = &machine.process;
        let started_ms = i64::try_from(process.started).unwrap_or(0).saturating_mul(1_000);
        let elapsed_ms = u64::try_from(self.clock.now_ms() - started_ms).unwrap_or(0);
        ServiceView {
            name: self.service.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            home: process.executable.display().to_string(),
            startup: self.clock.format(started_ms),
            elapsed: duration(elapsed_ms / 1_000),
            cpu_usage: format!("{:.2}%", process.cpu_usage),
            mem_vms: size(process.virtual_bytes),
            mem_rss: size(process.resident_bytes),
            mem_free: size(process.virtual_bytes.saturating_sub(process.resident_bytes)),
        }
    }
}

fn disk(disk: Disk) -> DiskView {
    let used = disk.total.saturating_sub(disk.available);
    DiskView {
        dir: disk.directory,
        device: disk.device,
        kind: disk.kind,
        total: format!("{:.2} GB", gigabytes(disk.total)),
        used: format!("{:.2} GB", gigabytes(used)),
        free: format!("{:.2} GB", gigabytes(disk.available)),
        usage: format!("{:.2}%", percent(used, disk.total)),
    }
}

/// How the machine and the store of shared state are doing
#[OpenApi]
impl MonitorApi {
    /// Look at the machine and the server's process
    #[oai(path = "/monitors/server", method = "get", operation_id = "get_server_monitor")]
    async fn server(&self, _caller: Allowed<SeeServer>) -> Result<Answer<ServerMonitor>, ApiError> {
        let machine = self.monitor.machine().await?;
        Ok(Answer::of(self.view(machine)))
    }

    /// Look at Redis or what stands in its place
    #[oai(path = "/monitors/redis", method = "get", operation_id = "get_redis_monitor")]
    async fn redis(&self, _caller: Allowed<SeeRedis>) -> Result<Answer<RedisMonitor>, ApiError> {
        let report = self.monitor.store().await?;
        let info = RedisView::of(INFO_KEYS.into_iter().zip(report.info).collect());
        let stats = report.commands.into_iter().map(|(name, value)| RedisCommand { name, value }).collect();
        Ok(Answer::of(RedisMonitor { info, stats }))
    }
}

impl From<MonitorError> for ApiError {
    fn from(error: MonitorError) -> Self {
        match error {
            MonitorError::Redis(_) => {
                let message = Message::fixed("Redis does not answer", "Redis 无响应");
                Self::unavailable(message, RETRY_AFTER_S).with_cause(error)
            }
            MonitorError::Measure(_) => Self::internal(error),
        }
    }
}
