//! The table and its rows.

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
