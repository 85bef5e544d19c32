//! Roles as answers show them.

use crate::admin::Clock;
use crate::admin::role::model::{Role, RoleMenu, RoleScope, RoleScopeRule};
use crate::admin::role::service::{Branch, RoleDetail};
use plugin_api::Id;
use poem_openapi::Object;

/// A role.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "Role")]
pub struct RoleView {
    /// Unique.
    pub name: String,
    /// 1 enabled, 0 disabled.
    pub status: i32,
    /// Members see only the rows that the role's data scopes show.
    pub is_filter_scopes: bool,
    /// For administrators.
    pub remark: Option<String>,
    /// The key.
    pub id: Id,
    /// `YYYY-MM-DD HH:MM:SS`
    pub created_time: String,
    /// `YYYY-MM-DD HH:MM:SS`
    pub updated_time: Option<String>,
}

/// A role with what it grants.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "RoleDetail")]
pub struct RoleDetailView {
    /// The role.
    #[oai(flatten)]
    pub role: RoleView,
    /// Its menu entries; empty in lists of users.
    pub menus: Vec<RoleMenuView>,
    /// Its data scopes; empty in lists of users.
    pub scopes: Vec<RoleScopeView>,
}

/// A menu entry that a role has.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "RoleMenu")]
pub struct RoleMenuView {
    /// Text, or a key of the front end's language files.
    pub title: String,
    /// Unique in the whole application, but for buttons.
    pub name: String,
    /// The page's path in the browser.
    pub path: Option<String>,
    /// The entry above.
    pub parent_id: Option<Id>,
    /// Ascending.
    pub sort: i64,
    /// An icon's name, or a URL.
    pub icon: Option<String>,
    /// 0 directory, 1 page, 2 button, 3 embedded, 4 link.
    #[oai(rename = "type")]
    pub kind: i32,
    /// The front end's component.
    pub component: Option<String>,
    /// Permission codes, separated by commas.
    pub perms: Option<String>,
    /// 1 enabled, 0 disabled.
    pub status: i32,
    /// 1 shown, 0 hidden.
    pub display: i32,
    /// 1 if the front end keeps the page alive.
    pub cache: i32,
    /// The address of an embedded page or a link.
    pub link: Option<String>,
    /// For administrators.
    pub remark: Option<String>,
    /// The key.
    pub id: Id,
    /// `YYYY-MM-DD HH:MM:SS`
    pub created_time: String,
    /// `YYYY-MM-DD HH:MM:SS`
    pub updated_time: Option<String>,
}

/// A menu entry that a role has, with those below it.
#[derive(Debug, Clone, PartialEq, Object)]
pub struct RoleMenuNode {
    /// The entry.
    #[oai(flatten)]
    pub menu: RoleMenuView,
    /// The entries below; null on leaves.
    pub children: Option<Vec<RoleMenuNode>>,
}

/// A data scope that a role has.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "RoleScope")]
pub struct RoleScopeView {
    /// Unique.
    pub name: String,
    /// 1 enabled, 0 disabled.
    pub status: i32,
    /// The key.
    pub id: Id,
    /// `YYYY-MM-DD HH:MM:SS`
    pub created_time: String,
    /// `YYYY-MM-DD HH:MM:SS`
    pub updated_time: Option<String>,
    /// Its rules.
    pub rules: Vec<RoleScopeRuleView>,
}

/// A rule of a data scope that a role has.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "RoleScopeRule")]
pub struct RoleScopeRuleView {
    /// Unique.
    pub name: String,
    /// The rows it speaks of.
    pub model: String,
    /// The column it compares.
    pub column: String,
    /// 0 and, 1 or.
    pub operator: i32,
    /// Which comparison.
    pub expression: i32,
    /// What it compares with.
    pub value: String,
    /// The key.
    pub id: Id,
    /// `YYYY-MM-DD HH:MM:SS`
    pub created_time: String,
    /// `YYYY-MM-DD HH:MM:SS`
    pub updated_time: Option<String>,
}

impl RoleView {
    /// A row, with its times in the clock's zone.
    pub fn of(role: Role, clock: &Clock) -> Self {
        Self {
            name: role.name,
            status: role.status,
            is_filter_scopes: role.is_filter_scopes,
            remark: role.remark,
            id: role.id.into(),
            created_time: clock.format(role.created_time),
            updated_time: role.updated_time.map(|time| clock.format(time)),
        }
    }
}

impl RoleDetailView {
    /// A role with what it grants, with its times in the clock's zone.
    pub fn of(detail: RoleDetail, clock: &Clock) -> Self {
        Self {
            role: RoleView::of(detail.role, clock),
            menus: detail.menus.into_iter().map(|menu| RoleMenuView::of(menu, clock)).collect(),
            scopes: detail.scopes.into_iter().map(|(scope, rules)| RoleScopeView::of(scope, rules, clock)).collect(),
        }
    }

    /// A role as lists of users show it: what it grants is left out.
    pub fn outline(role: Role, clock: &Clock) -> Self {
        Self { role: RoleView::of(role, clock), menus: Vec::new(), scopes: Vec::new() }
    }
}

impl RoleMenuView {
    fn of(menu: RoleMenu, clock: &Clock) -> Self {
        Self {
            title: menu.title,
            name: menu.name,
            path: menu.path,
            parent_id: menu.parent_id.map(Id::from),
            sort: menu.sort,
            icon: menu.icon,
            kind: menu.kind,
            component: menu.component,
            perms: menu.perms,
            status: menu.status,
            display: menu.display,
            cache: menu.cache,
            link: menu.link,
            remark: menu.remark,
            id: menu.id.into(),
            created_time: clock.format(menu.created_time),
            updated_time: menu.updated_time.map(|time| clock.format(time)),
        }
    }
}

impl RoleMenuNode {
    /// An entry and those below it, with their times in the clock's zone.
    pub fn of(branch: Branch, clock: &Clock) -> Self {
        let children: Vec<Self> = branch.children.into_iter().map(|child| Self::of(child, clock)).collect();
        Self { menu: RoleMenuView::of(branch.menu, clock), children: (!children.is_empty()).then_some(children) }
    }
}

impl RoleScopeView {
    fn of(scope: RoleScope, rules: Vec<RoleScopeRule>, clock: &Clock) -> Self {
        Self {
            name: scope.name,
            status: scope.status,
            id: scope.id.into(),
            created_time: clock.format(scope.created_time),
            updated_time: scope.updated_time.map(|time| clock.format(time)),
            rules: rules.into_iter().map(|rule| RoleScopeRuleView::of(rule, clock)).collect(),
        }
    }
}

impl RoleScopeRuleView {
    fn of(rule: RoleScopeRule, clock: &Clock) -> Self {
        Self {
            name: rule.name,
            model: rule.model,
            column: rule.column_name,
            operator: rule.operator,
            expression: rule.expression,
            value: rule.value,
            id: rule.id.into(),
            created_time: clock.format(rule.created_time),
            updated_time: rule.updated_time.map(|time| clock.format(time)),
        }
    }
}
