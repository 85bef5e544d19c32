//! In safe mode the core runs alone: nothing of plugins is loaded, and nothing about them is changed unless asked.

use crate::bundle;
use crate::server::{Answer, Role, Server, eventually, with_postgres_and};
use reqwest::Method;
use serde_json::{Value, json};

const SAFE: &str = "APP__PLUGINS__SAFE_MODE";

/// Everything about plugins in the database but when it was written.
async fn rows(server: &Server) -> Vec<String> {
    let pool = server.pool().await;
    let mut rows = Vec::new();
    for query in [
        "SELECT id || ' ' || desired || ' ' || version || ' ' || observed || ' ' || COALESCE(reason, '') || ' ' || \
         COALESCE(quarantine, '') FROM plugin ORDER BY 1",
        "SELECT plugin_id || ' ' || version || ' ' || sha256 FROM plugin_version ORDER BY 1",
        "SELECT name FROM sys_menu WHERE plugin_id IS NOT NULL ORDER BY 1",
    ] {
        rows.extend(pool.database().query(query).fetch_all::<String>().await.expect("rows"));
    }
    pool.close().await;
    rows
}

fn assert_safe(answer: &Answer, message: &str) {
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!((&answer.json()["code"], &answer.json()["msg"]), (&json!(50302), &json!(message)));
}

/// The same server, with or without plugins from now on.
async fn start(server: &mut Server, safe: bool) -> Role {
    assert!(server.terminate().await.success());
    server.set(SAFE, if safe { "true" } else { "false" });
    server.start_again().await;
    server.admin().await
}

async fn the_core_runs_alone(server: &mut Server) {
    let admin = server.admin().await;
    for name in ["hello", "neighbour", "notice", "shaky"] {
        admin.install(bundle::of(name)).await.ok();
    }
    admin.post("/api/v1/plugins/neighbour/disable").await.ok();
    for _ in 0..5 {
        admin.get("/api/v1/shaky/panic").await.refused(500);
    }
    eventually("taken out", async || admin.plugin("shaky").await["state"] == "quarantined").await;
    let (before, files) = (rows(server).await, server.plugin_files().len());

    let admin = start(server, true).await;
    assert_eq!(rows(server).await, before, "a start in safe mode changes no row");
    let listed = admin.get("/api/v1/plugins").await.ok();
    for plugin in listed["data"].as_array().expect("plugins") {
        let reason = plugin["reason"].as_str().expect("a reason");
        assert_eq!((&plugin["state"], reason.starts_with("safe mode")), (&json!("disabled"), true), "{plugin}");
    }
    assert!(server.plugin_files().len() < files, "no image: {:?}", server.plugin_files());
    let message = "plugin hello does not serve while the server runs in safe mode; ask an administrator";
    assert_safe(&server.anonymous().get("/api/v1/hello").await, message);
    let chinese = admin.request(Method::GET, "/api/v1/hello").header("accept-language", "zh");
    assert_safe(&Answer::of(chinese).await, "服务正以安全模式运行，插件 hello 未加载，请联系系统管理员");
    admin.get("/api/v1/neighbour").await.refused(404);
    assert!(!admin.get("/api/v1/sys/menus/sidebar").await.text.contains("PluginNotice"));
    assert_refusals(&admin).await;

    // What takes away is possible.
    admin.post("/api/v1/plugins/hello/disable").await.ok();
    admin.get("/api/v1/hello").await.refused(404);
    admin.delete("/api/v1/plugins/notice?data=purge").await.ok();
    let released = admin.post("/api/v1/plugins/shaky/release").await.ok();
    assert_eq!((&released["data"]["state"], &released["data"]["quarantine"]), (&json!("disabled"), &Value::Null));

    let admin = start(server, false).await;
    let listed = admin.get("/api/v1/plugins").await.ok();
    let state = |plugin: &Value| [plugin["id"].clone(), plugin["state"].clone()];
    let states: Vec<_> = listed["data"].as_array().expect("plugins").iter().map(state).collect();
    let expected = [["hello", "disabled"], ["neighbour", "disabled"], ["shaky", "enabled"]];
    assert_eq!(json!(states), json!(expected));
}

async fn assert_refusals(admin: &Role) {
    let refusals = [
        ("enable a plugin", admin.post("/api/v1/plugins/neighbour/enable").await),
        ("enable a plugin", admin.put("/api/v1/sys/plugins/neighbour/status").await),
        ("roll a plugin back", admin.post("/api/v1/plugins/hello/rollback").await),
        ("upgrade a plugin", admin.upload("/api/v1/plugins/hello/upgrade", bundle::of("hello")).await),
        ("install a plugin", admin.install(bundle::of("steady_one")).await),
        ("install a plugin", admin.upload("/api/v1/plugins?enable=false", bundle::of("steady_one")).await),
    ];
    for (what, answer) in refusals {
        let message = answer.refused(409);
        let expected = format!(
            "the server runs in safe mode, in which no plugin's code is loaded: to {what}, start it without --safe-mode and with \
             plugins.safe_mode = false; disabling, uninstalling and releasing are possible now"
        );
        assert_eq!(message, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_core_runs_alone_and_takes_away_what_it_is_told_to_on_sqlite() {
    the_core_runs_alone(&mut Server::start_with(&[(SAFE, "false")]).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_core_runs_alone_and_takes_away_what_it_is_told_to_on_postgres() {
    with_postgres_and(&[(SAFE, "false")], async |server| the_core_runs_alone(server).await).await;
}

/// The way out when a plugin ends every server that starts it.
#[tokio::test(flavor = "multi_thread")]
async fn what_ends_every_start_is_removed_in_safe_mode() {
    let folder = tempfile::tempdir().expect("a folder");
    let trigger = folder.path().join("crash");
    let setting = ("APP__PLUGINS__CRASH_IN_START__CRASH_IF", trigger.to_str().expect("text"));
    let mut server = Server::start_with(&[(SAFE, "false"), setting]).await;
    let admin = server.admin().await;
    admin.install(bundle::of("crash_in_start")).await.ok();
    std::fs::write(&trigger, "").expect("a file");
    let admin = start(&mut server, true).await;
    admin.delete("/api/v1/plugins/crash_in_start?data=purge").await.ok();
    let admin = start(&mut server, false).await;
    assert_eq!(admin.get("/api/v1/plugins").await.ok()["data"], json!([]));
}
