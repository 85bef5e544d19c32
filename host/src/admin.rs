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
pub mod menu;
mod published;
pub mod tree;
pub mod user;

pub use clock::Clock;
pub use published::{NothingPublished, Published};

use auth::api::AuthApi;
use auth::token::TokenKey;
use auth::{AuthService, Authenticator, Passwords, StoredSessions};
use data_rule::api::DataRuleApi;
use data_rule::{DataRuleService, Models};
use data_scope::DataScopeService;
use data_scope::api::DataScopeApi;
use dept::DeptService;
use dept::api::DeptApi;
use file::FileService;
use file::api::FileApi;
use menu::MenuService;
use menu::api::MenuApi;
use plugin_api::db::Database;
use std::net::IpAddr;
use std::sync::Arc;
use user::UserService;
use user::api::UserApi;

/// The routes of every feature, below the API's prefix.
pub type Apis = (AuthApi, UserApi, MenuApi, (DataRuleApi, DataScopeApi, DeptApi, FileApi));

/// Every feature, put together over one database.
pub struct Admin {
    clock: Clock,
    authenticator: Arc<Authenticator>,
    users: UserService,
    menus: MenuService,
    rules: DataRuleService,
    scopes: DataScopeService,
    depts: DeptService,
    files: FileService,
    sessions: AuthService,
    passwords: Passwords,
    proxies: Vec<IpAddr>,
}

/// What of the configuration the features need.
#[derive(Debug, Clone)]
pub struct AdminSettings {
    /// The zone in which times are shown.
    pub zone: jiff::tz::TimeZone,
    /// Life of an access token.
    pub access_token_seconds: u32,
    /// The directory of uploaded files.
    pub uploads: std::path::PathBuf,
    /// Proxies that are believed about the client's address.
    pub trusted_proxies: Vec<IpAddr>,
}

impl Admin {
    /// The features over `db`. Tokens are signed with `key`; entries and codes of plugins are
    /// there while `published` says so.
    pub fn new(db: Database, settings: AdminSettings, key: TokenKey, published: Arc<dyn Published>) -> Self {
        let clock = Clock::new(settings.zone);
        let passwords = Passwords::default();
        let authenticator = Arc::new(Authenticator::new(key, StoredSessions::new(db.clone())));
        let users = UserService::new(db.clone(), clock.clone());
        let files = FileService::new(settings.uploads, clock.clone());
        files.sweep();
        let rules = DataRuleService::new(db.clone(), clock.clone(), Models::CORE);
        let scopes = DataScopeService::new(db.clone(), clock.clone(), rules.clone());
        Self {
            depts: DeptService::new(db.clone(), clock.clone(), scopes.clone(), Arc::clone(&authenticator)),
            files,
            rules,
            scopes,
            menus: MenuService::new(db.clone(), clock.clone(), published, Arc::clone(&authenticator)),
            sessions: AuthService::new(
                db,
                clock.clone(),
                users.clone(),
                passwords.clone(),
                Arc::clone(&authenticator),
                settings.access_token_seconds,
            ),
            clock,
            authenticator,
            users,
            passwords,
            proxies: settings.trusted_proxies,
        }
    }

    /// Tells who is calling; shared with the plugins' routes.
    pub fn authenticator(&self) -> &Arc<Authenticator> {
        &self.authenticator
    }

    /// How times are shown.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Creates the first administrator if there is no user at all.
    ///
    /// # Errors
    /// [`user::service::FirstAdminError`].
    pub async fn ensure_admin(
        &self,
        password: &str,
    ) -> Result<Option<user::FirstAdmin>, user::service::FirstAdminError> {
        self.users.ensure_admin(&self.passwords, password).await
    }

    /// The routes of every feature, below the API's prefix.
    pub fn apis(&self) -> Apis {
        let proxies = self.proxies.clone();
        (
            AuthApi::new(self.sessions.clone(), self.menus.clone(), self.clock.clone(), proxies),
            UserApi::new(self.users.clone(), self.clock.clone()),
            MenuApi::new(self.menus.clone(), self.clock.clone()),
            (
                DataRuleApi::new(self.rules.clone(), self.clock.clone()),
                DataScopeApi::new(self.scopes.clone(), self.clock.clone()),
                DeptApi::new(self.depts.clone(), self.clock.clone()),
                FileApi::new(self.files.clone()),
            ),
        )
    }
}
