//! The core's own features, through the real server, on both databases and in roles.

#[path = "support/server.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod server;

/// Runs a test on a server with an SQLite file, and on one with a PostgreSQL database.
#[macro_export]
macro_rules! on_both {
    ($(async fn $name:ident($server:ident: &Server) $body:block)*) => {
        $(mod $name {
            #[allow(unused_imports, reason = "not every test needs every name of its file")]
            use super::*;

            async fn check($server: &$crate::server::Server) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                check(&$crate::server::Server::start().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                $crate::server::with_postgres(async |server| check(server).await).await;
            }
        })*
    };
}

#[path = "core/accounts.rs"]
mod accounts;
#[path = "core/auth.rs"]
mod auth;
#[path = "core/changes.rs"]
mod changes;
#[path = "core/concurrency.rs"]
mod concurrency;
#[path = "core/data_rules.rs"]
mod data_rules;
#[path = "core/data_scopes.rs"]
mod data_scopes;
#[path = "core/demo.rs"]
mod demo;
#[path = "core/depts.rs"]
mod depts;
#[path = "core/files.rs"]
mod files;
#[path = "core/hangups.rs"]
mod hangups;
#[path = "core/large_logs.rs"]
mod large_logs;
#[path = "core/locations.rs"]
mod locations;
#[path = "core/login_log.rs"]
mod login_log;
#[path = "core/logins.rs"]
mod logins;
#[path = "core/me.rs"]
mod me;
#[path = "core/menus.rs"]
mod menus;
#[path = "core/mmdb.rs"]
mod mmdb;
#[path = "core/monitors.rs"]
mod monitors;
#[path = "core/nul.rs"]
mod nul;
#[path = "core/opera_log.rs"]
mod opera_log;
#[path = "core/passwords.rs"]
mod passwords;
#[path = "core/roles.rs"]
mod roles;
#[path = "core/security.rs"]
mod security;
#[path = "core/seeds.rs"]
mod seeds;
#[path = "core/send.rs"]
mod send;
#[path = "core/sessions.rs"]
mod sessions;
#[path = "core/users.rs"]
mod users;
