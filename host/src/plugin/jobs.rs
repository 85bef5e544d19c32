//! Jobs of plugins: when they fall due, and what their runs come to.
//!
//! A generation that serves has its jobs' timetables with it. One task looks at them each second and starts what is due;
//! a row is taken first, so that of several processes one runs a job, and never beside itself. A run holds its generation as a
//! request does.

mod clock;
mod rows;
mod run;
mod timetable;

pub(super) use clock::start_what_is_due;
pub use rows::{JobOutcome, LastRun};
pub(super) use rows::{forget_others, release_all};
pub use run::JobRunner;
pub use run::JobState;
pub(super) use run::{Busy, OwnJobs};
pub(super) use timetable::Timetable;

use super::manifest::Capabilities;
use super::release::Release;
use jiff::tz::TimeZone;

/// A job of a generation, with the times at which it falls due.
#[derive(Debug)]
pub(super) struct ScheduledJob {
    pub(super) name: String,
    timetable: Timetable,
}

/// The jobs of a generation that has these capabilities, in the order of its descriptor. None without the capability.
pub(super) fn scheduled(release: &Release, had: &Capabilities, zone: &TimeZone) -> Vec<ScheduledJob> {
    if !had.jobs {
        return Vec::new();
    }
    let scheduled = |job: &plugin_api::descriptor::JobSpec| {
        let timetable = Timetable::parse(&job.schedule, zone).expect("contributions are checked");
        ScheduledJob { name: job.name.clone(), timetable }
    };
    release.descriptor.jobs.iter().map(scheduled).collect()
}
