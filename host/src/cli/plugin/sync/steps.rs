//! The way from what is installed to the goals: steps of which each is accepted by a server, in an order in which no
//! plugin ever serves without what it needs.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use semver::Version;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{error::SyncError, goal::Goal, server::There};
use crate::plugin::{
    PluginId,
    dependencies::{self, Graph, enable_order},
};

/// One operation.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub(super) enum Step {
    /// A bundle comes; it does not serve yet.
    Install {
        /// The plugin.
        id: PluginId,
        /// Its version.
        version: Version,
    },
    /// Another version takes its place.
    Change {
        /// The plugin.
        id: PluginId,
        /// The version before.
        from: Version,
        /// The version afterwards.
        to: Version,
    },
    /// Settings get values.
    Set {
        /// The plugin.
        id: PluginId,
        /// Values by key.
        values: Map<String, Value>,
    },
    /// It serves.
    Enable {
        /// The plugin.
        id: PluginId,
    },
    /// It does not serve.
    Disable {
        /// The plugin.
        id: PluginId,
        /// Whether it serves again at the end.
        meanwhile: bool,
    },
}

/// The steps from what is `there` to the `goals`.
///
/// # Errors
/// [`SyncError::Required`] and [`SyncError::Between`] where a plugin that must stay would have to be switched off.
pub(super) fn between(
    there: &BTreeMap<PluginId, There>,
    goals: &BTreeMap<PluginId, Goal>,
) -> Result<Vec<Step>, SyncError> {
    let serves_in_the_end = |id: &PluginId| goals.get(id).is_some_and(|goal| goal.node.serves());
    let off = off_meanwhile(there, goals)?;
    let disable = |id: &PluginId| Step::Disable { id: id.clone(), meanwhile: serves_in_the_end(id) };
    let mut steps: Vec<Step> = off.iter().map(disable).collect();
    let order = enable_order(&after(there, goals));
    for id in &order {
        if let Some(goal) = goals.get(id) {
            steps.extend(towards(id, there.get(id), goal, off.contains(id)));
        }
    }
    for id in order.iter().rev().filter(|id| goals.contains_key(*id) && !serves_in_the_end(id)) {
        if there.get(id).is_some_and(|there| there.node.is_wanted()) && !off.contains(id) {
            steps.push(disable(id));
        }
    }
    refuse_required(&steps, there)?;
    Ok(steps)
}

/// What has to stop serving before others change, each before what it needs: it accepts a new version of another one
/// only in a new version of its own, or goes.
fn off_meanwhile(
    there: &BTreeMap<PluginId, There>,
    goals: &BTreeMap<PluginId, Goal>,
) -> Result<Vec<PluginId>, SyncError> {
    let now: Graph = there.iter().map(|(id, there)| (id.clone(), there.node.clone())).collect();
    let required = there.iter().filter(|(_, there)| there.required).map(|(id, _)| id.clone()).collect();
    let mut off: BTreeSet<PluginId> = BTreeSet::new();
    for (id, goal) in goals {
        let serving = now.dependents(id).filter(|(_, node, _)| node.serves());
        let do_not_fit = serving.filter(|(_, _, range)| !range.matches(&goal.node.version)).map(|(id, _, _)| id);
        // What goes need not find what its last version needs.
        let changes =
            there.get(id).is_some_and(|there| there.node.is_wanted() && there.node.version != goal.node.version);
        let goes = changes && !goal.node.serves();
        for first in do_not_fit.chain(Some(id).filter(|_| goes)) {
            off.extend(dependencies::cascade(&now, first, &required)?);
            off.insert(first.clone());
        }
    }
    Ok(enable_order(&now).into_iter().rev().filter(|id| off.contains(id)).collect())
}

/// What is installed in the end.
fn after(there: &BTreeMap<PluginId, There>, goals: &BTreeMap<PluginId, Goal>) -> Graph {
    let kept = there.iter().map(|(id, there)| (id.clone(), there.node.clone()));
    kept.chain(goals.iter().map(|(id, goal)| (id.clone(), goal.node.clone()))).collect()
}

/// The steps of one plugin, but the last one of those that shall not serve.
fn towards(id: &PluginId, there: Option<&There>, goal: &Goal, is_off: bool) -> Vec<Step> {
    let id = || id.clone();
    let mut steps = Vec::new();
    let to = goal.node.version.clone();
    let change = match there {
        None => Some(Step::Install { id: id(), version: to }),
        Some(there) if there.node.version != to => {
            Some(Step::Change { id: id(), from: there.node.version.clone(), to })
        }
        Some(_) => None,
    };
    // A plugin that is wanted serves as soon as another version takes its place.
    let wanted = there.filter(|there| there.node.is_wanted() && !is_off);
    let serves = wanted.is_some_and(|there| there.node.serves() || change.is_some());
    steps.extend(change);
    if !goal.settings.is_empty() {
        steps.push(Step::Set { id: id(), values: goal.settings.clone() });
    }
    if goal.node.serves() && !serves {
        steps.push(Step::Enable { id: id() });
    }
    steps
}

fn refuse_required(steps: &[Step], there: &BTreeMap<PluginId, There>) -> Result<(), SyncError> {
    for step in steps {
        if let Step::Disable { id, meanwhile } = step
            && there.get(id).is_some_and(|there| there.required)
        {
            return Err(SyncError::Required { id: id.clone(), meanwhile: *meanwhile });
        }
    }
    Ok(())
}

impl Step {
    /// The plugin.
    #[must_use]
    pub(super) fn id(&self) -> &PluginId {
        match self {
            Self::Install { id, .. }
            | Self::Change { id, .. }
            | Self::Set { id, .. }
            | Self::Enable { id }
            | Self::Disable { id, .. } => id,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Install { id, version } => write!(formatter, "install {id} {version}"),
            Self::Change { id, from, to } if to > from => write!(formatter, "upgrade {id} {from} to {to}"),
            Self::Change { id, from, to } => write!(formatter, "downgrade {id} {from} to {to}"),
            Self::Set { id, values } => {
                let keys: Vec<&str> = values.keys().map(String::as_str).collect();
                write!(formatter, "set {} of {id}", keys.join(", "))
            }
            Self::Enable { id } => write!(formatter, "enable {id}"),
            Self::Disable { id, meanwhile: true } => write!(formatter, "disable {id} meanwhile"),
            Self::Disable { id, meanwhile: false } => write!(formatter, "disable {id}"),
        }
    }
}

#[cfg(test)]
mod tests;
