//! What holds for any graph.

use super::super::{
    Catalogue, Graph, Node, Origin, Standing, Wish, Wishes, cascade, cycle_through, enable_order, refuse_change,
    refuse_removal,
};
use super::{dependency, id, manifest, none};
use crate::plugin::id::PluginId;
use crate::plugin::manifest::Dependency;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use semver::Version;
use std::collections::{BTreeMap, BTreeSet};

const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
const VERSIONS: [&str; 5] = ["1.0.0", "1.1.0", "2.0.0-rc.1", "2.0.0", "3.0.0"];
const RANGES: [&str; 8] = ["*", "^1", "^1.1", ">=1.1", "<2", "=2.0.0", "^2.0.0-rc.1", ">=1, <3"];

fn name() -> impl Strategy<Value = PluginId> {
    proptest::sample::select(NAMES.to_vec()).prop_map(id)
}

fn needs() -> impl Strategy<Value = BTreeMap<PluginId, Dependency>> {
    let range = proptest::sample::select(RANGES.to_vec());
    let one = (range, proptest::bool::weighted(0.25)).prop_map(|(range, optional)| dependency(range, optional));
    btree_map(name(), one, 0..3)
}

fn node() -> impl Strategy<Value = Node> {
    let version = proptest::sample::select(VERSIONS.to_vec()).prop_map(|text| text.parse::<Version>().unwrap());
    (version, needs(), any::<bool>()).prop_map(|(version, needs, serves)| Node {
        version,
        needs,
        abi: None,
        standing: if serves { Standing::Serves } else { Standing::Off },
        previous: None,
    })
}

fn any_graph() -> impl Strategy<Value = Graph> {
    btree_map(name(), node(), 0..=5).prop_map(|nodes| {
        // A manifest that names itself is refused when it is read.
        let nodes = nodes.into_iter().map(|(id, mut node)| {
            node.needs.remove(&id);
            (id, node)
        });
        nodes.collect()
    })
}

/// One in which every serving plugin finds what it needs.
fn fitting_graph() -> impl Strategy<Value = Graph> {
    any_graph().prop_map(|mut graph| {
        let lacking = |graph: &Graph| graph.iter().find(|(_, node)| lacks(graph, node)).map(|(id, _)| id.clone());
        while let Some(id) = lacking(&graph) {
            graph.get_mut(&id).expect("there").standing = Standing::Off;
        }
        graph
    })
}

fn place(order: &[PluginId], id: &PluginId) -> usize {
    order.iter().position(|placed| placed == id).expect("placed")
}

/// Whether a plugin serves and does not find what it needs.
fn lacks(graph: &Graph, node: &Node) -> bool {
    let there = |id: &PluginId| graph.get(id).filter(|node| node.serves()).map(|node| &node.version);
    node.serves() && !node.mandatory().all(|(on, range)| there(on).is_some_and(|version| range.matches(version)))
}

fn is_consistent(graph: &Graph) -> bool {
    !graph.iter().any(|(_, node)| lacks(graph, node))
}

/// Whether some choice meets all wishes, by trying each.
fn can_choose(catalogue: &Catalogue, wishes: &Wishes) -> bool {
    let mut choices: Vec<BTreeMap<PluginId, &Node>> = vec![BTreeMap::new()];
    for name in NAMES.map(id) {
        let nodes: Vec<&Node> =
            catalogue.versions(&name).into_iter().filter_map(|version| catalogue.node(&name, version)).collect();
        let mut more = choices.clone();
        for node in nodes {
            more.extend(
                choices.iter().map(|choice| choice.clone().into_iter().chain([(name.clone(), node)]).collect()),
            );
        }
        choices = more;
    }
    let meets = |choice: &BTreeMap<PluginId, &Node>| {
        let has =
            |id: &PluginId, range: &semver::VersionReq| choice.get(id).is_some_and(|node| range.matches(&node.version));
        wishes.iter().all(|(id, wish)| has(id, &wish.range))
            && choice.values().all(|node| node.mandatory().all(|(on, range)| has(on, range)))
    };
    choices.iter().any(meets)
}

proptest! {
    #[test]
    fn every_plugin_comes_after_what_it_needs(graph in any_graph()) {
        let order = enable_order(&graph);
        prop_assert_eq!(order.iter().collect::<BTreeSet<_>>(), graph.iter().map(|(id, _)| id).collect::<BTreeSet<_>>());
        let circle = graph.iter().any(|(id, _)| cycle_through(&graph, id).is_some());
        for (id, node) in graph.iter() {
            for (on, _) in node.mandatory().filter(|(on, _)| !circle && graph.get(on).is_some()) {
                prop_assert!(place(&order, on) < place(&order, id), "{} before {}", on, id);
            }
        }
    }

    #[test]
    fn without_any_circle_it_comes_after_what_it_uses_too(graph in any_graph()) {
        let all_needed = graph.iter().map(|(id, node)| {
            let needs = node.needs.keys().map(|on| (on.clone(), Dependency::on_any_version()));
            (id.clone(), Node { needs: needs.collect(), ..node.clone() })
        });
        let all_needed: Graph = all_needed.collect();
        if all_needed.iter().all(|(id, _)| cycle_through(&all_needed, id).is_none()) {
            prop_assert_eq!(enable_order(&graph), enable_order(&all_needed));
        }
    }

    #[test]
    fn a_choice_is_found_exactly_where_there_is_one(
        nodes in vec((name(), node()), 0..9),
        wished in btree_map(name(), proptest::sample::select(RANGES.to_vec()), 0..3),
    ) {
        let mut catalogue = Catalogue::for_abi(Version::new(1, 1, 0));
        nodes.into_iter().for_each(|(id, node)| catalogue.add(id, node));
        let wish = |range: &str| Wish { range: range.parse().unwrap(), origin: Origin::File };
        let wishes: Wishes = wished.into_iter().map(|(id, range)| (id, wish(range))).collect();
        match catalogue.choose(&wishes, &none()) {
            Ok(chosen) => {
                let chosen: Graph = chosen
                    .iter()
                    .map(|(id, version)| (id.clone(), catalogue.node(id, version).expect("at hand").clone().serving()))
                    .collect();
                prop_assert!(is_consistent(&chosen));
                for (id, wish) in &wishes {
                    prop_assert!(chosen.get(id).is_some_and(|node| wish.range.matches(&node.version)));
                }
            }
            Err(unresolved) => {
                prop_assert!(!can_choose(&catalogue, &wishes), "{}", unresolved);
                prop_assert!(!unresolved.premises.is_empty());
            }
        }
    }

    /// The answer for one change is the same as looking at every pair.
    #[test]
    fn a_change_of_what_fits_is_refused_exactly_where_it_would_not_fit(
        graph in fitting_graph(), changed in name(), version in proptest::sample::select(VERSIONS.to_vec()), needs in needs(),
    ) {
        let mut manifest = manifest(&format!("{changed} {version}"), &[]);
        manifest.dependencies = needs;
        manifest.dependencies.remove(&changed);
        let after = graph.clone().with(changed.clone(), Node::of(&manifest).serving());
        let fits = is_consistent(&after) && cycle_through(&after, &changed).is_none();
        prop_assert_eq!(refuse_change(&graph, &manifest, true).is_ok(), fits);
    }

    /// Doing what a cascade says, one after the other, is never refused, and leaves what fits.
    #[test]
    fn a_cascade_can_be_done_in_its_order(graph in fitting_graph(), going in name()) {
        prop_assume!(graph.iter().all(|(id, _)| cycle_through(&graph, id).is_none()));
        let none = BTreeSet::new();
        let mut graph = graph;
        for id in cascade(&graph, &going, &none).expect("nothing is required").into_iter().chain([going]) {
            prop_assert_eq!(refuse_removal(&graph, &id, &none), Ok(()));
            if let Some(node) = graph.get_mut(&id) {
                node.standing = Standing::Off;
            }
            prop_assert!(is_consistent(&graph));
        }
    }
}
