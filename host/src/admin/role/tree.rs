//! A role's menus as a tree.

use super::model::RoleMenu;
use std::collections::{HashMap, HashSet};

/// Deepest tree that is built; rows may name each other as their parents.
const DEPTH_MAX: usize = 32;

/// An entry with those of the same role below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// The entry.
    pub menu: RoleMenu,
    /// Those below, in order.
    pub children: Vec<Branch>,
}

/// The tree of `menus`. An entry whose parent the role does not have stands at the top.
pub(super) fn tree(menus: Vec<RoleMenu>) -> Vec<Branch> {
    let there: HashSet<i64> = menus.iter().map(|menu| menu.id).collect();
    let mut below: HashMap<Option<i64>, Vec<RoleMenu>> = HashMap::new();
    for menu in menus {
        let parent = menu.parent_id.filter(|parent| there.contains(parent));
        below.entry(parent).or_default().push(menu);
    }
    grow(None, &mut below, 0)
}

fn grow(parent: Option<i64>, below: &mut HashMap<Option<i64>, Vec<RoleMenu>>, depth: usize) -> Vec<Branch> {
    if depth > DEPTH_MAX {
        return Vec::new();
    }
    let menus = below.remove(&parent).unwrap_or_default();
    menus.into_iter().map(|menu| Branch { children: grow(Some(menu.id), below, depth + 1), menu }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn menu(id: i64, parent_id: Option<i64>) -> RoleMenu {
        RoleMenu {
            role_id: 1,
            id,
            title: String::new(),
            name: String::new(),
            path: None,
            parent_id,
            sort: 0,
            icon: None,
            kind: 1,
            component: None,
            perms: None,
            status: 1,
            display: 1,
            cache: 1,
            link: None,
            remark: None,
            created_time: 0,
            updated_time: None,
        }
    }

    fn ids(branches: &[Branch]) -> String {
        let one = |branch: &Branch| match branch.children.as_slice() {
            [] => branch.menu.id.to_string(),
            children => format!("{}({})", branch.menu.id, ids(children)),
        };
        branches.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_tree_keeps_the_order_and_ends_whatever_the_rows_say() {
        let cases = [
            (vec![(1, None), (2, Some(1)), (4, Some(2)), (3, Some(1))], "1(2(4) 3)"),
            (vec![(2, Some(9)), (1, None)], "2 1"),
            (vec![(1, Some(2)), (2, Some(1)), (3, Some(3)), (4, None)], "4"),
            (vec![], ""),
        ];
        for (rows, expected) in cases {
            let menus = rows.into_iter().map(|(id, parent)| menu(id, parent)).collect();
            assert_eq!(ids(&tree(menus)), expected);
        }
        let endless = (0..1_000).map(|id| menu(id, (id > 0).then(|| id - 1))).collect();
        assert_eq!(tree(endless).len(), 1);
    }
}
