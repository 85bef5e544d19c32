//! Plugins that the operator requires: they stay, and only their version may change.

use crate::bundle;
use crate::server::{Answer, Role, Server};
use serde_json::{Value, json};

/// What every refusal says.
const WORDS: &str =
    "plugin dict is required, so it can't be disabled or uninstalled; the setting plugins.required says so";
const MISSING: &str = "plugin dict is required (setting plugins.required) and not installed";

async fn state(admin: &Role, id: &str) -> Value {
    admin.plugin(id).await["state"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_plugin_can_be_neither_disabled_nor_uninstalled() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("dict")).await.ok();
    assert_eq!(admin.put("/api/v1/sys/plugins/dict/status").await.refused(400), WORDS);
    assert_eq!(admin.delete("/api/v1/sys/plugins/dict").await.refused(400), WORDS);
    assert_eq!(admin.post("/api/v1/plugins/dict/disable").await.refused(400), WORDS);
    for data in ["keep", "purge"] {
        assert_eq!(admin.delete(&format!("/api/v1/plugins/dict?data={data}")).await.refused(400), WORDS);
    }
    let chinese =
        admin.request(reqwest::Method::PUT, "/api/v1/sys/plugins/dict/status").header("accept-language", "zh");
    let chinese = Answer::of(chinese).await.refused(400);
    assert!(chinese.contains("dict") && chinese.contains("plugins.required"), "{chinese}");
    assert_eq!(state(&admin, "dict").await, "enabled");
    admin.get("/api/v1/sys/dict-types").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_plugin_is_upgraded_and_rolled_back() {
    let server = Server::start_with(&[("APP__PLUGINS__REQUIRED", "steady")]).await;
    let admin = server.admin().await;
    admin.install(bundle::of("steady_one")).await.ok();
    let upgraded = admin.upload("/api/v1/plugins/steady/upgrade", bundle::of("steady_two")).await.ok();
    assert_eq!((&upgraded["data"]["version"], &upgraded["data"]["required"]), (&json!("2.0.0"), &json!(true)));
    let returned = admin.post("/api/v1/plugins/steady/rollback").await.ok();
    assert_eq!((&returned["data"]["version"], &returned["data"]["required"]), (&json!("1.0.0"), &json!(true)));
    admin.post("/api/v1/plugins/steady/disable").await.refused(400);
}

/// It may have been installed without being enabled, or before it was required.
#[tokio::test(flavor = "multi_thread")]
async fn a_required_plugin_that_is_off_can_be_enabled_but_not_removed() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.upload("/api/v1/plugins?enable=false", bundle::of("dict")).await.ok();
    assert_eq!(admin.delete("/api/v1/sys/plugins/dict").await.refused(400), WORDS);
    admin.put("/api/v1/sys/plugins/dict/status").await.ok();
    assert_eq!(state(&admin, "dict").await, "enabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_required_is_told_in_the_fuller_view_only() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for name in ["dict", "hello"] {
        admin.install(bundle::of(name)).await.ok();
    }
    for (id, required) in [("dict", true), ("hello", false)] {
        assert_eq!(admin.plugin(id).await["required"], required, "{id}");
    }
    let listed = admin.get("/api/v1/plugins").await.ok();
    assert_eq!((&listed["data"][0]["required"], &listed["data"][1]["required"]), (&json!(true), &json!(false)));
    let contract = admin.get("/api/v1/sys/plugins").await.ok();
    assert_eq!(contract["data"][0]["plugin"].get("required"), None);
    admin.delete("/api/v1/sys/plugins/hello").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_plugin_that_is_missing_is_told_once_and_the_core_works() {
    let mut server = Server::start().await;
    assert_eq!(server.log().matches(MISSING).count(), 1);
    let admin = server.admin().await;
    admin.get("/api/v1/sys/users/me").await.ok();
    admin.install(bundle::of("dict")).await.ok();
    assert!(server.terminate().await.success());
    server.start_again().await;
    assert_eq!(server.log().matches(MISSING).count(), 1);

    let content = Server::start_with(&[("APP__PLUGINS__REQUIRED", "")]).await;
    assert!(!content.log().contains("plugins.required"));
}
