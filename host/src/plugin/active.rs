//! A plugin that serves: one running generation with what bounds and counts its calls.

use super::guard::{Strike, Watch};
use super::id::PluginId;
use super::jobs::ScheduledJob;
use super::log::PluginLog;
use super::manifest::Limits;
use super::release::Release;
use super::services::PluginServices;
use super::stats::{Outcome, PluginStats};
use super::ui::Ui;
use crate::loader::{Generation, RequestDigits};
use plugin_api::services::Level;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// One generation as the route table holds it.
pub struct ActivePlugin {
    /// The plugin.
    pub id: PluginId,
    /// The version that runs.
    pub version: semver::Version,
    /// How to call it.
    pub generation: Arc<Generation>,
    /// What a call may cost.
    pub limits: Limits,
    /// What its calls came to.
    pub stats: Arc<PluginStats>,
    /// What browsers get of it, if it brings pages.
    pub ui: Option<Ui>,
    /// What falls due, in the order of the descriptor.
    pub(super) jobs: Vec<ScheduledJob>,
    /// Whether it is given events.
    pub(super) handles_events: bool,
    pub(super) services: Arc<PluginServices>,
    pub(super) watch: Arc<Watch>,
    running: AtomicUsize,
}

/// A call's place among those that may run at once; dropping it frees the place.
#[derive(Debug)]
pub struct Permit(Arc<ActivePlugin>);

impl ActivePlugin {
    /// A generation of `release` that no call has reached yet, and that does nothing by itself.
    pub(super) fn new(
        release: &Release,
        generation: Arc<Generation>,
        stats: Arc<PluginStats>,
        services: Arc<PluginServices>,
        ui: Option<Ui>,
    ) -> Self {
        Self {
            id: release.id().clone(),
            version: release.version().clone(),
            generation,
            limits: release.manifest.limits,
            stats,
            ui,
            jobs: Vec::new(),
            handles_events: false,
            watch: Arc::clone(services.watch()),
            services,
            running: AtomicUsize::new(0),
        }
    }

    /// The same with these jobs, and with events if it handles them.
    #[must_use]
    pub(super) fn given(self, jobs: Vec<ScheduledJob>, handles_events: bool) -> Self {
        Self { jobs, handles_events, ..self }
    }

    /// Where a job stands among those that fall due.
    pub(super) fn job(&self, name: &str) -> Option<usize> {
        self.jobs.iter().position(|job| job.name == name)
    }

    /// Takes a place; None if `limits.concurrency_max` calls are running.
    #[must_use]
    pub fn enter(self: &Arc<Self>) -> Option<Permit> {
        // Counting first and looking after keeps the limit without a loop; the excess is undone.
        if self.running.fetch_add(1, Ordering::AcqRel) < self.limits.concurrency_max {
            return Some(Permit(Arc::clone(self)));
        }
        self.running.fetch_sub(1, Ordering::AcqRel);
        None
    }

    /// Counts a call that reached the plugin. Only one that did not end well costs more than the counting.
    pub fn record(&self, outcome: Outcome, took: Duration) {
        self.stats.record(outcome, took);
        if outcome != Outcome::Answered {
            self.watch.fault(outcome);
        }
    }

    /// Counts something that speaks against the generation and was not in a call; `words` are the plugin's own.
    pub fn strike(&self, strike: Strike, words: Option<&str>) {
        self.watch.strike(strike, words);
    }

    /// Counts a job or an event that overran its deadline.
    pub fn overrun(&self) {
        self.stats.record_overrun();
        self.strike(Strike::Timeout, None);
    }

    /// What is said by the plugin and about it.
    #[must_use]
    pub fn log(&self) -> &PluginLog {
        self.services.log()
    }

    /// Says something about this generation, by itself or of the call of `request`.
    pub fn note(&self, level: Level, message: &str, request: Option<RequestDigits>) {
        self.services.note(level, message, request);
    }

    /// How many calls have a place now.
    #[must_use]
    pub fn running(&self) -> usize {
        self.running.load(Ordering::Acquire)
    }
}

impl Permit {
    /// Who gave the place.
    #[must_use]
    pub fn plugin(&self) -> &Arc<ActivePlugin> {
        &self.0
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::AcqRel);
    }
}

impl fmt::Debug for ActivePlugin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ActivePlugin")
            .field("id", &self.id)
            .field("version", &self.version)
            .field("generation", &self.generation.number())
            .finish_non_exhaustive()
    }
}
