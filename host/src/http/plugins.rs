//! Plugins over HTTP: the routes of the contract under `/sys/plugins`, the fuller ones under
//! `/plugins`, and the errors of both.

mod contract;
mod descriptor;
mod download;
mod error;
mod events;
mod full;
mod model;
mod settings;
mod upload;

pub use contract::ContractPluginsApi;
pub use full::PluginsApi;
pub use model::{PluginDetailDto, PluginDto};
pub use settings::{PluginSettingsApi, PluginSettingsDto};
