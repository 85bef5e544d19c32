//! Rules about menus: which entries somebody sees, and as which tree.

use super::crud;
use super::model::{Draft, Menu, kind};
use crate::admin::Clock;
use crate::admin::auth::{Authenticator, Identity};
use crate::admin::published::Published;
use crate::admin::tree;
use plugin_api::db::{Database, DbError, Statements};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

/// Deepest tree that is built; a row may name itself as its parent.
const DEPTH_MAX: usize = 32;

/// What the core does with menus.
#[derive(Clone)]
pub struct MenuService {
    db: Database,
    clock: Clock,
    published: Arc<dyn Published>,
    authenticator: Arc<Authenticator>,
}

/// Why something was not done with an entry.
#[derive(Debug, thiserror::Error)]
pub enum MenuError {
    /// No entry has this id.
    #[error("no such menu")]
    Missing,
    /// The entry above does not exist.
    #[error("no such parent")]
    NoParent,
    /// It would stand below itself.
    #[error("parent is the menu itself")]
    OwnParent,
    /// It would stand below one that stands below it, or deeper than a tree may be.
    #[error("parent stands below the menu")]
    Circle,
    /// Another entry that is no button has this title.
    #[error("title taken")]
    TitleTaken,
    /// Another entry that is no button has this name.
    #[error("name taken")]
    NameTaken,
    /// Entries stand below it.
    #[error("has children")]
    HasChildren,
    /// A plugin brought it, and what was asked for is that plugin's to decide.
    #[error("belongs to plugin {plugin}")]
    OfPlugin {
        /// The plugin.
        plugin: String,
    },
    /// The database.
    #[error("failed to store menus")]
    Storage(#[source] DbError),
}

impl From<DbError> for MenuError {
    fn from(error: DbError) -> Self {
        // Titles are looked at before, so it is the name, unless two came at once.
        if error.is_unique() { Self::NameTaken } else { Self::Storage(error) }
    }
}

/// An entry with those below it.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The entry.
    pub menu: Menu,
    /// Those below, in order.
    pub children: Vec<Node>,
}

impl fmt::Debug for MenuService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MenuService").finish_non_exhaustive()
    }
}

impl MenuService {
    /// Works on `db`; entries of plugins are there while `published` says so, and `authenticator`
    /// learns of changes.
    pub fn new(db: Database, clock: Clock, published: Arc<dyn Published>, authenticator: Arc<Authenticator>) -> Self {
        Self { db, clock, published, authenticator }
    }

    /// Every entry of the core and of plugins that run, buttons too, as trees.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self, title: Option<&str>, status: Option<i32>) -> Result<Vec<tree::Node<Menu>>, DbError> {
        let mut menus = crud::list(&self.db, title, status).await?;
        menus.retain(|menu| self.is_there(menu));
        Ok(tree::grow(menus))
    }

    /// The ids of the core's own entries of these names, of which there is at least one; an entry
    /// that was deleted is not among them.
    ///
    /// # Errors
    /// The database's.
    pub(in crate::admin) async fn ids_of(&self, names: &[&str]) -> Result<Vec<i64>, DbError> {
        crud::ids_of(&self.db, names).await
    }

    /// The entry of an id.
    ///
    /// # Errors
    /// [`MenuError::Missing`], or the database's.
    pub async fn get(&self, id: i64) -> Result<Menu, MenuError> {
        crud::by_id(&self.db, id).await?.ok_or(MenuError::Missing)
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// [`MenuError`].
    pub(super) async fn create(&self, draft: Draft) -> Result<(), MenuError> {
        let menu = Menu::new(draft, self.clock.now_ms());
        let transaction = self.db.begin().await?;
        crud::lock_tree(&transaction).await?;
        check(&transaction, None, &menu).await?;
        crud::insert(&transaction, &menu).await?;
        transaction.commit().await?;
        self.authenticator.forget_all().await;
        Ok(())
    }

    /// Changes what the draft says of an entry; gives the number of rows changed.
    ///
    /// # Errors
    /// [`MenuError`].
    pub(super) async fn update(&self, id: i64, draft: Draft) -> Result<u64, MenuError> {
        let transaction = self.db.begin().await?;
        crud::lock_tree(&transaction).await?;
        let before = crud::by_id(&transaction, id).await?.ok_or(MenuError::Missing)?;
        let menu = before.clone().with(draft);
        respect_plugin(&before, &menu)?;
        check(&transaction, Some(id), &menu).await?;
        let rows = crud::update(&transaction, &menu, self.clock.now_ms()).await?;
        if before.plugin_id.is_some() && !before.looks_like(&menu) {
            crud::set_arranged(&transaction, id).await?;
        }
        transaction.commit().await?;
        self.authenticator.forget_all().await;
        Ok(rows)
    }

    /// Deletes an entry, also out of roles; gives the number of rows deleted.
    ///
    /// # Errors
    /// [`MenuError`].
    pub async fn delete(&self, id: i64) -> Result<u64, MenuError> {
        let transaction = self.db.begin().await?;
        crud::lock_tree(&transaction).await?;
        let menu = crud::by_id(&transaction, id).await?.ok_or(MenuError::Missing)?;
        if let Some(plugin) = menu.plugin_id {
            return Err(MenuError::OfPlugin { plugin });
        }
        if crud::children(&transaction, id).await? > 0 {
            return Err(MenuError::HasChildren);
        }
        let rows = crud::delete(&transaction, id).await?;
        transaction.commit().await?;
        self.authenticator.forget_all().await;
        Ok(rows)
    }

    /// The sidebar of a user: everything for a super-user, else what the roles have, with the
    /// directories above it.
    ///
    /// # Errors
    /// The database's.
    pub async fn sidebar(&self, identity: &Identity) -> Result<Vec<Node>, DbError> {
        let menus = self.available().await?;
        let granted = self.granted(identity).await?;
        Ok(sidebar(menus, granted.as_ref()))
    }

    /// Where browsers get the module with the element that an entry shows; None if it shows none.
    pub(super) fn module(&self, menu: &Menu) -> Option<String> {
        menu.element()?;
        self.published.module(menu.plugin_id.as_deref()?)
    }

    /// The permission codes of a user, sorted: every code there is for a super-user, else those
    /// of the entries that the roles have.
    ///
    /// # Errors
    /// The database's.
    pub async fn codes(&self, identity: &Identity) -> Result<Vec<String>, DbError> {
        let menus = self.available().await?;
        let granted = self.granted(identity).await?;
        let mut codes: BTreeSet<String> = menus
            .iter()
            .filter(|menu| granted.as_ref().is_none_or(|granted| granted.contains(&menu.id)))
            .flat_map(Menu::codes)
            .map(str::to_owned)
            .collect();
        if granted.is_none() {
            codes.extend(self.published.permissions());
        }
        Ok(codes.into_iter().collect())
    }

    /// Enabled entries of the core and of plugins that run.
    async fn available(&self) -> Result<Vec<Menu>, DbError> {
        let mut menus = crud::enabled(&self.db).await?;
        menus.retain(|menu| self.is_there(menu));
        Ok(menus)
    }

    fn is_there(&self, menu: &Menu) -> bool {
        menu.plugin_id.as_ref().is_none_or(|plugin| self.published.has_menu(plugin, &menu.name))
    }

    /// The entries a user may see; None is all of them.
    async fn granted(&self, identity: &Identity) -> Result<Option<HashSet<i64>>, DbError> {
        if identity.is_superuser {
            return Ok(None);
        }
        let ids = crud::granted_ids(&self.db, identity.user_id).await?;
        Ok(Some(ids.into_iter().collect()))
    }
}

/// Name, kind and codes of a plugin's entry are what the plugin relies on.
fn respect_plugin(before: &Menu, after: &Menu) -> Result<(), MenuError> {
    let Some(plugin) = &before.plugin_id else { return Ok(()) };
    let same = before.name == after.name && before.kind == after.kind && before.codes().eq(after.codes());
    if same { Ok(()) } else { Err(MenuError::OfPlugin { plugin: plugin.clone() }) }
}

/// Checks that an entry, new if it has no id yet, may be stored as `menu`.
async fn check(db: &impl Statements, id: Option<i64>, menu: &Menu) -> Result<(), MenuError> {
    if menu.kind != kind::BUTTON && crud::title_taken(db, &menu.title, id.unwrap_or(0)).await? {
        return Err(MenuError::TitleTaken);
    }
    let Some(parent) = menu.parent_id else { return Ok(()) };
    if id == Some(parent) {
        return Err(MenuError::OwnParent);
    }
    let mut above = crud::by_id(db, parent).await?.ok_or(MenuError::NoParent)?;
    for _ in 0..DEPTH_MAX {
        let Some(next) = above.parent_id else { return Ok(()) };
        if id == Some(next) {
            return Err(MenuError::Circle);
        }
        let Some(found) = crud::by_id(db, next).await? else { return Ok(()) };
        above = found;
    }
    Err(MenuError::Circle)
}

/// The sidebar of `menus`: entries that are granted or stand above one that is. An entry below a
/// missing one (disabled, or of a plugin that does not run) is missing too.
fn sidebar(menus: Vec<Menu>, granted: Option<&HashSet<i64>>) -> Vec<Node> {
    let mut below: HashMap<Option<i64>, Vec<Menu>> = HashMap::new();
    for menu in menus {
        if menu.kind != kind::BUTTON {
            below.entry(menu.parent_id).or_default().push(menu);
        }
    }
    grow(None, &mut below, granted, 0)
}

fn grow(
    parent: Option<i64>,
    below: &mut HashMap<Option<i64>, Vec<Menu>>,
    granted: Option<&HashSet<i64>>,
    depth: usize,
) -> Vec<Node> {
    if depth > DEPTH_MAX {
        return Vec::new();
    }
    let menus = below.remove(&parent).unwrap_or_default();
    let nodes = menus.into_iter().map(|menu| Node { children: grow(Some(menu.id), below, granted, depth + 1), menu });
    nodes
        .filter(|node| {
            let own = granted.is_none_or(|granted| granted.contains(&node.menu.id));
            own || !node.children.is_empty()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn menu(id: i64, parent_id: Option<i64>, kind: i32) -> Menu {
        Menu {
            id,
            title: String::new(),
            name: format!("M{id}"),
            path: None,
            sort: 0,
            icon: None,
            kind,
            component: None,
            perms: None,
            status: 1,
            display: 1,
            cache: 1,
            link: None,
            remark: None,
            parent_id,
            plugin_id: None,
            created_time: 0,
            updated_time: None,
        }
    }

    fn ids(nodes: &[Node]) -> String {
        let one = |node: &Node| {
            if node.children.is_empty() {
                node.menu.id.to_string()
            } else {
                format!("{}({})", node.menu.id, ids(&node.children))
            }
        };
        nodes.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_tree_holds_what_is_granted_and_what_stands_above_it() {
        let menus = || {
            vec![
                menu(1, None, 0),
                menu(2, Some(1), 1),
                menu(3, Some(2), 2),
                menu(4, Some(1), 0),
                menu(5, Some(4), 4),
                menu(6, Some(99), 1),
                menu(7, None, 0),
                menu(8, Some(8), 1),
            ]
        };
        let cases = [
            (None, "1(2 4(5)) 7"),
            (Some(vec![5]), "1(4(5))"),
            (Some(vec![2, 3]), "1(2)"),
            (Some(vec![6]), ""),
            (Some(vec![]), ""),
            (Some(vec![7, 1]), "1 7"),
        ];
        for (granted, expected) in cases {
            let granted: Option<HashSet<i64>> = granted.map(|ids| ids.into_iter().collect());
            assert_eq!(ids(&sidebar(menus(), granted.as_ref())), expected, "{granted:?}");
        }
    }

    #[test]
    fn codes_are_split_at_commas() {
        let menu = Menu { perms: Some("a:b, c:d,,".to_owned()), ..menu(1, None, 2) };
        assert_eq!(menu.codes().collect::<Vec<_>>(), ["a:b", "c:d"]);
    }
}
