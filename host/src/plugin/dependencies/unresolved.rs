//! A contradiction in sentences: the premises of `pubgrub`'s derivation, each once.

use super::super::id::PluginId;
use super::catalogue::{Catalogue, Wishes};
use super::premise::Premise;
use super::resolve::{Derivation, Package};
use pubgrub::{External, Ranges};
use semver::Version;
use std::collections::BTreeSet;

/// Why no choice of versions fits together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", sentence(premises))]
pub struct Unresolved {
    /// What can't hold together.
    pub premises: Vec<Premise>,
}

impl Unresolved {
    pub(super) fn of(derivation: &Derivation, catalogue: &Catalogue, wishes: &Wishes) -> Self {
        let mut leaves = Vec::new();
        collect(derivation, &mut leaves, &mut BTreeSet::new());
        let mut premises = Vec::new();
        for leaf in leaves {
            add_needs(&mut premises, leaf, catalogue, wishes);
            add_at_hand(&mut premises, leaf, catalogue);
        }
        // Who wishes, who needs, what there is: the order in which people ask.
        premises.sort_by_cached_key(|premise| (premise.rank(), premise.to_string()));
        Self { premises }
    }

    /// Whether a plugin is part of it.
    #[must_use]
    pub fn names(&self, plugin: &PluginId) -> bool {
        self.premises.iter().any(|premise| match premise {
            Premise::Needs { id, on, .. } => id == plugin || on == plugin,
            Premise::Wished { id, .. } | Premise::NeedsAbi { id, .. } | Premise::AtHand { id, .. } => id == plugin,
            Premise::TooMany { .. } => false,
        })
    }

    pub(super) fn too_many(steps: u32) -> Self {
        Self { premises: vec![Premise::TooMany { steps }] }
    }
}

type Leaf = External<Package, Ranges<Version>, String>;

/// The premises of a derivation; a part that stands in it twice is looked at once.
fn collect<'a>(derivation: &'a Derivation, leaves: &mut Vec<&'a Leaf>, seen: &mut BTreeSet<usize>) {
    match derivation {
        Derivation::External(leaf) => leaves.push(leaf),
        Derivation::Derived(derived) => {
            if derived.shared_id.is_none_or(|shared| seen.insert(shared)) {
                collect(&derived.cause1, leaves, seen);
                collect(&derived.cause2, leaves, seen);
            }
        }
    }
}

fn add_needs(premises: &mut Vec<Premise>, leaf: &Leaf, catalogue: &Catalogue, wishes: &Wishes) {
    match leaf {
        External::FromDependencyOf(Package::Wishes, _, Package::Plugin(id), _) => {
            if let Some(wish) = wishes.get(id) {
                add(premises, Premise::Wished { id: id.clone(), range: wish.range.clone(), origin: wish.origin });
            }
        }
        External::FromDependencyOf(Package::Plugin(id), set, on, _) => {
            let versions = catalogue.versions(id).into_iter().filter(|version| set.contains(version));
            for version in versions {
                add_need(premises, id, version, on, catalogue);
            }
        }
        _ => {}
    }
}

fn add_need(premises: &mut Vec<Premise>, id: &PluginId, version: &Version, on: &Package, catalogue: &Catalogue) {
    let Some(node) = catalogue.node(id, version) else { return };
    let (id, versions) = (id.clone(), vec![version.clone()]);
    let premise = match on {
        Package::Plugin(on) => node.needs.get(on).map(|dependency| Premise::Needs {
            id,
            versions,
            on: on.clone(),
            range: dependency.version.clone(),
        }),
        _ => node.abi.clone().map(|range| Premise::NeedsAbi { id, versions, range, offered: catalogue.abi.clone() }),
    };
    if let Some(premise) = premise {
        add(premises, premise);
    }
}

fn add_at_hand(premises: &mut Vec<Premise>, leaf: &Leaf, catalogue: &Catalogue) {
    if let External::FromDependencyOf(_, _, Package::Plugin(id), _) | External::NoVersions(Package::Plugin(id), _) =
        leaf
    {
        let versions = catalogue.versions(id).into_iter().cloned().collect();
        add(premises, Premise::AtHand { id: id.clone(), versions });
    }
}

/// Versions that need the same stand in one sentence.
fn add(premises: &mut Vec<Premise>, premise: Premise) {
    for known in premises.iter_mut() {
        if known.takes_in(&premise) {
            return;
        }
    }
    premises.push(premise);
}

fn sentence(premises: &[Premise]) -> String {
    let words: Vec<String> = premises.iter().map(ToString::to_string).collect();
    format!("these do not fit together: {}", words.join("; "))
}
