//! The whole API of the core.

use super::Core;
use crate::admin;
use crate::http::plugins::{ContractPluginsApi, PluginSettingsApi, PluginsApi};
use crate::http::routes;

/// Every API of the core.
pub(super) type CoreApi = (admin::Apis, PluginsApi, PluginSettingsApi, ContractPluginsApi);

/// The API over an opened core.
pub(super) fn of(core: &Core) -> CoreApi {
    let supervisor = &core.supervisor;
    (
        core.admin.apis(),
        PluginsApi::new(supervisor.clone(), core.admin.clock().clone()),
        PluginSettingsApi::new(supervisor.clone()),
        ContractPluginsApi::new(supervisor.clone()),
    )
}

/// Its OpenAPI document.
pub(super) fn document(name: &str) -> serde_json::Value {
    let document = routes::document::<CoreApi>(name, env!("CARGO_PKG_VERSION"));
    serde_json::from_str(&document).unwrap_or_default()
}
