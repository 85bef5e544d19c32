//! A plugin that misbehaves is taken out by the host, says why, and comes back when somebody releases it.

use crate::bundle::{self, Parts};
use crate::cluster::with_shared;
use crate::server::{Answer, Role, Server, eventually, with_postgres_and};
use crate::watcher::Watcher;
use reqwest::Method;
use serde_json::{Value, json};
use std::process::{Command, Stdio};

/// The value of a secret, which nothing may repeat.
const SECRET: (&str, &str) = ("APP__PLUGINS__SHAKY__KEY", "geheim-1234");
const OUT: &str = "plugin shaky was taken out of service: 5 panics within 60 s; ask an administrator";

/// The plugin neighbour, which says that it needs shaky.
fn dependent() -> Vec<u8> {
    let mut parts = Parts::of("neighbour");
    let manifest = parts.manifest().replace("[plugin]", "[plugin]\ndepends_on = [\"shaky\"]");
    parts.with_manifest(&manifest).zip()
}

async fn panics(role: &Role, times: usize) {
    for _ in 0..times {
        role.get("/api/v1/shaky/panic").await.refused(500);
    }
}

async fn state_is(admin: &Role, id: &str, state: &str) {
    eventually(&format!("{id} is {state}"), async || admin.plugin(id).await["state"] == state).await;
}

/// What everybody gets on the routes of a plugin in quarantine.
fn assert_out(answer: &Answer, message: &str) {
    assert_eq!(answer.status, 503, "{}", answer.text);
    let body = answer.json();
    assert_eq!((&body["code"], &body["msg"]), (&json!(50301), &json!(message)));
    assert_eq!(body["data"]["plugin"], "shaky");
    assert!(!answer.headers.contains_key("retry-after"), "nobody knows when");
    assert!(!answer.text.contains("shaky panics"), "its own words stay inside: {}", answer.text);
}

async fn misbehave_and_come_back(server: &mut Server) {
    let admin = server.admin().await;
    admin.install(bundle::of("shaky")).await.ok();
    admin.install(dependent()).await.ok();
    let watcher = Watcher::begin(&admin).await;
    panics(&admin, 4).await;
    assert_eq!(admin.plugin("shaky").await["state"], "enabled");
    panics(&admin, 1).await;
    let event = watcher.told("shaky", "quarantined").await;
    assert!(event["reason"].as_str().expect("a reason").contains("5 panics"), "{event}");
    let degraded = watcher.told("neighbour", "degraded").await;
    assert_eq!(degraded["reason"], "plugin shaky, which it depends on, is in quarantine");
    assert_quarantined(server, &admin).await;
    assert_eq!(admin.plugin("neighbour").await["degraded_by"], json!(["shaky"]));
    assert_eq!(admin.get("/api/v1/neighbour").await.text, "neighbour");

    server.kill();
    server.start_again().await;
    let admin = server.admin().await;
    assert_quarantined(server, &admin).await;
    let dependent = admin.plugin("neighbour").await;
    assert!(dependent["reason"].as_str().expect("a reason").contains("needs shaky"), "{dependent}");

    let released = admin.post("/api/v1/plugins/shaky/release").await.ok();
    assert_eq!((&released["data"]["state"], &released["data"]["quarantine"]), (&json!("enabled"), &Value::Null));
    assert_eq!(admin.get("/api/v1/shaky").await.text, "version 7.1.0");
    assert_eq!(admin.get("/api/v1/neighbour").await.text, "neighbour");
    let again = admin.post("/api/v1/plugins/shaky/release").await.refused(409);
    assert_eq!(again, "plugin shaky is not in quarantine, so there is nothing to release it from");
}

async fn assert_quarantined(server: &Server, admin: &Role) {
    let plugin = admin.plugin("shaky").await;
    assert_eq!((&plugin["state"], &plugin["desired"]), (&json!("quarantined"), &json!("enabled")));
    let reason = "quarantined: 5 panics within 60 s; last panic: shaky panics with the key *** at ";
    assert!(plugin["reason"].as_str().expect("a reason").starts_with(reason), "{plugin}");
    let quarantine = &plugin["quarantine"];
    assert_eq!(
        (&quarantine["panics"], &quarantine["timeouts"], &quarantine["version"]),
        (&json!(5), &json!(0), &json!("7.1.0"))
    );
    let last_panic = quarantine["last_panic"].as_str().expect("a panic");
    assert!(last_panic.starts_with("shaky panics with the key *** at "), "{last_panic}");
    assert!(quarantine["since"].as_str().is_some_and(|since| since.len() == 19), "{quarantine}");
    assert_out(&server.anonymous().get("/api/v1/shaky").await, OUT);
    let chinese = admin.request(Method::GET, "/api/v1/shaky").header("accept-language", "zh");
    assert_out(&Answer::of(chinese).await, "插件 shaky 已被隔离：60 秒内崩溃 5 次，请联系系统管理员");
    assert!(!admin.get("/api/v1/sys/menus/sidebar").await.text.contains("PluginShaky"));
    assert_eq!(admin.get("/openapi.json").await.ok()["paths"].get("/api/v1/shaky"), None);
    let listed = admin.get("/api/v1/sys/plugins").await.ok();
    let enable: Vec<&Value> =
        listed["data"].as_array().expect("plugins").iter().map(|it| &it["plugin"]["enable"]).collect();
    assert!(enable.contains(&&json!("0")), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn five_panics_take_a_plugin_out_until_it_is_released_on_sqlite() {
    misbehave_and_come_back(&mut Server::start_with(&[SECRET]).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_panics_take_a_plugin_out_until_it_is_released_on_postgres() {
    with_postgres_and(&[SECRET], async |server| misbehave_and_come_back(server).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn overrun_deadlines_and_panics_of_its_own_threads_count_as_well() {
    let server = Server::start_with(&[("APP__PLUGINS__QUARANTINE_STRIKES", "3")]).await;
    let admin = server.admin().await;
    for name in ["shaky", "panic_in_timer"] {
        admin.install(bundle::of(name)).await.ok();
    }
    for _ in 0..3 {
        admin.get("/api/v1/shaky/hang").await.refused(504);
    }
    state_is(&admin, "shaky", "quarantined").await;
    let plugin = admin.plugin("shaky").await;
    assert_eq!(plugin["quarantine"]["reason"], "3 overrun deadlines within 60 s");
    state_is(&admin, "panic_in_timer", "quarantined").await;
    let reason = admin.plugin("panic_in_timer").await["reason"].take();
    assert!(reason.as_str().expect("a reason").contains("panic_in_timer panics at tick"), "{reason}");
    eventually("its code is gone", async || admin.plugin("panic_in_timer").await["images"] == json!([])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_limit_and_outside_the_window_nobody_is_taken_out() {
    for setting in [("APP__PLUGINS__QUARANTINE_STRIKES", "0"), ("APP__PLUGINS__QUARANTINE_WINDOW_S", "1")] {
        let server = Server::start_with(&[setting]).await;
        let admin = server.admin().await;
        admin.install(bundle::of("shaky")).await.ok();
        for _ in 0..6 {
            panics(&admin, 1).await;
            if setting.1 == "1" {
                // What this test is about is time.
                tokio::time::sleep(std::time::Duration::from_millis(350)).await;
            }
        }
        assert_eq!(admin.get("/api/v1/shaky").await.text, "version 7.1.0", "{setting:?}");
        assert_eq!(admin.plugin("shaky").await["strikes"], 6);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_to_a_plugin_in_quarantine_ends_it() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("shaky")).await.ok();
    let newer = Parts::of("shaky").replaced("7.1.0", "7.2.0").zip();
    for way in ["enable", "toggle", "disable", "upgrade", "rollback"] {
        panics(&admin, 5).await;
        state_is(&admin, "shaky", "quarantined").await;
        match way {
            "toggle" => admin.put("/api/v1/sys/plugins/shaky/status").await,
            "upgrade" => admin.upload("/api/v1/plugins/shaky/upgrade", newer.clone()).await,
            other => admin.post(&format!("/api/v1/plugins/shaky/{other}")).await,
        }
        .ok();
        let plugin = admin.plugin("shaky").await;
        let expected = if way == "disable" { "disabled" } else { "enabled" };
        assert_eq!((&plugin["state"], &plugin["quarantine"]), (&json!(expected), &Value::Null), "{way}");
        if way == "disable" {
            admin.get("/api/v1/shaky").await.refused(404);
            admin.post("/api/v1/plugins/shaky/enable").await.ok();
        }
        let version = if way == "upgrade" { "version 7.2.0" } else { "version 7.1.0" };
        assert_eq!(admin.get("/api/v1/shaky").await.text, version, "{way}");
        assert_eq!(plugin["probation"], Value::Null, "what was taken out is nothing to return to");
    }
    panics(&admin, 5).await;
    state_is(&admin, "shaky", "quarantined").await;
    admin.delete("/api/v1/plugins/shaky?data=purge").await.ok();
    admin.get("/api/v1/shaky").await.refused(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_for_super_users_and_for_what_is_installed() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("notice")).await.ok();
    let member = server.member(&["sys:notice:add"]).await;
    for (role, id, status) in [
        (&server.anonymous(), "notice", 401),
        (&member, "notice", 403),
        (&admin, "notice", 409),
        (&admin, "nothing", 404),
    ] {
        role.post(&format!("/api/v1/plugins/{id}/release")).await.refused(status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_takes_out_is_out_in_all_of_them() {
    with_shared(async |shared| {
        let (one, two) = (shared.node().await, shared.node().await);
        let here = one.admin().await;
        let there = two.known(&here);
        here.install(bundle::of("shaky")).await.ok();
        let watcher = Watcher::begin(&there).await;
        panics(&here, 5).await;
        watcher.told("shaky", "quarantined").await;
        state_is(&here, "shaky", "quarantined").await;
        for admin in [&here, &there] {
            assert_out(&admin.get("/api/v1/shaky").await, OUT);
            assert_eq!(admin.plugin("shaky").await["quarantine"]["panics"], 5);
        }
        let three = shared.node().await;
        assert_out(&three.known(&here).get("/api/v1/shaky").await, OUT);
        there.post("/api/v1/plugins/shaky/release").await.ok();
        for node in [&one, &two, &three] {
            assert_eq!(node.known(&here).get("/api/v1/shaky").await.text, "version 7.1.0");
        }
        // Both at once: one takes it out, the other follows.
        tokio::join!(panics(&here, 5), panics(&there, 3));
        state_is(&there, "shaky", "quarantined").await;
        state_is(&here, "shaky", "quarantined").await;
    })
    .await;
}

/// Starts the program and waits until that has ended it.
fn start_in_vain(server: &Server) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_backplane"));
    program.args(["serve", "--port", "0", "--data"]).arg(server.data());
    program.envs(server.settings().iter().map(|(key, value)| (key, value)));
    let status = program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let status = status.expect("the program runs");
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(6), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_ends_the_server_at_its_start_is_tried_once_more_and_then_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let trigger = folder.path().join("crash");
    let setting = ("APP__PLUGINS__CRASH_IN_START__CRASH_IF", trigger.to_str().expect("text"));
    let mut server = Server::start_with(&[setting]).await;
    let admin = server.admin().await;
    for name in ["crash_in_start", "hello", "steady_one"] {
        admin.install(bundle::of(name)).await.ok();
    }
    assert!(server.terminate().await.success());
    std::fs::write(&trigger, "").expect("a file");
    start_in_vain(&server);

    // Once may have been an administrator: it is tried again, after all others.
    std::fs::remove_file(&trigger).expect("removed");
    server.start_again().await;
    assert_eq!(server.anonymous().get("/api/v1/crash_in_start").await.text, "fine");
    assert!(!server.data().join("starting.json").exists(), "a good start leaves nothing");
    server.kill();
    std::fs::write(&trigger, "").expect("a file");
    start_in_vain(&server);
    start_in_vain(&server);
    server.start_again().await;
    let admin = server.admin().await;
    let plugin = admin.plugin("crash_in_start").await;
    assert_eq!((&plugin["state"], &plugin["desired"]), (&json!("quarantined"), &json!("enabled")));
    let reason = "the server ended while it was starting it, 2 times in a row";
    assert_eq!(plugin["quarantine"]["reason"], reason);
    let message = "plugin crash_in_start was taken out of service: the server ended while it was starting it, 2 times in a row; ask an administrator";
    assert_eq!(admin.get("/api/v1/crash_in_start").await.json()["msg"], message);
    assert_eq!(admin.get("/api/v1/hello").await.text, "Hello, world!");
    assert_eq!(admin.get("/api/v1/steady").await.ok()["version"], "1.0.0");

    server.kill();
    server.start_again().await;
    let admin = server.admin().await;
    assert_eq!(admin.plugin("crash_in_start").await["quarantine"]["reason"], reason);
    std::fs::remove_file(&trigger).expect("removed");
    admin.post("/api/v1/plugins/crash_in_start/release").await.ok();
    assert_eq!(admin.get("/api/v1/crash_in_start").await.text, "fine");
}
