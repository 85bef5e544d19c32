//! Parameters: named values that administrators change while the server runs.
//!
//! Each layer has its file and knows only those below it: `api` (routes, what they take and
//! give), `service` (rules), `crud` (statements), `model` (the table and its rows).

mod api;
mod crud;
mod model;
mod service;
#[cfg(test)]
mod tests;

use api::Api;
use plugin_api::prelude::*;
use service::ConfigService;

struct Parameters {
    context: PluginContext,
}

impl Plugin for Parameters {
    fn new(context: PluginContext) -> Self {
        Self { context }
    }

    fn contributions(&self) -> Contributions {
        Contributions::new()
            .migrations(migrations!())
            .openapi(Api::new(ConfigService::new(self.context.clone())))
            .access("POST /sys/configs", Access::permission("sys:config:add"))
            .access("PUT /sys/configs", Access::permission("sys:config:edit"))
            .access("PUT /sys/configs/{pk}", Access::permission("sys:config:edit"))
            .access("DELETE /sys/configs", Access::permission("sys:config:del"))
            .menu(menu())
    }
}

/// The page, below the core's "System", with a button for each permission.
fn menu() -> Menu {
    Menu::page("PluginConfig", "/plugins/config")
        .title("config.menu")
        .below("System")
        .sort(7)
        .icon("codicon:symbol-parameter")
        .component("/plugins/config/views/index")
        .child(Menu::button("AddConfig", "sys:config:add").title("新增"))
        .child(Menu::button("EditConfig", "sys:config:edit").title("修改"))
        .child(Menu::button("DeleteConfig", "sys:config:del").title("删除"))
}

export_plugin!(Parameters);
