//! After `kill -9`, a stop or a broken file the next start reaches the desired state.

use crate::bundle;
use crate::server::{Role, Server};
use serde_json::Value;
use std::time::Duration;

async fn states(admin: &Role) -> Vec<(String, String)> {
    let listed = admin.get("/api/v1/plugins").await.ok();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    listed["data"]
        .as_array()
        .expect("plugins")
        .iter()
        .map(|plugin| (text(&plugin["id"]), text(&plugin["state"])))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_brings_back_what_should_serve() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    for name in ["hello", "notice", "steady_one"] {
        admin.install(bundle::of(name)).await.ok();
    }
    admin.upload("/api/v1/plugins/steady/upgrade", bundle::of("steady_two")).await.ok();
    admin.post("/api/v1/plugins/notice/disable").await.ok();
    let before = states(&admin).await;
    for sudden in [true, false] {
        if sudden {
            server.kill();
        } else {
            assert!(server.terminate().await.success());
        }
        server.start_again().await;
        let admin = server.admin().await;
        assert_eq!(states(&admin).await, before);
        assert_eq!(admin.get("/api/v1/steady").await.ok()["version"], "2.0.0");
        admin.get("/api/v1/sys/notices").await.refused(404);
    }
    let admin = server.admin().await;
    admin.post("/api/v1/plugins/steady/rollback").await.ok();
    server.kill();
    server.start_again().await;
    assert_eq!(server.anonymous().get("/api/v1/steady").await.ok()["version"], "1.0.0");
}

/// The server is killed at another moment of an upgrade each time.
#[tokio::test(flavor = "multi_thread")]
async fn killed_within_an_operation_it_is_old_or_new_and_nothing_between() {
    let mut server = Server::start().await;
    server.admin().await.install(bundle::of("steady_one")).await.ok();
    for step in 0..12 {
        let admin = server.admin().await;
        let operation = if step % 3 == 2 { "toggle" } else { "upgrade" };
        let running = tokio::spawn(async move {
            let bundle = bundle::of(if step % 2 == 0 { "steady_two" } else { "steady_one" });
            let request = match operation {
                "toggle" => admin.request(reqwest::Method::PUT, "/api/v1/sys/plugins/steady/status"),
                _ => {
                    let part = reqwest::multipart::Part::bytes(bundle).file_name("bundle.zip");
                    let form = reqwest::multipart::Form::new().part("file", part);
                    admin.request(reqwest::Method::POST, "/api/v1/plugins/steady/upgrade").multipart(form)
                }
            };
            request.send().await
        });
        tokio::time::sleep(Duration::from_millis(step * 4)).await;
        server.kill();
        let _ = running.await;
        server.start_again().await;

        let admin = server.admin().await;
        let plugin = admin.plugin("steady").await;
        let answer = admin.get("/api/v1/steady").await;
        match plugin["state"].as_str() {
            Some("enabled") => assert_eq!(answer.ok()["version"], plugin["version"]),
            Some("disabled") => drop(answer.refused(404)),
            other => panic!("{other:?}: {plugin}"),
        }
        // Nothing in the store that no version refers to, nothing left in staging.
        let kept = plugin["versions"].as_array().expect("versions").len();
        let stored = server.plugin_files().into_iter().filter(|file| !file.starts_with("images/")).count();
        assert_eq!(stored, 2 * kept, "{:?}", server.plugin_files());
        if plugin["state"] == "disabled" {
            admin.post("/api/v1/plugins/steady/enable").await.ok();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_whose_file_was_broken_is_told_and_stops_nobody() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    for name in ["hello", "neighbour"] {
        admin.install(bundle::of(name)).await.ok();
    }
    let sha256 = admin.plugin("hello").await["versions"][0]["library_sha256"].as_str().expect("a hash").to_owned();
    server.kill();
    std::fs::write(server.data().join(format!("store/lib/{sha256}.so")), "not what it was").expect("a file");
    server.start_again().await;
    let admin = server.admin().await;
    let plugin = admin.plugin("hello").await;
    assert_eq!((plugin["state"].as_str(), plugin["desired"].as_str()), (Some("failed"), Some("enabled")));
    assert!(plugin["reason"].as_str().expect("a reason").contains("sha256"), "{plugin}");
    admin.get("/api/v1/hello").await.refused(404);
    assert_eq!(admin.get("/api/v1/neighbour").await.text, "neighbour");
    // An administrator gets it back by removing it and installing it anew.
    admin.delete("/api/v1/plugins/hello").await.ok();
    admin.install(bundle::of("hello")).await.ok();
    assert_eq!(admin.get("/api/v1/hello").await.text, "Hello, world!");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledged_write_survives_a_kill() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("notice")).await.ok();
    let notice = serde_json::json!({"title": "kept", "type": 0, "status": 1, "content": "c"});
    for _ in 0..20 {
        admin.post_json("/api/v1/sys/notices", &notice).await.ok();
    }
    server.kill();
    server.start_again().await;
    assert_eq!(server.admin().await.get("/api/v1/sys/notices").await.ok()["data"]["total"], 20);
}
