//! The whole API of the core.

use super::Core;
use crate::admin::auth::api::AuthApi;
use crate::admin::menu::api::MenuApi;
use crate::admin::user::api::UserApi;
use crate::http::routes;

/// Every API of the core.
pub(super) type CoreApi = (AuthApi, UserApi, MenuApi);

/// The API over an opened core.
pub(super) fn of(core: &Core) -> CoreApi {
    core.admin.apis()
}

/// Its OpenAPI document.
pub(super) fn document(name: &str) -> serde_json::Value {
    let document = routes::document::<CoreApi>(name, env!("CARGO_PKG_VERSION"));
    serde_json::from_str(&document).unwrap_or_default()
}
