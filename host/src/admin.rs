//! The core's own features: users, sessions, menus.
//!
//! Each feature has the same four files: `api.rs` (routes and what they take and give),
//! `service.rs` (rules), `crud.rs` (queries), `model.rs` (rows). A feature never uses another
//! feature's `crud`. Only `api.rs` files speak HTTP, and only they use [`crate::http`].

pub mod auth;
mod clock;
mod journal;
pub mod login_log;
pub mod menu;
pub mod monitor;
pub mod opera_log;
mod published;
pub mod user;
mod user_agent;

pub use clock::Clock;
pub use journal::JournalCounts;
pub use published::{NothingPublished, Published};
pub use user_agent::UserAgent;

use auth::api::AuthApi;
use auth::token::TokenKey;
use auth::{AuthService, Authenticator, Passwords, StoredSessions};
use login_log::LoginLog;
use login_log::api::LoginLogApi;
use menu::MenuService;
use menu::api::MenuApi;
use monitor::Monitor;
use monitor::api::MonitorApi;
use opera_log::OperaLog;
use opera_log::api::OperaLogApi;
use plugin_api::db::Database;
use std::net::IpAddr;
use std::sync::Arc;
use user::UserService;
use user::api::UserApi;

/// The routes of every feature, below the API's prefix.
pub type Apis = (AuthApi, UserApi, MenuApi, OperaLogApi, LoginLogApi, MonitorApi);

/// Every feature, put together over one database.
pub struct Admin {
    clock: Clock,
    authenticator: Arc<Authenticator>,
    users: UserService,
    menus: MenuService,
    sessions: AuthService,
    passwords: Passwords,
    opera_log: OperaLog,
    login_log: LoginLog,
    monitor: Monitor,
    name: String,
    proxies: Vec<IpAddr>,
}

/// What of the configuration the features need.
#[derive(Debug, Clone)]
pub struct AdminSettings {
    /// The zone in which times are shown.
    pub zone: jiff::tz::TimeZone,
    /// Life of an access token.
    pub access_token_seconds: u32,
    /// The product's name.
    pub name: String,
    /// Where shared state is kept; empty if in this process.
    pub redis_url: String,
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
        let login_log = LoginLog::new(db.clone(), clock.clone());
        let users = UserService::new(db.clone(), clock.clone());
        Self {
            opera_log: OperaLog::new(db.clone(), clock.clone()),
            menus: MenuService::new(db.clone(), published),
            sessions: AuthService::new(
                db,
                clock.clone(),
                users.clone(),
                passwords.clone(),
                Arc::clone(&authenticator),
                settings.access_token_seconds,
                Arc::new(login_log.clone()),
            ),
            clock,
            login_log,
            monitor: Monitor::new(Arc::clone(&authenticator), &settings.redis_url),
            name: settings.name,
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

    /// What was done.
    pub fn opera_log(&self) -> &OperaLog {
        &self.opera_log
    }

    /// Writes what is still to be written. To be called after the last request.
    pub async fn close(&self) {
        self.opera_log.close().await;
        self.login_log.close().await;
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
            OperaLogApi::new(self.opera_log.clone(), self.clock.clone()),
            LoginLogApi::new(self.login_log.clone(), self.clock.clone()),
            MonitorApi::new(self.monitor.clone(), self.clock.clone(), self.name.clone()),
        )
    }
}
