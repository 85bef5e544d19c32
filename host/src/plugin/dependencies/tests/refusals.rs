//! What refusals say, and what is accepted.

use super::super::{
    Catalogue, Graph, Origin, Standing, Wish, Wishes, cascade, cycle_through, enable_order, refuse_change,
    refuse_own_needs, refuse_removal,
};
use super::{graph, id, manifest, node, none};
use crate::plugin::id::PluginId;
use insta::assert_snapshot;
use semver::Version;
use std::collections::{BTreeMap, BTreeSet};

fn required(names: &[&str]) -> BTreeSet<PluginId> {
    names.iter().map(|name| id(name)).collect()
}

fn refused(graph: &Graph, plugin: &str, needs: &[&str]) -> String {
    refuse_change(graph, &manifest(plugin, needs), true).unwrap_err().to_string()
}

#[test]
fn a_need_that_is_not_met_is_named_with_what_would_be_accepted() {
    let mut there = graph(&[("dict 1.1.0", &[]), ("-log 2.0.0", &[])]);
    assert_snapshot!(refused(&there, "shop 2.0.0", &["cart ^1"]), @"plugin shop 2.0.0 needs cart ^1, which is not installed; install cart ^1 first");
    assert_snapshot!(refused(&there, "shop 2.0.0", &["cart *"]), @"plugin shop 2.0.0 needs cart, which is not installed; install cart first");
    assert_snapshot!(refused(&there, "shop 2.0.0", &["log ^2"]), @"plugin shop 2.0.0 needs log ^2, and log 2.0.0 is not enabled; enable it first");
    assert_snapshot!(refused(&there, "shop 2.0.0", &["dict ^2.0"]), @"plugin shop 2.0.0 needs dict ^2.0, but dict 1.1.0 is installed; bring dict to a version in ^2.0 first, or take a version of shop that accepts dict 1.1.0");
    there.get_mut(&id("dict")).unwrap().previous = Some(Version::new(2, 0, 1));
    assert_snapshot!(refused(&there, "shop 2.0.0", &["dict ^2.0"]), @"plugin shop 2.0.0 needs dict ^2.0, but dict 1.1.0 is installed; roll it back to 2.0.1 first");
    assert_snapshot!(refused(&there, "shop 2.0.0", &["abi ^9.1"]).replace(&abi(), "ABI X"), @"plugin shop 2.0.0 needs ABI ^9.1, but this server offers ABI X; take a version of shop for ABI X, or a server of another version");
}

fn abi() -> String {
    let offered = super::super::offered_abi();
    format!("ABI {}.{}", offered.major, offered.minor)
}

#[test]
fn everything_that_is_not_met_is_told_at_once() {
    let there = graph(&[("dict 1.1.0", &[])]);
    assert_snapshot!(refused(&there, "shop 2.0.0", &["cart ^1", "dict ^2.0"]), @"plugin shop 2.0.0 needs cart ^1, which is not installed; install cart ^1 first; plugin shop 2.0.0 needs dict ^2.0, but dict 1.1.0 is installed; bring dict to a version in ^2.0 first, or take a version of shop that accepts dict 1.1.0");
}

#[test]
fn a_version_that_others_do_not_accept_is_refused_with_their_ranges() {
    let there = graph(&[
        ("dict 1.1.0", &[]),
        ("shop 1.0.0", &["dict ^1.0"]),
        ("-cart 1.0.0", &["dict ^1"]),
        ("log 1.0.0", &["?dict ^1"]),
    ]);
    assert_snapshot!(refused(&there, "dict 2.0.0", &[]), @"plugin shop 1.0.0 needs dict ^1.0, which dict 2.0.0 is not; take a version of dict in ^1.0, or upgrade or disable shop first");
    assert_eq!(refuse_change(&there, &manifest("dict 1.2.0", &[]), true), Ok(()));
    // Without serving nothing is refused but what would never let it.
    assert_eq!(refuse_change(&there, &manifest("cart 2.0.0", &["dict ^7"]), false), Ok(()));
    assert!(refuse_change(&there, &manifest("cart 2.0.0", &["abi ^9"]), false).is_err());
    // At a start the others are not in question.
    assert_eq!(refuse_own_needs(&there, &manifest("dict 2.0.0", &[])), Ok(()));
}

/// What others have against each other is no reason.
#[test]
fn a_contradiction_among_others_is_not_the_fault_of_this_change() {
    let there = graph(&[("dict 1.1.0", &[]), ("shop 1.0.0", &["dict ^2.0"])]);
    assert_eq!(refuse_change(&there, &manifest("log 1.0.0", &["dict ^1"]), true), Ok(()));
}

#[test]
fn pre_releases_do_only_where_they_are_named() {
    let there = graph(&[("dict 2.0.0-rc.1", &[])]);
    for (range, fits) in [("^2.0", false), (">=1", false), ("*", false), ("^2.0.0-rc", true), (">=2.0.0-rc.2", false)] {
        let outcome = refuse_change(&there, &manifest("shop 1.0.0", &[&format!("dict {range}")]), true);
        assert_eq!(outcome.is_ok(), fits, "{range}");
    }
}

#[test]
fn a_circle_is_written_out() {
    let there = graph(&[("dict 1.0.0", &["shop *"]), ("cart 1.0.0", &["dict *"])]);
    assert_snapshot!(refused(&there, "shop 1.0.0", &["cart *"]), @"plugins would need each other in a circle: shop -> cart -> dict -> shop; one of them must do without (optional = true in its plugin.toml)");
    assert_eq!(refuse_change(&there, &manifest("shop 1.0.0", &["?cart *"]), false), Ok(()));
    assert_eq!(cycle_through(&there, &id("cart")), None);
}

#[test]
fn what_is_needed_does_not_go() {
    let there = graph(&[
        ("dict 1.0.0", &[]),
        ("shop 2.0.0", &["dict ^1.0"]),
        ("cart 1.0.0", &["dict *", "shop *"]),
        ("log 1.0.0", &["?dict *"]),
        ("-off 1.0.0", &["dict *"]),
    ]);
    let refusal = |name: &str, kept: &[&str]| refuse_removal(&there, &id(name), &required(kept));
    assert_snapshot!(refusal("dict", &[]).unwrap_err(), @"plugin dict 1.0.0 is needed by cart 1.0.0 (needs dict) and shop 2.0.0 (needs dict ^1.0); disable them first, or cascade");
    assert_snapshot!(refusal("shop", &[]).unwrap_err(), @"plugin shop 2.0.0 is needed by cart 1.0.0 (needs shop); disable it first, or cascade");
    assert_eq!(refusal("log", &[]), Ok(()));
    assert_snapshot!(refusal("dict", &["off"]).unwrap_err(), @"plugin dict is needed by off, which is required (setting plugins.required), so it can't be disabled or uninstalled; it can be upgraded");
    let order = |name: &str, kept: &[&str]| cascade(&there, &id(name), &required(kept));
    assert_eq!(order("dict", &[]), Ok(vec![id("cart"), id("shop")]));
    assert!(order("dict", &["cart"]).unwrap_err().to_string().contains("needed by cart, which is required"));
    assert_eq!(order("cart", &[]), Ok(Vec::new()));
}

/// It may serve in another process.
#[test]
fn one_that_fails_here_needs_what_it_needs() {
    let mut there = graph(&[("dict 1.0.0", &[]), ("shop 1.0.0", &["dict *"])]);
    there.get_mut(&id("shop")).unwrap().standing = Standing::Fails;
    assert!(refuse_removal(&there, &id("dict"), &required(&[])).is_err());
    assert_eq!(cascade(&there, &id("dict"), &required(&[])), Ok(vec![id("shop")]));
    // Others can't count on it.
    assert_snapshot!(refused(&there, "cart 1.0.0", &["shop *"]), @"plugin cart 1.0.0 needs shop, and shop 1.0.0 is not enabled; enable it first");
}

#[test]
fn what_is_optional_comes_first_where_no_circle_prevents_it() {
    let there =
        graph(&[("a 1.0.0", &["?b *", "?z *"]), ("b 1.0.0", &["a *"]), ("c 1.0.0", &["?d *"]), ("d 1.0.0", &[])]);
    assert_eq!(enable_order(&there), ["d", "c", "a", "b"].map(id));
}

fn file(wishes: &[(&str, &str)]) -> Wishes {
    let wish = |range: &str| Wish { range: range.parse().unwrap(), origin: Origin::File };
    wishes.iter().map(|(name, range)| (id(name), wish(range))).collect()
}

fn shelf(plugins: &[(&str, &[&str])]) -> Catalogue {
    let mut catalogue = Catalogue::for_abi(Version::new(1, 1, 0));
    for (plugin, needs) in plugins {
        let node = node(plugin, needs);
        catalogue.add(id(plugin.split(' ').next().unwrap()), node);
    }
    catalogue
}

#[test]
fn the_newest_versions_that_fit_together_are_chosen() {
    let shelf = shelf(&[
        ("dict 1.0.0", &[]),
        ("dict 1.5.0", &[]),
        ("dict 2.0.0", &["abi ^9"]),
        ("shop 1.0.0", &["dict ^1"]),
        ("shop 2.0.0", &["dict ^2"]),
        ("log 1.0.0", &["?cart *"]),
    ]);
    let chosen = |wishes: &[(&str, &str)], preferred: &BTreeMap<PluginId, Version>| {
        let chosen = shelf.choose(&file(wishes), preferred).unwrap();
        chosen.iter().map(|(id, version)| format!("{id} {version}")).collect::<Vec<_>>()
    };
    assert_eq!(chosen(&[("shop", "*"), ("log", "*")], &none()), ["dict 1.5.0", "log 1.0.0", "shop 1.0.0"]);
    let preferred = [(id("dict"), Version::new(1, 0, 0))].into_iter().collect();
    assert_eq!(chosen(&[("shop", "*")], &preferred), ["dict 1.0.0", "shop 1.0.0"]);
}

#[test]
fn what_does_not_fit_together_is_told_in_premises() {
    let shelf = shelf(&[
        ("dict 1.0.0", &[]),
        ("dict 1.5.0", &[]),
        ("shop 2.0.0", &["dict ^2"]),
        ("shop 2.1.0", &["dict ^2"]),
        ("cart 1.0.0", &["dict =1.0.0"]),
        ("log 1.0.0", &["abi ^9"]),
        ("wish 1.0.0", &["dict >=1.5"]),
    ]);
    let told = |wishes: &[(&str, &str)]| shelf.choose(&file(wishes), &none()).unwrap_err().to_string();
    assert_snapshot!(told(&[("shop", "^2")]), @"these do not fit together: plugins.toml asks for shop ^2; shop 2.0.0 and 2.1.0 need dict ^2; dict is at hand in 1.0.0 and 1.5.0; shop is at hand in 2.0.0 and 2.1.0");
    assert_snapshot!(told(&[("cart", "*"), ("wish", "*")]), @"these do not fit together: plugins.toml asks for cart; plugins.toml asks for wish; cart 1.0.0 needs dict =1.0.0; wish 1.0.0 needs dict >=1.5; cart is at hand in 1.0.0; dict is at hand in 1.0.0 and 1.5.0; wish is at hand in 1.0.0");
    assert_snapshot!(told(&[("log", "*")]), @"these do not fit together: plugins.toml asks for log; log 1.0.0 needs ABI ^9, and ABI 1.1 is offered; log is at hand in 1.0.0");
    assert_snapshot!(told(&[("gone", "^1")]), @"these do not fit together: plugins.toml asks for gone ^1; gone is not at hand");
}
