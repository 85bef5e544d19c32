//! How plugins are loaded, bounded and guarded.

use crate::plugin::PluginId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How plugins are loaded and run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plugins {
    /// Plugins that may be neither disabled nor uninstalled.
    pub required: BTreeSet<PluginId>,
    /// What becomes of a library that is no longer used.
    pub unload: Unload,
    /// Largest bundle.
    pub bundle_bytes_max: u64,
    /// Life of the trial process.
    pub preflight_deadline_ms: u64,
    /// For a plugin's start.
    pub start_deadline_ms: u64,
    /// For running requests to end.
    pub drain_deadline_ms: u64,
    /// For a plugin's stop.
    pub stop_deadline_ms: u64,
    /// For a transaction that nothing happens in.
    pub transaction_idle_ms: u64,
    /// For one statement of a plugin.
    pub statement_deadline_ms: u64,
    /// Strikes that take a plugin out; 0 for never.
    pub quarantine_strikes: u32,
    /// How long a strike counts.
    pub quarantine_window_s: u32,
    /// How long an upgraded version is on probation; 0 for not at all.
    pub probation_s: u32,
    /// Versions that are kept beside the installed one.
    pub versions_kept: u32,
    /// Whether no plugin is loaded at all.
    pub safe_mode: bool,
    /// How many copies of its tables are kept of each plugin.
    pub snapshots_max: u32,
    /// Lines of a plugin's log that are kept for the console.
    pub log_lines: u32,
    /// Bytes of one of them.
    pub log_line_bytes: u32,
    /// Lines of a plugin's own that are written in a second; 0 for all.
    pub log_lines_per_second: u32,
    /// For a request that a plugin sends.
    pub http_deadline_ms: u64,
    /// Longest body of such a request.
    pub http_request_bytes_max: u64,
    /// Longest body of its answer.
    pub http_answer_bytes_max: u64,
    /// How many of them run at a time, of each plugin.
    pub http_at_once_max: u32,
    /// Largest file that a plugin keeps.
    pub file_bytes_max: u64,
    /// Largest sum of a plugin's files.
    pub files_bytes_max: u64,
    /// How many files a plugin keeps.
    pub files_max: u64,
    /// For a run of a job.
    pub job_deadline_ms: u64,
    /// For a handler of an event.
    pub event_deadline_ms: u64,
    /// Longest data of an event.
    pub event_bytes_max: u64,
    /// How many events may wait for a plugin.
    pub events_waiting_max: u64,
    /// Longest input and answer of a call from plugin to plugin.
    pub service_bytes_max: u64,
    /// Settings of plugins by id and key, as the operator wrote them.
    #[serde(flatten, skip_deserializing)]
    pub settings: BTreeMap<String, BTreeMap<String, toml::Value>>,
}

impl Plugins {
    /// What must not be 0.
    pub(super) fn positive(&self) -> impl IntoIterator<Item = (&'static str, u64)> + use<> {
        [
            ("plugins.bundle_bytes_max", self.bundle_bytes_max),
            ("plugins.preflight_deadline_ms", self.preflight_deadline_ms),
            ("plugins.start_deadline_ms", self.start_deadline_ms),
            ("plugins.drain_deadline_ms", self.drain_deadline_ms),
            ("plugins.stop_deadline_ms", self.stop_deadline_ms),
            ("plugins.http_deadline_ms", self.http_deadline_ms),
            ("plugins.http_at_once_max", u64::from(self.http_at_once_max)),
            ("plugins.transaction_idle_ms", self.transaction_idle_ms),
            ("plugins.statement_deadline_ms", self.statement_deadline_ms),
            ("plugins.quarantine_window_s", u64::from(self.quarantine_window_s)),
            ("plugins.versions_kept", u64::from(self.versions_kept)),
            ("plugins.snapshots_max", u64::from(self.snapshots_max)),
            ("plugins.log_line_bytes", u64::from(self.log_line_bytes)),
            ("plugins.job_deadline_ms", self.job_deadline_ms),
            ("plugins.event_deadline_ms", self.event_deadline_ms),
            ("plugins.event_bytes_max", self.event_bytes_max),
            ("plugins.events_waiting_max", self.events_waiting_max),
            ("plugins.service_bytes_max", self.service_bytes_max),
        ]
    }
}

/// What becomes of a library that is no longer used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unload {
    /// Unmapped, and looked after.
    Verified,
    /// Left mapped.
    Never,
}
