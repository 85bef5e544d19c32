//! What the fuller routes answer.

use super::dependency::{DependencyDto, DependentDto, dependencies, dependents};
use super::guard::GuardDto;
use crate::admin::Clock;
use crate::loader::{ImageReport, ImageState};
use crate::plugin::{Data, Desired, Limits, Observed, PluginDetail, PluginStatus, Release, SupervisorHandle};
use plugin_api::descriptor::{Access, DataModel, Menu, MenuKind};
use poem_openapi::{Enum, Object, Tags};
use serde_json::Value;

/// The groups of the OpenAPI document.
#[derive(Debug, Clone, Copy, Tags)]
pub(super) enum Tag {
    /// Install, switch and remove plugins
    #[oai(rename = "plugins")]
    Plugins,
}

/// What is true of a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum State {
    /// It serves.
    Enabled,
    /// It is installed and does nothing.
    Disabled,
    /// It should serve, or was asked to, and can't.
    Failed,
    /// It should serve, and the host took it out until somebody releases it.
    Quarantined,
}

/// What the administrator wants of a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub enum Wish {
    /// It should serve.
    Enabled,
    /// It should do nothing.
    Disabled,
}

/// What becomes of the data of a plugin that is uninstalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub(super) enum DataChoice {
    /// It stays for a later installation.
    Keep,
    /// It is deleted.
    Purge,
}

impl From<DataChoice> for Data {
    fn from(choice: DataChoice) -> Self {
        match choice {
            DataChoice::Keep => Self::Keep,
            DataChoice::Purge => Self::Purge,
        }
    }
}

/// A plugin in a list.
#[derive(Debug, Clone, Object)]
pub struct PluginDto {
    /// Its id.
    pub id: String,
    /// The installed version.
    pub version: String,
    /// One line.
    pub summary: String,
    /// Whether the configuration forbids to disable and to uninstall it.
    pub required: bool,
    /// What is true.
    pub state: State,
    /// What the administrator wants.
    pub desired: Wish,
    /// Why it is not so.
    pub reason: Option<String>,
    /// The version that a rollback returns to.
    pub previous_version: Option<String>,
    /// Calls since the server started.
    pub calls: u64,
    /// Calls that it answered with 500 and above.
    pub errors: u64,
    /// Panics.
    pub panics: u64,
    /// Calls that were cut off at their deadline.
    pub timeouts: u64,
    /// Calls that were turned away because too many were running.
    pub rejected: u64,
    /// Panics and timeouts together.
    pub strikes: u64,
    /// Calls that are running.
    pub in_flight: u64,
}

/// Everything about a plugin.
#[derive(Debug, Clone, Object)]
pub struct PluginDetailDto {
    /// What the list says.
    #[oai(flatten)]
    pub plugin: PluginDto,
    /// What the host holds against it.
    #[oai(flatten)]
    pub guard: GuardDto,
    /// A paragraph.
    pub description: String,
    /// Who made it.
    pub author: String,
    /// What it is about.
    pub tags: Vec<String>,
    /// The databases that it supports.
    pub database: Vec<String>,
    /// Its licence.
    pub license: Option<String>,
    /// Where to read more.
    pub homepage: Option<String>,
    /// Plugins that it can't be enabled without.
    pub depends_on: Vec<String>,
    /// Plugins that it needs or uses, with the versions that will do.
    pub dependencies: Vec<DependencyDto>,
    /// Installed plugins that need it, with the versions of it that will do for them.
    pub dependents: Vec<DependentDto>,
    /// The versions of the ABI that it says it runs on, as a range.
    pub abi: Option<String>,
    /// The version of plugin-api that it was built against.
    pub api: String,
    /// The versions that are kept, oldest first.
    pub versions: Vec<VersionDto>,
    /// Its routes.
    pub routes: Vec<RouteDto>,
    /// Its migrations, oldest first.
    pub migrations: Vec<MigrationDto>,
    /// Its menu entries, those below others too.
    pub menus: Vec<MenuDto>,
    /// Its permission codes.
    pub permissions: Vec<PermissionDto>,
    /// Its models, of which data rules may speak.
    pub models: Vec<ModelDto>,
    /// Its settings.
    pub settings: Vec<SettingDto>,
    /// What it asks to be allowed, and what else is granted.
    pub capabilities: Vec<CapabilityDto>,
    /// Its jobs, by name.
    pub jobs: Vec<String>,
    /// The events that it handles, by their full names.
    pub events: Vec<String>,
    /// How many events wait for it.
    pub events_waiting: u64,
    /// Its services for other plugins, by name.
    pub services: Vec<String>,
    /// What a call may cost.
    pub limits: LimitsDto,
    /// Bytes of the address space that its images take.
    pub memory_mapped: u64,
    /// Its images.
    pub images: Vec<ImageDto>,
}

/// A version that is kept.
#[derive(Debug, Clone, Object)]
pub struct VersionDto {
    /// The version.
    pub version: String,
    /// The hash of its bundle.
    pub sha256: String,
    /// The hash of its library.
    pub library_sha256: String,
    /// When it came.
    pub installed_time: String,
    /// Whether it is the installed one.
    pub current: bool,
}

/// A route.
#[derive(Debug, Clone, Object)]
pub struct RouteDto {
    /// The method.
    pub method: String,
    /// The absolute path.
    pub path: String,
    /// `public`, `authenticated` or `permission`.
    pub access: String,
    /// The code, for `permission`.
    pub permission: Option<String>,
    /// One line.
    pub summary: String,
}

/// A migration.
#[derive(Debug, Clone, Object)]
pub struct MigrationDto {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// When it was applied, if it was.
    pub applied_time: Option<String>,
}

/// A menu entry.
#[derive(Debug, Clone, Object)]
pub struct MenuDto {
    /// Unique in the whole application.
    pub name: String,
    /// Text, or a key of the front end's language files.
    pub title: String,
    /// The entry above.
    pub parent: Option<String>,
    /// 0 directory, 1 page, 2 button, 3 embedded page, 4 link.
    #[oai(rename = "type")]
    pub kind: i32,
    /// The page's path in the browser.
    pub path: Option<String>,
    /// Permission codes, separated by commas.
    pub perms: Option<String>,
}

/// A permission code.
#[derive(Debug, Clone, Object)]
pub struct PermissionDto {
    /// The code.
    pub code: String,
    /// One line.
    pub title: String,
}

/// A model.
#[derive(Debug, Clone, Object)]
pub struct ModelDto {
    /// Its name.
    pub name: String,
    /// The names of its columns that rules may compare.
    pub columns: Vec<String>,
}

/// A setting.
#[derive(Debug, Clone, Object)]
pub struct SettingDto {
    /// Its key.
    pub key: String,
    /// One line.
    pub title: String,
    /// What holds without a value; null for a secret.
    pub default: Value,
    /// What holds; null for a secret.
    pub value: Option<Value>,
    /// Whether it is one.
    pub secret: bool,
    /// Whether the operator's configuration holds it.
    pub locked: bool,
}

/// A capability.
#[derive(Debug, Clone, Object)]
pub struct CapabilityDto {
    /// `database`, `http`, `files`, `events`, `jobs` or `services`.
    pub capability: String,
    /// How far it reaches: `own` or `read`, a host, a plugin; empty where there is no more to say.
    pub detail: String,
    /// Whether the installed version asks for it.
    pub asked: bool,
    /// Whether it is granted.
    pub granted: bool,
    /// Who granted it, by the login name of then; null for the command line on a data directory at rest.
    pub granted_by: Option<String>,
    /// Since when.
    pub granted_time: Option<String>,
}

/// What a call may cost.
#[derive(Debug, Clone, Copy, Object)]
pub struct LimitsDto {
    /// How long until its answer begins.
    pub deadline_ms: u64,
    /// The largest body.
    pub body_bytes_max: u64,
    /// Calls at once.
    pub concurrency_max: u64,
}

/// A mapped image.
#[derive(Debug, Clone, Object)]
pub struct ImageDto {
    /// Its version.
    pub version: String,
    /// The number of the load in this process.
    pub generation: u64,
    /// `active`, `draining` or `retained`.
    pub state: String,
    /// Why it is retained.
    pub reason: Option<String>,
    /// Bytes of the address space.
    pub mapped_bytes: u64,
}

impl PluginDto {
    /// What the list says of a plugin.
    pub(crate) fn of(status: &PluginStatus, supervisor: &SupervisorHandle) -> Self {
        let counts = status.stats.counts();
        let running = status.active.as_ref().map_or(0, |active| active.generation.in_flight());
        Self {
            id: status.id().to_string(),
            version: status.version().to_string(),
            summary: status.release.manifest.summary.clone(),
            required: supervisor.requires(status.id()),
            state: state(status.observed),
            desired: wish(status.desired),
            reason: status.reason.clone(),
            previous_version: status.previous.as_ref().map(ToString::to_string),
            calls: counts.calls,
            errors: counts.errors,
            panics: counts.panics,
            timeouts: counts.timeouts,
            rejected: counts.rejected,
            strikes: counts.strikes,
            in_flight: u64::try_from(running).unwrap_or(u64::MAX),
        }
    }
}

impl PluginDetailDto {
    /// Everything about a plugin.
    pub(crate) fn of(detail: &PluginDetail, supervisor: &SupervisorHandle, clock: &Clock) -> Self {
        let status = &detail.status;
        let Release { manifest, descriptor, contribution, .. } = status.release.as_ref();
        let mut menus = Vec::new();
        descriptor.menus.iter().for_each(|menu| add_menu(&mut menus, menu, menu.parent.as_deref()));
        let permission = |permission: &plugin_api::descriptor::Permission| PermissionDto {
            code: permission.code.clone(),
            title: permission.title.clone(),
        };
        Self {
            plugin: PluginDto::of(status, supervisor),
            guard: GuardDto::of(status, supervisor, clock),
            description: manifest.description.clone(),
            author: manifest.author.clone(),
            tags: manifest.tags.clone(),
            database: manifest.database.clone(),
            license: manifest.license.clone(),
            homepage: manifest.homepage.clone(),
            depends_on: manifest.needed().map(ToString::to_string).collect(),
            dependencies: dependencies(manifest, supervisor),
            dependents: dependents(status.id(), supervisor),
            abi: manifest.abi.as_ref().map(ToString::to_string),
            api: descriptor.api.clone(),
            versions: versions(status, clock),
            routes: contribution.routes.iter().map(route).collect(),
            migrations: detail.migrations.iter().map(|migration| migration_dto(migration, clock)).collect(),
            menus,
            permissions: descriptor.permissions.iter().map(permission).collect(),
            models: descriptor.models.iter().map(model).collect(),
            settings: detail.settings.iter().map(setting).collect(),
            capabilities: detail.capabilities.iter().map(|state| capability(state, clock)).collect(),
            jobs: descriptor.jobs.iter().map(|job| job.name.clone()).collect(),
            events: descriptor.events.iter().map(|handler| handler.event.clone()).collect(),
            events_waiting: detail.events_waiting,
            services: descriptor.services.iter().map(|service| service.name.clone()).collect(),
            limits: limits(manifest.limits),
            memory_mapped: detail.mapped_bytes(),
            images: detail.images.iter().map(image).collect(),
        }
    }
}

fn model(model: &DataModel) -> ModelDto {
    ModelDto { name: model.name.clone(), columns: model.columns.iter().map(|column| column.name.clone()).collect() }
}

fn state(observed: Observed) -> State {
    match observed {
        Observed::Enabled => State::Enabled,
        Observed::Disabled => State::Disabled,
        Observed::Failed => State::Failed,
        Observed::Quarantined => State::Quarantined,
    }
}

fn wish(desired: Desired) -> Wish {
    match desired {
        Desired::Enabled => Wish::Enabled,
        Desired::Disabled => Wish::Disabled,
    }
}

fn versions(status: &PluginStatus, clock: &Clock) -> Vec<VersionDto> {
    let version = |known: &crate::plugin::KnownVersion| VersionDto {
        version: known.version.to_string(),
        sha256: known.sha256.to_string(),
        library_sha256: known.library_sha256.to_string(),
        installed_time: clock.format(known.installed_at_ms),
        current: known.version == *status.version(),
    };
    status.versions.iter().map(version).collect()
}

fn route(route: &crate::plugin::CheckedRoute) -> RouteDto {
    let (access, permission) = match &route.access {
        Access::Public => ("public", None),
        Access::Authenticated => ("authenticated", None),
        Access::Permission(code) => ("permission", Some(code.clone())),
    };
    RouteDto {
        method: route.method.to_string(),
        path: route.pattern.as_str().to_owned(),
        access: access.to_owned(),
        permission,
        summary: route.summary.clone(),
    }
}

fn migration_dto(migration: &crate::plugin::MigrationState, clock: &Clock) -> MigrationDto {
    MigrationDto {
        version: migration.version,
        name: migration.name.clone(),
        applied_time: migration.applied_at_ms.map(|at| clock.format(at)),
    }
}

fn add_menu(menus: &mut Vec<MenuDto>, menu: &Menu, parent: Option<&str>) {
    let kind = match menu.kind {
        MenuKind::Directory => 0,
        MenuKind::Page => 1,
        MenuKind::Button => 2,
        MenuKind::Embedded => 3,
        MenuKind::Link => 4,
    };
    menus.push(MenuDto {
        name: menu.name.clone(),
        title: menu.title.clone(),
        parent: parent.map(str::to_owned),
        kind,
        path: menu.path.clone(),
        perms: menu.perms.clone(),
    });
    menu.children.iter().for_each(|below| add_menu(menus, below, Some(&menu.name)));
}

fn setting(setting: &crate::plugin::SettingState) -> SettingDto {
    SettingDto {
        key: setting.key.clone(),
        title: setting.title.clone(),
        default: setting.default.clone(),
        value: setting.value.clone(),
        secret: setting.secret,
        locked: setting.locked,
    }
}

fn capability(state: &crate::plugin::CapabilityState, clock: &Clock) -> CapabilityDto {
    // A plugin's own tables need no row.
    let is_own = state.capability == "database" && state.detail == "own";
    CapabilityDto {
        capability: state.capability.clone(),
        detail: state.detail.clone(),
        asked: state.asked,
        granted: is_own || state.granted_at_ms.is_some(),
        granted_by: state.granted_by.clone(),
        granted_time: state.granted_at_ms.map(|at| clock.format(at)),
    }
}

fn limits(limits: Limits) -> LimitsDto {
    LimitsDto {
        deadline_ms: limits.deadline_ms,
        body_bytes_max: limits.body_bytes_max,
        concurrency_max: u64::try_from(limits.concurrency_max).unwrap_or(u64::MAX),
    }
}

fn image(image: &ImageReport) -> ImageDto {
    let (state, reason) = match &image.state {
        ImageState::Active => ("active", None),
        ImageState::Draining => ("draining", None),
        ImageState::Retained { reason } => ("retained", Some(reason.clone())),
    };
    ImageDto {
        version: image.version.clone(),
        generation: image.generation,
        state: state.to_owned(),
        reason,
        mapped_bytes: image.mapped_bytes,
    }
}
