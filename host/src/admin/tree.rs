//! Lists whose rows name the one above them, as trees.

use std::collections::{HashMap, HashSet};

/// A row that may stand below another.
pub trait Below {
    /// The key.
    fn id(&self) -> i64;

    /// The row above.
    fn parent_id(&self) -> Option<i64>;
}

/// A row with those below it.
#[derive(Debug, Clone, PartialEq)]
pub struct Node<T> {
    /// The row.
    pub item: T,
    /// Those below, in order.
    pub children: Vec<Node<T>>,
}

/// The trees of `items`, in their order. One whose row above is not among them stands at the top:
/// a filter or a data permission has left that one out.
pub fn grow<T: Below>(items: Vec<T>) -> Vec<Node<T>> {
    let present: HashSet<i64> = items.iter().map(Below::id).collect();
    let mut below: HashMap<Option<i64>, Vec<T>> = HashMap::new();
    for item in items {
        let above = item.parent_id().filter(|parent| present.contains(parent));
        below.entry(above).or_default().push(item);
    }
    branch(None, &mut below)
}

/// Takes each list out of `below` before it goes down, so that a circle ends.
fn branch<T: Below>(above: Option<i64>, below: &mut HashMap<Option<i64>, Vec<T>>) -> Vec<Node<T>> {
    let items = below.remove(&above).unwrap_or_default();
    items.into_iter().map(|item| Node { children: branch(Some(item.id()), below), item }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Below for (i64, Option<i64>) {
        fn id(&self) -> i64 {
            self.0
        }

        fn parent_id(&self) -> Option<i64> {
            self.1
        }
    }

    fn shape(nodes: &[Node<(i64, Option<i64>)>]) -> String {
        let parts = nodes.iter().map(|node| format!("{}[{}]", node.item.0, shape(&node.children)));
        parts.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn whoever_has_nobody_above_in_the_list_stands_at_the_top() {
        let items = vec![(2, Some(1)), (1, None), (4, Some(9)), (3, Some(2)), (5, Some(1))];
        assert_eq!(shape(&grow(items)), "1[2[3[]] 5[]] 4[]");
        assert_eq!(shape(&grow(vec![])), "");
        assert_eq!(shape(&grow(vec![(1, Some(2)), (2, Some(1)), (3, None)])), "3[]");
    }
}
