//! `plugins.lock`: what was chosen, to the byte.

use std::{collections::BTreeMap, io, path::Path};

use semver::Version;
use serde::{Deserialize, Serialize};

use super::{error::SyncError, file::in_one_line, goal::Goal, server::There};
use crate::plugin::PluginId;

const HEAD: &str = "# Written by `backplane plugin sync --apply`. Keep it beside plugins.toml.\n\n";
/// The form that this program writes and reads.
const FORMAT: u32 = 1;

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lock {
    format: u32,
    /// The plugins, by id.
    #[serde(default, rename = "plugin")]
    pub(super) plugins: Vec<Locked>,
}

/// What was chosen of one plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Locked {
    /// The plugin.
    pub(super) id: PluginId,
    /// Its version.
    pub(super) version: Version,
    /// The hash of its bundle.
    pub(super) sha256: String,
    /// What the administrator granted it.
    #[serde(default)]
    pub(super) capabilities: Vec<String>,
}

impl Lock {
    /// What the goals are and what the server says of them.
    #[must_use]
    pub(super) fn of(goals: &BTreeMap<PluginId, Goal>, there: &BTreeMap<PluginId, There>) -> Self {
        let locked = |(id, goal): (&PluginId, &Goal)| Locked {
            id: id.clone(),
            version: goal.node.version.clone(),
            sha256: goal.sha256.clone(),
            capabilities: there.get(id).map(|there| there.capabilities.clone()).unwrap_or_default(),
        };
        Self { format: FORMAT, plugins: goals.iter().filter(|(_, goal)| goal.managed).map(locked).collect() }
    }

    /// Reads the file; None if there is none.
    ///
    /// # Errors
    /// [`SyncError::File`] and [`SyncError::Content`].
    pub(super) fn read(path: &Path) -> Result<Option<Self>, SyncError> {
        let content = |reason| SyncError::Content { path: path.to_owned(), reason };
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(SyncError::File { what: "read", path: path.to_owned(), source }),
        };
        let lock: Self = toml::from_str(&text).map_err(|error| content(in_one_line(&error)))?;
        if lock.format != FORMAT {
            let reason = format!("its format is {}, and this program reads format {FORMAT}", lock.format);
            return Err(content(reason));
        }
        Ok(Some(lock))
    }

    /// Writes the file, unless it says the same already.
    ///
    /// # Errors
    /// [`SyncError::File`].
    pub(super) fn write(&self, path: &Path) -> Result<(), SyncError> {
        if matches!(Self::read(path), Ok(Some(there)) if there == *self) {
            return Ok(());
        }
        let text = toml::to_string(self).expect("texts and numbers only");
        let written = std::fs::write(path, format!("{HEAD}{text}"));
        written.map_err(|source| SyncError::File { what: "write", path: path.to_owned(), source })
    }

    /// One plugin.
    #[must_use]
    pub(super) fn get(&self, id: &PluginId) -> Option<&Locked> {
        self.plugins.iter().find(|locked| locked.id == *id)
    }
}
