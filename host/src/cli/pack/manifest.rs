//! The two fields of `plugin.toml` that name a bundle.

use std::{fs, path::Path};

use super::PackError;

/// Who the plugin is.
#[derive(Debug)]
pub(super) struct Identity {
    /// The id.
    pub(super) id: String,
    /// The version.
    pub(super) version: String,
}
