//! Graphs and manifests in a few words, for the tests of this room.

mod properties;
mod refusals;

use super::graph::{Graph, Node};
use crate::plugin::id::PluginId;
use crate::plugin::manifest::{Dependency, Manifest};
use std::collections::BTreeMap;

fn id(text: &str) -> PluginId {
    text.parse().unwrap()
}

/// A manifest from `shop 2.0.0` and `["dict ^1", "?config *", "abi ^2"]`, where `?` makes one optional.
fn manifest(plugin: &str, needs: &[&str]) -> Manifest {
    let (name, version) = plugin.split_once(' ').unwrap();
    let text = format!(
        "[plugin]\nid = \"{name}\"\nversion = \"{version}\"\nsummary = \"s\"\ndescription = \"d\"\nauthor = \"a\"\n\
         tags = [\"other\"]\ndatabase = [\"sqlite\"]"
    );
    let mut manifest = Manifest::parse(&text).unwrap();
    for need in needs {
        let (on, range) = need.split_once(' ').unwrap();
        let version = range.parse().unwrap();
        if on == "abi" {
            manifest.abi = Some(version);
        } else {
            let optional = on.starts_with('?');
            let dependency = Dependency { version, optional };
            manifest.dependencies.insert(id(on.trim_start_matches('?')), dependency);
        }
    }
    manifest
}

/// One that serves.
fn node(plugin: &str, needs: &[&str]) -> Node {
    Node::of(&manifest(plugin, needs)).serving()
}

/// Plugins that serve, but those whose name begins with `-`.
fn graph(plugins: &[(&str, &[&str])]) -> Graph {
    let one = |(plugin, needs): &(&str, &[&str])| {
        let node = Node::of(&manifest(plugin.trim_start_matches('-'), needs));
        let name = plugin.trim_start_matches('-').split(' ').next().unwrap();
        (id(name), if plugin.starts_with('-') { node } else { node.serving() })
    };
    plugins.iter().map(one).collect()
}

fn dependency(range: &str, optional: bool) -> Dependency {
    Dependency { version: range.parse().unwrap(), optional }
}

fn none() -> BTreeMap<PluginId, semver::Version> {
    BTreeMap::new()
}
