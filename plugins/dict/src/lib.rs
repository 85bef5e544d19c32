//! Dictionaries: the labels, values and colours that pages show in place of codes.
//!
//! A *type* is one dictionary, known by its code; its *data* are the entries. Each layer has its
//! file and knows only those below it: `api` (routes, what they take and give), `service` (rules),
//! `crud` (statements), `model` (the tables and their rows).

mod api;
mod crud;
mod model;
mod service;
#[cfg(test)]
mod tests;

use api::{DataApi, TypeApi};
use plugin_api::prelude::*;
use service::{DataService, TypeService};

struct Dictionaries {
    context: PluginContext,
}

impl Plugin for Dictionaries {
    fn new(context: PluginContext) -> Self {
        Self { context }
    }

    fn contributions(&self) -> Contributions {
        Contributions::new()
            .migrations(migrations!())
            .openapi(TypeApi::new(TypeService::new(self.context.clone())))
            .openapi(DataApi::new(DataService::new(self.context.clone())))
            // Reading is for every user: pages need the labels.
            .access("POST /sys/dict-types", Access::permission("dict:type:add"))
            .access("PUT /sys/dict-types/{pk}", Access::permission("dict:type:edit"))
            .access("DELETE /sys/dict-types", Access::permission("dict:type:del"))
            .access("POST /sys/dict-datas", Access::permission("dict:data:add"))
            .access("PUT /sys/dict-datas/{pk}", Access::permission("dict:data:edit"))
            .access("DELETE /sys/dict-datas", Access::permission("dict:data:del"))
            .menu(menu())
    }
}

/// The page, below the core's "System", with a button for each permission.
fn menu() -> Menu {
    Menu::page("PluginDict", "/plugins/dict")
        .title("dict.menu")
        .below("System")
        .sort(8)
        .icon("fluent-mdl2:dictionary")
        .component("/plugins/dict/views/index")
        .child(Menu::button("AddDictType", "dict:type:add").title("新增类型"))
        .child(Menu::button("EditDictType", "dict:type:edit").title("修改类型"))
        .child(Menu::button("DeleteDictType", "dict:type:del").title("删除类型"))
        .child(Menu::button("AddDictData", "dict:data:add").title("新增数据"))
        .child(Menu::button("EditDictData", "dict:data:edit").title("修改数据"))
        .child(Menu::button("DeleteDictData", "dict:data:del").title("删除数据"))
}

export_plugin!(Dictionaries);
