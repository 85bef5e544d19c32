//! The tables and their rows.

use sea_query::Iden;
use serde::Deserialize;

/// The table `sys_dict_type` and its columns, for statements.
#[derive(Debug, Clone, Copy, Iden)]
pub(crate) enum SysDictType {
    Table,
    Id,
    Name,
    Code,
    Remark,
    CreatedTime,
    UpdatedTime,
}

/// The table `sys_dict_data` and its columns, for statements.
#[derive(Debug, Clone, Copy, Iden)]
pub(crate) enum SysDictData {
    Table,
    Id,
    TypeId,
    TypeCode,
    Label,
    Value,
    Color,
    Sort,
    Status,
    Remark,
    CreatedTime,
    UpdatedTime,
}

/// A row of `sys_dict_type`: one dictionary.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct DictType {
    pub(crate) id: i64,
    pub(crate) name: String,
    /// By which pages know it; unique.
    pub(crate) code: String,
    pub(crate) remark: Option<String>,
    /// Unix milliseconds.
    pub(crate) created_time: i64,
    /// Unix milliseconds; None while it was never changed.
    pub(crate) updated_time: Option<i64>,
}

/// A row of `sys_dict_data`: an entry of a dictionary.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct DictData {
    pub(crate) id: i64,
    pub(crate) type_id: i64,
    /// The code of its type.
    pub(crate) type_code: String,
    /// Unique within the type.
    pub(crate) label: String,
    pub(crate) value: String,
    /// A name of the front end's palette, or a colour.
    pub(crate) color: Option<String>,
    pub(crate) sort: i32,
    /// 0 disabled, 1 enabled.
    pub(crate) status: i32,
    pub(crate) remark: Option<String>,
    /// Unix milliseconds.
    pub(crate) created_time: i64,
    /// Unix milliseconds; None while it was never changed.
    pub(crate) updated_time: Option<i64>,
}

/// What people write of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypeDraft {
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) remark: Option<String>,
}

/// What people write of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataDraft {
    pub(crate) type_id: i64,
    pub(crate) label: String,
    pub(crate) value: String,
    pub(crate) color: Option<String>,
    pub(crate) sort: i32,
    pub(crate) status: i32,
    pub(crate) remark: Option<String>,
}

/// Which types a list shows; what is None does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TypeFilter {
    /// A part of the name.
    pub(crate) name: Option<String>,
    /// A part of the code.
    pub(crate) code: Option<String>,
}

/// Which entries a list shows; what is None does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DataFilter {
    /// The whole code of the type.
    pub(crate) type_code: Option<String>,
    /// A part of the label.
    pub(crate) label: Option<String>,
    /// A part of the value.
    pub(crate) value: Option<String>,
    pub(crate) status: Option<i32>,
    pub(crate) type_id: Option<i64>,
}
