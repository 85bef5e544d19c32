//! A plugin is asked whether it is ready before it serves.

use crate::bundle;
use crate::server::Server;

const OFF: (&str, &str) = ("APP__PLUGINS__TUNABLE__READY", "false");

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_is_not_ready_is_not_enabled_and_says_why() {
    let server = Server::start_with(&[OFF]).await;
    let admin = server.admin().await;
    let told = admin.install(bundle::of("tunable")).await.refused(400);
    assert_eq!(told, "plugin tunable 1.0.0 can't be started: the plugin is not ready: the setting ready is off");
    admin.get("/api/v1/plugins/tunable").await.refused(404);

    admin.upload("/api/v1/plugins?enable=false", bundle::of("tunable")).await.ok();
    admin.post("/api/v1/plugins/tunable/enable").await.refused(400);
    let plugin = admin.plugin("tunable").await;
    assert_eq!(plugin["state"], "failed");
    assert!(plugin["reason"].as_str().expect("a reason").contains("the setting ready is off"), "{plugin}");
    admin.get("/api/v1/tunable").await.refused(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_is_not_ready_leaves_the_one_before_serving() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("tunable")).await.ok();
    let pool = server.pool().await;
    let off =
        "INSERT INTO plugin_setting (plugin_id, key, value, updated_time) VALUES ('tunable', 'ready', 'false', 0)";
    pool.database().query(off).execute().await.expect("a row");
    let next = bundle::Parts::of("tunable").replaced("1.0.0", "1.0.1").zip();
    let told = admin.upload("/api/v1/plugins/tunable/upgrade", next.clone()).await.refused(400);
    assert!(told.ends_with("the plugin is not ready: the setting ready is off"), "{told}");
    assert_eq!(admin.plugin("tunable").await["version"], "1.0.0");
    assert_eq!(admin.get("/api/v1/tunable").await.text, "20 Short token of 0, accepted 0");

    pool.database().query("DELETE FROM plugin_setting").execute().await.expect("no rows");
    pool.close().await;
    admin.upload("/api/v1/plugins/tunable/upgrade", next).await.ok();
    assert_eq!(admin.plugin("tunable").await["version"], "1.0.1");
}
