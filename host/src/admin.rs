//! The core's own features: users, sessions, menus.
//!
//! Each feature has the same four files: `api.rs` (routes and what they take and give),
//! `service.rs` (rules), `crud.rs` (queries), `model.rs` (rows). A feature never uses another
//! feature's `crud`. Only `api.rs` files speak HTTP, and only they use [`crate::http`].

pub mod auth;
mod clock;
pub mod data_rule;
pub mod data_scope;
pub mod dept;
pub mod file;
mod filter;
mod happenings;
mod journal;
pub mod location;
pub mod login_log;
pub mod menu;
pub mod monitor;
pub mod opera_log;
mod published;
pub mod role;
mod sample;
pub mod session;
mod sql;
pub mod tree;
pub mod user;
pub mod user_agent;

pub use clock::Clock;
pub use happenings::{Happening, Happenings, NobodyTold};
pub use journal::JournalCounts;
pub use published::{NothingPublished, Published};
pub use sample::{Sample, SampleAccount, SampleError};
pub use user_agent::UserAgent;

use crate::cache::Cluster;
use auth::api::AuthApi;
use auth::token::TokenKey;
use auth::{
    AuthService, Authenticator, CurrentRules, PasswordRules, Passwords, RuleChanges, Rules, StoredSessions, Terms,
    TokenLives,
};
use data_rule::api::DataRuleApi;
use data_rule::{DataRuleService, Models};
use data_scope::DataScopeService;
use data_scope::api::DataScopeApi;
use dept::DeptService;
use dept::api::DeptApi;
use file::FileService;
use file::api::FileApi;
use location::Locations;
use login_log::LoginLog;
use login_log::api::LoginLogApi;
use menu::MenuService;
use menu::api::MenuApi;
use monitor::Monitor;
use monitor::api::MonitorApi;
use opera_log::OperaLog;
use opera_log::api::OperaLogApi;
use plugin_api::db::Database;
use role::RoleService;
use role::api::RoleApi;
use session::SessionService;
use session::api::SessionApi;
use std::net::IpAddr;
use std::sync::Arc;
use user::UserService;
use user::api::{MeApi, UserApi};

/// The routes of every feature, below the API's prefix.
pub type Apis = (
    AuthApi,
    SessionApi,
    MeApi,
    UserApi,
    RoleApi,
    MenuApi,
    (DataRuleApi, DataScopeApi, DeptApi, FileApi),
    (OperaLogApi, LoginLogApi, MonitorApi),
);

/// Every feature, put together over one database.
pub struct Admin {
    clock: Clock,
    authenticator: Arc<Authenticator>,
    users: UserService,
    roles: RoleService,
    menus: MenuService,
    data_rules: DataRuleService,
    scopes: DataScopeService,
    depts: DeptService,
    files: FileService,
    sessions: AuthService,
    live_sessions: SessionService,
    passwords: Passwords,
    password_rules: PasswordRules,
    rules: CurrentRules,
    settings: AdminSettings,
    opera_log: OperaLog,
    login_log: LoginLog,
    monitor: Monitor,
}

/// What of the configuration the features need.
#[derive(Clone)]
pub struct AdminSettings {
    /// The zone in which times are shown.
    pub zone: jiff::tz::TimeZone,
    /// Lives of tokens.
    pub lives: TokenLives,
    /// The name of the cookie with the refresh token.
    pub cookie_name: String,
    /// What logins and passwords have to obey at first.
    pub rules: Rules,
    /// Logins of one client; 0 for no limit.
    pub logins_per_minute: u32,
    /// Captchas of one client; 0 for no limit.
    pub captchas_per_half_minute: u32,
    /// Where addresses are.
    pub locations: Locations,
    /// The directory of uploaded files.
    pub uploads: std::path::PathBuf,
    /// The product's name.
    pub name: String,
    /// The Redis that is looked at; empty if there is none.
    pub redis_url: String,
    /// The processes over the same database.
    pub cluster: Cluster,
    /// Proxies that are believed about the client's address.
    pub trusted_proxies: Vec<IpAddr>,
}

impl Admin {
    /// The features over `db`. Tokens are signed with `key`; entries, codes and models of plugins are
    /// there while `published` says so; `changes` are what is set for logins and passwords while the
    /// server runs; `happenings` is told what others may have to follow.
    pub fn new(
        db: Database,
        settings: AdminSettings,
        key: TokenKey,
        published: Arc<dyn Published>,
        changes: Arc<dyn RuleChanges>,
        happenings: Arc<dyn Happenings>,
    ) -> Self {
        let clock = Clock::new(settings.zone.clone());
        let passwords = Passwords::default();
        let rules = CurrentRules::new(settings.rules.clone(), changes);
        let announcements = settings.cluster.announcements();
        let sources = StoredSessions::new(db.clone());
        let authenticator = Arc::new(Authenticator::new(key, sources, announcements.clone()));
        let roles = RoleService::new(db.clone(), clock.clone(), Arc::clone(&authenticator));
        let password_rules =
            PasswordRules::new(db.clone(), clock.clone(), passwords.clone(), rules.clone(), Arc::clone(&authenticator));
        let users = UserService::new(
            db.clone(),
            clock.clone(),
            password_rules.clone(),
            Arc::clone(&authenticator),
            roles.clone(),
        )
        .telling(Arc::clone(&happenings));
        let models = Models::new(Arc::clone(&published));
        let data_rules = DataRuleService::new(db.clone(), clock.clone(), models);
        let scopes = DataScopeService::new(db.clone(), clock.clone(), data_rules.clone());
        let login_log = LoginLog::new(db.clone(), clock.clone(), settings.locations.clone(), announcements.clone());
        let sessions = AuthService::new(
            db.clone(),
            clock.clone(),
            users.clone(),
            passwords.clone(),
            Arc::clone(&authenticator),
            Terms { lives: settings.lives, rules: rules.clone(), watcher: Arc::new(login_log.clone()) },
            &settings.cluster,
        );
        let files = FileService::new(settings.uploads.clone(), clock.clone());
        files.sweep();
        Self {
            opera_log: OperaLog::new(db.clone(), clock.clone(), settings.locations.clone(), announcements.clone()),
            depts: DeptService::new(db.clone(), clock.clone(), scopes.clone(), Arc::clone(&authenticator), happenings),
            files,
            data_rules,
            scopes,
            live_sessions: SessionService::new(db.clone(), clock.clone(), sessions.clone()),
            menus: MenuService::new(db, clock.clone(), published, Arc::clone(&authenticator)),
            password_rules,
            sessions,
            clock,
            login_log,
            monitor: Monitor::new(Arc::clone(&authenticator), &settings.redis_url),
            authenticator,
            users,
            roles,
            passwords,
            rules,
            settings,
        }
    }

    /// Tells who is calling; shared with the plugins' routes.
    pub fn authenticator(&self) -> &Arc<Authenticator> {
        &self.authenticator
    }

    /// The users.
    pub fn users(&self) -> &UserService {
        &self.users
    }

    /// How times are shown.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What logins and passwords have to obey.
    pub fn rules(&self) -> &CurrentRules {
        &self.rules
    }

    /// How passwords are changed.
    pub fn password_rules(&self) -> &PasswordRules {
        &self.password_rules
    }

    /// What was done.
    pub fn opera_log(&self) -> &OperaLog {
        &self.opera_log
    }

    /// What users are permitted to see.
    pub fn data_scopes(&self) -> &DataScopeService {
        &self.scopes
    }

    /// Writes what is still to be written. To be called after the last request.
    pub async fn close(&self) {
        self.opera_log.close().await;
        self.login_log.close().await;
    }

    /// Creates the first administrator if there is no user at all.
    ///
    /// # Errors
    /// [`user::FirstAdminError`].
    pub async fn ensure_admin(&self, password: &str) -> Result<Option<user::FirstAdmin>, user::FirstAdminError> {
        self.users.ensure_admin(&self.passwords, password).await
    }

    /// What adds a company of nobody to `db`, the database of these features.
    pub fn sample(&self, db: Database) -> Sample {
        Sample::new(db, self.depts.clone(), self.roles.clone(), self.menus.clone(), self.users.clone())
    }

    /// The routes of every feature, below the API's prefix.
    pub fn apis(&self) -> Apis {
        (
            AuthApi::new(self.sessions.clone(), self.menus.clone(), self.clock.clone(), &self.settings),
            SessionApi::new(self.live_sessions.clone(), self.clock.clone()),
            MeApi::new(self.users.clone(), self.clock.clone()),
            UserApi::new(self.users.clone(), self.clock.clone()),
            RoleApi::new(self.roles.clone(), self.clock.clone()),
            MenuApi::new(self.menus.clone(), self.clock.clone()),
            (
                DataRuleApi::new(self.data_rules.clone(), self.clock.clone()),
                DataScopeApi::new(self.scopes.clone(), self.clock.clone()),
                DeptApi::new(self.depts.clone(), self.clock.clone()),
                FileApi::new(self.files.clone()),
            ),
            (
                OperaLogApi::new(self.opera_log.clone(), self.clock.clone()),
                LoginLogApi::new(self.login_log.clone(), self.clock.clone()),
                MonitorApi::new(self.monitor.clone(), self.clock.clone(), self.settings.name.clone()),
            ),
        )
    }
}
