//! Building a table: the core's routes first, then those of every plugin that serves.

use super::paths::{Clash, Paths};
use super::{CoreTarget, Plugins, RouteTable, Slot, Target};
use crate::plugin::active::ActivePlugin;
use crate::plugin::conflict::{Conflict, Owner};
use crate::plugin::contribution::CheckedRoute;
use crate::plugin::core_surface::CoreSurface;
use crate::plugin::id::PluginId;
use crate::plugin::openapi;
use crate::plugin::release::Release;
use crate::plugin::status::PluginStatus;
use bytes::Bytes;
use plugin_api::descriptor::DataModel;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

pub(super) fn table(core: &CoreSurface, plugins: &Plugins) -> Result<RouteTable, Conflict> {
    let mut served = core_paths(core)?;
    let mut switched_off = Paths::default();
    let mut menus = HashMap::new();
    let mut permissions = BTreeSet::new();
    let mut models = BTreeMap::new();
    for (id, status) in plugins.iter().filter(|(_, status)| status.active.is_none()) {
        add_switched_off(&mut switched_off, id, status);
    }
    for (active, status) in serving(plugins) {
        let contribution = &status.release.contribution;
        add_routes(&mut served, active, status)?;
        menus.insert(active.id.clone(), contribution.menu_names.iter().cloned().collect());
        permissions.extend(contribution.permissions.iter().cloned());
        add_models(&mut models, core, active, &contribution.models)?;
    }
    let models = models.into_values().map(|(_, model)| model).collect();
    let (plugins, core_openapi) = (plugins.clone(), Arc::clone(core.openapi()));
    Ok(RouteTable { served, switched_off, plugins, menus, permissions, models, core_openapi, openapi: OnceLock::new() })
}

/// The document of everything that is served.
pub(super) fn document(core: &Value, plugins: &Plugins) -> Bytes {
    let fragments: Vec<_> = serving(plugins).iter().map(|(_, status)| &status.release.contribution.openapi).collect();
    openapi::merge(core, &fragments)
}

/// The plugins that serve, the newest generation last: in a conflict it is the one that came second.
fn serving(plugins: &Plugins) -> Vec<(&Arc<ActivePlugin>, &PluginStatus)> {
    let serving = plugins.values().filter_map(|status| Some((status.active.as_ref()?, status.as_ref())));
    let mut serving: Vec<_> = serving.collect();
    serving.sort_by_key(|(active, _)| active.generation.number());
    serving
}

fn core_paths(core: &CoreSurface) -> Result<Paths<Slot>, Conflict> {
    let mut paths = Paths::default();
    for route in core.routes() {
        let (method, pattern) = (&route.method, &route.pattern);
        let target = CoreTarget { pattern: pattern.as_str().into(), title: route.summary.as_str().into() };
        if paths.insert(method.clone(), pattern, Slot::Core(target)).is_err() {
            let (method, path) = (method.clone(), pattern.as_str().to_owned());
            return Err(Conflict::Route {
                method,
                path,
                claimed_by: Owner::Core.into(),
                served_by: Owner::Core.into(),
            });
        }
    }
    Ok(paths)
}

fn add_routes(paths: &mut Paths<Slot>, active: &Arc<ActivePlugin>, status: &PluginStatus) -> Result<(), Conflict> {
    for (index, route) in (0_u32..).zip(&status.release.contribution.routes) {
        let target = Target {
            plugin: Arc::clone(active),
            route: index,
            method: route.method.clone(),
            pattern: route.pattern.as_str().into(),
            title: route.summary.as_str().into(),
            access: route.access.clone(),
        };
        if let Err(clash) = paths.insert(route.method.clone(), &route.pattern, Slot::Plugin(target)) {
            return Err(conflict(clash, route, owner(active), Slot::owner));
        }
    }
    Ok(())
}

/// Whether a release that does not serve yet could.
pub(super) fn admit(core: &CoreSurface, plugins: &Plugins, release: &Release) -> Result<(), Conflict> {
    let own = || Owner::Plugin { id: release.id().clone(), version: release.version().clone() };
    let mut paths: Paths<Owner> = Paths::default();
    for route in core.routes() {
        // Those that clash were refused when the core was put together.
        let _ = paths.insert(route.method.clone(), &route.pattern, Owner::Core);
    }
    let others = || serving(plugins).into_iter().filter(|(active, _)| active.id != *release.id());
    let mut models = BTreeMap::new();
    for (active, status) in others() {
        for route in &status.release.contribution.routes {
            let _ = paths.insert(route.method.clone(), &route.pattern, owner(active));
        }
        models.extend(status.release.contribution.models.iter().map(|model| (model.name.clone(), owner(active))));
    }
    models.extend(core.models().iter().map(|name| (name.clone(), Owner::Core)));
    for route in &release.contribution.routes {
        if let Err(clash) = paths.insert(route.method.clone(), &route.pattern, own()) {
            return Err(conflict(clash, route, own(), Clone::clone));
        }
    }
    match release.contribution.models.iter().find_map(|model| models.remove_entry(&model.name)) {
        Some((name, owned_by)) => Err(Conflict::Model { name, claimed_by: own().into(), owned_by: owned_by.into() }),
        None => Ok(()),
    }
}

fn conflict<T>(
    clash: Clash<'_, T>,
    route: &CheckedRoute,
    claimed_by: Owner,
    owner_of: impl Fn(&T) -> Owner,
) -> Conflict {
    let (method, path, claimed_by) = (route.method.clone(), route.pattern.as_str().to_owned(), claimed_by.into());
    match clash {
        Clash::Same(other) => Conflict::Route { method, path, claimed_by, served_by: owner_of(other).into() },
        Clash::Ambiguous(other) => Conflict::Ambiguous { path, claimed_by, served_by: owner_of(other).into() },
        Clash::Unroutable => Conflict::Unroutable { path, claimed_by },
    }
}

/// Models by their names, each with the plugin that brings it.
type OwnedModels<'a> = BTreeMap<&'a str, (&'a ActivePlugin, Arc<DataModel>)>;

fn add_models<'a>(
    models: &mut OwnedModels<'a>,
    core: &CoreSurface,
    active: &'a ActivePlugin,
    own: &'a [Arc<DataModel>],
) -> Result<(), Conflict> {
    for model in own {
        let of_plugin = models.get(&*model.name).map(|(other, _)| owner(other));
        let of_core = || core.models().contains(&model.name).then_some(Owner::Core);
        if let Some(owned_by) = of_plugin.or_else(of_core) {
            let (name, claimed_by) = (model.name.clone(), owner(active).into());
            return Err(Conflict::Model { name, claimed_by, owned_by: owned_by.into() });
        }
        models.insert(&model.name, (active, Arc::clone(model)));
    }
    Ok(())
}

fn owner(active: &ActivePlugin) -> Owner {
    Owner::Plugin { id: active.id.clone(), version: active.version.clone() }
}

/// Two plugins that are off may claim the same route; either name is a right answer.
fn add_switched_off(paths: &mut Paths<PluginId>, id: &PluginId, status: &PluginStatus) {
    for route in &status.release.contribution.routes {
        let _ = paths.insert(route.method.clone(), &route.pattern, id.clone());
    }
}
