//! What a plugin's migrations may touch, and what becomes of its tables.

use crate::bundle::{self, Parts};
use crate::server::{Answer, Role, Server, with_postgres};
use reqwest::Method;
use serde_json::{Value, json};

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

const TABLE: &str = "/api/v1/plugins/notice/snapshots";

async fn titles(server: &Server) -> Vec<String> {
    let pool = server.pool().await;
    let titles = pool.database().query("SELECT title FROM sys_notice ORDER BY id").fetch_all().await.expect("reads");
    pool.close().await;
    titles
}

async fn post(admin: &Role, title: &str) {
    let notice = json!({"title": title, "type": 0, "status": 1, "content": "x"});
    admin.post_json("/api/v1/sys/notices", &notice).await.ok();
}

/// Taken and brought back while the plugin serves.
async fn a_snapshot_comes_back(server: &Server) {
    let admin = server.admin().await;
    admin.install(bundle::of("notice")).await.ok();
    post(&admin, "first").await;
    let before = titles(server).await;
    let taken = admin.post(&format!("{TABLE}?reason=before%20the%20second")).await.ok()["data"].take();
    let keys: Vec<&str> = taken.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys, ["id", "version", "reason", "bytes", "rows", "sha256", "created_time"]);
    assert_eq!((&taken["reason"], &taken["rows"]), (&json!("before the second"), &json!(before.len())));
    assert_eq!(admin.get(TABLE).await.ok()["data"], json!([taken]));
    post(&admin, "second").await;

    let restore = format!("{TABLE}/{}/restore", taken["id"]);
    admin.post(&restore).await.ok();
    assert_eq!(titles(server).await, before);
    post(&admin, "third").await;
    assert_eq!(titles(server).await, [before.clone(), vec!["third".to_owned()]].concat());
    // What was there before is a copy now.
    let copied = admin.get(TABLE).await.ok()["data"][0].take();
    assert_eq!(copied["reason"], format!("before the restore of snapshot {}", taken["id"]));
    admin.post(&format!("{TABLE}/{}/restore", copied["id"])).await.ok();
    assert_eq!(titles(server).await, [before.clone(), vec!["second".to_owned()]].concat());
    let last = admin.get("/api/v1/plugins/operations?plugin=notice&size=1").await.ok()["data"]["items"][0].take();
    assert_eq!(
        (&last["operation"], &last["state"], &last["username"]),
        (&json!("restore"), &json!("done"), &json!("admin"))
    );
    // One that does not serve goes on not serving.
    admin.post("/api/v1/plugins/notice/disable").await.ok();
    admin.post(&restore).await.ok();
    assert_eq!(admin.plugin("notice").await["state"], "disabled");
    assert_eq!(titles(server).await, before);
    admin.post("/api/v1/plugins/notice/enable").await.ok();
    for copy in admin.get(TABLE).await.ok()["data"].as_array().expect("copies") {
        if copy["id"] != taken["id"] {
            admin.delete(&format!("{TABLE}/{}", copy["id"])).await.ok();
        }
    }

    admin.delete(&format!("{TABLE}/{}", taken["id"])).await.ok();
    assert_eq!(admin.get(TABLE).await.ok()["data"], json!([]));
    for answer in [admin.post(&restore).await, admin.delete(&format!("{TABLE}/{}", taken["id"])).await] {
        assert_eq!(answer.refused(404), format!("plugin notice has no snapshot {}", taken["id"]));
    }
    admin.post("/api/v1/plugins/absent/snapshots").await.refused(404);
    admin.get("/api/v1/plugins/absent/export").await.refused(404);
    admin.post(&format!("{TABLE}?reason={}", "x".repeat(256))).await.refused(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_comes_back_on_sqlite() {
    a_snapshot_comes_back(&Server::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_comes_back_on_postgres() {
    with_postgres(a_snapshot_comes_back).await;
}

/// What a purge has copied before is nobody's fault: it waits to be restored or deleted.
#[tokio::test(flavor = "multi_thread")]
async fn copies_of_a_purged_plugin_stay_until_somebody_deletes_them() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("notice")).await.ok();
    post(&admin, "first").await;
    admin.delete("/api/v1/plugins/notice?data=purge").await.ok();
    let copy = admin.get(TABLE).await.ok()["data"][0].take();
    assert_eq!(copy["reason"], "before the purge");
    let repaired = admin.post("/api/v1/plugins/doctor/repair").await.ok()["data"].take();
    assert_eq!(repaired["faults"], json!([]), "{repaired}");
    assert_eq!(snapshot_files(&server), 1);

    admin.upload("/api/v1/plugins?enable=false", bundle::of("notice")).await.ok();
    admin.post(&format!("{TABLE}/{}/restore", copy["id"])).await.ok();
    admin.post("/api/v1/plugins/notice/enable").await.ok();
    assert_eq!(titles(&server).await.last().map(String::as_str), Some("first"));

    admin.delete("/api/v1/plugins/notice?data=purge").await.ok();
    for copy in admin.get(TABLE).await.ok()["data"].as_array().expect("copies") {
        admin.delete(&format!("{TABLE}/{}", copy["id"])).await.ok();
    }
    assert_eq!(snapshot_files(&server), 0);
    admin.get(TABLE).await.refused(404);
}

fn snapshot_files(server: &Server) -> usize {
    std::fs::read_dir(server.data().join("snapshots/notice")).map_or(0, Iterator::count)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_snapshots_go_and_files_without_a_row_are_swept() {
    let mut server = Server::start_with(&[("APP__PLUGINS__SNAPSHOTS_MAX", "2")]).await;
    let admin = server.admin().await;
    admin.install(bundle::of("notice")).await.ok();
    for _ in 0..4 {
        admin.post(TABLE).await.ok();
    }
    let kept = admin.get(TABLE).await.ok()["data"].take();
    assert_eq!(kept.as_array().map(Vec::len), Some(2), "{kept}");
    assert!(kept[0]["id"].as_i64() > kept[1]["id"].as_i64());
    assert_eq!(snapshot_files(&server), 2);
    std::fs::write(server.data().join("snapshots/notice/cut.part"), "x").expect("writes");
    server.kill();
    server.start_again().await;
    assert_eq!(snapshot_files(&server), 2);

    let folder = server.data().join("snapshots/notice");
    for entry in std::fs::read_dir(folder).expect("a folder") {
        std::fs::write(entry.expect("an entry").path(), "damaged").expect("writes");
    }
    let admin = server.admin().await;
    admin.post("/api/v1/plugins/notice/disable").await.ok();
    admin.post(&format!("{TABLE}/{}/restore", kept[0]["id"])).await.refused(500);
    admin.post("/api/v1/plugins/notice/enable").await.ok();

    // Where there is no file, nothing is stopped for it.
    std::fs::remove_dir_all(server.data().join("snapshots/notice")).expect("removed");
    let told = admin.post(&format!("{TABLE}/{}/restore", kept[0]["id"])).await.refused(409);
    let words =
        format!("the file of snapshot {} of plugin notice is not in this server's data directory", kept[0]["id"]);
    assert!(told.starts_with(&words), "{told}");
    let last = admin.get("/api/v1/plugins/operations?size=1").await.ok()["data"]["items"][0].take();
    assert_eq!((&last["operation"], &last["state"]), (&json!("restore"), &json!("refused")));
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_and_exports_are_for_super_users() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("notice")).await.ok();
    let (member, anonymous) = (server.member(&[]).await, server.anonymous());
    for (method, path) in [
        (Method::GET, TABLE.to_owned()),
        (Method::POST, TABLE.to_owned()),
        (Method::POST, format!("{TABLE}/1/restore")),
        (Method::DELETE, format!("{TABLE}/1")),
        (Method::GET, "/api/v1/plugins/notice/export".to_owned()),
    ] {
        Answer::of(anonymous.request(method.clone(), &path)).await.refused(401);
        Answer::of(member.request(method, &path)).await.refused(403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_tables_settings_and_the_bundle() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let bundle = bundle::of("notice");
    admin.install(bundle.clone()).await.ok();
    post(&admin, "it's \u{1f600}").await;
    let response = admin.request(Method::GET, "/api/v1/plugins/notice/export").send().await.expect("an answer");
    assert_eq!(response.headers()["content-disposition"], "attachment; filename=notice-export.zip");
    let bytes = response.bytes().await.expect("a body");
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a zip");
    let mut entry = |name: &str| {
        let mut bytes = Vec::new();
        std::io::copy(&mut zip.by_name(name).expect("an entry"), &mut bytes).expect("reads");
        bytes
    };
    assert_eq!(entry("bundle.zip"), bundle);
    assert_eq!(entry("settings.json"), b"{}");
    let tables = String::from_utf8(entry("tables.sql")).expect("text");
    assert!(tables.contains("CREATE TABLE sys_notice (") && tables.contains("'it''s \u{1f600}'"), "{tables}");
    assert!(!tables.contains("_migrations") && !tables.contains("sys_user"), "{tables}");
    let about: Value = serde_json::from_slice(&entry("plugin.json")).expect("JSON");
    assert_eq!((&about["id"], &about["database"]), (&json!("notice"), &json!("sqlite")));
}

/// The two migrations of the fixture, in a version that does not fail, and in one that takes a column away.
fn version(number: &str, second: &str) -> Vec<u8> {
    let up = "CREATE TABLE failing_migration_second (id BIGINT PRIMARY KEY);\n\
              INSERT INTO failing_migration_second (id) VALUES (1);\n\
              INSERT INTO failing_migration_second (id) VALUES (1);";
    let down = "DROP TABLE failing_migration_second;";
    let padded = |text: &str, like: &str| format!("{text:<width$}", width = like.len());
    let parts = Parts::of("failing_migration").replaced(up, &padded(second, up));
    // The library has its id and version side by side; elsewhere the same number means something else.
    let said = |number: &str| format!("failing_migration{number}");
    let mut parts = parts.replaced(down, &padded("SELECT 1;", down)).replaced(&said("1.0.0"), &said(number));
    let manifest = parts.manifest().replace("1.0.0", number);
    parts.with_manifest(&manifest).zip()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_the_serving_version_would_notice_waits_until_it_is_off() {
    const PLUGIN: &str = "/api/v1/plugins/failing_migration";
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(version("1.0.0", "SELECT 1;")).await.ok();
    let pool = server.pool().await;
    // As if the first version had brought one migration only.
    pool.database()
        .query("DELETE FROM _migrations_failing_migration WHERE version = 2")
        .execute()
        .await
        .expect("deletes");
    pool.close().await;
    let upgrade = format!("{PLUGIN}/upgrade");
    let next = || version("2.0.0", "ALTER TABLE failing_migration_first DROP COLUMN note;");
    let message = admin.upload(&upgrade, next()).await.refused(409);
    assert!(
        message.starts_with(
            "plugin failing_migration 2.0.0 can't replace 1.0.0 while that serves: migration 2 (second), line 1: "
        ),
        "{message}"
    );
    assert!(
        message.ends_with("disable the plugin before the upgrade, or let the upgrade drain it first (drain=true)"),
        "{message}"
    );
    assert_eq!(admin.plugin("failing_migration").await["version"], "1.0.0");

    admin.post(&format!("{PLUGIN}/disable")).await.ok();
    admin.upload(&upgrade, next()).await.ok();
    let enabled = admin.post(&format!("{PLUGIN}/enable")).await.ok();
    assert_eq!(enabled["data"]["version"], "2.0.0");
}
