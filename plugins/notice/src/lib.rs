//! Notices and announcements: the plugin to copy.
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
use service::NoticeService;

struct Notices {
    context: PluginContext,
}

impl Plugin for Notices {
    fn new(context: PluginContext) -> Self {
        Self { context }
    }

    fn contributions(&self) -> Contributions {
        Contributions::new()
            .migrations(migrations!())
            .openapi(Api::new(NoticeService::new(self.context.clone())))
            // Reading is for every user: without a word here, a route asks for a login only.
            .access("POST /sys/notices", Access::permission("sys:notice:add"))
            .access("PUT /sys/notices/{pk}", Access::permission("sys:notice:edit"))
            .access("DELETE /sys/notices", Access::permission("sys:notice:del"))
            .settings::<model::Settings>()
            .menu(menu())
            .model(model::notice())
    }
}

/// The page, below the core's "System", with a button for each permission.
fn menu() -> Menu {
    Menu::page("PluginNotice", "/plugins/notice")
        .title("notice.menu")
        .below("System")
        .sort(9)
        .icon("fe:notice-push")
        .component("/plugins/notice/views/index")
        .child(Menu::button("AddNotice", "sys:notice:add").title("新增"))
        .child(Menu::button("EditNotice", "sys:notice:edit").title("修改"))
        .child(Menu::button("DeleteNotice", "sys:notice:del").title("删除"))
}

export_plugin!(Notices);
