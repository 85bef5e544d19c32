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
pub(in crate::admin) struct Draft {
    pub(in crate::admin) name: String,
    pub(in crate::admin) parent_id: Option<i64>,
    pub(in crate::admin) sort: i32,
    pub(in crate::admin) leader: Option<String>,
    pub(in crate::admin) phone: Option<String>,
    pub(in crate::admin) email: Option<String>,
    pub(in crate::admin) status: i32,
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
