//! Rows of departments.

use crate::admin::tree::Below;
use serde::Deserialize;

/// A row of `sys_dept`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Dept {
    /// The key.
    pub id: i64,
    /// Unique among those that are not deleted.
    pub name: String,
    /// The department above.
    pub parent_id: Option<i64>,
    /// Ascending.
    pub sort: i64,
    /// Who heads it.
    pub leader: Option<String>,
    /// A telephone number.
    pub phone: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
    /// 1 enabled, 0 disabled.
    pub status: i32,
    /// Deleted; the row is kept.
    pub del_flag: bool,
    /// Unix milliseconds.
    pub created_time: i64,
    /// Unix milliseconds.
    pub updated_time: Option<i64>,
}

impl Below for Dept {
    fn id(&self) -> i64 {
        self.id
    }

    fn parent_id(&self) -> Option<i64> {
        self.parent_id
    }
}

/// What people write of a department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) parent_id: Option<i64>,
    pub(super) sort: i32,
    pub(super) leader: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) email: Option<String>,
    pub(super) status: i32,
}

/// Which departments are shown; what is None does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Search {
    /// A part of the name.
    pub name: Option<String>,
    /// A part of the head's name.
    pub leader: Option<String>,
    /// The beginning of the telephone number.
    pub phone: Option<String>,
    /// 1 enabled, 0 disabled.
    pub status: Option<i32>,
}
