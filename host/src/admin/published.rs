//! What the plugins that run now contribute to menus, permissions and data rules.

use plugin_api::descriptor::DataModel;
use std::sync::Arc;

/// The published contributions. Implemented by whoever publishes the plugins' routes, so that
/// menus, codes, models and routes change in the same instant.
pub trait Published: Send + Sync + 'static {
    /// Whether the entry `name` of plugin `plugin_id` is there.
    fn has_menu(&self, plugin_id: &str, name: &str) -> bool;

    /// Where browsers get the module with the pages of plugin `plugin_id`, if it brings one.
    fn module(&self, plugin_id: &str) -> Option<String>;

    /// The permission codes that running plugins declare.
    fn permissions(&self) -> Vec<String>;

    /// The models of running plugins, by name.
    fn models(&self) -> Vec<Arc<DataModel>>;
}

/// Nothing is plugged in.
#[derive(Debug, Clone, Copy, Default)]
pub struct NothingPublished;

impl Published for NothingPublished {
    fn has_menu(&self, _plugin_id: &str, _name: &str) -> bool {
        false
    }

    fn module(&self, _plugin_id: &str) -> Option<String> {
        None
    }

    fn permissions(&self) -> Vec<String> {
        Vec::new()
    }

    fn models(&self) -> Vec<Arc<DataModel>> {
        Vec::new()
    }
}
