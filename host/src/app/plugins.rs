//! Puts the rooms of plugins together: store, loader, supervisor.

use crate::admin::auth::RuleChanges;
use crate::admin::data_rule::registry;
use crate::admin::{self, Happening, Happenings};
use crate::cache::Announcements;
use crate::config::{self, Config, Unload};
use crate::db::{Limits, Pool};
use crate::http::API_PREFIX;
use crate::http::site::PLUGIN_UI_PATH;
use crate::loader::{Loader, LoaderSettings, UnloadPolicy};
use crate::plugin::{
    Configured, CoreSurface, DataPermissions, Deadlines, EventLimits, FileLimits, Folders, GuardRules, Inspection,
    JobRunner, LogLimits, OperationError, Outbox, Outgoing, OutgoingLimits, ProvidedSettings, Published, Sealer,
    SettingGroup, Snapshots, SupervisorHandle, Traffic, Workplace, supervise,
};
use crate::store::{BundleLimits, Store, StoreError, host_target};
use futures_util::future::BoxFuture;
use plugin_api::db::{DbError, Dialect, Transaction};
use plugin_api::descriptor::DataModel;
use poem::http::Method;
use serde_json::json;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The routes of the host that the API's document does not describe.
const OTHER_ROUTES: &[(Method, &str)] = &[
    (Method::GET, "/"),
    (Method::GET, "/healthz"),
    (Method::GET, "/readyz"),
    (Method::GET, "/docs"),
    (Method::GET, "/openapi.json"),
    (Method::GET, "/static/upload/{name}"),
    (Method::GET, "/plugin-ui/{plugin}/{hash}/{name}"),
];

/// Why plugins can't be managed at all. One plugin that fails is no reason.
#[derive(Debug, thiserror::Error)]
pub enum PluginsError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The loader, or finding this program for its preflight children.
    #[error("failed to prepare the loading of plugins")]
    Loader(#[source] io::Error),
    /// What sends their requests.
    #[error("failed to prepare the requests of plugins")]
    Outgoing(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The rows of plugins.
    #[error("failed to read the installed plugins")]
    Supervisor(#[from] OperationError),
}

/// What loads and what manages.
pub(super) struct Plugins {
    pub(super) loader: Arc<Loader>,
    pub(super) supervisor: SupervisorHandle,
}

/// What stands around the plugins.
pub(super) struct Surroundings<'a> {
    /// The core's OpenAPI document.
    pub(super) document: serde_json::Value,
    /// What decides which rows of plugins' models somebody may see.
    pub(super) permissions: Arc<dyn DataPermissions>,
    /// What the processes over the database tell each other.
    pub(super) announcements: &'a Announcements,
    /// What encrypts secret settings.
    pub(super) sealer: Sealer,
}

/// Opens store and loader and brings every plugin into its desired state.
pub(super) async fn open(
    config: &Config,
    data: &Path,
    pool: &Pool,
    surroundings: Surroundings<'_>,
) -> Result<Plugins, PluginsError> {
    let Surroundings { document, permissions, announcements, sealer } = surroundings;
    let settings = &config.plugins;
    let unload = match settings.unload {
        Unload::Verified => UnloadPolicy::Verified,
        Unload::Never => UnloadPolicy::Never,
    };
    let copies_dir = data.join("images");
    let loader = Loader::new(LoaderSettings { copies_dir, unload }).map_err(PluginsError::Loader)?;
    let workplace = Workplace {
        store: Arc::new(Store::open(data)?),
        snapshots: Snapshots::new(pool, data, settings.snapshots_max),
        loader: Arc::clone(&loader),
        pool: pool.clone(),
        core: CoreSurface::new(API_PREFIX, document, OTHER_ROUTES).with_models(registry::core_names()),
        inspection: inspection(config, pool.database().dialect()).map_err(PluginsError::Loader)?,
        database_limits: Limits {
            statement_deadline: Duration::from_millis(settings.statement_deadline_ms),
            transaction_idle: Duration::from_millis(settings.transaction_idle_ms),
            ..Limits::PLUGIN
        },
        outgoing: Arc::new(outgoing(settings).map_err(PluginsError::Outgoing)?),
        folders: Arc::new(Folders::new(
            data,
            FileLimits {
                file_bytes_max: settings.file_bytes_max,
                bytes_max: settings.files_bytes_max,
                files_max: settings.files_max,
            },
        )),
        jobs: Arc::new(JobRunner::new(pool.database(), Duration::from_millis(settings.job_deadline_ms))),
        outbox: Arc::new(Outbox::new(pool.database(), event_limits(settings))),
        service_bytes_max: bytes(settings.service_bytes_max),
        settings: configured(config),
        sealer,
        required: settings.required.clone(),
        permissions,
        time_zone: config.server.zone(),
        deadlines: Deadlines {
            start: Duration::from_millis(settings.start_deadline_ms),
            drain: Duration::from_millis(settings.drain_deadline_ms),
            stop: Duration::from_millis(settings.stop_deadline_ms),
        },
        announcements: announcements.clone(),
        guard: GuardRules {
            strikes: usize::try_from(settings.quarantine_strikes).unwrap_or(usize::MAX),
            window: Duration::from_secs(settings.quarantine_window_s.into()),
            probation: Duration::from_secs(settings.probation_s.into()),
        },
        log: LogLimits {
            lines: usize::try_from(settings.log_lines).unwrap_or(usize::MAX),
            line_bytes: usize::try_from(settings.log_line_bytes).unwrap_or(usize::MAX),
            lines_per_second: settings.log_lines_per_second,
        },
        traffic: Traffic::default(),
        versions_kept: usize::try_from(settings.versions_kept).unwrap_or(usize::MAX),
        safe_mode: settings.safe_mode,
        data: data.to_path_buf(),
    };
    let supervisor = supervise(workplace).await?;
    Ok(Plugins { loader, supervisor })
}

fn bytes(most: u64) -> usize {
    usize::try_from(most).unwrap_or(usize::MAX)
}

fn event_limits(settings: &config::Plugins) -> EventLimits {
    EventLimits {
        deadline: Duration::from_millis(settings.event_deadline_ms),
        bytes_max: bytes(settings.event_bytes_max),
        waiting_max: settings.events_waiting_max,
    }
}

/// What plugins send requests with.
fn outgoing(settings: &config::Plugins) -> Result<Outgoing, Box<dyn std::error::Error + Send + Sync>> {
    let limits = OutgoingLimits {
        request_bytes_max: bytes(settings.http_request_bytes_max),
        answer_bytes_max: bytes(settings.http_answer_bytes_max),
        deadline: Duration::from_millis(settings.http_deadline_ms),
        at_once_max: usize::try_from(settings.http_at_once_max).unwrap_or(usize::MAX),
    };
    Ok(Outgoing::new(limits)?)
}

/// Settings of plugins, from TOML to the JSON that plugins get.
fn configured(config: &Config) -> Configured {
    let json = |value: &toml::Value| serde_json::to_value(value).unwrap_or_default();
    let of_plugin =
        |values: &BTreeMap<String, toml::Value>| values.iter().map(|(key, value)| (key.clone(), json(value))).collect();
    config.plugins.settings.iter().map(|(id, values)| (id.clone(), of_plugin(values))).collect()
}

/// What bundles are checked against, by a server with these settings on this kind of database.
///
/// # Errors
/// What the system says when it can't name this program.
pub fn inspection(config: &Config, dialect: Dialect) -> io::Result<Inspection> {
    let settings = &config.plugins;
    Ok(Inspection {
        executable: std::env::current_exe()?,
        deadline: Duration::from_millis(settings.preflight_deadline_ms),
        target: host_target(),
        limits: BundleLimits { packed_bytes_max: settings.bundle_bytes_max, ..BundleLimits::default() },
        dialect,
        prefix: API_PREFIX.to_owned(),
    })
}

/// What menus, codes, models and rules ask, and what is told of users: the plugins, once there are some.
#[derive(Clone, Default)]
pub(super) struct Plugged(Arc<OnceLock<(Published, Arc<Outbox>)>>);

impl Plugged {
    pub(super) fn set(&self, supervisor: &SupervisorHandle) {
        // Set once, by the only caller of `open`.
        let _ = self.0.set((supervisor.published().clone(), Arc::clone(&supervisor.workplace().outbox)));
    }

    fn published(&self) -> Option<&Published> {
        self.0.get().map(|(published, _)| published)
    }
}

impl Happenings for Plugged {
    fn tell<'a>(
        &'a self,
        transaction: &'a Transaction,
        what: Happening,
        id: i64,
    ) -> BoxFuture<'a, Result<(), DbError>> {
        Box::pin(async move {
            let Some((published, outbox)) = self.0.get() else { return Ok(()) };
            outbox.tell(&published.load_full(), transaction, None, what.name(), &json!({ "id": id })).await
        })
    }

    fn told(&self) {
        if let Some((_, outbox)) = self.0.get() {
            outbox.stir();
        }
    }
}

impl admin::Published for Plugged {
    fn has_menu(&self, plugin_id: &str, name: &str) -> bool {
        self.published().is_some_and(|published| published.load().shows_menu(plugin_id, name))
    }

    fn module(&self, plugin_id: &str) -> Option<String> {
        let table = self.published()?.load();
        let ui = table.plugins().get(plugin_id)?.active.as_ref()?.ui.as_ref()?;
        Some(format!("{PLUGIN_UI_PATH}/{plugin_id}/{}/{}", ui.hash(), ui.module()))
    }

    fn permissions(&self) -> Vec<String> {
        self.published().map_or_else(Vec::new, |published| published.load().permissions().iter().cloned().collect())
    }

    fn models(&self) -> Vec<Arc<DataModel>> {
        self.published().map_or_else(Vec::new, |published| published.load().models().to_vec())
    }
}

impl RuleChanges for Plugged {
    fn values(&self) -> BoxFuture<'_, BTreeMap<String, String>> {
        Box::pin(async {
            let Some(published) = self.published() else { return BTreeMap::new() };
            let provided = ProvidedSettings::new(published.clone(), API_PREFIX);
            let mut values = provided.group(SettingGroup::Login).await;
            values.extend(provided.group(SettingGroup::UserSecurity).await);
            values
        })
    }
}
