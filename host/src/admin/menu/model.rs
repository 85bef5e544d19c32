//! Rows of menus.

use crate::admin::tree::Below;
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
    /// The entry above.
    pub parent_id: Option<i64>,
    /// The plugin that brought it; None for the core's own.
    pub plugin_id: Option<String>,
    /// Unix milliseconds.
    pub created_time: i64,
    /// Unix milliseconds.
    pub updated_time: Option<i64>,
}

impl Below for Menu {
    fn id(&self) -> i64 {
        self.id
    }

    fn parent_id(&self) -> Option<i64> {
        self.parent_id
    }
}

/// What people write of an entry. The outer option is None where they say nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    pub(super) title: String,
    pub(super) name: String,
    pub(super) kind: i32,
    pub(super) status: i32,
    pub(super) display: i32,
    pub(super) cache: i32,
    pub(super) sort: Option<i32>,
    pub(super) path: Option<Option<String>>,
    pub(super) parent_id: Option<Option<i64>>,
    pub(super) icon: Option<Option<String>>,
    pub(super) component: Option<Option<String>>,
    pub(super) perms: Option<Option<String>>,
    pub(super) link: Option<Option<String>>,
    pub(super) remark: Option<Option<String>>,
}

impl Menu {
    /// The entry that a draft makes of nothing.
    pub(super) fn new(draft: Draft, now_ms: i64) -> Self {
        let empty = Self {
            id: 0,
            title: String::new(),
            name: String::new(),
            path: None,
            sort: 0,
            icon: None,
            kind: 0,
            component: None,
            perms: None,
            status: 0,
            display: 0,
            cache: 0,
            link: None,
            remark: None,
            parent_id: None,
            plugin_id: None,
            created_time: now_ms,
            updated_time: None,
        };
        empty.with(draft)
    }

    /// The entry with what a draft says; the rest stays.
    #[must_use]
    pub(super) fn with(self, draft: Draft) -> Self {
        Self {
            title: draft.title,
            name: draft.name,
            kind: draft.kind,
            status: draft.status,
            display: draft.display,
            cache: draft.cache,
            sort: draft.sort.map_or(self.sort, i64::from),
            path: draft.path.unwrap_or(self.path),
            parent_id: draft.parent_id.unwrap_or(self.parent_id),
            icon: draft.icon.unwrap_or(self.icon),
            component: draft.component.unwrap_or(self.component),
            perms: draft.perms.unwrap_or(self.perms),
            link: draft.link.unwrap_or(self.link),
            remark: draft.remark.unwrap_or(self.remark),
            ..self
        }
    }

    /// Whether title, icon, place and visibility are the same.
    pub(super) fn looks_like(&self, other: &Self) -> bool {
        let look = |menu: &Self| (menu.title.clone(), menu.icon.clone(), menu.sort, menu.display, menu.parent_id);
        look(self) == look(other)
    }

    /// The custom element that is its page.
    pub(super) fn element(&self) -> Option<&str> {
        self.component.as_deref()?.strip_prefix(plugin_api::descriptor::Menu::ELEMENT)
    }

    /// The permission codes it carries.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        self.perms.as_deref().unwrap_or_default().split(',').map(str::trim).filter(|code| !code.is_empty())
    }
}
