//! The settings of a plugin: how they are declared, and as the host gives them.

mod declared;
mod secret;

pub(crate) use declared::{Declaration, is_secret, schema_of};
pub use secret::Secret;

use serde::de::DeserializeOwned;
use std::fmt;

/// Effective settings: environment over stored over default. Read them into a type of your own.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings(String);

impl Settings {
    /// From a JSON object.
    pub(crate) fn new(json: &str) -> Self {
        Self(json.to_owned())
    }

    /// The settings as `T`.
    ///
    /// # Errors
    /// When `T` does not fit what the plugin declares.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }
}

impl fmt::Debug for Settings {
    /// Without the values: some may be secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Settings").finish_non_exhaustive()
    }
}
