//! The whole API of the core.

use super::Core;
use crate::admin;
use crate::http::plugins::{
    ContractPluginsApi, JobsApi, OperationsApi, PlansApi, PluginLogsApi, PluginSettingsApi, PluginsApi, SnapshotsApi,
    TrafficApi,
};
use crate::http::routes;

/// Every API of the core.
pub(super) type CoreApi = (
    admin::Apis,
    PlansApi,
    OperationsApi,
    TrafficApi,
    PluginsApi,
    PluginSettingsApi,
    PluginLogsApi,
    JobsApi,
    SnapshotsApi,
    ContractPluginsApi,
);

/// The API over an opened core.
pub(super) fn of(core: &Core) -> CoreApi {
    let (supervisor, clock) = (&core.supervisor, core.admin.clock());
    (
        core.admin.apis(),
        PlansApi::new(supervisor.clone(), clock.clone()),
        OperationsApi::new(supervisor.clone(), clock.clone()),
        TrafficApi::new(supervisor.clone()),
        PluginsApi::new(supervisor.clone(), clock.clone()),
        PluginSettingsApi::new(supervisor.clone()),
        PluginLogsApi::new(supervisor.clone(), clock.clone()),
        JobsApi::new(supervisor.clone(), clock.clone()),
        SnapshotsApi::new(supervisor.clone(), clock.clone()),
        ContractPluginsApi::new(supervisor.clone()),
    )
}

/// Its OpenAPI document.
pub(super) fn document(name: &str) -> serde_json::Value {
    let document = routes::document::<CoreApi>(name, env!("CARGO_PKG_VERSION"));
    serde_json::from_str(&document).unwrap_or_default()
}
