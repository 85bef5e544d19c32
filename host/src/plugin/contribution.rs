//! A descriptor, checked: what one version contributes, in the form that the route table holds.
//!
//! The check is for what a library says of itself by mistake or on purpose; what it *does* is the
//! loader's concern.

mod errands;
mod models;

pub(super) use errands::is_name;

use super::id::PluginId;
use super::openapi::Fragment;
use super::settings::{DeclarationError, Declared};
use super::table::{Pattern, PatternError};
use http::Method;
use plugin_api::descriptor::{Access, DataModel, Descriptor, Menu, MigrationSpec};
use std::collections::HashSet;
use std::sync::Arc;

/// No page of routes is longer; a table of many plugins stays small.
const ROUTES_MAX: usize = 1000;
/// More menu entries than an administrator would look through.
const MENUS_MAX: usize = 200;
/// The limits of the columns they are stored in.
const MENU_NAME_CHARACTERS_MAX: usize = 64;
const MENU_PATH_CHARACTERS_MAX: usize = 200;
const PERMISSION_CHARACTERS_MAX: usize = 128;
/// The methods a route may have.
const METHODS: [Method; 7] =
    [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD, Method::OPTIONS];

/// What a version contributes.
#[derive(Debug, Clone)]
pub struct Contribution {
    /// Its routes, with absolute paths, in the order of the descriptor.
    pub routes: Vec<CheckedRoute>,
    /// Its part of the OpenAPI document.
    pub openapi: Fragment,
    /// The names of its menu entries, with those below others.
    pub menu_names: Vec<String>,
    /// Its permission codes.
    pub permissions: Vec<String>,
    /// Its models.
    pub models: Vec<Arc<DataModel>>,
    /// Its settings.
    pub settings: Arc<Declared>,
}

/// One route, ready for the table.
#[derive(Debug, Clone)]
pub struct CheckedRoute {
    /// The method.
    pub method: Method,
    /// The absolute path.
    pub pattern: Pattern,
    /// Who may call it.
    pub access: Access,
    /// One line for people.
    pub summary: String,
}

/// Why a descriptor is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContributionError {
    /// A route's path.
    #[error("route {method} {path} can't be served: {fault}")]
    Path {
        /// The method as written.
        method: String,
        /// The path as written.
        path: String,
        /// What is wrong.
        fault: PatternError,
    },
    /// A route's method.
    #[error("route {method} {path} can't be served: its method must be GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS")]
    Method {
        /// The method as written.
        method: String,
        /// The path as written.
        path: String,
    },
    /// The same thing twice.
    #[error("{kind} {name} stands twice in the descriptor")]
    Twice {
        /// What kind of thing.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// More than is accepted.
    #[error("the descriptor has {count} {kind}, at most {max} are accepted")]
    TooMany {
        /// What kind of thing.
        kind: &'static str,
        /// How many.
        count: usize,
        /// The most that is accepted.
        max: usize,
    },
    /// A name or code that can't be stored.
    #[error("{kind} {name:?} can't be accepted: {accepted}")]
    Name {
        /// What kind of thing.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What would be accepted.
        accepted: &'static str,
    },
    /// Settings that can't be declared so.
    #[error(transparent)]
    Settings(#[from] DeclarationError),
    /// A job that can't fall due so.
    #[error(
        "job {job} can't fall due by {schedule:?}: {reason}; accepted are five fields as of crontab(5), then the name of a time zone if it is not the server's"
    )]
    Schedule {
        /// The job.
        job: String,
        /// Its timetable as written.
        schedule: String,
        /// What is wrong.
        reason: String,
    },
    /// Migrations that are not in ascending order.
    #[error("migration {version} stands after migration {before}; versions must be positive and ascend")]
    MigrationOrder {
        /// The one that is wrong.
        version: i64,
        /// The one before it.
        before: i64,
    },
}

impl Contribution {
    /// Checks a descriptor and prepares it; `prefix` goes before every path.
    ///
    /// # Errors
    /// [`ContributionError`] for the first fault.
    pub fn of(id: &PluginId, descriptor: &Descriptor, prefix: &str) -> Result<Self, ContributionError> {
        let routes = checked_routes(descriptor, prefix)?;
        let menu_names = checked_menus(&descriptor.menus)?;
        let permissions: Vec<String> =
            descriptor.permissions.iter().map(|permission| permission.code.clone()).collect();
        for code in &permissions {
            check_permission(code)?;
        }
        refuse_twice("permission", permissions.iter().map(String::as_str))?;
        check_migrations(&descriptor.migrations)?;
        let settings = Arc::new(Declared::of(descriptor)?);
        errands::check(descriptor)?;
        let models = models::checked(&descriptor.models)?;
        let openapi = Fragment::of(id, descriptor, &routes, prefix);
        Ok(Self { routes, openapi, menu_names, permissions, models, settings })
    }
}

fn checked_routes(descriptor: &Descriptor, prefix: &str) -> Result<Vec<CheckedRoute>, ContributionError> {
    refuse_too_many("routes", descriptor.routes.len(), ROUTES_MAX)?;
    let mut routes = Vec::with_capacity(descriptor.routes.len());
    for route in &descriptor.routes {
        let method = METHODS
            .iter()
            .find(|method| method.as_str() == route.method)
            .ok_or_else(|| ContributionError::Method { method: route.method.clone(), path: route.path.clone() })?;
        let pattern = checked_path(&route.path, prefix).map_err(|fault| ContributionError::Path {
            method: route.method.clone(),
            path: route.path.clone(),
            fault,
        })?;
        if let Access::Permission(code) = &route.access {
            check_permission(code)?;
        }
        routes.push(CheckedRoute {
            method: method.clone(),
            pattern,
            access: route.access.clone(),
            summary: route.summary.clone(),
        });
    }
    Ok(routes)
}

/// The path alone must be good too: a prefix must not hide that it lacks its `/`.
fn checked_path(path: &str, prefix: &str) -> Result<Pattern, PatternError> {
    Pattern::parse(path)?;
    Pattern::parse(&format!("{prefix}{path}"))
}

fn checked_menus(menus: &[Menu]) -> Result<Vec<String>, ContributionError> {
    let mut names = Vec::new();
    let mut open: Vec<&Menu> = menus.iter().collect();
    while let Some(menu) = open.pop() {
        check_length("menu entry", &menu.name, MENU_NAME_CHARACTERS_MAX, "a name of 1 to 64 characters")?;
        check_length("menu title", &menu.title, MENU_NAME_CHARACTERS_MAX, "a title of 1 to 64 characters")?;
        if let Some(path) = &menu.path {
            check_length("menu path", path, MENU_PATH_CHARACTERS_MAX, "a path of 1 to 200 characters")?;
        }
        names.push(menu.name.clone());
        refuse_too_many("menu entries", names.len(), MENUS_MAX)?;
        open.extend(&menu.children);
    }
    refuse_twice("menu entry", names.iter().map(String::as_str))?;
    Ok(names)
}

fn check_permission(code: &str) -> Result<(), ContributionError> {
    let accepted = "a code such as sys:notice:add, without spaces or commas, at most 128 characters";
    let plain = code.chars().all(|character| !character.is_whitespace() && character != ',' && !character.is_control());
    if !plain {
        return Err(ContributionError::Name { kind: "permission", name: code.to_owned(), accepted });
    }
    check_length("permission", code, PERMISSION_CHARACTERS_MAX, accepted)
}

fn check_migrations(migrations: &[MigrationSpec]) -> Result<(), ContributionError> {
    let mut before = 0;
    for migration in migrations {
        if migration.version <= before {
            return Err(ContributionError::MigrationOrder { version: migration.version, before });
        }
        before = migration.version;
    }
    Ok(())
}

fn check_length(kind: &'static str, name: &str, max: usize, accepted: &'static str) -> Result<(), ContributionError> {
    if name.is_empty() || name.chars().count() > max {
        return Err(ContributionError::Name { kind, name: name.to_owned(), accepted });
    }
    Ok(())
}

fn refuse_too_many(kind: &'static str, count: usize, max: usize) -> Result<(), ContributionError> {
    if count > max { Err(ContributionError::TooMany { kind, count, max }) } else { Ok(()) }
}

fn refuse_twice<'a>(kind: &'static str, names: impl Iterator<Item = &'a str>) -> Result<(), ContributionError> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(ContributionError::Twice { kind, name: name.to_owned() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
