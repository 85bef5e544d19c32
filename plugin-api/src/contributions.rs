//! What a plugin contributes, collected by a builder.

use crate::descriptor::{
    Access, DataModel, Descriptor, HandlerSpec, JobSpec, Menu, MigrationSpec, Permission, RouteSpec, ServiceSpec,
    Setting,
};
use crate::events::{Event, EventHandler};
use crate::jobs::JobHandler;
use crate::peer::{self, Call, ServiceHandler};
use crate::plugin::PluginError;
use crate::raw::{Body, BoxHandler, Head, Reply};
use crate::services::ServiceError;
use crate::settings::Declaration;
use futures_util::FutureExt;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;

/// Routes, menu entries, permissions, migrations, settings, models, jobs, handlers of events and services of a plugin.
#[derive(Default)]
pub struct Contributions {
    pub(crate) routes: Vec<(RouteSpec, BoxHandler)>,
    pub(crate) openapi: Option<serde_json::Value>,
    access: Vec<(String, Access)>,
    menus: Vec<Menu>,
    permissions: Vec<Permission>,
    migrations: Vec<MigrationSpec>,
    settings: Declaration,
    models: Vec<DataModel>,
    jobs: Vec<(JobSpec, JobHandler)>,
    events: Vec<(HandlerSpec, EventHandler)>,
    services: Vec<(ServiceSpec, ServiceHandler)>,
}

/// What the host gets of it.
pub(crate) struct Parts {
    pub(crate) descriptor: Descriptor,
    pub(crate) handlers: Handlers,
}

/// What does the plugin's work, each in the order of the descriptor.
pub(crate) struct Handlers {
    pub(crate) routes: Vec<BoxHandler>,
    pub(crate) jobs: Vec<JobHandler>,
    pub(crate) events: Vec<EventHandler>,
    pub(crate) services: Vec<ServiceHandler>,
}

/// A contribution that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContributionError {
    /// A route is not written as `METHOD /path`.
    #[error("route {0:?} should be a method, one space and a path, for example \"GET /things/{{id}}\"")]
    MalformedRoute(String),
    /// A route is contributed twice.
    #[error("route {0:?} is contributed twice")]
    DuplicateRoute(String),
    /// `access` names a route that nobody contributes.
    #[error("access is given for route {route:?}, which is not contributed; there are: {known}")]
    UnknownRoute {
        /// As written.
        route: String,
        /// The routes that there are.
        known: String,
    },
}

impl Contributions {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A route with a handler without a framework; `route` is for example `"GET /things/{id}"`.
    pub fn route(
        mut self,
        route: &str,
        access: Access,
        handler: impl Fn(Head<'_>, Body) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let (method, path) = route.split_once(' ').unwrap_or((route, ""));
        let spec = RouteSpec { method: method.to_owned(), path: path.to_owned(), access, summary: String::new() };
        self.routes.push((spec, Box::new(handler)));
        self
    }

    /// Who may call a route, for example `"POST /things"`; without it every logged-in user may.
    pub fn access(mut self, route: &str, access: Access) -> Self {
        self.access.push((route.to_owned(), access));
        self
    }

    /// A menu entry, with those below it.
    pub fn menu(mut self, menu: Menu) -> Self {
        self.menus.push(menu);
        self
    }

    /// A permission code with a title. Codes that routes ask for are added without it.
    pub fn permission(mut self, code: &str, title: &str) -> Self {
        self.permissions.push(Permission { code: code.to_owned(), title: title.to_owned() });
        self
    }

    /// The schema; see [`migrations!`](crate::migrations).
    pub fn migrations(mut self, migrations: Vec<MigrationSpec>) -> Self {
        self.migrations.extend(migrations);
        self
    }

    /// The settings that an administrator may change, as a type: its fields with their defaults, bounds and
    /// descriptions. A field without `#[serde(default)]` has to be set before the plugin starts; one of type
    /// [`Secret`](crate::Secret), or with `#[schemars(extend("x-secret" = true))]`, is never shown.
    ///
    /// ```
    /// use plugin_api::prelude::*;
    /// use serde::Deserialize;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Tuned {
    ///     /// Rows of a page
    ///     #[serde(default = "twenty")]
    ///     #[schemars(range(min = 1, max = 100))]
    ///     page_size: u32,
    ///     /// Of the mail server
    ///     #[serde(default)]
    ///     password: Secret<String>,
    /// }
    ///
    /// fn twenty() -> u32 {
    ///     20
    /// }
    ///
    /// # let _ =
    /// Contributions::new().settings::<Tuned>()
    /// # ;
    /// ```
    pub fn settings<T: JsonSchema + DeserializeOwned>(mut self) -> Self {
        self.settings.set_type::<T>();
        self
    }

    /// One setting more that an administrator may change, by its default.
    pub fn setting(mut self, setting: Setting) -> Self {
        self.settings.add(setting);
        self
    }

    /// A table whose rows data rules may narrow; see [`PluginContext::permitted`](crate::PluginContext::permitted).
    pub fn model(mut self, model: DataModel) -> Self {
        self.models.push(model);
        self
    }

    /// Work that is done by a timetable, five fields as of crontab(5); see [`jobs`](crate::jobs). A `name` is of small
    /// letters, digits and `_`, begins with a letter and has 64 characters at most; `title` is one line for people.
    pub fn job<F, R>(mut self, name: &str, schedule: &str, title: &str, work: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), PluginError>> + Send + 'static,
    {
        let spec = JobSpec { name: name.to_owned(), schedule: schedule.to_owned(), title: title.to_owned() };
        self.jobs.push((spec, Arc::new(move || work().boxed())));
        self
    }

    /// Handles events of another plugin, of this one, or of the server: `<plugin>.<name>`; see
    /// [`events`](crate::events).
    pub fn on<F, R>(mut self, event: &str, handler: F) -> Self
    where
        F: Fn(Event) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), PluginError>> + Send + 'static,
    {
        self.events.push((HandlerSpec { event: event.to_owned() }, Arc::new(move |event| handler(event).boxed())));
        self
    }

    /// Answers calls of other plugins; see [`peer`](crate::peer). A `name` is of small letters, digits and `_`, begins
    /// with a letter and has 64 characters at most.
    pub fn service<I, O, F, R>(mut self, name: &str, handler: F) -> Self
    where
        I: DeserializeOwned,
        O: Serialize,
        F: Fn(Call<I>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<O, ServiceError>> + Send + 'static,
    {
        self.services.push((ServiceSpec { name: name.to_owned() }, peer::typed(handler)));
        self
    }

    pub(crate) fn into_parts(mut self, id: &str, version: &str) -> Result<Parts, ContributionError> {
        self.apply_access()?;
        self.check_routes()?;
        self.add_asked_permissions();
        self.migrations.sort_by_key(|migration| migration.version);
        let (settings, settings_schema) = self.settings.into_parts();
        let (routes, route_handlers) = self.routes.into_iter().unzip();
        let (jobs, job_handlers) = self.jobs.into_iter().unzip();
        let (events, event_handlers) = self.events.into_iter().unzip();
        let (services, service_handlers) = self.services.into_iter().unzip();
        let handlers =
            Handlers { routes: route_handlers, jobs: job_handlers, events: event_handlers, services: service_handlers };
        let descriptor = Descriptor {
            id: id.to_owned(),
            version: version.to_owned(),
            api: env!("CARGO_PKG_VERSION").to_owned(),
            routes,
            openapi: self.openapi,
            migrations: self.migrations,
            menus: self.menus,
            permissions: self.permissions,
            settings,
            settings_schema,
            models: self.models,
            jobs,
            events,
            services,
        };
        Ok(Parts { descriptor, handlers })
    }

    fn apply_access(&mut self) -> Result<(), ContributionError> {
        for (route, access) in std::mem::take(&mut self.access) {
            match self.routes.iter_mut().find(|(spec, _)| written(spec) == route) {
                Some((spec, _)) => spec.access = access,
                None => {
                    let known = self.routes.iter().map(|(spec, _)| written(spec)).collect::<Vec<_>>().join(", ");
                    return Err(ContributionError::UnknownRoute { route, known });
                }
            }
        }
        Ok(())
    }

    fn check_routes(&self) -> Result<(), ContributionError> {
        let mut seen = HashSet::new();
        for (spec, _) in &self.routes {
            let route = written(spec);
            let well_formed = spec.path.starts_with('/') && spec.method.chars().all(|c| c.is_ascii_uppercase());
            if !well_formed {
                return Err(ContributionError::MalformedRoute(route));
            }
            if !seen.insert(route.clone()) {
                return Err(ContributionError::DuplicateRoute(route));
            }
        }
        Ok(())
    }

    fn add_asked_permissions(&mut self) {
        for (spec, _) in &self.routes {
            if let Access::Permission(code) = &spec.access
                && !self.permissions.iter().any(|permission| &permission.code == code)
            {
                let title = if spec.summary.is_empty() { code.clone() } else { spec.summary.clone() };
                self.permissions.push(Permission { code: code.clone(), title });
            }
        }
    }
}

fn written(spec: &RouteSpec) -> String {
    format!("{} {}", spec.method, spec.path)
}

impl Access {
    /// Users whose roles grant `code`, and super-users.
    pub fn permission(code: &str) -> Self {
        Self::Permission(code.to_owned())
    }
}

impl Setting {
    /// A setting whose default also gives its type.
    pub fn new(key: &str, title: &str, default: impl Into<serde_json::Value>) -> Self {
        Self { key: key.to_owned(), title: title.to_owned(), default: default.into(), secret: false }
    }

    /// Never shown or logged.
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}
