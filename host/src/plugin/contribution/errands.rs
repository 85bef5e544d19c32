//! Jobs, handlers of events and services, checked.

use super::{ContributionError, check_length, refuse_too_many, refuse_twice};
use crate::plugin::id::PluginId;
use crate::plugin::jobs::Timetable;
use crate::plugin::outbox::CORE;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use plugin_api::descriptor::{Descriptor, JobSpec};

/// More than an administrator would look through.
const JOBS_MAX: usize = 100;
const HANDLERS_MAX: usize = 200;
const SERVICES_MAX: usize = 200;
/// The limits of the columns they are stored in, and of a line.
const NAME_CHARACTERS_MAX: usize = 64;
const TITLE_CHARACTERS_MAX: usize = 128;

const NAME: &str = "a name in snake_case of 1 to 64 characters that begins with a letter";
const TITLE: &str = "a title of 1 to 128 characters";
const EVENT: &str = "the name of a plugin or core, a dot, and a name in snake_case of 1 to 64 characters";

pub(super) fn check(descriptor: &Descriptor) -> Result<(), ContributionError> {
    let Descriptor { jobs, events, services, .. } = descriptor;
    refuse_too_many("jobs", jobs.len(), JOBS_MAX)?;
    refuse_too_many("handlers of events", events.len(), HANDLERS_MAX)?;
    refuse_too_many("services", services.len(), SERVICES_MAX)?;
    refuse_twice("job", jobs.iter().map(|job| job.name.as_str()))?;
    refuse_twice("handler of event", events.iter().map(|handler| handler.event.as_str()))?;
    refuse_twice("service", services.iter().map(|service| service.name.as_str()))?;
    jobs.iter().try_for_each(check_job)?;
    services.iter().try_for_each(|service| check_name("service", &service.name))?;
    events.iter().map(|handler| handler.event.as_str()).try_for_each(check_event)
}

/// Whether something may be called so: what plugins publish as well as what they contribute.
pub(in crate::plugin) fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= NAME_CHARACTERS_MAX
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn check_job(job: &JobSpec) -> Result<(), ContributionError> {
    check_name("job", &job.name)?;
    check_length("title of a job", &job.title, TITLE_CHARACTERS_MAX, TITLE)?;
    let refused =
        |reason| ContributionError::Schedule { job: job.name.clone(), schedule: job.schedule.clone(), reason };
    let timetable = Timetable::parse(&job.schedule, &TimeZone::UTC).map_err(refused)?;
    match timetable.next(Timestamp::now()) {
        Some(_) => Ok(()),
        None => Err(refused("it never falls due".to_owned())),
    }
}

fn check_name(kind: &'static str, name: &str) -> Result<(), ContributionError> {
    if is_name(name) { Ok(()) } else { Err(ContributionError::Name { kind, name: name.to_owned(), accepted: NAME }) }
}

fn check_event(event: &str) -> Result<(), ContributionError> {
    let is_source = |source: &str| source == CORE || source.parse::<PluginId>().is_ok();
    match event.split_once('.') {
        Some((source, name)) if is_source(source) && is_name(name) => Ok(()),
        _ => Err(ContributionError::Name { kind: "handler of event", name: event.to_owned(), accepted: EVENT }),
    }
}
