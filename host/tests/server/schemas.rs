//! What a plugin's migrations may touch, and what becomes of its tables.

use crate::bundle::Parts;
use crate::server::Server;

/// The same library, whose first migration does something else.
fn with_first_migration(sql: &str) -> Vec<u8> {
    let up = "CREATE TABLE failing_migration_first (id BIGINT PRIMARY KEY, note TEXT NOT NULL);";
    Parts::of("failing_migration").replaced(up, &format!("{sql:<width$}", width = up.len())).zip()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_whose_migrations_touch_what_is_not_theirs_is_refused_before_it_is_installed() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for (sql, reason) in [
        (
            "DROP TABLE sys_user;",
            "DROP TABLE sys_user: table sys_user belongs to the core; plugin failing_migration may",
        ),
        ("CREATE TABLE a (id BIGINT); CREATE TABLE sys_notice (id BIGINT);", ""),
        ("CREATE TABEL a (id BIGINT);", "it can't be read at column 8"),
        ("PRAGMA writable_schema = 1;", "PRAGMA writable_schema is not allowed"),
    ] {
        for enable in ["true", "false"] {
            let answer = admin.upload(&format!("/api/v1/plugins?enable={enable}"), with_first_migration(sql)).await;
            let message = answer.refused(400);
            assert!(message.starts_with("the migrations of plugin failing_migration 1.0.0 are refused: "), "{message}");
            assert!(message.contains(reason), "{message}");
            admin.get("/api/v1/plugins/failing_migration").await.refused(404);
        }
    }
    admin.get("/api/v1/sys/users/me").await.ok();
}
