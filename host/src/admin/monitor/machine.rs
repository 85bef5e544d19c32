//! The machine and this process, at one moment.

use super::quantity::rounded;
use std::path::PathBuf;
use sysinfo::{Disks, MINIMUM_CPU_UPDATE_INTERVAL, Networks, Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// Disks that are told of.
const DISKS_MAX: usize = 64;

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    /// Its processors.
    pub cpu: Cpu,
    /// Bytes in all.
    pub memory_total: u64,
    /// Bytes that a program could get.
    pub memory_available: u64,
    /// Its name.
    pub host_name: String,
    /// The first address that others could know; empty if there is none.
    pub ip: String,
    /// What is mounted.
    pub disks: Vec<Disk>,
    /// This process.
    pub process: Process,
}

/// Its processors. Frequencies are in MHz, 0 where the system does not tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Cpu {
    /// Cores.
    pub physical: usize,
    /// Threads.
    pub logical: usize,
    /// The highest frequency.
    pub max_mhz: f64,
    /// The lowest frequency.
    pub min_mhz: f64,
    /// The frequency now.
    pub current_mhz: f64,
    /// Percent.
    pub usage: f64,
}

/// A file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// Where it is mounted.
    pub directory: String,
    /// The device.
    pub device: String,
    /// Its kind.
    pub kind: String,
    /// Bytes in all.
    pub total: u64,
    /// Bytes that may be written.
    pub available: u64,
}

/// This process.
#[derive(Debug, Clone, PartialEq)]
pub struct Process {
    /// The program.
    pub executable: PathBuf,
    /// Unix seconds.
    pub started: u64,
    /// Percent of one processor.
    pub cpu_usage: f64,
    /// Bytes of addresses.
    pub virtual_bytes: u64,
    /// Bytes in memory.
    pub resident_bytes: u64,
}

/// Measures.
pub(super) struct Probe {
    system: System,
    pid: Pid,
}

impl Probe {
    /// A probe that has measured once: the use of processors is measured between two times.
    pub(super) fn new() -> Self {
        let mut probe = Self { system: System::new(), pid: Pid::from_u32(std::process::id()) };
        probe.refresh();
        std::thread::sleep(MINIMUM_CPU_UPDATE_INTERVAL);
        probe
    }

    /// Measures. Reads many files: not to be called where requests are answered.
    pub(super) fn measure(&mut self) -> Machine {
        self.refresh();
        Machine {
            cpu: self.cpu(),
            memory_total: self.system.total_memory(),
            memory_available: self.system.available_memory(),
            host_name: System::host_name().unwrap_or_default(),
            ip: address(),
            disks: disks(),
            process: self.process(),
        }
    }

    fn refresh(&mut self) {
        self.system.refresh_cpu_all();
        self.system.refresh_memory();
        let what = ProcessRefreshKind::nothing().with_cpu().with_memory().without_tasks();
        self.system.refresh_processes_specifics(ProcessesToUpdate::Some(&[self.pid]), true, what);
    }

    fn cpu(&self) -> Cpu {
        let current_mhz = self.system.cpus().first().map_or(0, sysinfo::Cpu::frequency);
        Cpu {
            physical: System::physical_core_count().unwrap_or_default(),
            logical: self.system.cpus().len(),
            max_mhz: limit_mhz("cpuinfo_max_freq"),
            min_mhz: limit_mhz("cpuinfo_min_freq"),
            current_mhz: u32::try_from(current_mhz).map_or(0.0, f64::from),
            usage: rounded(f64::from(self.system.global_cpu_usage())),
        }
    }

    fn process(&self) -> Process {
        let process = self.system.process(self.pid);
        Process {
            executable: std::env::current_exe().unwrap_or_default(),
            started: process.map_or(0, sysinfo::Process::start_time),
            cpu_usage: process.map_or(0.0, |process| f64::from(process.cpu_usage())),
            virtual_bytes: process.map_or(0, sysinfo::Process::virtual_memory),
            resident_bytes: process.map_or(0, sysinfo::Process::memory),
        }
    }
}

/// What the kernel says in kHz of the first processor.
fn limit_mhz(name: &str) -> f64 {
    let text = std::fs::read_to_string(format!("/sys/devices/system/cpu/cpu0/cpufreq/{name}"));
    text.ok().and_then(|text| text.trim().parse::<f64>().ok()).map_or(0.0, |khz| khz / 1_000.0)
}

fn address() -> String {
    let networks = Networks::new_with_refreshed_list();
    let mut addresses: Vec<_> = networks
        .values()
        .flat_map(|network| network.ip_networks())
        .map(|network| network.addr)
        .filter(|address| !address.is_loopback())
        .collect();
    // IPv4 first, and always the same one.
    addresses.sort();
    addresses.first().map_or(String::new(), ToString::to_string)
}

fn disks() -> Vec<Disk> {
    let disks = Disks::new_with_refreshed_list();
    let disk = |disk: &sysinfo::Disk| Disk {
        directory: disk.mount_point().display().to_string(),
        device: disk.name().to_string_lossy().into_owned(),
        kind: disk.file_system().to_string_lossy().into_owned(),
        total: disk.total_space(),
        available: disk.available_space(),
    };
    disks.list().iter().take(DISKS_MAX).map(disk).collect()
}
