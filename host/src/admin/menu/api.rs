//! Routes about menus.

use super::model::{Menu, kind};
use super::service::{MenuService, Node};
use crate::admin::Clock;
use crate::http::{Answer, ApiError, Caller};
use poem_openapi::{Object, OpenApi};

/// The front end's component for pages of somebody else.
const FRAME: &str = "/_core/fallback/iframe.vue";

/// `/sys/menus`
pub struct MenuApi {
    menus: MenuService,
    clock: Clock,
}

/// An entry of the sidebar.
#[derive(Debug, Clone, PartialEq, Object)]
pub struct SidebarNode {
    /// The key.
    pub id: i64,
    /// Unique in the whole application.
    pub name: String,
    /// The page's path in the browser.
    pub path: Option<String>,
    /// Ascending.
    pub sort: i64,
    /// 0 directory, 1 page, 3 embedded, 4 link.
    #[oai(rename = "type")]
    pub kind: i32,
    /// The front end's component.
    pub component: Option<String>,
    /// Permission codes, separated by commas.
    pub perms: Option<String>,
    /// For administrators.
    pub remark: Option<String>,
    /// The entry above.
    pub parent_id: Option<i64>,
    /// `YYYY-MM-DDTHH:MM:SSZ`
    pub created_time: String,
    /// `YYYY-MM-DDTHH:MM:SSZ`
    pub updated_time: Option<String>,
    /// How it is shown.
    pub meta: SidebarMeta,
    /// The entries below; not there on leaves.
    #[oai(skip_serializing_if_is_none)]
    pub children: Option<Vec<SidebarNode>>,
}

/// How an entry of the sidebar is shown.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename_all = "camelCase")]
pub struct SidebarMeta {
    /// Text, or a key of the front end's language files.
    pub title: String,
    /// An icon's name, or a URL.
    pub icon: Option<String>,
    /// The address of an embedded page, else empty.
    pub iframe_src: String,
    /// The address of a link, else empty.
    pub link: String,
    /// 1 if the front end keeps the page alive.
    pub keep_alive: i32,
    /// Routed, but not shown.
    pub hide_in_menu: bool,
    /// Always false: what a user may not open is not sent.
    pub menu_visible_with_forbidden: bool,
}

impl SidebarNode {
    fn of(node: Node, clock: &Clock) -> Self {
        let menu = node.menu;
        let children: Vec<Self> = node.children.into_iter().map(|child| Self::of(child, clock)).collect();
        Self {
            id: menu.id,
            meta: SidebarMeta::of(&menu),
            component: component(&menu),
            name: menu.name,
            path: menu.path,
            sort: menu.sort,
            kind: menu.kind,
            perms: menu.perms,
            remark: menu.remark,
            parent_id: menu.parent_id,
            created_time: clock.format_utc(menu.created_time),
            updated_time: menu.updated_time.map(|time| clock.format_utc(time)),
            children: (!children.is_empty()).then_some(children),
        }
    }
}

impl SidebarMeta {
    fn of(menu: &Menu) -> Self {
        let address_if = |wanted: i32| match &menu.link {
            Some(link) if menu.kind == wanted => link.clone(),
            _ => String::new(),
        };
        Self {
            title: menu.title.clone(),
            icon: menu.icon.clone(),
            iframe_src: address_if(kind::EMBEDDED),
            link: address_if(kind::LINK),
            keep_alive: menu.cache,
            hide_in_menu: menu.display == 0,
            menu_visible_with_forbidden: false,
        }
    }
}

/// An embedded page or a link without a component of its own takes the front end's frame.
fn component(menu: &Menu) -> Option<String> {
    let framed = matches!(menu.kind, kind::EMBEDDED | kind::LINK);
    menu.component.clone().or_else(|| framed.then(|| FRAME.to_owned()))
}

impl MenuApi {
    /// The routes over `menus`.
    pub fn new(menus: MenuService, clock: Clock) -> Self {
        Self { menus, clock }
    }
}

/// Menus
#[OpenApi]
impl MenuApi {
    /// The sidebar of the user who asks
    #[oai(path = "/sys/menus/sidebar", method = "get", operation_id = "get_sidebar")]
    async fn sidebar(&self, caller: Caller) -> Result<Answer<Vec<SidebarNode>>, ApiError> {
        let nodes = self.menus.sidebar(&caller.0).await.map_err(ApiError::internal)?;
        let view = |node| SidebarNode::of(node, &self.clock);
        Ok(Answer::of(nodes.into_iter().map(view).collect()))
    }
}
