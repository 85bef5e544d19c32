//! Who watches logins is told of every one. The rules are asked directly, on the server's own database.

use backplane::admin::Clock;
use backplane::admin::auth::service::{Credentials, Renewal};
use backplane::admin::auth::token::TokenKey;
use backplane::admin::auth::{
    Attempt, AuthService, Authenticator, LoginWatcher, Origin, Outcome, PasswordRules, Passwords, StoredSessions,
    Terms, TokenLives,
};
use backplane::admin::role::RoleService;
use backplane::admin::user::UserService;
use backplane::cache::{Announcements, Cluster};
use parking_lot::Mutex;
use plugin_api::db::Database;
use std::sync::Arc;

use crate::changes::{self, Changes};
use crate::server::PASSWORD;

#[derive(Default)]
struct Recorded(Mutex<Vec<Attempt>>);

impl LoginWatcher for Recorded {
    fn attempted(&self, attempt: &Attempt) {
        self.0.lock().push(attempt.clone());
    }
}

fn service(db: Database, watcher: Arc<Recorded>) -> (AuthService, Changes) {
    let (rules, changes) = changes::rules(2);
    let authenticator = Arc::new(Authenticator::new(
        TokenKey::new(b"another"),
        StoredSessions::new(db.clone()),
        Announcements::default(),
    ));
    let clock = Clock::new(jiff::tz::TimeZone::UTC);
    let passwords = Passwords::default();
    let own = || Arc::clone(&authenticator);
    let password_rules = PasswordRules::new(db.clone(), clock.clone(), passwords.clone(), rules.clone(), own());
    let roles = RoleService::new(db.clone(), clock.clone(), own());
    let users = UserService::new(db.clone(), clock.clone(), password_rules, own(), roles);
    let lives = TokenLives { access_seconds: 60, refresh_seconds: 60 };
    let terms = Terms { lives, rules: rules.clone(), watcher };
    (AuthService::new(db, clock, users, passwords, authenticator, terms, &Cluster::alone()), changes)
}

fn credentials(username: &str, password: &str) -> Credentials {
    Credentials {
        username: username.to_owned(),
        password: password.to_owned(),
        captcha_uuid: None,
        captcha: Some("AAAA".to_owned()),
    }
}

on_both! {
    async fn every_attempt_is_told_however_it_ends(server: &Server) {
        let pool = server.pool().await;
        let watcher = Arc::new(Recorded::default());
        let (auth, changes) = service(pool.database(), watcher.clone());
        let origin = Origin::new("192.0.2.1".parse().ok(), Some("curl/8"));
        let attempt = async |username: &str, password: &str| {
            auth.login(&credentials(username, password), &origin, Renewal::Never).await.is_ok()
        };
        assert!(attempt("admin", PASSWORD).await);
        for (name, password) in [("admin", "wrong"), ("nobody", "wrong"), ("admin", "wrong"), ("admin", PASSWORD)] {
            assert!(!attempt(name, password).await, "{name}");
        }
        changes.set("LOGIN_CAPTCHA_ENABLED", "true");
        assert!(!attempt("admin", PASSWORD).await);
        let told: Vec<_> = watcher.0.lock().clone();
        let shown: Vec<_> = told
            .iter()
            .map(|told| (told.username.as_str(), told.user_uuid.is_some(), told.outcome, told.message.0.as_ref()))
            .collect();
        let (wrong, locked) = ("wrong user name or password", "too many failed logins; try again in 5 minutes");
        let expected = [
            ("admin", true, Outcome::Success, "logged in"),
            ("admin", true, Outcome::Failure, wrong),
            ("nobody", false, Outcome::Failure, wrong),
            ("admin", true, Outcome::Failure, locked),
            ("admin", true, Outcome::Failure, locked),
            ("admin", false, Outcome::Failure, "a captcha is needed"),
        ];
        assert_eq!(shown, expected);
        assert!(told.iter().all(|told| told.origin == origin && told.time_ms > 1_700_000_000_000));
        pool.close().await;
    }
}
