//! What each plugin should be: chosen among the bundles and what is installed, as the file and the lock say.

use std::{collections::BTreeMap, path::PathBuf};

use semver::{Version, VersionReq};
use serde_json::{Map, Value};

use super::{
    bundles::Shelf,
    error::SyncError,
    file::{Entry, PluginsFile},
    lock::Lock,
    server::{Setting, There},
};
use crate::plugin::{
    PluginId,
    dependencies::{Catalogue, Node, Origin, Wish, Wishes, offered_abi},
};

/// What a plugin should be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Goal {
    /// Its version and what it needs; [`Node::serves`] says whether it should serve.
    pub(super) node: Node,
    /// The bundle, unless this version is installed.
    pub(super) bundle: Option<PathBuf>,
    /// The hash of the bundle.
    pub(super) sha256: String,
    /// Values that differ from the server's.
    pub(super) settings: Map<String, Value>,
    /// Whether the file or the lock names it, or something that they name needs it.
    pub(super) managed: bool,
}

/// What a goal is chosen from.
pub(super) struct Sources<'a> {
    /// What there should be.
    pub(super) file: &'a PluginsFile,
    /// What could be installed.
    pub(super) shelf: &'a Shelf,
    /// What is installed.
    pub(super) there: &'a BTreeMap<PluginId, There>,
    /// What was chosen the last time.
    pub(super) lock: Option<&'a Lock>,
    /// Whether nothing else may be chosen.
    pub(super) locked: bool,
}

/// One version that could be chosen.
struct Candidate {
    node: Node,
    bundle: Option<PathBuf>,
    sha256: String,
}

impl Sources<'_> {
    /// A goal for each plugin that should serve, or that the file names.
    ///
    /// # Errors
    /// [`SyncError::Unresolved`] and [`SyncError::NoVersion`]; [`SyncError::Locked`] if the lock says something else
    /// than the file, or other bytes than are at hand; [`SyncError::NoSetting`] and [`SyncError::Secret`].
    pub(super) fn goals(&self) -> Result<BTreeMap<PluginId, Goal>, SyncError> {
        self.refuse_stale_lock()?;
        let mut goals = BTreeMap::new();
        for (id, version) in self.choose()? {
            goals.insert(id.clone(), self.goal(&id, &version, Node::serving)?);
        }
        for (id, entry) in self.file.plugins.iter().filter(|(_, entry)| !entry.enabled) {
            let version = self.newest(id, &entry.version)?;
            goals.insert(id.clone(), self.goal(id, &version, Node::off)?);
        }
        self.refuse_other_lock(&goals)?;
        Ok(goals)
    }

    fn choose(&self) -> Result<BTreeMap<PluginId, Version>, SyncError> {
        let mut catalogue = Catalogue::for_abi(offered_abi());
        let off: Vec<PluginId> =
            self.file.plugins.iter().filter(|(_, entry)| !entry.enabled).map(|(id, _)| id.clone()).collect();
        for id in self.shelf.ids().chain(self.there.keys()).filter(|id| !off.contains(id)) {
            for candidate in self.candidates(id) {
                catalogue.add(id.clone(), candidate.node);
            }
        }
        let kept = self.there.iter().filter(|(id, _)| !self.file.plugins.contains_key(*id));
        let preferred = kept.map(|(id, there)| (id.clone(), there.node.version.clone())).collect();
        catalogue.choose(&self.wishes(), &preferred).map_err(|contradiction| {
            let off = off.into_iter().filter(|id| contradiction.names(id)).collect();
            SyncError::Unresolved { contradiction, off }
        })
    }

    /// What the file names, and what serves already: that may change only if an earlier choice brought it.
    fn wishes(&self) -> Wishes {
        let listed = self.file.plugins.iter().filter(|(_, entry)| entry.enabled);
        let listed =
            listed.map(|(id, entry)| (id.clone(), Wish { range: entry.version.clone(), origin: Origin::File }));
        let kept = self.there.iter().filter(|(id, there)| there.node.serves() && !self.file.plugins.contains_key(*id));
        let kept = kept.map(|(id, there)| {
            let exact = Wish::for_version(&there.node.version, Origin::Server);
            let any = Wish { range: VersionReq::STAR, origin: Origin::Server };
            let is_free = self.is_locked(id) && VersionReq::STAR.matches(&there.node.version);
            (id.clone(), if is_free { any } else { exact })
        });
        listed.chain(kept).collect()
    }

    fn is_locked(&self, id: &PluginId) -> bool {
        self.lock.is_some_and(|lock| lock.get(id).is_some())
    }

    /// The installed version and those of the bundles, the oldest first; with a lock that holds, only what it names.
    fn candidates(&self, id: &PluginId) -> Vec<Candidate> {
        let there = self.there.get(id);
        let installed =
            there.map(|there| Candidate { node: there.node.clone(), bundle: None, sha256: there.sha256.clone() });
        // The server takes no other bytes for a version that it has.
        let offers = self.shelf.offers(id).filter(|offer| there.is_none_or(|it| it.node.version != offer.node.version));
        let offers = offers.map(|offer| Candidate {
            node: offer.node.clone(),
            bundle: Some(offer.path.clone()),
            sha256: offer.sha256.clone(),
        });
        let mut candidates: Vec<Candidate> = installed.into_iter().chain(offers).collect();
        if let Some(locked) = self.lock.filter(|_| self.locked).and_then(|lock| lock.get(id)) {
            candidates.retain(|it| it.node.version == locked.version && it.sha256 == locked.sha256);
        }
        candidates.sort_by(|a, b| a.node.version.cmp(&b.node.version));
        candidates
    }

    fn newest(&self, id: &PluginId, range: &VersionReq) -> Result<Version, SyncError> {
        let there: Vec<Version> = self.candidates(id).into_iter().map(|candidate| candidate.node.version).collect();
        let newest = there.iter().rev().find(|version| range.matches(version)).cloned();
        newest.ok_or_else(|| SyncError::NoVersion { id: id.clone(), range: range.clone(), there })
    }

    fn goal(&self, id: &PluginId, version: &Version, serves: impl Fn(Node) -> Node) -> Result<Goal, SyncError> {
        let chosen = self.candidates(id).into_iter().find(|candidate| candidate.node.version == *version);
        let Candidate { node, bundle, sha256 } = chosen.expect("it was chosen among these");
        let entry = self.file.plugins.get(id);
        let settings = entry.map_or_else(|| Ok(Map::new()), |entry| self.settings(id, version, entry))?;
        let managed = entry.is_some() || self.is_locked(id) || !self.there.get(id).is_some_and(|it| it.node.serves());
        Ok(Goal { node: Node { previous: None, ..serves(node) }, bundle, sha256, settings, managed })
    }

    /// The values that differ from the server's.
    fn settings(&self, id: &PluginId, version: &Version, entry: &Entry) -> Result<Map<String, Value>, SyncError> {
        let there = self.there.get(id);
        let mut differing = Map::new();
        for (key, value) in &entry.settings {
            match there.and_then(|there| there.settings.get(key)) {
                Some(Setting::Secret) => return Err(SyncError::Secret { id: id.clone(), key: key.clone() }),
                Some(Setting::Open(same) | Setting::Held(same)) if same == value => {}
                Some(Setting::Held(held)) => {
                    return Err(SyncError::Held { id: id.clone(), key: key.clone(), held: held.clone() });
                }
                None if there.is_some_and(|there| there.node.version == *version) => {
                    let known = there.map(|there| there.settings.keys().cloned().collect()).unwrap_or_default();
                    return Err(SyncError::NoSetting { id: id.clone(), key: key.clone(), known });
                }
                _ => drop(differing.insert(key.clone(), value.clone())),
            }
        }
        Ok(differing)
    }

    fn refuse_stale_lock(&self) -> Result<(), SyncError> {
        let Some(lock) = self.lock.filter(|_| self.locked) else { return Ok(()) };
        let refuse = |reason: String| Err(SyncError::Locked { reason });
        for (id, entry) in &self.file.plugins {
            match lock.get(id) {
                None => return refuse(format!("it does not name {id}")),
                Some(locked) if !entry.version.matches(&locked.version) => {
                    return refuse(format!("it has {id} {}, plugins.toml asks for {}", locked.version, entry.version));
                }
                Some(_) => {}
            }
        }
        match lock.plugins.iter().find(|locked| self.candidates(&locked.id).is_empty()) {
            None => Ok(()),
            Some(locked) => {
                let (id, version, sha256) = (&locked.id, &locked.version, &locked.sha256);
                refuse(format!("{id} {version} with sha256 {sha256} is neither installed nor among the bundles"))
            }
        }
    }

    fn refuse_other_lock(&self, goals: &BTreeMap<PluginId, Goal>) -> Result<(), SyncError> {
        let Some(lock) = self.lock.filter(|_| self.locked) else { return Ok(()) };
        if let Some((id, _)) = goals.iter().find(|(id, goal)| goal.managed && lock.get(id).is_none()) {
            return Err(SyncError::Locked { reason: format!("it does not name {id}, which is needed") });
        }
        match lock.plugins.iter().find(|locked| !goals.contains_key(&locked.id)) {
            None => Ok(()),
            Some(locked) => Err(SyncError::Locked { reason: format!("it names {}, which nothing needs", locked.id) }),
        }
    }
}
