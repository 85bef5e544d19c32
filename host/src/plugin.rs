//! The life of plugins: what they declare, which are installed, and what is served at this moment.
//!
//! One task, the supervisor, changes state; everybody else sends it a command or reads the
//! published route table. What a plugin does wrong is counted where it happens and acted on by the
//! supervisor. This room knows neither poem nor dlopen.
//!
//! Invariants: what the table lists is what it serves; rows are committed right before the table
//! is published, and everything before that is undone when a step fails.

mod active;
mod bundles;
mod candidate;
mod conflict;
mod contribution;
mod core_surface;
pub mod dependencies;
mod detail;
pub mod doctor;
mod error;
mod event;
mod export;
mod fence;
mod files;
mod grants;
mod guard;
pub mod id;
mod jobs;
mod log;
pub mod manifest;
mod menus;
mod openapi;
pub mod operation;
mod outbox;
mod outgoing;
mod own_models;
pub mod pages;
mod peers;
pub mod plan;
mod provided;
mod release;
mod rows;
pub mod schema;
mod secrets;
pub mod services;
pub mod settings;
mod snapshots;
mod stats;
mod status;
mod supervisor;
mod table;
pub mod traffic;
mod ui;
mod versions;

pub use active::{ActivePlugin, Permit};
pub use candidate::{Candidate, Inspection};
pub use conflict::{Conflict, Owner};
pub use contribution::{CheckedRoute, Contribution, ContributionError};
pub use core_surface::CoreSurface;
pub use detail::{CapabilityState, MigrationState, PluginDetail, SettingState};
pub use error::OperationError;
pub use event::{EventState, PluginEvent};
pub use export::export;
pub use files::{FileLimits, Folders};
pub use grants::{Acceptance, Grant};
pub use guard::{Guard, GuardRules, LastRollback, Probation, Quarantine, QuarantineCause, Strike, Watch, degraded_by};
pub use id::{ParseIdError, PluginId};
pub use jobs::{JobOutcome, JobRunner, JobState, LastRun};
pub use log::{Followed, Follower, LogLimits, LogLine, PluginLog};
pub use manifest::{Capabilities, Capability, DatabaseAccess, Dependency, Limits, Manifest, ManifestError};
pub use openapi::Fragment;
pub use operation::journal::OperationState;
pub use operation::{Operation, Step};
pub use outbox::{EventLimits, Outbox};
pub use outgoing::{Outgoing, OutgoingLimits};
pub use own_models::{DataPermissions, OwnModels};
pub use plan::Plan;
pub use provided::{ProvidedSettings, SettingGroup};
pub use release::Release;
pub use rows::{Data, RowError};
pub use secrets::Secrets;
pub use services::PluginServices;
pub use settings::{
    Configured, DeclarationError, Declared, Effective, FaultKind, Field, Origin, Sealer, SettingError, SettingFault,
    SettingsView,
};
pub use snapshots::{Snapshot, Snapshots};
pub use stats::{Counts, Outcome, PluginStats};
pub use status::{Desired, KnownVersion, Observed, PluginStatus};
pub use supervisor::{
    AfterInstall, Deadlines, Dependents, OfferedPlan, PlanRequest, SupervisorHandle, Tables, Way, Workplace, supervise,
};
pub use table::{Lookup, Matched, PathParams, Pattern, PatternError, Plugins, Published, RouteTable, Target};
pub use traffic::Traffic;
pub use ui::Ui;
