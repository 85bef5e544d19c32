//! A list of departments as a tree.

use super::model::Dept;
use std::collections::{HashMap, HashSet};

/// A department with those below it.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The department.
    pub dept: Dept,
    /// Those below, in order.
    pub children: Vec<Node>,
}

/// The trees of `depts`, in their order. One whose department above is not among them stands at
/// the top: a filter or a data permission has left that one out.
pub fn grow(depts: Vec<Dept>) -> Vec<Node> {
    let present: HashSet<i64> = depts.iter().map(|dept| dept.id).collect();
    let mut below: HashMap<Option<i64>, Vec<Dept>> = HashMap::new();
    for dept in depts {
        let above = dept.parent_id.filter(|parent| present.contains(parent));
        below.entry(above).or_default().push(dept);
    }
    branch(None, &mut below)
}

/// Takes each list out of `below` before it goes down, so that a circle ends.
fn branch(above: Option<i64>, below: &mut HashMap<Option<i64>, Vec<Dept>>) -> Vec<Node> {
    let depts = below.remove(&above).unwrap_or_default();
    depts.into_iter().map(|dept| Node { children: branch(Some(dept.id), below), dept }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dept(id: i64, parent_id: Option<i64>) -> Dept {
        Dept {
            id,
            name: String::new(),
            parent_id,
            sort: 0,
            leader: None,
            phone: None,
            email: None,
            status: 1,
            del_flag: false,
            created_time: 0,
            updated_time: None,
        }
    }

    fn shape(nodes: &[Node]) -> String {
        let parts = nodes.iter().map(|node| format!("{}[{}]", node.dept.id, shape(&node.children)));
        parts.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn whoever_has_nobody_above_in_the_list_stands_at_the_top() {
        let depts = vec![dept(2, Some(1)), dept(1, None), dept(4, Some(9)), dept(3, Some(2)), dept(5, Some(1))];
        assert_eq!(shape(&grow(depts)), "1[2[3[]] 5[]] 4[]");
        assert_eq!(shape(&grow(vec![])), "");
        assert_eq!(shape(&grow(vec![dept(1, Some(2)), dept(2, Some(1)), dept(3, None)])), "3[]");
    }
}
