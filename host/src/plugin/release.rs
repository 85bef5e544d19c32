//! One installed version of a plugin: its bundle, its library, and what they say.

use super::contribution::Contribution;
use super::id::PluginId;
use super::manifest::Manifest;
use crate::store::Sha256;
use plugin_api::descriptor::Descriptor;
use semver::Version;
use std::sync::Arc;

/// A version whose bytes are in the store and whose words have been checked.
#[derive(Debug)]
pub struct Release {
    /// What the bundle declares.
    pub manifest: Manifest,
    /// What the library says of itself.
    pub descriptor: Arc<Descriptor>,
    /// The hash of the bundle.
    pub bundle: Sha256,
    /// The hash of the library.
    pub library: Sha256,
    /// When it came, in Unix milliseconds.
    pub installed_at_ms: i64,
    /// The descriptor as the route table needs it.
    pub contribution: Contribution,
}

impl Release {
    /// The plugin.
    #[must_use]
    pub fn id(&self) -> &PluginId {
        &self.manifest.id
    }

    /// The version.
    #[must_use]
    pub fn version(&self) -> &Version {
        &self.manifest.version
    }
}
