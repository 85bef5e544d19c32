//! Which value serves a method and a path. Knows nothing of plugins beyond who owns a route.

use super::pattern::Pattern;
use http::Method;
use matchit::{InsertError, Params, Router};
use std::collections::HashMap;

/// Routes of many owners, each with a value. Built once, then only read.
#[derive(Debug, Clone)]
pub(super) struct Paths<T> {
    router: Router<usize>,
    nodes: Vec<Node<T>>,
    by_canonical: HashMap<String, usize>,
}

/// All that is served at one path.
#[derive(Debug, Clone)]
struct Node<T> {
    routes: Vec<Route<T>>,
    /// The value of an `Allow` header.
    allow: String,
}

#[derive(Debug, Clone)]
struct Route<T> {
    method: Method,
    names: Box<[Box<str>]>,
    value: T,
}

/// What serves a request.
#[derive(Debug)]
pub(super) enum Found<'table, 'path, T> {
    /// This value.
    Value { value: &'table T, params: PathParams<'table, 'path> },
    /// The path is known, the method is not; any value of that path says whose it is.
    OtherMethod { allow: &'table str, any: &'table T },
    /// Nothing.
    Nothing,
}

/// The parameters of a matched path, as they stand in it: still percent-encoded.
#[derive(Debug, Clone)]
pub struct PathParams<'table, 'path> {
    names: &'table [Box<str>],
    values: Params<'table, 'path>,
}

/// Why a route can't be added.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Clash<'table, T> {
    /// This value serves it already.
    Same(&'table T),
    /// Paths of the two forms can't be told apart; this value serves the other one.
    Ambiguous(&'table T),
    /// The router can't hold it.
    Unroutable,
}

impl<T> Default for Paths<T> {
    fn default() -> Self {
        Self { router: Router::new(), nodes: Vec::new(), by_canonical: HashMap::new() }
    }
}

impl<T> Paths<T> {
    /// Adds a route.
    pub(super) fn insert(&mut self, method: Method, pattern: &Pattern, value: T) -> Result<(), Clash<'_, T>> {
        let node = match self.by_canonical.get(pattern.canonical()) {
            Some(node) => *node,
            None => match self.add_node(pattern.canonical()) {
                Ok(node) => node,
                Err(Some(other)) => return Err(Clash::Ambiguous(&self.nodes[other].routes[0].value)),
                Err(None) => return Err(Clash::Unroutable),
            },
        };
        let node = &mut self.nodes[node];
        if let Some(position) = node.routes.iter().position(|route| route.method == method) {
            return Err(Clash::Same(&node.routes[position].value));
        }
        node.routes.push(Route { method, names: pattern.names().into(), value });
        node.allow = allow(&node.routes);
        Ok(())
    }

    /// What serves `method` at `path`. HEAD is served by GET where it has no route of its own.
    pub(super) fn find<'table, 'path>(&'table self, method: &Method, path: &'path str) -> Found<'table, 'path, T> {
        let Ok(matched) = self.router.at(path) else { return Found::Nothing };
        let node = &self.nodes[*matched.value];
        let with = |wanted: &Method| node.routes.iter().find(|route| route.method == *wanted);
        let route = with(method).or_else(|| if *method == Method::HEAD { with(&Method::GET) } else { None });
        match (route, node.routes.first()) {
            (Some(route), _) => {
                Found::Value { value: &route.value, params: PathParams { names: &route.names, values: matched.params } }
            }
            (None, Some(first)) => Found::OtherMethod { allow: &node.allow, any: &first.value },
            (None, None) => Found::Nothing,
        }
    }

    /// A new node, or the node with which its path can't live.
    fn add_node(&mut self, canonical: &str) -> Result<usize, Option<usize>> {
        let node = self.nodes.len();
        match self.router.insert(canonical, node) {
            Ok(()) => {
                self.nodes.push(Node { routes: Vec::new(), allow: String::new() });
                self.by_canonical.insert(canonical.to_owned(), node);
                Ok(node)
            }
            Err(InsertError::Conflict { with }) => {
                Err(self.by_canonical.get(&with).copied().or_else(|| self.like(&with)))
            }
            Err(_) => Err(None),
        }
    }

    /// matchit may name only the beginning of the path that it conflicts with.
    fn like(&self, beginning: &str) -> Option<usize> {
        let mut alike = self.by_canonical.iter().filter(|(path, _)| path.starts_with(beginning));
        alike.next().map(|(_, node)| *node)
    }
}

impl<'table, 'path> PathParams<'table, 'path> {
    /// Name and value of each, in the order of the path.
    pub fn iter(&self) -> impl Iterator<Item = (&'table str, &'path str)> + '_ {
        self.names.iter().map(AsRef::as_ref).zip(self.values.iter().map(|(_, value)| value))
    }

    /// The value of one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'path str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

fn allow<T>(routes: &[Route<T>]) -> String {
    let mut methods: Vec<&str> = routes.iter().map(|route| route.method.as_str()).collect();
    if methods.contains(&"GET") && !methods.contains(&"HEAD") {
        methods.push("HEAD");
    }
    if !methods.contains(&"OPTIONS") {
        methods.push("OPTIONS");
    }
    methods.sort_unstable();
    methods.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Clash, Found, Paths};
    use crate::plugin::table::pattern::Pattern;
    use http::Method;
    use proptest::prelude::*;
    use std::collections::HashSet;

    fn paths(routes: &[(Method, &str, &'static str)]) -> Paths<&'static str> {
        let mut paths = Paths::default();
        for (method, path, value) in routes {
            paths.insert(method.clone(), &Pattern::parse(path).unwrap(), *value).unwrap();
        }
        paths
    }

    fn found(paths: &Paths<&'static str>, method: Method, path: &str) -> String {
        match paths.find(&method, path) {
            Found::Value { value, params } => {
                let params: Vec<String> = params.iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!("{value} {}", params.join(" ")).trim().to_owned()
            }
            Found::OtherMethod { allow, .. } => format!("allow {allow}"),
            Found::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn methods_of_one_path_may_name_their_parameters_differently() {
        let paths = paths(&[
            (Method::GET, "/n/{pk}", "read"),
            (Method::PUT, "/n/{id}", "write"),
            (Method::GET, "/n/all", "all"),
        ]);
        assert_eq!(found(&paths, Method::GET, "/n/7"), "read pk=7");
        assert_eq!(found(&paths, Method::PUT, "/n/7"), "write id=7");
        assert_eq!(found(&paths, Method::GET, "/n/all"), "all");
        assert_eq!(found(&paths, Method::HEAD, "/n/7"), "read pk=7");
        assert_eq!(found(&paths, Method::DELETE, "/n/7"), "allow GET, HEAD, OPTIONS, PUT");
        assert_eq!(found(&paths, Method::GET, "/n"), "nothing");
        assert_eq!(found(&paths, Method::GET, "/n/"), "nothing");
        assert_eq!(found(&paths, Method::GET, "/n/7/"), "nothing");
    }

    #[test]
    fn the_rest_of_a_path_is_one_parameter() {
        let paths = paths(&[(Method::GET, "/f/{*rest}", "file"), (Method::GET, "/f/a/b", "static")]);
        assert_eq!(found(&paths, Method::GET, "/f/a/c"), "file rest=a/c");
        assert_eq!(found(&paths, Method::GET, "/f/a/b"), "static");
    }

    #[test]
    fn clashes_name_what_is_there() {
        let mut paths = paths(&[(Method::GET, "/n/{pk}", "first")]);
        let same = Pattern::parse("/n/{id}").unwrap();
        assert_eq!(paths.insert(Method::GET, &same, "second"), Err(Clash::Same(&"first")));
        let rest = Pattern::parse("/n/{*rest}").unwrap();
        assert_eq!(paths.insert(Method::PUT, &rest, "second"), Err(Clash::Ambiguous(&"first")));
        assert_eq!(found(&paths, Method::GET, "/n/7"), "first pk=7");
    }

    proptest! {
        #[test]
        fn every_route_that_was_added_is_found(segments in prop::collection::vec(prop::collection::vec("[a-c]|\\{[a-c]\\}", 1..4), 1..20)) {
            let mut paths = Paths::default();
            let mut added = HashSet::new();
            for segments in &segments {
                let Ok(pattern) = Pattern::parse(&format!("/{}", segments.join("/"))) else { continue };
                let canonical = pattern.canonical().to_owned();
                if paths.insert(Method::GET, &pattern, canonical.clone()).is_ok() {
                    prop_assert!(added.insert(canonical));
                } else {
                    prop_assert!(added.contains(&canonical));
                }
            }
            for canonical in &added {
                // A value that no static segment has: only this form, or one as general, can match.
                let concrete = |segment: &str| if segment.starts_with('{') { "/zz".to_owned() } else { format!("/{segment}") };
                let path: String = canonical.split('/').skip(1).map(concrete).collect();
                match paths.find(&Method::GET, &path) {
                    Found::Value { value, .. } => prop_assert_eq!(value, canonical),
                    other => prop_assert!(false, "{path} gave {other:?}"),
                }
            }
        }
    }
}
