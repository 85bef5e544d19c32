//! The settings of a plugin: what the operator configured, over what is stored, over the default.
//!
//! What is declared is checked when a bundle comes ([`Declared`]), what is stored when it is written and again
//! before a plugin gets it: another version may have written it. Secrets are stored encrypted ([`Sealer`]).

mod accepted;
mod change;
mod declared;
mod effective;
mod sealer;
mod stored;
mod view;

pub use change::{FaultKind, SettingFault};
pub use declared::{DeclarationError, Declared, Field};
pub use effective::{Effective, Origin};
pub use sealer::Sealer;
pub use view::SettingsView;

pub(super) use change::{Change, Completeness, change};
pub(super) use effective::gather;
pub(super) use stored::{load, load_open, write};

use super::id::PluginId;
use serde_json::Value;
use std::collections::BTreeMap;

/// What the operator configured (file and environment): values by plugin and key.
pub type Configured = BTreeMap<String, BTreeMap<String, Value>>;

/// A setting without a usable value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The value does not fit.
    #[error("{origin} must be {accepted}")]
    Wrong {
        /// Where the value came from.
        origin: String,
        /// What would be accepted.
        accepted: String,
    },
    /// There is none, and no default.
    #[error("setting {key} of plugin {id} has to be set: {accepted} is accepted")]
    Missing {
        /// The plugin.
        id: PluginId,
        /// The setting.
        key: String,
        /// What would be accepted.
        accepted: String,
    },
    /// The stored value can't be decrypted.
    #[error(
        "setting {key} of plugin {id} can't be decrypted: it was stored under another auth.jwt_secret (or data directory's key); set it again"
    )]
    Unreadable {
        /// The plugin.
        id: PluginId,
        /// The setting.
        key: String,
    },
}
