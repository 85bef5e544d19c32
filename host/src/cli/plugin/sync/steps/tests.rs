//! Any way from one fitting set of plugins to another is a way that a server lets one go.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{
    collection::{btree_map, vec},
    prelude::*,
};
use semver::{Version, VersionReq};

use super::{Step, between};
use crate::{
    cli::plugin::sync::{goal::Goal, server::There},
    plugin::{
        Dependency, PluginId,
        dependencies::{Graph, Node, Standing, refuse_removal},
    },
};

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const RANGES: [&str; 4] = ["*", "^1", "^2", ">=1"];

fn id(text: &str) -> PluginId {
    text.parse().unwrap()
}

fn there(node: Node) -> There {
    let (sha256, settings, capabilities) = Default::default();
    There { node, required: false, sha256, settings, capabilities }
}

fn standing(serves: bool) -> Standing {
    if serves { Standing::Serves } else { Standing::Off }
}

fn goal(node: Node) -> Goal {
    let (bundle, sha256, settings) = Default::default();
    Goal { node, bundle, sha256, settings, managed: true }
}

fn node(version: u64, needs: &[(&str, &str)], serves: bool) -> Node {
    let dependency = |range: &str| Dependency { version: range.parse().unwrap(), optional: false };
    let needs = needs.iter().map(|(on, range)| (id(on), dependency(range))).collect();
    Node { version: Version::new(version, 0, 0), needs, abi: None, standing: standing(serves), previous: None }
}

fn told(now: &[(&str, Node)], then: &[(&str, Node)]) -> Vec<String> {
    let now = now.iter().map(|(name, node)| (id(name), there(node.clone()))).collect();
    let then = then.iter().map(|(name, node)| (id(name), goal(node.clone()))).collect();
    between(&now, &then).unwrap().iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_new_comes_after_what_it_needs() {
    let then = [("a", node(1, &[("b", "*")], true)), ("b", node(1, &[], true)), ("c", node(1, &[], false))];
    assert_eq!(told(&[], &then), ["install b 1.0.0", "enable b", "install a 1.0.0", "enable a", "install c 1.0.0"]);
    assert_eq!(told(&then, &then), [""; 0]);
}

/// Neither can be upgraded first while both serve.
#[test]
fn what_would_not_fit_in_between_is_off_meanwhile() {
    let now = [
        ("dict", node(1, &[], true)),
        ("shop", node(1, &[("dict", "^1")], true)),
        ("z", node(1, &[("shop", "*")], true)),
    ];
    let then = [
        ("dict", node(2, &[], true)),
        ("shop", node(2, &[("dict", "^2")], true)),
        ("z", node(1, &[("shop", "*")], true)),
    ];
    let steps = [
        "disable z meanwhile",
        "disable shop meanwhile",
        "upgrade dict 1.0.0 to 2.0.0",
        "upgrade shop 1.0.0 to 2.0.0",
        "enable shop",
        "enable z",
    ];
    assert_eq!(told(&now, &then), steps);
}

#[test]
fn what_goes_goes_last_and_after_those_that_need_it() {
    let now = [("a", node(1, &[], true)), ("b", node(1, &[("a", "*")], true)), ("c", node(2, &[("a", "*")], true))];
    let then = [("a", node(1, &[], false)), ("b", node(1, &[("a", "*")], false)), ("c", node(1, &[], true))];
    assert_eq!(told(&now, &then), ["downgrade c 2.0.0 to 1.0.0", "disable b", "disable a"]);
}

#[test]
fn what_is_required_is_not_switched_off() {
    let mut now = there(node(1, &[("b", "^1")], true));
    now.required = true;
    let now: BTreeMap<_, _> = [(id("a"), now), (id("b"), there(node(1, &[], true)))].into_iter().collect();
    let error = |then: &[(&str, Node)]| {
        let then = then.iter().map(|(name, node)| (id(name), goal(node.clone()))).collect();
        between(&now, &then).unwrap_err().to_string()
    };
    let meanwhile = [("a", node(2, &[("b", "^2")], true)), ("b", node(2, &[], true))];
    assert_eq!(
        error(&meanwhile),
        "plugin a would be disabled meanwhile, but it is required (setting plugins.required)"
    );
    let for_good = [("a", node(1, &[("b", "^1")], false))];
    assert_eq!(error(&for_good), "plugin a would be disabled, but it is required (setting plugins.required)");
}

/// What each plugin needs, in its first version, then in its second; only of those before it, so that there is no circle.
type Needs = Vec<[BTreeMap<usize, &'static str>; 2]>;
/// Which version of each plugin there is, and whether it serves.
type Chosen = BTreeMap<usize, (usize, bool)>;

fn needs() -> impl Strategy<Value = Needs> {
    let needs = || btree_map(0_usize..4, proptest::sample::select(RANGES.to_vec()), 0..3);
    vec([needs(), needs()], NAMES.len())
}

fn chosen() -> impl Strategy<Value = Chosen> {
    btree_map(0_usize..4, (0_usize..2, proptest::bool::weighted(0.8)), 0..5)
}

/// The plugins as chosen, but those off that would not find what they need.
fn settled(needs: &Needs, chosen: &Chosen) -> Graph {
    let node = |(index, (version, serves)): (&usize, &(usize, bool))| {
        let needed = needs[*index][*version].iter().filter(|(on, _)| *on < index);
        let needed: Vec<_> = needed.map(|(on, range)| (NAMES[*on], *range)).collect();
        let version = if *version == 0 { 1 } else { 2 };
        (id(NAMES[*index]), self::node(version, &needed, *serves))
    };
    let mut graph: Graph = chosen.iter().map(node).collect();
    for name in NAMES.map(id) {
        let lacks = graph.get(&name).is_some_and(|node| !finds_its_needs(&graph, node));
        if let Some(node) = graph.get_mut(&name).filter(|_| lacks) {
            node.standing = Standing::Off;
        }
    }
    graph
}

fn finds_its_needs(graph: &Graph, node: &Node) -> bool {
    let there = |id: &PluginId| graph.get(id).filter(|node| node.serves()).map(|node| &node.version);
    node.mandatory().all(|(on, range): (_, &VersionReq)| there(on).is_some_and(|version| range.matches(version)))
}

fn fits(graph: &Graph) -> bool {
    graph.iter().all(|(_, node)| !node.serves() || finds_its_needs(graph, node))
}

proptest! {
    #[test]
    fn each_step_is_allowed_and_the_last_leads_to_the_goal(needs in needs(), now in chosen(), then in chosen()) {
        let before = settled(&needs, &now);
        // What the goals do not name stays, so it is among them here.
        let then: Chosen = now.clone().into_iter().chain(then).collect();
        let goals = settled(&needs, &then);
        let installed = before.iter().map(|(id, node)| (id.clone(), there(node.clone()))).collect();
        let wanted: BTreeMap<_, _> = goals.iter().map(|(id, node)| (id.clone(), goal(node.clone()))).collect();
        let steps = between(&installed, &wanted).expect("nothing is required");
        let mut graph = before;
        for step in &steps {
            let id = step.id().clone();
            match step {
                Step::Install { .. } => graph = graph.with(id.clone(), wanted[&id].node.clone().off()),
                Step::Change { .. } => {
                    let standing = graph.get(&id).expect("installed").standing;
                    graph = graph.with(id.clone(), Node { standing, ..wanted[&id].node.clone() });
                }
                Step::Enable { .. } => graph.get_mut(&id).expect("installed").standing = Standing::Serves,
                Step::Disable { .. } => {
                    prop_assert_eq!(refuse_removal(&graph, &id, &BTreeSet::new()), Ok(()));
                    graph.get_mut(&id).expect("installed").standing = Standing::Off;
                }
                Step::Set { .. } => {}
            }
            prop_assert!(fits(&graph), "{} of {:?}", step, steps);
        }
        prop_assert_eq!(graph, goals);
    }
}
