//! Which plugins need which, and what of that a change would break.
//!
//! Pure: it is told what is installed ([`Graph`]) or at hand ([`Catalogue`]) and answers with orders, choices
//! and refusals; who changes plugins acts on them. Versions are chosen and contradictions found by
//! `pubgrub` (ADR 16); what it derives is told in sentences that name both parties and what would be accepted.

mod catalogue;
mod change;
mod clash;
mod dependents;
mod graph;
mod order;
mod premise;
mod refusal;
mod resolve;
mod unresolved;

pub use catalogue::{Catalogue, Origin, Wish, Wishes};
pub use change::{refuse_change, refuse_own_needs};
pub use clash::{Clash, Found};
pub use dependents::{Dependent, cascade, refuse_removal};
pub use graph::{Graph, Node, Standing};
pub use order::{cycle_through, enable_order};
pub use premise::Premise;
pub use refusal::DependencyError;
pub use unresolved::Unresolved;

use plugin_api::abi;
use semver::{Version, VersionReq};

/// The ABI that this program offers to plugins, as the version that a manifest's `abi` is compared with.
#[must_use]
pub fn offered_abi() -> Version {
    Version::new(u64::from(abi::MAJOR), u64::from(abi::MINOR), 0)
}

/// A plugin with the versions of it that will do, in words.
#[must_use]
pub fn wanted(id: &super::id::PluginId, range: &VersionReq) -> String {
    if *range == VersionReq::STAR { id.to_string() } else { format!("{id} {range}") }
}

/// Some of something, in words.
fn listed<T: ToString>(items: &[T]) -> String {
    let mut words: Vec<String> = items.iter().map(ToString::to_string).collect();
    match words.pop() {
        Some(last) if !words.is_empty() => format!("{} and {last}", words.join(", ")),
        last => last.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
