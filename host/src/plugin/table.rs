//! The route table: everything that is served at one moment, immutable, replaced by one swap.
//!
//! It holds what the dispatcher matches *and* what the API lists (plugins, menus, permissions,
//! models, the OpenAPI document), so that both always tell the same story.

mod build;
mod paths;
mod pattern;

use super::active::ActivePlugin;
use super::conflict::{Conflict, Owner};
use super::core_surface::CoreSurface;
use super::id::PluginId;
use super::release::Release;
use super::status::PluginStatus;
use arc_swap::{ArcSwap, Guard};
use bytes::Bytes;
use http::Method;
use paths::{Found, Paths};
use plugin_api::descriptor::{Access, DataModel};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, OnceLock};

pub use paths::PathParams;
pub use pattern::{Pattern, PatternError};

/// The installed plugins, by id.
pub type Plugins = BTreeMap<PluginId, Arc<PluginStatus>>;

/// Everything that is served at one moment.
#[derive(Debug)]
pub struct RouteTable {
    served: Paths<Slot>,
    switched_off: Paths<PluginId>,
    plugins: Plugins,
    menus: HashMap<PluginId, HashSet<String>>,
    permissions: BTreeSet<String>,
    models: Vec<Arc<DataModel>>,
    core_openapi: Arc<Value>,
    /// Put together when it is first asked for.
    openapi: OnceLock<Bytes>,
}

/// One route of a plugin.
#[derive(Debug, Clone)]
pub struct Target {
    /// Whose it is, and how to call it.
    pub plugin: Arc<ActivePlugin>,
    /// Its index in the descriptor.
    pub route: u32,
    /// Its method.
    pub method: Method,
    /// Its absolute path, with the parameters' names.
    pub pattern: Arc<str>,
    /// One line for people.
    pub title: Arc<str>,
    /// Who may call it.
    pub access: Access,
}

/// One route of the core.
#[derive(Debug, Clone)]
pub struct CoreTarget {
    /// Its absolute path, with the parameters' names.
    pub pattern: Arc<str>,
    /// One line for people.
    pub title: Arc<str>,
}

/// Who serves a path.
#[derive(Debug, Clone)]
enum Slot {
    Core(CoreTarget),
    Plugin(Target),
}

/// What the table says to a request.
#[derive(Debug)]
pub enum Lookup<'table, 'path> {
    /// A plugin serves it.
    Found(Matched<'table, 'path>),
    /// Only plugins serve that path, and none by this method. For OPTIONS the answer is 204, for
    /// every other method 405, both with this `Allow` header.
    MethodNotAllowed {
        /// The header's value.
        allow: &'table str,
    },
    /// A plugin would serve it, but it is switched off or has failed.
    Disabled {
        /// Whose it would be.
        plugin: &'table PluginId,
    },
    /// The core serves it.
    Core(&'table CoreTarget),
    /// No plugin has to do with it; the core may.
    NotFound,
}

/// A route with the parameters of a path.
#[derive(Debug)]
pub struct Matched<'table, 'path> {
    /// The route.
    pub target: &'table Target,
    /// The parameters, still percent-encoded.
    pub params: PathParams<'table, 'path>,
}

/// The table that is served now. Cheap to clone; all clones see every swap.
#[derive(Debug, Clone)]
pub struct Published(Arc<ArcSwap<RouteTable>>);

impl RouteTable {
    /// Whether `release` could serve beside the core and the others of `plugins` that do.
    ///
    /// # Errors
    /// [`Conflict`] for the first claim of it that belongs to somebody else.
    pub fn admit(core: &CoreSurface, plugins: &Plugins, release: &Release) -> Result<(), Conflict> {
        build::admit(core, plugins, release)
    }

    /// The table of the core and `plugins`. Pure: nothing is started, stopped or written.
    ///
    /// # Errors
    /// [`Conflict`] if two of them claim the same thing.
    pub fn build(core: &CoreSurface, plugins: &Plugins) -> Result<Self, Conflict> {
        build::table(core, plugins)
    }

    /// The generation of a plugin that serves.
    #[must_use]
    pub fn serving(&self, id: &PluginId) -> Option<&Arc<ActivePlugin>> {
        self.plugins.get(id)?.active.as_ref()
    }

    /// Who serves `method` at the absolute `path`.
    #[must_use]
    pub fn find<'table, 'path>(&'table self, method: &Method, path: &'path str) -> Lookup<'table, 'path> {
        match self.served.find(method, path) {
            Found::Value { value: Slot::Plugin(target), params } => Lookup::Found(Matched { target, params }),
            Found::Value { value: Slot::Core(target), .. } => Lookup::Core(target),
            other => self.find_switched_off(method, path, other),
        }
    }

    /// A switched-off plugin's method at a path that others serve is its own, not a 405.
    fn find_switched_off<'table>(
        &'table self,
        method: &Method,
        path: &str,
        served: Found<'table, '_, Slot>,
    ) -> Lookup<'table, 'static> {
        if let Found::Value { value, .. } = self.switched_off.find(method, path) {
            return Lookup::Disabled { plugin: value };
        }
        match served {
            Found::OtherMethod { allow, any: Slot::Plugin(_) } => Lookup::MethodNotAllowed { allow },
            _ => match self.switched_off.find(method, path) {
                Found::OtherMethod { any, .. } if matches!(served, Found::Nothing) => Lookup::Disabled { plugin: any },
                _ => Lookup::NotFound,
            },
        }
    }

    /// The installed plugins.
    #[must_use]
    pub fn plugins(&self) -> &Plugins {
        &self.plugins
    }

    /// Whether the menu entry `name` of `plugin` is live.
    #[must_use]
    pub fn shows_menu(&self, plugin: &str, name: &str) -> bool {
        self.menus.get(plugin).is_some_and(|names| names.contains(name))
    }

    /// The permission codes of the plugins that serve.
    #[must_use]
    pub fn permissions(&self) -> &BTreeSet<String> {
        &self.permissions
    }

    /// The models of the plugins that serve, by name.
    #[must_use]
    pub fn models(&self) -> &[Arc<DataModel>] {
        &self.models
    }

    /// The OpenAPI document of everything that is served, as JSON.
    #[must_use]
    pub fn openapi(&self) -> &Bytes {
        self.openapi.get_or_init(|| build::document(&self.core_openapi, &self.plugins))
    }
}

impl Slot {
    fn owner(&self) -> Owner {
        match self {
            Self::Core(_) => Owner::Core,
            Self::Plugin(target) => {
                Owner::Plugin { id: target.plugin.id.clone(), version: target.plugin.version.clone() }
            }
        }
    }
}

impl Published {
    /// Publishes a first table.
    #[must_use]
    pub fn new(table: RouteTable) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(table)))
    }

    /// The table of this moment. Hold it no longer than a request: it keeps generations alive.
    #[must_use]
    pub fn load(&self) -> Guard<Arc<RouteTable>> {
        self.0.load()
    }

    /// The same, to be kept over an `.await`.
    #[must_use]
    pub fn load_full(&self) -> Arc<RouteTable> {
        self.0.load_full()
    }

    /// Replaces the table; requests that come after see only the new one.
    pub(super) fn publish(&self, table: RouteTable) {
        self.0.store(Arc::new(table));
    }
}

#[cfg(test)]
mod tests;
