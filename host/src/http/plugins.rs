//! Plugins over HTTP: the routes of the contract under `/sys/plugins`, the fuller ones under
//! `/plugins`, and the errors of both.

mod contract;
mod dependency;
mod descriptor;
mod doctor;
mod download;
mod error;
mod event;
mod events;
mod export;
mod full;
mod guard;
mod jobs;
mod logs;
mod model;
mod operations;
mod plan;
mod settings;
mod snapshots;
mod traffic;
mod upload;

use super::SuperCaller;
use crate::plugin::SupervisorHandle;

pub use contract::ContractPluginsApi;
pub use doctor::DiagnosisDto;
pub use full::PluginsApi;
pub use jobs::{JobDto, JobsApi};
pub use logs::PluginLogsApi;
pub use model::{PluginDetailDto, PluginDto};
pub use operations::OperationsApi;
pub use plan::{PlanDto, PlansApi};
pub use settings::{PluginSettingsApi, PluginSettingsDto};
pub use snapshots::{SnapshotDto, SnapshotsApi};
pub use traffic::TrafficApi;

/// The supervisor, for what this caller asks of it.
fn in_name_of(caller: &SuperCaller, supervisor: &SupervisorHandle) -> SupervisorHandle {
    supervisor.by(caller.0.user_id, &caller.0.username)
}
