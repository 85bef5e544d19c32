//! The names that `WITH` gives to queries, and where each holds, while somebody walks a statement's tree.

use sqlparser::ast::{Ident, Query, SetExpr};

/// The names in force where the walk is. Nodes of the tree are told apart by their addresses.
#[derive(Default)]
pub(super) struct WithNames(Vec<Scope>);

struct Scope {
    query: *const Query,
    recursive: bool,
    names: Vec<(String, *const Query, Progress)>,
}

/// How far the walk is with a query that has a name: before it is passed, the name may mean a table.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Ahead,
    Inside,
    Passed,
}

/// Where a query may go by its own name inside of itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Itself {
    /// After `WITH RECURSIVE` only.
    WhereRecursive,
    /// Everywhere, as SQLite has it.
    Always,
}

impl WithNames {
    /// The walk comes to a query. A name that `named` does not give is left out.
    pub(super) fn enter(&mut self, query: &Query, mut named: impl FnMut(&Ident) -> Option<String>) {
        self.advance(query, Progress::Inside);
        let mut scope = Scope { query, recursive: false, names: Vec::new() };
        if let Some(with) = &query.with {
            scope.recursive = with.recursive;
            let names = with.cte_tables.iter().filter_map(|cte| {
                Some((named(&cte.alias.name)?, std::ptr::from_ref(cte.query.as_ref()), Progress::Ahead))
            });
            scope.names = names.collect();
        }
        self.0.push(scope);
    }

    /// The walk leaves it.
    pub(super) fn leave(&mut self, query: &Query) {
        self.0.retain(|scope| !std::ptr::eq(scope.query, query));
        self.advance(query, Progress::Passed);
    }

    /// Whether a name means a query here, and no table.
    pub(super) fn hold(&self, name: &str, itself: Itself) -> bool {
        self.0.iter().any(|scope| {
            let sees_itself = scope.recursive || itself == Itself::Always;
            scope.names.iter().any(|(known, _, progress)| {
                known == name && (*progress == Progress::Passed || (*progress == Progress::Inside && sees_itself))
            })
        })
    }

    fn advance(&mut self, query: *const Query, progress: Progress) {
        let names = self.0.iter_mut().flat_map(|scope| &mut scope.names);
        names.filter(|named| named.1 == query).for_each(|named| named.2 = progress);
    }
}

/// Whether a query is, or joins by `UNION` and the like, `TABLE name`: it holds its name as a text, which no walk
/// would see.
pub(super) fn has_bare_table(body: &SetExpr) -> bool {
    let mut bodies = vec![body];
    while let Some(body) = bodies.pop() {
        match body {
            SetExpr::Table(_) => return true,
            SetExpr::SetOperation { left, right, .. } => bodies.extend([left.as_ref(), right.as_ref()]),
            _ => {}
        }
    }
    false
}
