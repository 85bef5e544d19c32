//! Rows of roles, and of what they grant.

use serde::Deserialize;

/// A row of `sys_role`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Role {
    /// The key.
    pub id: i64,
    /// Unique.
    pub name: String,
    /// 1 enabled, 0 disabled.
    pub status: i32,
    /// Members see only the rows that the role's data scopes show.
    pub is_filter_scopes: bool,
    /// For administrators.
    pub remark: Option<String>,
    /// Unix milliseconds.
    pub created_time: i64,
    /// Unix milliseconds.
    pub updated_time: Option<i64>,
}

/// A role that a user has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Membership {
    pub(super) user_id: i64,
    id: i64,
    name: String,
    status: i32,
    is_filter_scopes: bool,
    remark: Option<String>,
    created_time: i64,
    updated_time: Option<i64>,
}

impl Membership {
    pub(super) fn role(self) -> Role {
        Role {
            id: self.id,
            name: self.name,
            status: self.status,
            is_filter_scopes: self.is_filter_scopes,
            remark: self.remark,
            created_time: self.created_time,
            updated_time: self.updated_time,
        }
    }
}

/// A menu entry that a role has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RoleMenu {
    /// The role.
    pub role_id: i64,
    /// The key.
    pub id: i64,
    /// Text, or a key of the front end's language files.
    pub title: String,
    /// Unique in the whole application, but for buttons.
    pub name: String,
    /// The page's path in the browser.
    pub path: Option<String>,
    /// The entry above.
    pub parent_id: Option<i64>,
    /// Ascending.
    pub sort: i64,
    /// An icon's name, or a URL.
    pub icon: Option<String>,
    /// 0 directory, 1 page, 2 button, 3 embedded, 4 link.
    #[serde(rename = "type")]
    pub kind: i32,
    /// The front end's component.
    pub component: Option<String>,
    /// Permission codes, separated by commas.
    pub perms: Option<String>,
    /// 1 enabled, 0 disabled.
    pub status: i32,
    /// 1 shown, 0 hidden.
    pub display: i32,
    /// 1 kept alive by the front end, 0 not.
    pub cache: i32,
    /// The address of an embedded page or a link.
    pub link: Option<String>,
    /// For administrators.
    pub remark: Option<String>,
    /// Unix milliseconds.
    pub created_time: i64,
    /// Unix milliseconds.
    pub updated_time: Option<i64>,
}

/// A data scope that a role has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RoleScope {
    /// The role.
    pub role_id: i64,
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

/// A rule of a data scope.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RoleScopeRule {
    /// The scope.
    pub scope_id: i64,
    /// The key.
    pub id: i64,
    /// Unique.
    pub name: String,
    /// The rows it speaks of.
    pub model: String,
    /// The column it compares.
    pub column_name: String,
    /// 0 and, 1 or.
    pub operator: i32,
    /// Which comparison.
    pub expression: i32,
    /// What it compares with.
    pub value: String,
    /// Unix milliseconds.
    pub created_time: i64,
    /// Unix milliseconds.
    pub updated_time: Option<i64>,
}

/// Which roles a list shows; what is None does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleFilter {
    /// A part of the name.
    pub name: Option<String>,
    /// 1 enabled, 0 disabled.
    pub status: Option<i32>,
}

/// What people write of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDraft {
    /// Unique.
    pub name: String,
    /// 1 enabled, 0 disabled.
    pub status: i32,
    /// None: as it was, and true for a new role.
    pub is_filter_scopes: Option<bool>,
    /// None: as it was.
    pub remark: Option<Option<String>>,
}
