//! Which passwords are taken. The rules are asked directly, on the server's own database.

use backplane::admin::Clock;
use backplane::admin::auth::policy;
use backplane::admin::auth::token::TokenKey;
use backplane::admin::auth::{Authenticator, PasswordRules, Passwords, PolicyError, StoredSessions};
use backplane::cache::Announcements;
use plugin_api::db::Database;
use reqwest::Method;
use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::json;
use std::sync::Arc;

use crate::changes::{self, Changes};
use crate::server::{Answer, PASSWORD, Server};

fn rules(db: Database) -> (PasswordRules, Changes) {
    let (rules, changes) = changes::rules(0);
    let authenticator = Arc::new(Authenticator::new(
        TokenKey::new(b"another"),
        StoredSessions::new(db.clone()),
        Announcements::default(),
    ));
    let clock = Clock::new(jiff::tz::TimeZone::UTC);
    (PasswordRules::new(db, clock, Passwords::default(), rules, authenticator), changes)
}

async fn login(server: &Server, password: &str) -> Answer {
    let body = json!({"username": "admin", "password": password});
    server.anonymous().post_json("/api/v1/auth/login", &body).await
}

on_both! {
    async fn a_new_password_ends_every_session_and_is_the_only_one(server: &Server) {
        let pool = server.pool().await;
        let (passwords, _) = rules(pool.database());
        let before = login(server, PASSWORD).await;
        let cookie = before.headers[SET_COOKIE].to_str().expect("text").split(';').next().expect("a cookie").to_owned();
        assert!(passwords.is_current(1, PASSWORD).await.expect("checked"));
        passwords.set_password(1, "another-1").await.expect("taken");
        assert!(!passwords.is_current(1, PASSWORD).await.expect("checked"));
        let refresh = server.anonymous().request(Method::POST, "/api/v1/auth/refresh").header(COOKIE, cookie);
        Answer::of(refresh).await.refused(401);
        let token = before.ok()["data"]["access_token"].as_str().expect("a token").to_owned();
        let me = server.anonymous().request(Method::GET, "/api/v1/sys/users/me").bearer_auth(token);
        Answer::of(me).await.refused(401);
        login(server, PASSWORD).await.refused(403);
        login(server, "another-1").await.ok();
        pool.close().await;
    }

    async fn the_current_and_the_last_three_passwords_are_not_taken_again(server: &Server) {
        let pool = server.pool().await;
        let (passwords, current) = rules(pool.database());
        for number in 1..=3 {
            passwords.set_password(1, &format!("number-{number}")).await.expect("taken");
        }
        for used in [PASSWORD, "number-1", "number-2", "number-3"] {
            let refused = passwords.check(1, used).await.expect_err("used before");
            assert!(matches!(refused, PolicyError::UsedBefore), "{used}: {refused}");
            assert!(passwords.set_password(1, used).await.is_err());
        }
        passwords.set_password(1, "number-4").await.expect("taken");
        passwords.check(1, PASSWORD).await.expect("four passwords ago");
        // Rules change while everything runs.
        current.set("USER_PASSWORD_HISTORY_CHECK_COUNT", "4");
        passwords.check(1, PASSWORD).await.expect_err("among the last four");
        policy::forget(&pool.database(), 1).await.expect("forgotten");
        passwords.check(1, "number-2").await.expect("nothing is remembered");
        passwords.check(1, "number-4").await.expect_err("the current one");
        pool.close().await;
    }

    async fn bad_passwords_and_unknown_users_are_told_apart(server: &Server) {
        let pool = server.pool().await;
        let (passwords, _) = rules(pool.database());
        for (user, password, expected) in [
            (1, "a1", "not of 6 to 32 characters"),
            (1, "abcdefg", "no digit"),
            (1, "1234567", "no letter"),
            (99, "abcdef1", "no such user"),
        ] {
            let refused = passwords.set_password(user, password).await.expect_err(expected);
            assert_eq!(refused.to_string(), expected);
        }
        assert!(!passwords.is_current(99, PASSWORD).await.expect("checked"));
        passwords.hash_first("a1").await.expect_err("too short");
        assert!(passwords.hash_first("abcdef1").await.expect("taken").starts_with("$argon2id$"));
        login(server, PASSWORD).await.ok();
        pool.close().await;
    }
}
