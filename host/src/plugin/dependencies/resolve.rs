//! Choosing one version of each plugin, with `pubgrub`.
//!
//! A range of versions becomes the set of those versions at hand that it holds, as semver decides. So no rule of
//! semver, not even that about pre-releases, is told a second time in intervals.

use super::super::id::PluginId;
use super::catalogue::{Catalogue, Wishes};
use super::unresolved::Unresolved;
use pubgrub::{
    Dependencies, DependencyConstraints, DependencyProvider, DerivationTree, PackageResolutionStatistics, PubGrubError,
    Ranges,
};
use semver::Version;
use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;

/// More decisions than any server's plugins need; contrived ranges could ask for more than anybody would wait for.
const STEPS_MAX: u32 = 100_000;

/// What versions are chosen of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Package {
    /// All wishes together, in one version that needs what is wished.
    Wishes,
    /// The server's side of the ABI.
    Abi,
    /// A plugin.
    Plugin(PluginId),
}

/// Why there is no choice.
pub(super) type Derivation = DerivationTree<Package, Ranges<Version>, String>;

/// The choice took too many steps.
#[derive(Debug, thiserror::Error)]
#[error("too many combinations")]
struct TooMany;

struct Shelf<'a> {
    catalogue: &'a Catalogue,
    wishes: &'a Wishes,
    preferred: &'a BTreeMap<PluginId, Version>,
    steps: Cell<u32>,
}

impl Catalogue {
    /// One version of each wished plugin and of each that these need: the preferred one where it will do, else the
    /// newest that will.
    ///
    /// # Errors
    /// [`Unresolved`] with the premises that contradict each other.
    pub fn choose(
        &self,
        wishes: &Wishes,
        preferred: &BTreeMap<PluginId, Version>,
    ) -> Result<BTreeMap<PluginId, Version>, Unresolved> {
        let shelf = Shelf { catalogue: self, wishes, preferred, steps: Cell::new(0) };
        match pubgrub::resolve(&shelf, Package::Wishes, nothing()) {
            Ok(chosen) => {
                Ok(chosen.into_iter().filter_map(|(package, version)| Some((package.id()?, version))).collect())
            }
            Err(PubGrubError::NoSolution(derivation)) => Err(Unresolved::of(&derivation, self, wishes)),
            Err(_) => Err(Unresolved::too_many(STEPS_MAX)),
        }
    }
}

impl Package {
    fn id(self) -> Option<PluginId> {
        match self {
            Self::Plugin(id) => Some(id),
            Self::Wishes | Self::Abi => None,
        }
    }
}

impl Shelf<'_> {
    fn versions(&self, package: &Package) -> Vec<&Version> {
        match package {
            Package::Wishes => Vec::new(),
            Package::Abi => vec![&self.catalogue.abi],
            Package::Plugin(id) => self.catalogue.versions(id),
        }
    }

    fn needs(&self, package: &Package, version: &Version) -> Vec<(Package, Ranges<Version>)> {
        match package {
            Package::Abi => Vec::new(),
            Package::Wishes => {
                let wishes = self.wishes.iter();
                wishes.map(|(id, wish)| (Package::Plugin(id.clone()), self.matching(id, &wish.range))).collect()
            }
            Package::Plugin(id) => {
                let Some(node) = self.catalogue.node(id, version) else { return Vec::new() };
                let plugins =
                    node.mandatory().map(|(on, range)| (Package::Plugin(on.clone()), self.matching(on, range)));
                let offered = &self.catalogue.abi;
                let abi = node
                    .abi
                    .iter()
                    .map(|range| (Package::Abi, set_of(Some(offered).filter(|offered| range.matches(offered)))));
                plugins.chain(abi).collect()
            }
        }
    }

    fn matching(&self, id: &PluginId, range: &semver::VersionReq) -> Ranges<Version> {
        set_of(self.catalogue.matching(id, range))
    }
}

impl DependencyProvider for Shelf<'_> {
    type P = Package;
    type V = Version;
    type VS = Ranges<Version>;
    type Priority = (u32, Reverse<usize>);
    type M = String;
    type Err = TooMany;

    fn prioritize(
        &self,
        package: &Package,
        range: &Ranges<Version>,
        conflicts: &PackageResolutionStatistics,
    ) -> Self::Priority {
        let left = self.versions(package).into_iter().filter(|version| range.contains(version)).count();
        (conflicts.conflict_count(), Reverse(left))
    }

    fn choose_version(&self, package: &Package, range: &Ranges<Version>) -> Result<Option<Version>, TooMany> {
        let Package::Plugin(id) = package else {
            let own = if *package == Package::Abi { self.catalogue.abi.clone() } else { nothing() };
            return Ok(Some(own).filter(|own| range.contains(own)));
        };
        let mut left: Vec<&Version> = self.catalogue.versions(id);
        left.retain(|version| range.contains(version));
        let preferred = self.preferred.get(id).filter(|version| left.contains(version));
        Ok(preferred.or(left.last().copied()).cloned())
    }

    fn get_dependencies(
        &self,
        package: &Package,
        version: &Version,
    ) -> Result<Dependencies<Package, Ranges<Version>, String>, TooMany> {
        let needs: DependencyConstraints<_, _> = self.needs(package, version).into_iter().collect();
        Ok(Dependencies::Available(needs))
    }

    fn should_cancel(&self) -> Result<(), TooMany> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > STEPS_MAX { Err(TooMany) } else { Ok(()) }
    }
}

impl fmt::Display for Package {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wishes => formatter.write_str("wishes"),
            Self::Abi => formatter.write_str("ABI"),
            Self::Plugin(id) => write!(formatter, "{id}"),
        }
    }
}

/// The one version of the wishes.
fn nothing() -> Version {
    Version::new(0, 0, 0)
}

fn set_of<'a>(versions: impl IntoIterator<Item = &'a Version>) -> Ranges<Version> {
    let one = |version: &Version| (Bound::Included(version.clone()), Bound::Included(version.clone()));
    versions.into_iter().map(one).collect()
}
