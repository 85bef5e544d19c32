//! The supervisor: the one task that changes which plugins run.
//!
//! Everybody else holds a [`SupervisorHandle`]: it checks bundles in the caller's own task, sends
//! commands, and reads the published table. An operation is prepared in the file of its
//! name, performed step by step in `perform.rs` and `steps.rs`, and after a crash ended by `recover.rs`.

mod alarms;
mod begin;
mod configure;
mod disable;
mod enable;
mod examine;
mod follow;
mod guard;
mod install;
mod perform;
mod plan;
mod plans;
mod provide;
mod reconcile;
mod recover;
mod restore;
mod retire;
mod rollback;
mod settle;
mod start;
mod steps;
mod tell;
mod turn;
mod uninstall;
mod upgrade;
mod work;

use super::candidate::{Candidate, Inspection};
use super::core_surface::CoreSurface;
use super::dependencies::{self, Graph};
use super::doctor::{Diagnosis, Repaired};
use super::error::OperationError;
use super::event::PluginEvent;
use super::files::Folders;
use super::grants::{self, Acceptance};
use super::guard::{ALARMS_MAX, Alarm, GuardRules};
use super::id::PluginId;
use super::jobs::{self, JobRunner};
use super::log::LogLimits;
use super::manifest::Manifest;
use super::operation::journal::{Order, Origin};
use super::outbox::{self, Outbox};
use super::outgoing::Outgoing;
use super::own_models::DataPermissions;
use super::plan::Plan;
use super::rows::Data;
use super::schema;
use super::settings::{Configured, Sealer};
use super::snapshots::{Snapshot, Snapshots};
use super::status::PluginStatus;
use super::table::{Plugins, Published, RouteTable};
use super::traffic::{self, Traffic};
use crate::cache::Announcements;
use crate::db::{Limits as DatabaseLimits, Pool};
use crate::loader::Loader;
use crate::store::{Staged, Store};
use crate::tasks;
use examine::Visit;
use jiff::tz::TimeZone;
use plans::Plans;
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use turn::Following;
use work::Change;

pub use plans::{OfferedPlan, PlanRequest};
pub use work::{Dependents, Tables, Way};

/// Commands that may wait; more callers than that wait to be let in.
const COMMANDS_MAX: usize = 32;
/// Events that a slow watcher may be behind; it misses the older ones then.
const EVENTS_MAX: usize = 256;

/// What the supervisor works with.
pub struct Workplace {
    /// Where bundles and libraries are.
    pub store: Arc<Store>,
    /// The copies of plugins' tables.
    pub snapshots: Snapshots,
    /// What loads them.
    pub loader: Arc<Loader>,
    /// The server's database.
    pub pool: Pool,
    /// What the core serves itself.
    pub core: CoreSurface,
    /// What bundles are checked against.
    pub inspection: Inspection,
    /// What a generation may take of the database.
    pub database_limits: DatabaseLimits,
    /// What sends plugins' requests.
    pub outgoing: Arc<Outgoing>,
    /// The folders of plugins' files.
    pub folders: Arc<Folders>,
    /// What runs plugins' jobs.
    pub jobs: Arc<JobRunner>,
    /// What plugins' events wait in.
    pub outbox: Arc<Outbox>,
    /// The longest input and answer of a call from plugin to plugin.
    pub service_bytes_max: usize,
    /// What the operator configured for plugins.
    pub settings: Configured,
    /// What encrypts secret settings.
    pub sealer: Sealer,
    /// Which plugins may be neither disabled nor uninstalled.
    pub required: BTreeSet<PluginId>,
    /// What decides which rows of plugins' models somebody may see.
    pub permissions: Arc<dyn DataPermissions>,
    /// The zone of times that plugins show.
    pub time_zone: TimeZone,
    /// How long things may take.
    pub deadlines: Deadlines,
    /// How other processes over the same database are told.
    pub announcements: Announcements,
    /// When the host intervenes.
    pub guard: GuardRules,
    /// How much is kept of a plugin's log.
    pub log: LogLimits,
    /// What the calls of all plugins came to.
    pub traffic: Traffic,
    /// How many versions are kept beside the installed one.
    pub versions_kept: usize,
    /// Whether no plugin is loaded at all.
    pub safe_mode: bool,
    /// The data directory.
    pub data: PathBuf,
}

/// How long the steps of an operation may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// A plugin's `new` and `start` together.
    pub start: Duration,
    /// The last calls of a generation that no longer serves.
    pub drain: Duration,
    /// A plugin's `stop`.
    pub stop: Duration,
}

/// What follows an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterInstall {
    /// It serves at once; if it can't, it is not installed.
    Enable,
    /// It waits to be enabled.
    Wait,
}

/// Commands to the supervisor and a view of its state. Cheap to clone.
#[derive(Clone)]
pub struct SupervisorHandle {
    commands: mpsc::Sender<Command>,
    published: Published,
    events: broadcast::Sender<PluginEvent>,
    watches_end: CancellationToken,
    workplace: Arc<Workplace>,
    following: Arc<Following>,
    /// Whoever changes plugins waits for it in this process first, and for the others' turn only then.
    turn: Arc<Semaphore>,
    order: Order,
    plans: Arc<Plans>,
}

/// The task's own state.
struct Supervisor {
    workplace: Arc<Workplace>,
    plugins: Plugins,
    published: Published,
    events: broadcast::Sender<PluginEvent>,
    following: Arc<Following>,
    /// Held so that alarms can be raised for as long as somebody acts on them.
    alarms: mpsc::Sender<Alarm>,
}

type Outcome = Result<Arc<PluginStatus>, OperationError>;

enum Command {
    Change(Box<Change>, Order, oneshot::Sender<Outcome>),
    Visit(Visit, oneshot::Sender<Result<(Diagnosis, Vec<Repaired>), OperationError>>),
    Release(PluginId, Order, oneshot::Sender<Outcome>),
    Alarm(Alarm, oneshot::Sender<Outcome>),
    Plan(Box<Change>, oneshot::Sender<Result<(Plan, Box<Change>), OperationError>>),
    Configure(PluginId, Map<String, Value>, Order, oneshot::Sender<Outcome>),
    Follow(oneshot::Sender<Result<(), OperationError>>),
    Shutdown(oneshot::Sender<()>),
}

/// Starts the supervisor: first every plugin that should be enabled, by the same path as a click
/// takes. Returns when all of them serve or have failed; one that fails stops no other.
///
/// # Errors
/// [`OperationError`] if the rows of plugins or the store can't be read at all.
pub async fn supervise(workplace: Workplace) -> Result<SupervisorHandle, OperationError> {
    let table = RouteTable::build(&workplace.core, &Plugins::new())?;
    let (events, _) = broadcast::channel(EVENTS_MAX);
    let (commands, inbox) = mpsc::channel(COMMANDS_MAX);
    let (alarms, raised) = mpsc::channel(ALARMS_MAX);
    let probation = workplace.guard.probation;
    let workplace = Arc::new(workplace);
    let following = Arc::new(Following::new(&commands));
    let mut supervisor = Supervisor {
        workplace: Arc::clone(&workplace),
        plugins: Plugins::new(),
        published: Published::new(table),
        events: events.clone(),
        following: Arc::clone(&following),
        alarms,
    };
    let begun = supervisor.begin().await?;
    let published = supervisor.published.clone();
    tasks::spawn("plugin supervisor", supervisor.run(inbox));
    workplace.announcements.follow(&following);
    let (watches_end, turn) = (CancellationToken::new(), Arc::new(Semaphore::new(1)));
    let (order, plans) = (Order::of_the_server(), Arc::default());
    let handle =
        SupervisorHandle { commands, published, events, watches_end, workplace, following, turn, order, plans };
    tasks::spawn("plugin alarms", alarms::act(handle.downgraded(), raised));
    tasks::spawn("samples of plugins' traffic", traffic::sample(handle.downgraded()));
    tasks::spawn("the clock of plugins' jobs", jobs::start_what_is_due(handle.downgraded()));
    tasks::spawn("the courier of events", outbox::deliver(handle.downgraded()));
    if !probation.is_zero() {
        tasks::spawn("plugins on probation", alarms::ask_new_ones(handle.downgraded()));
    }
    handle.announce_later(begun);
    Ok(handle)
}

impl SupervisorHandle {
    /// The same in the name of somebody, for the record.
    #[must_use]
    pub fn by(&self, user_id: i64, username: &str) -> Self {
        let origin = Origin::User { id: user_id, username: username.to_owned() };
        Self { order: Order { origin, plan: None }, ..self.clone() }
    }

    /// Checks a bundle and installs it.
    ///
    /// # Errors
    /// [`OperationError`]; nothing is installed then and nothing is left on disk.
    pub async fn install(&self, staged: Staged, then: AfterInstall) -> Outcome {
        self.refuse_in_safe_mode("install a plugin")?;
        let candidate = self.inspect(staged).await?;
        self.operate(Change::Install(Box::new(candidate), then)).await
    }

    /// Checks a bundle and puts it in the place of the installed version, without a gap. `id` is
    /// the plugin that is meant, where the caller says so; `acceptance` is of what it asks for beyond what is granted.
    ///
    /// # Errors
    /// [`OperationError`]; the old version goes on then as if nothing had been asked.
    pub async fn upgrade(&self, id: Option<&PluginId>, staged: Staged, way: Way, acceptance: Acceptance) -> Outcome {
        if let Some(id) = id {
            self.installed(id)?;
        }
        self.refuse_in_safe_mode("upgrade a plugin")?;
        let candidate = self.inspect(staged).await?;
        if let Some(asked) = id.filter(|asked| *asked != candidate.id()) {
            return Err(OperationError::OtherPlugin { asked: asked.clone(), found: candidate.id().clone() });
        }
        self.refuse_added(&candidate, acceptance).await?;
        self.operate(Change::Upgrade(Box::new(candidate), way)).await
    }

    /// Makes a plugin serve; one that does already goes on.
    ///
    /// # Errors
    /// [`OperationError`]; the plugin is recorded as failed then, with the reason.
    pub async fn enable(&self, id: &PluginId) -> Outcome {
        self.operate(Change::Enable(id.clone())).await
    }

    /// Makes a plugin stop serving, and those that need it with it, if asked. Calls that run are finished, usually
    /// before this returns.
    ///
    /// # Errors
    /// [`OperationError`]; all of them go on then.
    pub async fn disable(&self, id: &PluginId, dependents: Dependents) -> Outcome {
        self.operate(Change::Disable(id.clone(), dependents)).await
    }

    /// Puts a kept version in the place of the installed one, without a gap: `version`, or the one before.
    ///
    /// # Errors
    /// [`OperationError`]; the installed version goes on then.
    pub async fn rollback(&self, id: &PluginId, version: Option<Version>, tables: Tables) -> Outcome {
        self.operate(Change::Rollback(id.clone(), version, tables)).await
    }

    /// Removes a plugin, and of its data as much as `data` says. Those that need it stop serving with it, if asked;
    /// they stay installed. Gives its last state.
    ///
    /// # Errors
    /// [`OperationError`]; everything is as before then.
    pub async fn uninstall(&self, id: &PluginId, data: Data, dependents: Dependents) -> Outcome {
        self.operate(Change::Uninstall(id.clone(), data, dependents)).await
    }

    /// The copies of plugins' tables.
    #[must_use]
    pub fn snapshots(&self) -> &Snapshots {
        &self.workplace.snapshots
    }

    /// Copies a plugin's tables now, and says why.
    ///
    /// # Errors
    /// [`OperationError`].
    pub async fn take_snapshot(&self, id: &PluginId, reason: &str) -> Result<Snapshot, OperationError> {
        let version = self.installed(id)?.version().clone();
        self.workplace.snapshots.take(id, &version, reason).await
    }

    /// Brings a plugin's tables back to what a copy has; one that serves stops meanwhile. What they are before is
    /// copied first.
    ///
    /// # Errors
    /// [`OperationError`]; nothing has changed then.
    pub async fn restore(&self, id: &PluginId, number: i64) -> Outcome {
        self.operate(Change::Restore(id.clone(), number)).await
    }

    /// Changes settings of a plugin, by key; null takes a value away. It acts at once if the plugin runs.
    ///
    /// # Errors
    /// [`OperationError`]; nothing is changed then. A plugin that runs may refuse.
    pub async fn configure(&self, id: &PluginId, asked: Map<String, Value>) -> Outcome {
        let id = id.clone();
        let order = self.order.clone();
        self.command(move |reply| Command::Configure(id, asked, order, reply)).await
    }

    /// Stops every plugin without changing what the administrator wants, and ends the supervisor.
    pub async fn shutdown(&self) {
        // An error means that it has ended already.
        let _ = self.ask(Command::Shutdown).await;
    }

    /// Checks a bundle without installing it.
    ///
    /// # Errors
    /// [`OperationError`] for the first fault.
    pub async fn inspect(&self, staged: Staged) -> Result<Candidate, OperationError> {
        let candidate = self.workplace.inspection.of(staged, self.workplace.store.staging()).await?;
        let owners = schema::owners(&self.workplace.pool).await?;
        schema::refuse_faults(&candidate.release.manifest, &candidate.release.descriptor, &owners)?;
        Ok(candidate)
    }

    /// The installed plugins, by id.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<PluginStatus>> {
        self.published.load().plugins().values().cloned().collect()
    }

    /// One installed plugin.
    ///
    /// # Errors
    /// [`OperationError::Unknown`], with the most similar id that is installed.
    pub fn installed(&self, id: &PluginId) -> Outcome {
        installed(self.published.load().plugins(), id)
    }

    /// The id of an installed plugin, as a person wrote it.
    ///
    /// # Errors
    /// [`OperationError::Unknown`], with the most similar id that is installed.
    pub fn id(&self, text: &str) -> Result<PluginId, OperationError> {
        let table = self.published.load();
        let known = text.parse().ok().filter(|id: &PluginId| table.plugins().contains_key(id));
        known.ok_or_else(|| unknown(table.plugins(), text))
    }

    /// Changes of state from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<PluginEvent> {
        self.events.subscribe()
    }

    /// Completes when watching is over, see [`SupervisorHandle::end_watches`].
    pub fn watches_ended(&self) -> impl Future<Output = ()> + Send + use<> {
        self.watches_end.clone().cancelled_owned()
    }

    /// Ends every watch: an answer that never ends by itself must not hold up a shutdown.
    pub fn end_watches(&self) {
        self.watches_end.cancel();
    }

    /// The route table, as the dispatcher reads it.
    #[must_use]
    pub fn published(&self) -> &Published {
        &self.published
    }

    /// Whether a plugin may be neither disabled nor uninstalled.
    #[must_use]
    pub fn requires(&self, id: &PluginId) -> bool {
        self.workplace.required.contains(id)
    }

    /// What it works with.
    #[must_use]
    pub fn workplace(&self) -> &Workplace {
        &self.workplace
    }

    /// A new version takes nothing that nobody has agreed to.
    async fn refuse_added(&self, candidate: &Candidate, acceptance: Acceptance) -> Result<(), OperationError> {
        if acceptance == Acceptance::Accept {
            return Ok(());
        }
        let granted = grants::load(&self.workplace.pool.database(), candidate.id()).await?;
        let added = grants::added(&candidate.release.manifest.capabilities, &granted);
        if added.is_empty() {
            return Ok(());
        }
        let (id, version) = (candidate.id().clone(), candidate.version().clone());
        Err(OperationError::CapabilitiesAdded { id, version, added })
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, OperationError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(command(reply)).await.map_err(|_| OperationError::ShuttingDown)?;
        answer.await.map_err(|_| OperationError::ShuttingDown)
    }
}

impl Supervisor {
    /// Does one thing after the other. A caller that has gone away changes nothing: what was
    /// begun is finished.
    async fn run(mut self, mut inbox: mpsc::Receiver<Command>) {
        while let Some(command) = inbox.recv().await {
            match command {
                Command::Change(change, order, reply) => answer(reply, self.change_or_release(*change, &order).await),
                Command::Release(id, order, reply) => answer(reply, self.release(&id, &order).await),
                Command::Visit(visit, reply) => answer(reply, self.visit(visit).await),
                Command::Alarm(alarm, reply) => answer(reply, self.act_on(alarm).await),
                Command::Plan(change, reply) => answer(reply, self.plan(change).await),
                Command::Configure(id, asked, order, reply) => answer(reply, self.configure(&id, asked, &order).await),
                Command::Follow(reply) => answer(reply, self.follow().await),
                Command::Shutdown(reply) => {
                    self.stop_all().await;
                    answer(reply, ());
                    return;
                }
            }
        }
        self.stop_all().await;
    }

    fn installed(&self, id: &PluginId) -> Outcome {
        installed(&self.plugins, id)
    }

    /// Refuses a version that would not fit beside the other plugins.
    fn refuse_unfit(&self, manifest: &Manifest, serves: bool) -> Result<(), OperationError> {
        Ok(dependencies::refuse_change(&Graph::of(&self.plugins), manifest, serves)?)
    }
}

fn answer<T>(reply: oneshot::Sender<T>, outcome: T) {
    // The caller may have gone away.
    let _ = reply.send(outcome);
}

/// How alike two ids must be for one to be suggested for the other.
const LIKENESS_MIN: f64 = 0.7;

fn installed(plugins: &Plugins, id: &PluginId) -> Outcome {
    plugins.get(id).cloned().ok_or_else(|| unknown(plugins, id.as_str()))
}

fn unknown(plugins: &Plugins, id: &str) -> OperationError {
    let meant = id.to_lowercase();
    let likeness = |known: &&PluginId| strsim::jaro_winkler(known.as_str(), &meant);
    let nearest = plugins.keys().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let nearest = nearest.filter(|known| likeness(known) >= LIKENESS_MIN).cloned();
    OperationError::Unknown { id: id.to_owned(), nearest }
}
