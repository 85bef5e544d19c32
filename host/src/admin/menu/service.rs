//! Rules about menus: which entries somebody sees, and as which tree.

use super::crud;
use super::model::{Menu, kind};
use crate::admin::auth::Identity;
use crate::admin::published::Published;
use plugin_api::db::{Database, DbError};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

/// Deepest tree that is built; a row may name itself as its parent.
const DEPTH_MAX: usize = 32;

/// What the core does with menus.
#[derive(Clone)]
pub struct MenuService {
    db: Database,
    published: Arc<dyn Published>,
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
    /// Works on `db`; entries of plugins are there while `published` says so.
    pub fn new(db: Database, published: Arc<dyn Published>) -> Self {
        Self { db, published }
    }

    /// The sidebar of a user: everything for a super-user, else what the roles have, with the
    /// directories above it.
    ///
    /// # Errors
    /// The database's.
    pub async fn sidebar(&self, identity: &Identity) -> Result<Vec<Node>, DbError> {
        let menus = self.available().await?;
        let granted = self.granted(identity).await?;
        Ok(tree(menus, granted.as_ref()))
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
        menus.retain(|menu| match &menu.plugin_id {
            None => true,
            Some(plugin) => self.published.has_menu(plugin, &menu.name),
        });
        Ok(menus)
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

/// The sidebar of `menus`: entries that are granted or stand above one that is. An entry below a
/// missing one (disabled, or of a plugin that does not run) is missing too.
fn tree(menus: Vec<Menu>, granted: Option<&HashSet<i64>>) -> Vec<Node> {
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
            assert_eq!(ids(&tree(menus(), granted.as_ref())), expected, "{granted:?}");
        }
    }

    #[test]
    fn codes_are_split_at_commas() {
        let menu = Menu { perms: Some("a:b, c:d,,".to_owned()), ..menu(1, None, 2) };
        assert_eq!(menu.codes().collect::<Vec<_>>(), ["a:b", "c:d"]);
    }
}
