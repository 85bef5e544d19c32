//! The way from a stored library to a generation that could serve.

use super::{Deadlines, Supervisor};
use crate::db::PluginDatabase;
use crate::loader::{Generation, Image, StartError};
use crate::plugin::active::ActivePlugin;
use crate::plugin::dependencies::{self, Graph};
use crate::plugin::error::OperationError;
use crate::plugin::event::EventState;
use crate::plugin::fence::Fence;
use crate::plugin::files::Keeper;
use crate::plugin::grants;
use crate::plugin::jobs::{self, OwnJobs};
use crate::plugin::log::PluginLog;
use crate::plugin::manifest::Capabilities;
use crate::plugin::outbox::Publisher;
use crate::plugin::outgoing::Sender;
use crate::plugin::own_models::OwnModels;
use crate::plugin::peers::Peers;
use crate::plugin::release::Release;
use crate::plugin::schema;
use crate::plugin::secrets::Secrets;
use crate::plugin::services::{Granted, PluginServices};
use crate::plugin::stats::PluginStats;
use crate::plugin::status::{KnownVersion, PluginStatus};
use crate::plugin::ui::Ui;
use plugin_api::services::{HostServices, Level};
use std::path::PathBuf;
use std::sync::Arc;

impl Supervisor {
    /// Opens the library of `release` and makes sure that it is the one that was checked.
    pub(super) async fn load(&self, release: &Release) -> Result<Image, OperationError> {
        self.tell(release.id(), release.version(), EventState::Starting, None);
        self.provide(release.id(), &KnownVersion::of(release)).await?;
        let image = self.open(release).await?;
        refuse_other_descriptor(release, &image)?;
        Ok(image)
    }

    /// Starts a generation on the schema as it is, beside whatever runs. Nobody can reach it yet.
    pub(super) async fn start(
        &self,
        release: &Release,
        image: Image,
        status: &PluginStatus,
    ) -> Result<Arc<ActivePlugin>, OperationError> {
        let (ui, stats) = (self.ui(release).await?, Arc::clone(&status.stats));
        let had = grants::had(&self.workplace.pool.database(), release).await?;
        let jobs = jobs::scheduled(release, &had, &self.workplace.time_zone);
        let handles_events = had.events && !release.descriptor.events.is_empty();
        let services = Arc::new(self.services(release, had, Arc::clone(&stats), &status.log).await?);
        let generation = self.launch(release, image, Arc::clone(&services)).await?;
        self.refuse_unready(release, &generation, &services).await?;
        let active = ActivePlugin::new(release, generation, stats, services, ui);
        Ok(Arc::new(active.given(jobs, handles_events)))
    }

    pub(super) fn refuse_missing_dependencies(&self, release: &Release) -> Result<(), OperationError> {
        Ok(dependencies::refuse_own_needs(&Graph::of(&self.plugins), &release.manifest)?)
    }

    /// Opens the very bytes that were checked; copying and linking block, so on another thread.
    async fn open(&self, release: &Release) -> Result<Image, OperationError> {
        let workplace = Arc::clone(&self.workplace);
        let (library, id, version) = (release.library, release.id().clone(), release.version().clone());
        let open = move || {
            let path: PathBuf = workplace.store.library(&library)?;
            workplace.loader.open(&path).map_err(|source| OperationError::Load { id, version, source: source.into() })
        };
        tokio::task::spawn_blocking(open).await.map_err(|_| OperationError::ShuttingDown)?
    }

    /// The files for browsers, out of the very bundle that was checked.
    async fn ui(&self, release: &Release) -> Result<Option<Ui>, OperationError> {
        if release.manifest.ui.is_none() {
            return Ok(None);
        }
        let (workplace, bundle) = (Arc::clone(&self.workplace), release.bundle);
        let read = move || workplace.store.ui_files(&bundle, &workplace.inspection.limits);
        let files = tokio::task::spawn_blocking(read).await.map_err(|_| OperationError::ShuttingDown)??;
        Ok(Ui::of(&release.manifest, files))
    }

    async fn services(
        &self,
        release: &Release,
        had: Capabilities,
        stats: Arc<PluginStats>,
        log: &Arc<PluginLog>,
    ) -> Result<PluginServices, OperationError> {
        let effective = self.effective(release).await?;
        log.secrets().learn(&release.contribution.settings, &effective.values);
        let watch = self.watch(release.id(), &stats, log);
        let settings = effective.to_json();
        let (models, permissions) = (release.contribution.models.clone(), Arc::clone(&self.workplace.permissions));
        let database = self.workplace.pool.database();
        let own = schema::own_tables(&database, release.id()).await?;
        let fence = Fence::new(release.id().clone(), database.dialect(), own, had.database);
        let connection = PluginDatabase::new(&self.workplace.pool, self.workplace.database_limits);
        let granted = self.granted(release, had, connection.clone());
        let services = PluginServices::new(
            release.id().clone(),
            release.version().clone(),
            connection,
            settings,
            self.workplace.time_zone.clone(),
            stats,
        );
        let models = OwnModels::new(release.id().clone(), models, permissions);
        Ok(services.with_fence(fence).with_models(models).granting(granted).watched_by(watch))
    }

    /// What does for a generation what it is granted.
    fn granted(&self, release: &Release, had: Capabilities, connection: PluginDatabase) -> Granted {
        let (id, workplace, published) = (release.id(), &self.workplace, &self.published);
        let outbox = Arc::clone(&workplace.outbox);
        Granted {
            sender: Sender::new(id.clone(), had.http, Arc::clone(&workplace.outgoing)),
            keeper: Keeper::new(id.clone(), &workplace.folders, had.files),
            publisher: Publisher::new(id.clone(), had.events, outbox, published.clone(), connection),
            jobs: OwnJobs::new(id.clone(), had.jobs, Arc::clone(&workplace.jobs), published.clone()),
            peers: Peers::new(id.clone(), had.services, published.clone(), workplace.service_bytes_max),
        }
    }

    /// Runs the plugin's own start. One that fails leaves nothing open in the database.
    async fn launch(
        &self,
        release: &Release,
        image: Image,
        services: Arc<PluginServices>,
    ) -> Result<Arc<Generation>, OperationError> {
        let host: Arc<dyn HostServices> = Arc::clone(&services) as _;
        match image.start(host, self.workplace.deadlines.start).await {
            Ok(generation) => Ok(generation),
            Err(source) => {
                services.close().await;
                let (id, version) = (release.id().clone(), release.version().clone());
                let source = without_secrets(source, services.log().secrets());
                Err(OperationError::Start { id, version, source: source.into() })
            }
        }
    }

    /// Asks the plugin itself. One that is not ready is stopped again, and leaves nothing open.
    async fn refuse_unready(
        &self,
        release: &Release,
        generation: &Arc<Generation>,
        services: &PluginServices,
    ) -> Result<(), OperationError> {
        let Deadlines { start, stop, .. } = self.workplace.deadlines;
        let Err(source) = generation.ready(start).await else { return Ok(()) };
        let (id, version) = (release.id().clone(), release.version().clone());
        if let Err(error) = generation.stop(stop).await {
            services.note(Level::Warn, &format!("plugin {id} {version} did not stop cleanly: {error}"), None);
        }
        services.close().await;
        let source = without_secrets(source, services.log().secrets());
        Err(OperationError::Start { id, version, source: source.into() })
    }
}

/// A plugin's words are shown, recorded and logged, whatever it puts into them.
fn without_secrets(error: StartError, secrets: &Secrets) -> StartError {
    let hide = |reason: String| secrets.hide(&reason).into_owned();
    match error {
        StartError::Refused { reason } => StartError::Refused { reason: hide(reason) },
        StartError::NotReady { reason } => StartError::NotReady { reason: hide(reason) },
        timed_out => timed_out,
    }
}

/// The same bytes must say the same as when they were checked; if not, routes would be called by
/// the wrong index.
fn refuse_other_descriptor(release: &Release, image: &Image) -> Result<(), OperationError> {
    if image.descriptor() == &release.descriptor {
        return Ok(());
    }
    Err(OperationError::Disagree {
        what: "contributions of version",
        declared: release.version().to_string(),
        found: "something else than when it was checked".to_owned(),
    })
}
