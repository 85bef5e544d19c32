//! The way from a stored library to a generation that could serve.

use super::undo::{Step, Undo};
use super::{Deadlines, Supervisor};
use crate::db::PluginDatabase;
use crate::loader::{Generation, Image};
use crate::plugin::active::ActivePlugin;
use crate::plugin::error::OperationError;
use crate::plugin::event::EventState;
use crate::plugin::fence::Fence;
use crate::plugin::id::PluginId;
use crate::plugin::own_models::OwnModels;
use crate::plugin::release::Release;
use crate::plugin::services::PluginServices;
use crate::plugin::stats::PluginStats;
use crate::plugin::status::KnownVersion;
use crate::plugin::{grants, schema};
use plugin_api::services::HostServices;
use std::path::PathBuf;
use std::sync::Arc;

/// What a generation finds in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Schema {
    /// Its migrations are applied before it starts.
    BroughtUpToDate,
    /// Another process has applied them. If it has taken them back meanwhile, they must not come again.
    AsItIs,
}

impl Supervisor {
    /// Starts a generation of `release`, beside whatever runs. Nobody can reach it yet.
    pub(super) async fn start(
        &self,
        release: &Arc<Release>,
        stats: Arc<PluginStats>,
        undo: &mut Undo,
    ) -> Result<Arc<ActivePlugin>, OperationError> {
        self.start_on(Schema::BroughtUpToDate, release, stats, undo).await
    }

    /// The same on a schema as `schema` says.
    pub(super) async fn start_on(
        &self,
        schema: Schema,
        release: &Arc<Release>,
        stats: Arc<PluginStats>,
        undo: &mut Undo,
    ) -> Result<Arc<ActivePlugin>, OperationError> {
        self.tell(release.id(), release.version(), EventState::Starting, None);
        self.refuse_missing_dependencies(release)?;
        self.provide(release.id(), &KnownVersion::of(release)).await?;
        let image = self.load(release).await?;
        refuse_other_descriptor(release, &image)?;
        if schema == Schema::BroughtUpToDate
            && let Some(change) = schema::update(&self.workplace.pool, release).await?
        {
            undo.remember(Step::Schema(release.id().clone(), change));
        }
        let services = Arc::new(self.services(release, Arc::clone(&stats)).await?);
        let generation = self.launch(release, image, Arc::clone(&services)).await?;
        self.refuse_unready(release, &generation, &services).await?;
        let active = Arc::new(ActivePlugin::new(release, generation, stats, services));
        undo.remember(Step::Started(Arc::clone(&active)));
        Ok(active)
    }

    fn refuse_missing_dependencies(&self, release: &Release) -> Result<(), OperationError> {
        let serves = |id: &&PluginId| self.plugins.get(*id).is_some_and(|status| status.active.is_some());
        match release.manifest.depends_on.iter().find(|id| !serves(id)) {
            Some(needs) => Err(OperationError::Needs { id: release.id().clone(), needs: needs.clone() }),
            None => Ok(()),
        }
    }

    /// Opens the very bytes that were checked; copying and linking block, so on another thread.
    async fn load(&self, release: &Release) -> Result<Image, OperationError> {
        let workplace = Arc::clone(&self.workplace);
        let (library, id, version) = (release.library, release.id().clone(), release.version().clone());
        let open = move || {
            let path: PathBuf = workplace.store.library(&library)?;
            workplace.loader.open(&path).map_err(|source| OperationError::Load { id, version, source: source.into() })
        };
        tokio::task::spawn_blocking(open).await.map_err(|_| OperationError::ShuttingDown)?
    }

    async fn services(&self, release: &Release, stats: Arc<PluginStats>) -> Result<PluginServices, OperationError> {
        let settings = self.effective(release).await?.to_json();
        let (models, permissions) = (release.contribution.models.clone(), Arc::clone(&self.workplace.permissions));
        let access = grants::database(&self.workplace.pool.database(), release).await?;
        let dialect = self.workplace.pool.database().dialect();
        let fence = Fence::new(release.id().clone(), dialect, &release.descriptor.migrations, access);
        let services = PluginServices::new(
            release.id().clone(),
            release.version().clone(),
            PluginDatabase::new(&self.workplace.pool, self.workplace.database_limits),
            settings,
            self.workplace.time_zone.clone(),
            stats,
        );
        Ok(services.with_fence(fence).with_models(OwnModels::new(release.id().clone(), models, permissions)))
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
            tracing::warn!(plugin.id = %id, plugin.version = %version, "plugin {id} {version} did not stop cleanly: {error}");
        }
        services.close().await;
        Err(OperationError::Start { id, version, source: source.into() })
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
