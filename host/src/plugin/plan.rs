//! What an operation would change, told before it is done.
//!
//! A plan is only a picture: applying it looks again, and does nothing if the picture is another one.

pub(super) mod rows;

use super::contribution::{CheckedRoute, Contribution};
use super::id::PluginId;
use super::manifest::Capability;
use super::operation::{Operation, Step};
use super::release::Release;
use super::settings::Field;
use crate::store::{BundleFile, Sha256};
use plugin_api::descriptor::{JobSpec, Menu, MigrationSpec};
use semver::Version;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What an operation would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// What would be done.
    pub operation: Operation,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// The plugin.
    pub plugin: PluginId,
    /// The version that is installed.
    pub from: Option<Version>,
    /// The version that would be; none if the plugin goes.
    pub to: Option<Version>,
    /// The bundle of the version that the operation is about.
    pub bundle: Sha256,
    /// What is in it, where it is not in the store yet.
    pub files: Vec<BundleFile>,
    /// Migrations that would be run.
    pub migrations: Vec<PlannedMigration>,
    /// Routes, as `GET /api/v1/…`.
    pub routes: Difference,
    /// Menu entries, by name.
    pub menus: Difference,
    /// Permission codes.
    pub permissions: Difference,
    /// Settings, by key.
    pub settings: Difference,
    /// Models of data rules.
    pub models: Difference,
    /// Jobs, by name.
    pub jobs: Difference,
    /// Events that it handles, by their full names.
    pub events: Difference,
    /// Services for other plugins, by name.
    pub services: Difference,
    /// What the version asks to be allowed; applying the plan grants it.
    pub capabilities: Vec<Capability>,
    /// What of that is not granted yet.
    pub capabilities_added: Vec<Capability>,
    /// Other plugins that have to do with it.
    pub dependencies: Vec<Dependency>,
    /// Those that would be switched off with it.
    pub switched_off: Vec<PluginId>,
    /// What an administrator should know before.
    pub warnings: Vec<Warning>,
}

/// A migration of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedMigration {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// Whether it is taken back.
    pub down: bool,
    /// What SQLite runs; none if there is no such script.
    pub sqlite: Option<String>,
    /// What PostgreSQL runs.
    pub postgres: Option<String>,
}

/// What would come and what would go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What would come.
    pub added: BTreeSet<String>,
    /// What would go.
    pub removed: BTreeSet<String>,
    /// What would stay, but not as it was.
    pub changed: BTreeSet<String>,
    /// How many stay, those that change too.
    pub kept: usize,
}

/// Things by their names, each with all that is said of it.
pub(super) type Named = BTreeMap<String, String>;

/// Another plugin that has to do with an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dependency {
    /// The other plugin.
    pub plugin: PluginId,
    /// Its version, if it is installed.
    pub version: Option<Version>,
    /// Whether the plugin of the plan needs it; else it needs the plugin of the plan.
    pub is_needed: bool,
    /// Whether it serves.
    pub serves: bool,
}

/// What an administrator should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Warning {
    /// The version that would be installed is older than the one that is.
    Older,
    /// The schema is ahead of the version, and stays so.
    SchemaAhead,
    /// A migration can't be taken back.
    Irreversible(String),
    /// The bundle of a version would leave the store.
    Forgets(Version),
    /// Tables would go with their rows.
    DeletesData,
    /// What the plugin keeps in files would go.
    DeletesFiles {
        /// How many there are now.
        files: u64,
        /// Bytes of these together.
        bytes: u64,
    },
    /// So many events wait for it now, and would never reach it.
    DropsEvents(u64),
    /// It would not serve for a moment: the old version stops before the new one starts.
    Interrupts,
    /// It would not serve.
    Waits,
}

impl Plan {
    /// The hash of everything in it but what a plugin counts up while it serves: two plans with one hash are the same.
    #[must_use]
    pub fn hash(&self) -> Sha256 {
        let plan = Self { warnings: uncounted(&self.warnings), ..self.clone() };
        let bytes = serde_json::to_vec(&plan).expect("a plan has text keys and no floats");
        Sha256::of(&bytes)
    }

    /// In what it differs from another plan.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        let parts = [
            ("operation", self.operation == other.operation && self.steps == other.steps),
            ("plugin", self.plugin == other.plugin),
            ("version", (&self.from, &self.to, &self.bundle) == (&other.from, &other.to, &other.bundle)),
            ("files", self.files == other.files),
            ("migrations", self.migrations == other.migrations),
            ("routes", self.routes == other.routes),
            ("menus", self.menus == other.menus),
            ("permissions", self.permissions == other.permissions),
            ("settings", self.settings == other.settings),
            ("models", self.models == other.models),
            ("jobs", self.jobs == other.jobs),
            ("events", self.events == other.events),
            ("services", self.services == other.services),
            (
                "capabilities",
                (&self.capabilities, &self.capabilities_added) == (&other.capabilities, &other.capabilities_added),
            ),
            ("dependencies", (&self.dependencies, &self.switched_off) == (&other.dependencies, &other.switched_off)),
            ("warnings", uncounted(&self.warnings) == uncounted(&other.warnings)),
        ];
        parts.into_iter().filter(|(_, is_same)| !is_same).map(|(name, _)| name).collect()
    }
}

/// Files and events come and go while a plugin serves; that some files would be deleted is what matters.
fn uncounted(warnings: &[Warning]) -> Vec<Warning> {
    let uncounted = |warning: &Warning| match warning {
        Warning::DropsEvents(_) => None,
        Warning::DeletesFiles { .. } => Some(Warning::DeletesFiles { files: 0, bytes: 0 }),
        warning => Some(warning.clone()),
    };
    warnings.iter().filter_map(uncounted).collect()
}

impl PlannedMigration {
    /// One that would be run, or taken back.
    #[must_use]
    pub fn of(migration: &MigrationSpec, down: bool) -> Self {
        let (sqlite, postgres) = if down {
            let postgres = migration.down_postgres.clone().or_else(|| migration.down.clone());
            (migration.down.clone(), postgres)
        } else {
            let postgres = migration.up_postgres.clone().unwrap_or_else(|| migration.up.clone());
            (Some(migration.up.clone()), Some(postgres))
        };
        Self { version: migration.version, name: migration.name.clone(), down, sqlite, postgres }
    }
}

impl Difference {
    /// What comes, goes and changes between two lots.
    pub(super) fn between(before: &Named, after: &Named) -> Self {
        let lacking = |those: &Named, from: &Named| -> BTreeSet<String> {
            those.keys().filter(|name| !from.contains_key(*name)).cloned().collect()
        };
        let stays = before.iter().filter_map(|(name, then)| Some((name, then, after.get(name)?)));
        let changed = stays.clone().filter(|(_, then, now)| then != now).map(|(name, ..)| name.clone()).collect();
        Self { added: lacking(after, before), removed: lacking(before, after), changed, kept: stays.count() }
    }

    /// The same of something that releases have, where nothing serves has none.
    pub(super) fn of(before: Option<&Release>, after: Option<&Release>, what: fn(&Release) -> Named) -> Self {
        Self::between(&before.map(what).unwrap_or_default(), &after.map(what).unwrap_or_default())
    }
}

pub(super) fn routes(release: &Release) -> Named {
    let Contribution { routes, .. } = &release.contribution;
    let named = |route: &CheckedRoute| {
        (format!("{} {}", route.method, route.pattern.as_str()), format!("{:?} {}", route.access, route.summary))
    };
    routes.iter().map(named).collect()
}

pub(super) fn menus(release: &Release) -> Named {
    fn add(menu: &Menu, into: &mut Named) {
        let own = Menu { children: Vec::new(), ..menu.clone() };
        into.insert(menu.name.clone(), format!("{own:?}"));
        menu.children.iter().for_each(|child| add(child, into));
    }
    let mut all = Named::new();
    release.descriptor.menus.iter().for_each(|menu| add(menu, &mut all));
    all
}

/// Those that routes ask for, and those that menu entries grant.
pub(super) fn permissions(release: &Release) -> Named {
    fn granted(menu: &Menu, into: &mut Named) {
        let codes = menu.perms.iter().flat_map(|codes| codes.split(',')).map(str::trim);
        into.extend(codes.filter(|code| !code.is_empty()).map(|code| (code.to_owned(), String::new())));
        menu.children.iter().for_each(|child| granted(child, into));
    }
    let mut all = Named::new();
    release.descriptor.menus.iter().for_each(|menu| granted(menu, &mut all));
    let declared = release.descriptor.permissions.iter();
    all.extend(declared.map(|permission| (permission.code.clone(), permission.title.clone())));
    all
}

pub(super) fn settings(release: &Release) -> Named {
    let settings = &release.contribution.settings;
    let schema = settings.schema();
    let schema = |key: &str| schema.pointer(&format!("/properties/{key}"));
    let named = |field: &Field| (field.key.clone(), format!("{field:?} {:?}", schema(&field.key)));
    settings.fields().iter().map(named).collect()
}

pub(super) fn models(release: &Release) -> Named {
    release.contribution.models.iter().map(|model| (model.name.clone(), format!("{model:?}"))).collect()
}

pub(super) fn jobs(release: &Release) -> Named {
    let named = |job: &JobSpec| (job.name.clone(), format!("{} {}", job.schedule, job.title));
    release.descriptor.jobs.iter().map(named).collect()
}

pub(super) fn events(release: &Release) -> Named {
    release.descriptor.events.iter().map(|handler| (handler.event.clone(), String::new())).collect()
}

pub(super) fn services(release: &Release) -> Named {
    release.descriptor.services.iter().map(|service| (service.name.clone(), String::new())).collect()
}
