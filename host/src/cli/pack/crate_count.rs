//! How many crates a build compiles, for its progress bar.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::{cargo::Cargo, source_crate::SourceCrate};

#[derive(Deserialize)]
struct Metadata {
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    /// `dev`, `build`, or nothing for an ordinary dependency.
    kind: Option<String>,
}

/// The crate and everything below it that is not only for tests. None when cargo cannot say; the
/// build will say why.
pub(super) fn count_crates(cargo: &Cargo, source: &SourceCrate) -> Option<u64> {
    let target = cargo.host_target().ok()?;
    let metadata: Metadata = cargo.metadata_of_all(source.manifest(), &target).ok()?;
    Some(count_below(&metadata.resolve, source.package_id()))
}

fn count_below(resolve: &Resolve, root: &str) -> u64 {
    let nodes: HashMap<&str, &Node> = resolve.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
    let mut found = HashSet::from([root]);
    let mut waiting = vec![root];
    while let Some(id) = waiting.pop() {
        let Some(node) = nodes.get(id) else { continue };
        for dependency in node.deps.iter().filter(|dependency| dependency.is_built()) {
            if found.insert(&dependency.pkg) {
                waiting.push(&dependency.pkg);
            }
        }
    }
    u64::try_from(found.len()).unwrap_or(u64::MAX)
}

impl Dependency {
    fn is_built(&self) -> bool {
        let mut kinds = self.dep_kinds.iter();
        kinds.any(|kind| kind.kind.as_deref() != Some("dev"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn crates_for_tests_alone_are_not_counted() {
        let dep = |pkg: &str, kind: Option<&str>| json!({"pkg": pkg, "dep_kinds": [{"kind": kind}]});
        let resolve: Resolve = serde_json::from_value(json!({"nodes": [
            {"id": "a", "deps": [dep("b", None), dep("t", Some("dev"))]},
            {"id": "b", "deps": [dep("c", Some("build")), dep("a", Some("dev"))]},
            {"id": "c", "deps": []},
            {"id": "t", "deps": []},
        ]}))
        .unwrap();
        assert_eq!(count_below(&resolve, "a"), 3);
    }
}
