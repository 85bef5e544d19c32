//! Rows of data scopes.

use serde::Deserialize;

/// A row of `sys_data_scope`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct DataScope {
    /// The key.
    pub id: i64,
    /// Unique.
    pub name: String,
    /// 1 enabled, 0 disabled.
    pub status: i32,
    /// Unix milliseconds.
    pub created_time: i64,
    /// Unix milliseconds.
    pub updated_time: Option<i64>,
}
