//! Rows of data rules.

use serde::Deserialize;

/// A row of `sys_data_rule`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct DataRule {
    /// The key.
    pub id: i64,
    /// Unique.
    pub name: String,
    /// The model's name, or the one that stands for all of them.
    pub model: String,
    /// The column's name in rules.
    #[serde(rename = "column_name")]
    pub column: String,
    /// 0 AND, 1 OR.
    pub operator: i32,
    /// 0 ==, 1 !=, 2 >, 3 >=, 4 <, 5 <=, 6 in, 7 not in.
    pub expression: i32,
    /// What the column is compared with; several values are separated by commas.
    pub value: String,
    /// Unix milliseconds.
    pub created_time: i64,
    /// Unix milliseconds.
    pub updated_time: Option<i64>,
}

/// What people write of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) model: String,
    pub(super) column: String,
    pub(super) operator: i32,
    pub(super) expression: i32,
    pub(super) value: String,
}
