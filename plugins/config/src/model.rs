//! The table and its rows.

use sea_query::Iden;
use serde::Deserialize;

/// The table `sys_config` and its columns, for statements.
#[derive(Debug, Clone, Copy, Iden)]
pub(crate) enum SysConfig {
    Table,
    Id,
    Name,
    Type,
    Key,
    Value,
    IsFrontend,
    Remark,
    CreatedTime,
    UpdatedTime,
}

/// A row: one parameter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Config {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// Its group.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// Unique.
    pub(crate) key: String,
    pub(crate) value: String,
    /// Meant for the front end, not for the server.
    pub(crate) is_frontend: bool,
    pub(crate) remark: Option<String>,
    /// Unix milliseconds.
    pub(crate) created_time: i64,
    /// Unix milliseconds; None while it was never changed.
    pub(crate) updated_time: Option<i64>,
}

/// What people write of a parameter; the rest of the row is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) kind: Option<String>,
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) is_frontend: bool,
    pub(crate) remark: Option<String>,
}

/// What one of several parameters becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) id: i64,
    pub(crate) draft: Draft,
}

/// Which parameters a list shows; what is None does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// A part of the name.
    pub(crate) name: Option<String>,
    /// A part of the type.
    pub(crate) kind: Option<String>,
}
