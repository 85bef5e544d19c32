//! The table and its rows.

use plugin_api::prelude::*;
use sea_query::Iden;
use serde::Deserialize;

/// The table `sys_notice` and its columns, for statements.
#[derive(Debug, Clone, Copy, Iden)]
pub(crate) enum SysNotice {
    Table,
    Id,
    Title,
    Type,
    Status,
    Content,
    CreatedTime,
    UpdatedTime,
}

/// The model's name in data rules.
pub(crate) const NOTICE: &str = "Notice";

/// What data rules may compare.
pub(crate) fn notice() -> DataModel {
    DataModel::new(NOTICE, "sys_notice")
        .integer("id", "Notice id", "通知公告编号")
        .text("title", "Title", "标题")
        .integer("type", "Type (0 notice, 1 announcement)", "类型（0 通知，1 公告）")
        .integer("status", "Status (0 hidden, 1 shown)", "状态（0 隐藏，1 显示）")
        .text("content", "Content", "内容")
        .time("created_time", "Created at", "创建于")
        .time("updated_time", "Changed at", "更新于")
        .creator("created_by")
}

/// What an administrator may set.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Settings {
    /// Show what the data rules of somebody's roles permit, not all
    #[serde(default)]
    pub(crate) data_rules: bool,
}

/// A row.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Notice {
    pub(crate) id: i64,
    pub(crate) title: String,
    /// 0 notice, 1 announcement.
    #[serde(rename = "type")]
    pub(crate) kind: i32,
    /// 0 hidden, 1 shown.
    pub(crate) status: i32,
    /// Markdown.
    pub(crate) content: String,
    /// Unix milliseconds.
    pub(crate) created_time: i64,
    /// Unix milliseconds; None while it was never changed.
    pub(crate) updated_time: Option<i64>,
}

/// What people write of a notice; the rest of the row is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) title: String,
    pub(crate) kind: i32,
    pub(crate) status: i32,
    pub(crate) content: String,
}

/// Which notices a list shows; what is None does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// A part of the title.
    pub(crate) title: Option<String>,
    pub(crate) kind: Option<i32>,
    pub(crate) status: Option<i32>,
}
