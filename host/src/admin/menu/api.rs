//! Routes about menus.

use super::model::{Draft, Menu, kind};
use super::service::{MenuError, MenuService, Node};
use crate::admin::{Clock, tree};
use crate::http::validation::{self, FieldError, Part};
use crate::http::{Allowed, Answer, ApiError, Caller, Done, JsonBody, Message};
use crate::permissions;
use plugin_api::Id;
use poem_openapi::param::{Path, Query};
use poem_openapi::types::MaybeUndefined;
use poem_openapi::{Object, OpenApi};

permissions! {
    AddMenu = "sys:menu:add",
    EditMenu = "sys:menu:edit",
    DeleteMenu = "sys:menu:del",
}

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
    pub id: Id,
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
    pub parent_id: Option<Id>,
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
    /// The custom element that is the page; not there on other entries.
    #[oai(skip_serializing_if_is_none)]
    pub element: Option<SidebarElement>,
}

/// A page that a plugin brings as a custom element.
#[derive(Debug, Clone, PartialEq, Object)]
pub struct SidebarElement {
    /// Under which the module exports it.
    pub name: String,
    /// The path of the module; another version has another one.
    pub module: String,
}

/// An entry of the menu.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "Menu")]
pub struct MenuView {
    /// Text, or a key of the front end's language files.
    pub title: String,
    /// Unique in the whole application.
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

/// An entry of the menu with those below it.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "MenuTree")]
pub struct MenuNode {
    /// The entry.
    #[oai(flatten)]
    pub menu: MenuView,
    /// Those below; null if there is none.
    pub children: Option<Vec<MenuNode>>,
}

/// What is written to add or to change an entry. A change leaves alone what is not there.
#[derive(Debug, Object)]
pub struct MenuForm {
    /// Text, or a key of the front end's language files. Unique but for buttons.
    #[oai(validator(min_length = 1, max_length = 64))]
    pub title: String,
    /// Unique but for buttons.
    #[oai(validator(min_length = 1, max_length = 64))]
    pub name: String,
    /// 0 directory, 1 page, 2 button, 3 embedded, 4 link.
    #[oai(rename = "type", validator(minimum(value = "0"), maximum(value = "4")))]
    pub kind: i32,
    /// 1 enabled, 0 disabled.
    #[oai(validator(minimum(value = "0"), maximum(value = "1")))]
    pub status: i32,
    /// 1 shown, 0 hidden.
    #[oai(validator(minimum(value = "0"), maximum(value = "1")))]
    pub display: i32,
    /// 1 if the front end keeps the page alive.
    #[oai(validator(minimum(value = "0"), maximum(value = "1")))]
    pub cache: i32,
    /// The page's path in the browser.
    #[oai(validator(max_length = 200))]
    pub path: MaybeUndefined<String>,
    /// The entry above.
    pub parent_id: MaybeUndefined<Id>,
    /// Ascending, from 0.
    #[oai(validator(minimum(value = "0")))]
    pub sort: Option<i32>,
    /// An icon's name, or a URL.
    #[oai(validator(max_length = 128))]
    pub icon: MaybeUndefined<String>,
    /// The front end's component.
    #[oai(validator(max_length = 256))]
    pub component: MaybeUndefined<String>,
    /// Permission codes, separated by commas.
    #[oai(validator(max_length = 128))]
    pub perms: MaybeUndefined<String>,
    /// The address of an embedded page or a link: http(s), or a path of this server.
    #[oai(validator(max_length = 2048))]
    pub link: MaybeUndefined<String>,
    /// For administrators.
    #[oai(validator(max_length = 4096))]
    pub remark: MaybeUndefined<String>,
}

impl MenuView {
    /// A row, with its times in the clock's zone.
    pub fn of(menu: Menu, clock: &Clock) -> Self {
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

impl MenuNode {
    /// A tree, with its times in the clock's zone.
    pub fn of(node: tree::Node<Menu>, clock: &Clock) -> Self {
        let children: Vec<Self> = node.children.into_iter().map(|child| Self::of(child, clock)).collect();
        Self { menu: MenuView::of(node.item, clock), children: (!children.is_empty()).then_some(children) }
    }
}

impl SidebarNode {
    fn of(node: Node, menus: &MenuService, clock: &Clock) -> Self {
        let menu = node.menu;
        let children: Vec<Self> = node.children.into_iter().map(|child| Self::of(child, menus, clock)).collect();
        Self {
            id: menu.id.into(),
            meta: SidebarMeta::of(&menu, menus.module(&menu)),
            component: component(&menu),
            name: menu.name,
            path: menu.path,
            sort: menu.sort,
            kind: menu.kind,
            perms: menu.perms,
            remark: menu.remark,
            parent_id: menu.parent_id.map(Id::from),
            created_time: clock.format_utc(menu.created_time),
            updated_time: menu.updated_time.map(|time| clock.format_utc(time)),
            children: (!children.is_empty()).then_some(children),
        }
    }
}

impl SidebarMeta {
    fn of(menu: &Menu, module: Option<String>) -> Self {
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
            element: menu.element().zip(module).map(|(name, module)| SidebarElement { name: name.to_owned(), module }),
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
        let view = |node| SidebarNode::of(node, &self.menus, &self.clock);
        Ok(Answer::of(nodes.into_iter().map(view).collect()))
    }

    /// Every entry, buttons too, as a tree
    #[oai(path = "/sys/menus", method = "get", operation_id = "get_menus")]
    async fn list(
        &self,
        _caller: Caller,
        /// A part of the title
        title: Query<Option<String>>,
        /// 1 enabled, 0 disabled
        status: Query<Option<i32>>,
    ) -> Result<Answer<Vec<MenuNode>>, ApiError> {
        let nodes = self.menus.list(title.0.as_deref(), status.0).await.map_err(ApiError::internal)?;
        Ok(Answer::of(nodes.into_iter().map(|node| MenuNode::of(node, &self.clock)).collect()))
    }

    /// Read an entry
    #[oai(path = "/sys/menus/:pk", method = "get", operation_id = "get_menu")]
    async fn read(&self, _caller: Caller, pk: Path<Id>) -> Result<Answer<MenuView>, ApiError> {
        Ok(Answer::of(MenuView::of(self.menus.get(pk.0.get()).await?, &self.clock)))
    }

    /// Add an entry
    #[oai(path = "/sys/menus", method = "post", operation_id = "create_menu")]
    async fn create(&self, _caller: Allowed<AddMenu>, form: JsonBody<MenuForm>) -> Result<Done, ApiError> {
        self.menus.create(draft(form.0)?).await?;
        Ok(Done::done())
    }

    /// Change an entry; what is not sent stays as it is
    #[oai(path = "/sys/menus/:pk", method = "put", operation_id = "update_menu")]
    async fn update(
        &self,
        _caller: Allowed<EditMenu>,
        pk: Path<Id>,
        form: JsonBody<MenuForm>,
    ) -> Result<Done, ApiError> {
        let rows = self.menus.update(pk.0.get(), draft(form.0)?).await?;
        Ok(if rows > 0 { Done::done() } else { Done::nothing_done() })
    }

    /// Delete an entry, also out of roles
    #[oai(path = "/sys/menus/:pk", method = "delete", operation_id = "delete_menu")]
    async fn delete(&self, _caller: Allowed<DeleteMenu>, pk: Path<Id>) -> Result<Done, ApiError> {
        let rows = self.menus.delete(pk.0.get()).await?;
        Ok(if rows > 0 { Done::done() } else { Done::nothing_done() })
    }
}

fn draft(form: MenuForm) -> Result<Draft, ApiError> {
    if form.link.value().is_some_and(|link| !is_address(link)) {
        let message = Message::fixed("should be an http(s) address or a path", "应为 http(s) 地址或站内路径");
        return Err(validation::invalid(&[FieldError::new(
            "value_error",
            Part::Body,
            vec!["link".to_owned()],
            message,
        )]));
    }
    Ok(Draft {
        title: form.title,
        name: form.name,
        kind: form.kind,
        status: form.status,
        display: form.display,
        cache: form.cache,
        sort: form.sort,
        path: said(form.path),
        parent_id: said(form.parent_id).map(|parent| parent.map(Id::get)),
        icon: said(form.icon),
        component: said(form.component),
        perms: said(form.perms),
        link: said(form.link),
        remark: said(form.remark),
    })
}

/// None for a field that was not sent, Some(None) for null.
fn said<T>(field: MaybeUndefined<T>) -> Option<Option<T>> {
    match field {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

/// Nothing that a browser would run as a script.
fn is_address(link: &str) -> bool {
    let lower = link.to_ascii_lowercase();
    link.is_empty() || link.starts_with('/') || lower.starts_with("http://") || lower.starts_with("https://")
}

impl From<MenuError> for ApiError {
    fn from(error: MenuError) -> Self {
        match error {
            MenuError::Missing => Self::not_found(Message::fixed("the menu does not exist", "菜单不存在")),
            MenuError::NoParent => Self::not_found(Message::fixed("the menu above does not exist", "父级菜单不存在")),
            MenuError::OwnParent => {
                Self::forbidden(Message::fixed("a menu can't stand below itself", "禁止关联自身为父级"))
            }
            MenuError::Circle => Self::forbidden(Message::fixed(
                "a menu can't stand below one of its own, nor deeper than 32 levels",
                "禁止关联下级菜单为父级，且层级不能超过 32",
            )),
            MenuError::TitleTaken => Self::conflict(Message::fixed("another menu has this title", "菜单标题已存在")),
            MenuError::NameTaken => {
                Self::conflict(Message::fixed("another menu has this name or title", "菜单名称或标题已存在"))
            }
            MenuError::HasChildren => Self::conflict(Message::fixed(
                "the menu has entries below it; delete or move them first",
                "菜单下存在子菜单，无法删除",
            )),
            MenuError::OfPlugin { plugin } => Self::conflict(Message::new(
                format!("the menu belongs to plugin {plugin}, which decides its name, type, permissions and existence"),
                format!("菜单属于插件 {plugin}，不能删除，也不能修改其名称、类型和权限标识"),
            )),
            MenuError::Storage(error) => Self::internal(error),
        }
    }
}
