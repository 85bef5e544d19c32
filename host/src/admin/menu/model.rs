//! Rows of menus.

use serde::Deserialize;

/// The kinds of `sys_menu.type`, as numbers of the API.
pub(super) mod kind {
    /// A button: never shown in the sidebar.
    pub(in crate::admin::menu) const BUTTON: i32 = 2;
    /// Somebody else's page in a frame.
    pub(in crate::admin::menu) const EMBEDDED: i32 = 3;
    /// A link that opens elsewhere.
    pub(in crate::admin::menu) const LINK: i32 = 4;
}

/// A row of `sys_menu`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Menu {
    /// The key.
    pub id: i64,
    /// Text, or a key of the front end's language files.
    pub title: String,
    /// Unique in the whole application.
    pub name: String,
    /// The page's path in the browser.
    pub path: Option<String>,
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
    /// 1 shown, 0 hidden.
    pub display: i32,
    /// 1 kept alive by the front end, 0 not.
    pub cache: i32,
    /// The address of an embedded page or a link.
    pub link: Option<String>,
    /// For administrators.
    pub remark: Option<String>,
    /// The entry above.
    pub parent_id: Option<i64>,
    /// The plugin that brought it; None for the core's own.
    pub plugin_id: Option<String>,
    /// Unix milliseconds.
    pub created_time: i64,
    /// Unix milliseconds.
    pub updated_time: Option<i64>,
}

impl Menu {
    /// The permission codes it carries.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.perms.as_deref().unwrap_or_default().split(',').map(str::trim).filter(|code| !code.is_empty())
    }
}
