//! `/plugins/plans`: what a change would come to, and doing exactly that.

use super::full::{parsed_version, tables, way};
use super::in_name_of;
use super::model::{DataChoice, PluginDetailDto, Tag};
use super::upload::PlanBody;
use crate::admin::Clock;
use crate::http::{Answer, ApiError, Context, Language, Message, SuperCaller};
use crate::plugin::plan::{Dependency, Difference, Plan, PlannedMigration, Warning};
use crate::plugin::{AfterInstall, Data, Dependents, OfferedPlan, Operation, PlanRequest, SupervisorHandle};
use poem_openapi::param::{Path, Query};
use poem_openapi::{Enum, Object, OpenApi};
use serde_json::Value;

/// `/plugins/plans`
pub struct PlansApi {
    supervisor: SupervisorHandle,
    clock: Clock,
}

/// What may be planned without a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case")]
pub(super) enum Action {
    /// Make it serve.
    Enable,
    /// Make it stop.
    Disable,
    /// Return to the version before.
    Rollback,
    /// Remove it.
    Uninstall,
}

/// What is to be planned.
#[derive(Debug, Clone, Object)]
#[oai(rename = "PluginAction", deny_unknown_fields)]
pub(super) struct ActionDto {
    /// The plugin.
    #[oai(validator(max_length = 64))]
    pub id: String,
    /// What is to be done with it.
    pub action: Action,
    /// What becomes of its data when it is uninstalled; it stays if nothing is said.
    pub data: Option<DataChoice>,
    /// The kept version that a rollback returns to; the one before if nothing is said.
    #[oai(validator(max_length = 64))]
    pub version: Option<String>,
    /// Whether a rollback takes the tables back as well.
    #[oai(default)]
    pub revert: bool,
    /// Whether those that need a plugin that is disabled or uninstalled are disabled with it.
    #[oai(default)]
    pub cascade: bool,
}

/// What a change would come to.
#[derive(Debug, Clone, Object)]
#[oai(rename = "PluginPlan")]
pub struct PlanDto {
    /// By which it is applied.
    pub id: String,
    /// The hash of everything below.
    pub hash: String,
    /// Until when it may be applied.
    pub expires_time: String,
    /// `install`, `enable`, `disable`, `upgrade`, `rollback`, `uninstall` or `purge`.
    pub operation: String,
    /// The steps, in order.
    pub steps: Vec<String>,
    /// The plugin.
    pub plugin: String,
    /// The version that is installed.
    pub from_version: Option<String>,
    /// The version that would be installed; null if the plugin goes.
    pub to_version: Option<String>,
    /// The hash of the bundle.
    pub bundle_sha256: String,
    /// The files of a bundle that is not in the store yet.
    pub files: Vec<FileDto>,
    /// Bytes of these files together.
    pub files_bytes: u64,
    /// Migrations that would be run.
    pub migrations: Vec<PlannedMigrationDto>,
    /// Routes.
    pub routes: DifferenceDto,
    /// Menu entries.
    pub menus: DifferenceDto,
    /// Permission codes.
    pub permissions: DifferenceDto,
    /// Settings.
    pub settings: DifferenceDto,
    /// Models of data rules.
    pub models: DifferenceDto,
    /// Jobs.
    pub jobs: DifferenceDto,
    /// Events that it handles.
    pub events: DifferenceDto,
    /// Services for other plugins.
    pub services: DifferenceDto,
    /// What the version asks to be allowed; applying the plan grants it.
    pub capabilities: Vec<String>,
    /// What of that is not granted yet.
    pub capabilities_added: Vec<String>,
    /// Other plugins that have to do with it.
    pub dependencies: Vec<DependencyDto>,
    /// Those that would be disabled with it.
    pub switched_off: Vec<String>,
    /// What to know before.
    pub warnings: Vec<String>,
}

/// A file in a bundle.
#[derive(Debug, Clone, Object)]
#[oai(rename = "BundleFile")]
pub struct FileDto {
    /// Its name, with its folders.
    pub name: String,
    /// Its size, unpacked.
    pub bytes: u64,
    /// The hash of its bytes.
    pub sha256: String,
}

/// A migration that would be run.
#[derive(Debug, Clone, Object)]
#[oai(rename = "PlannedMigration")]
pub struct PlannedMigrationDto {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// `up`, or `down` where it is taken back.
    pub direction: String,
    /// What SQLite runs.
    pub sqlite: Option<String>,
    /// What PostgreSQL runs.
    pub postgres: Option<String>,
}

/// What comes and what goes.
#[derive(Debug, Clone, Object)]
#[oai(rename = "PlannedDifference")]
pub struct DifferenceDto {
    /// What comes.
    pub added: Vec<String>,
    /// What goes.
    pub removed: Vec<String>,
    /// What stays, but not as it was.
    pub changed: Vec<String>,
    /// How many stay, those that change too.
    pub kept: usize,
}

/// Another plugin that has to do with it.
#[derive(Debug, Clone, Object)]
#[oai(rename = "PlannedDependency")]
pub struct DependencyDto {
    /// The other plugin.
    pub plugin: String,
    /// Its version, if it is installed.
    pub version: Option<String>,
    /// `needs`: it is needed; `needed_by`: it needs this one.
    pub relation: String,
    /// Whether it serves.
    pub serves: bool,
}

impl PlansApi {
    /// The routes over `supervisor`, showing times by `clock`.
    #[must_use]
    pub fn new(supervisor: SupervisorHandle, clock: Clock) -> Self {
        Self { supervisor, clock }
    }

    fn request(&self, asked: ActionDto) -> Result<PlanRequest, ApiError> {
        let id = self.supervisor.id(&asked.id)?;
        let version = asked.version.as_deref().map(parsed_version).transpose()?;
        let ActionDto { action, data, revert, cascade, .. } = asked;
        let dependents = Dependents::of(cascade);
        match (action, data, version, revert, cascade) {
            (Action::Enable, None, None, false, false) => Ok(PlanRequest::Enable(id)),
            (Action::Disable, None, None, false, _) => Ok(PlanRequest::Disable(id, dependents)),
            (Action::Rollback, None, version, revert, false) => Ok(PlanRequest::Rollback(id, version, tables(revert))),
            (Action::Uninstall, data, None, false, _) => {
                Ok(PlanRequest::Uninstall(id, data.map_or(Data::Keep, Data::from), dependents))
            }
            _ => Err(ApiError::bad_request(Message::fixed(
                "data is only for the action uninstall, version and revert only for rollback, cascade only for disable \
                 and uninstall",
                "data 仅用于 uninstall 操作，version 与 revert 仅用于 rollback 操作，cascade 仅用于 disable 与 uninstall 操作",
            ))),
        }
    }

    fn answer(&self, offered: &OfferedPlan) -> Answer<PlanDto> {
        Answer::of(PlanDto::of(offered, &self.clock))
    }
}

#[OpenApi(prefix_path = "/plugins/plans", tag = "Tag::Plugins")]
impl PlansApi {
    /// Say what a change would come to: of a bundle, or of an installed plugin
    #[oai(path = "/", method = "post")]
    async fn plan(
        &self,
        caller: SuperCaller,
        /// Whether a new plugin should serve at once.
        #[oai(default = "enabled")]
        enable: Query<bool>,
        /// Whether the installed version stops before another one takes its place.
        #[oai(default)]
        drain: Query<bool>,
        body: PlanBody,
    ) -> Result<Answer<PlanDto>, ApiError> {
        let request = match body {
            PlanBody::Bundle(upload) => {
                let staged = upload.receive(&self.supervisor).await?;
                let then = if enable.0 { AfterInstall::Enable } else { AfterInstall::Wait };
                PlanRequest::Bundle { staged, then, way: way(drain.0) }
            }
            PlanBody::Action(action) => self.request(action)?,
        };
        Ok(self.answer(&in_name_of(&caller, &self.supervisor).plan(request).await?))
    }

    /// Show a plan that waits to be applied
    #[oai(path = "/:id", method = "get")]
    async fn read(&self, _caller: SuperCaller, id: Path<String>) -> Result<Answer<PlanDto>, ApiError> {
        Ok(self.answer(&self.supervisor.offered(&id.0).await?))
    }

    /// Do exactly what a plan says
    #[oai(path = "/:id/apply", method = "post")]
    async fn apply(&self, caller: SuperCaller, id: Path<String>) -> Result<Answer<Option<PluginDetailDto>>, ApiError> {
        let status = in_name_of(&caller, &self.supervisor).apply(&id.0).await?;
        let detail = match self.supervisor.detail(status.id()).await {
            Ok(detail) => Some(PluginDetailDto::of(&detail, &self.supervisor, &self.clock)),
            // It is gone: that was the plan.
            Err(crate::plugin::OperationError::Unknown { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Answer::of(detail))
    }

    /// Forget a plan
    #[oai(path = "/:id", method = "delete")]
    async fn withdraw(&self, _caller: SuperCaller, id: Path<String>) -> Result<Answer<Value>, ApiError> {
        self.supervisor.withdraw(&id.0).await?;
        Ok(Answer::done())
    }
}

impl PlanDto {
    /// What is told of a plan.
    pub(crate) fn of(offered: &OfferedPlan, clock: &Clock) -> Self {
        let plan: &Plan = &offered.plan;
        let text = ToString::to_string;
        let language = Context::current().map_or(Language::English, |context| context.language);
        Self {
            id: offered.id.to_string(),
            hash: plan.hash().to_string(),
            expires_time: clock.format(offered.expires_at_ms),
            operation: plan.operation.to_string(),
            steps: plan.steps.iter().map(text).collect(),
            plugin: plan.plugin.to_string(),
            from_version: plan.from.as_ref().map(ToString::to_string),
            to_version: plan.to.as_ref().map(ToString::to_string),
            bundle_sha256: plan.bundle.to_string(),
            files: plan
                .files
                .iter()
                .map(|file| FileDto { name: file.name.clone(), bytes: file.bytes, sha256: file.sha256.to_string() })
                .collect(),
            files_bytes: plan.files.iter().map(|file| file.bytes).sum(),
            migrations: plan.migrations.iter().map(PlannedMigrationDto::of).collect(),
            routes: DifferenceDto::of(&plan.routes),
            menus: DifferenceDto::of(&plan.menus),
            permissions: DifferenceDto::of(&plan.permissions),
            settings: DifferenceDto::of(&plan.settings),
            models: DifferenceDto::of(&plan.models),
            jobs: DifferenceDto::of(&plan.jobs),
            events: DifferenceDto::of(&plan.events),
            services: DifferenceDto::of(&plan.services),
            capabilities: plan.capabilities.iter().map(ToString::to_string).collect(),
            capabilities_added: plan.capabilities_added.iter().map(ToString::to_string).collect(),
            dependencies: plan.dependencies.iter().map(DependencyDto::of).collect(),
            switched_off: plan.switched_off.iter().map(ToString::to_string).collect(),
            warnings: plan
                .warnings
                .iter()
                .map(|warning| words(warning, plan.operation).text(language).to_owned())
                .collect(),
        }
    }
}

impl PlannedMigrationDto {
    fn of(migration: &PlannedMigration) -> Self {
        Self {
            version: migration.version,
            name: migration.name.clone(),
            direction: if migration.down { "down" } else { "up" }.to_owned(),
            sqlite: migration.sqlite.clone(),
            postgres: migration.postgres.clone(),
        }
    }
}

impl DifferenceDto {
    fn of(difference: &Difference) -> Self {
        Self {
            added: difference.added.iter().cloned().collect(),
            removed: difference.removed.iter().cloned().collect(),
            changed: difference.changed.iter().cloned().collect(),
            kept: difference.kept,
        }
    }
}

impl DependencyDto {
    fn of(dependency: &Dependency) -> Self {
        Self {
            plugin: dependency.plugin.to_string(),
            version: dependency.version.as_ref().map(ToString::to_string),
            relation: if dependency.is_needed { "needs" } else { "needed_by" }.to_owned(),
            serves: dependency.serves,
        }
    }
}

fn words(warning: &Warning, operation: Operation) -> Message {
    match warning {
        Warning::Older => Message::fixed("the version is older than the installed one", "该版本低于已安装的版本"),
        Warning::SchemaAhead => Message::fixed(
            "the tables are those of a newer version, and stay so",
            "数据表结构属于更新的版本，并将保持不变",
        ),
        Warning::Irreversible(name) => Message::new(
            format!("migration {name} has no down script: it can't be taken back later"),
            format!("迁移 {name} 没有回退脚本，之后无法撤销"),
        ),
        Warning::Forgets(version) => Message::new(
            format!("the bundle of version {version} leaves the store"),
            format!("版本 {version} 的插件包将不再保留"),
        ),
        Warning::DeletesData => {
            Message::fixed("the plugin's tables go with all their rows", "插件的数据表及其全部数据将被删除")
        }
        Warning::DeletesFiles { files, bytes } => Message::new(
            format!("the plugin's files go: {files} with {bytes} bytes together"),
            format!("插件的文件将被删除：共 {files} 个，{bytes} 字节"),
        ),
        Warning::DropsEvents(waiting) => Message::new(
            format!("events that wait for the plugin are dropped: {waiting}"),
            format!("等待该插件处理的事件将被丢弃：共 {waiting} 个"),
        ),
        Warning::Interrupts => Message::fixed("it does not serve while the tables change", "数据表变更期间暂停服务"),
        Warning::Waits => Message::new(
            format!("after the {operation} it does not serve until it is enabled"),
            "完成后不会自动提供服务，需要手动启用",
        ),
    }
}

fn enabled() -> bool {
    true
}
