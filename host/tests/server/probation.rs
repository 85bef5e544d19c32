//! An upgraded version that does not prove itself is rolled back by the host, once; kept versions can be chosen.

use crate::bundle::Parts;
use crate::cluster::with_shared;
use crate::server::{Role, Server, eventually, with_postgres_and};
use crate::watcher::Watcher;
use serde_json::{Value, json};

/// A plugin that fails when it is asked to, in version 7.`minor`.0.
fn shaky(minor: u32) -> Vec<u8> {
    Parts::of("shaky").replaced("7.1.0", &format!("7.{minor}.0")).zip()
}

async fn upgrade(admin: &Role, minor: u32) {
    let upgraded = admin.upload("/api/v1/plugins/shaky/upgrade", shaky(minor)).await.ok();
    assert_eq!(upgraded["data"]["version"], format!("7.{minor}.0"));
}

async fn version(role: &Role) -> String {
    role.get("/api/v1/shaky").await.text
}

async fn version_is(role: &Role, minor: u32) {
    let expected = format!("version 7.{minor}.0");
    eventually(&expected, async || version(role).await == expected).await;
}

async fn kept(admin: &Role) -> Vec<String> {
    let plugin = admin.plugin("shaky").await;
    let versions = plugin["versions"].as_array().expect("versions").iter();
    versions.map(|known| known["version"].as_str().expect("text").to_owned()).collect()
}

async fn fail_and_return(server: &mut Server) {
    let admin = server.admin().await;
    admin.install(shaky(1)).await.ok();
    let watcher = Watcher::begin(&admin).await;
    upgrade(&admin, 2).await;
    let probation = admin.plugin("shaky").await["probation"].take();
    assert_eq!((&probation["from"], &probation["to"]), (&json!("7.1.0"), &json!("7.2.0")));
    for _ in 0..10 {
        assert_eq!(version(&admin).await, "version 7.2.0");
        assert_eq!(admin.get("/api/v1/shaky/fail").await.status, 500);
    }
    assert_eq!(version(&admin).await, "version 7.2.0", "half of the calls may fail");
    while version(&admin).await == "version 7.2.0" {
        admin.get("/api/v1/shaky/fail").await;
        admin.get("/api/v1/shaky/fail").await;
    }
    version_is(&admin, 1).await;
    let failed = watcher.told("shaky", "probation_failed").await;
    assert_eq!(failed["version"], "7.2.0");
    assert_eq!(watcher.told("shaky", "rolled_back").await["version"], "7.1.0");
    for sudden in [false, true] {
        if sudden {
            server.kill();
            server.start_again().await;
        }
        let admin = server.admin().await;
        let plugin = admin.plugin("shaky").await;
        assert_eq!((&plugin["state"], &plugin["version"]), (&json!("enabled"), &json!("7.1.0")));
        let last = &plugin["last_rollback"];
        assert_eq!((&last["from"], &last["to"]), (&json!("7.2.0"), &json!("7.1.0")));
        assert_eq!(last["reason"], failed["reason"]);
        assert!(last["reason"].as_str().is_some_and(|reason| reason.ends_with("calls failed")), "{last}");
        assert_eq!(plugin["probation"], Value::Null);
        assert_eq!(kept(&admin).await, ["7.1.0", "7.2.0"]);
    }
    // Whoever wants the same version again gets it, and keeps it.
    let admin = server.admin().await;
    upgrade(&admin, 2).await;
    assert_eq!(admin.plugin("shaky").await["probation"], Value::Null);
    for _ in 0..30 {
        admin.get("/api/v1/shaky/fail").await;
    }
    assert_eq!(version(&admin).await, "version 7.2.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_most_of_whose_calls_fail_is_rolled_back_once_on_sqlite() {
    fail_and_return(&mut Server::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_most_of_whose_calls_fail_is_rolled_back_once_on_postgres() {
    with_postgres_and(&[], async |server| fail_and_return(server).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_on_probation_that_would_be_taken_out_is_rolled_back_instead() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(shaky(1)).await.ok();
    upgrade(&admin, 2).await;
    for _ in 0..5 {
        admin.get("/api/v1/shaky/panic").await.refused(500);
    }
    version_is(&admin, 1).await;
    let plugin = admin.plugin("shaky").await;
    assert_eq!((&plugin["state"], &plugin["quarantine"]), (&json!("enabled"), &Value::Null));
    let reason = plugin["last_rollback"]["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("5 panics within 60 s; last panic: shaky panics"), "{reason}");
    // The version that came back is nobody's upgrade.
    for _ in 0..5 {
        admin.get("/api/v1/shaky/panic").await.refused(500);
    }
    eventually("taken out", async || admin.plugin("shaky").await["state"] == "quarantined").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_on_probation_that_is_not_ready_any_more_is_rolled_back() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(shaky(1)).await.ok();
    upgrade(&admin, 2).await;
    assert_eq!(admin.get("/api/v1/shaky/sicken").await.text, "sick");
    version_is(&admin, 1).await;
    assert_eq!(admin.plugin("shaky").await["last_rollback"]["reason"], "its ready check failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_no_probation_where_it_is_switched_off_or_over() {
    for (seconds, wait_ms) in [("0", 0), ("1", 1_100)] {
        let server = Server::start_with(&[("APP__PLUGINS__PROBATION_S", seconds)]).await;
        let admin = server.admin().await;
        admin.install(shaky(1)).await.ok();
        upgrade(&admin, 2).await;
        // What this test is about is time.
        tokio::time::sleep(std::time::Duration::from_millis(wait_ms)).await;
        for _ in 0..40 {
            admin.get("/api/v1/shaky/fail").await;
        }
        let plugin = admin.plugin("shaky").await;
        assert_eq!((&plugin["version"], &plugin["last_rollback"]), (&json!("7.2.0"), &Value::Null), "{seconds}");
        assert_eq!(plugin["probation"], Value::Null, "{seconds}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_rolls_back_is_rolled_back_in_all_of_them() {
    with_shared(async |shared| {
        let (one, two) = (shared.node().await, shared.node().await);
        let here = one.admin().await;
        let there = two.known(&here);
        here.install(shaky(1)).await.ok();
        upgrade(&there, 2).await;
        let fail = async |role: &Role| {
            for _ in 0..30 {
                role.get("/api/v1/shaky/fail").await;
            }
        };
        tokio::join!(fail(&here), fail(&there));
        for admin in [&here, &there] {
            version_is(admin, 1).await;
            assert_eq!(admin.plugin("shaky").await["last_rollback"]["from"], "7.2.0");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kept_version_can_be_returned_to() {
    let mut server = Server::start_with(&[("APP__PLUGINS__VERSIONS_KEPT", "2")]).await;
    let admin = server.admin().await;
    admin.install(shaky(1)).await.ok();
    for minor in 2..=4 {
        upgrade(&admin, minor).await;
    }
    assert_eq!(kept(&admin).await, ["7.2.0", "7.3.0", "7.4.0"]);
    let stored = server.plugin_files().into_iter().filter(|file| file.starts_with("store/")).count();
    assert_eq!(stored, 6, "bundle and library of three versions: {:?}", server.plugin_files());
    let rollback = async |admin: &Role, version: &str| {
        admin.post(&format!("/api/v1/plugins/shaky/rollback?version={version}")).await
    };
    let gone = rollback(&admin, "7.1.0").await.refused(409);
    assert_eq!(gone, "plugin shaky 7.1.0 is not kept, so it can't be returned to; kept: 7.2.0, 7.3.0");
    assert_eq!(rollback(&admin, "7.4.0").await.refused(409), "plugin shaky 7.4.0 is already installed");
    assert_eq!(rollback(&admin, "seven").await.refused(400), "\"seven\" is not a version such as 1.2.3");
    rollback(&admin, "7.2.0").await.ok();
    assert_eq!(version(&admin).await, "version 7.2.0");
    assert_eq!(admin.plugin("shaky").await["previous_version"], Value::Null);
    assert!(server.terminate().await.success());
    server.start_again().await;
    let admin = server.admin().await;
    assert_eq!(kept(&admin).await, ["7.2.0", "7.3.0", "7.4.0"]);
    rollback(&admin, "7.4.0").await.ok();
    assert_eq!(version(&admin).await, "version 7.4.0");
    assert_eq!(admin.plugin("shaky").await["previous_version"], "7.3.0");
    admin.post("/api/v1/plugins/shaky/rollback").await.ok();
    assert_eq!(version(&admin).await, "version 7.3.0");
    assert_eq!(admin.plugin("shaky").await["previous_version"], "7.2.0");
}
