//! How much plugins are called, how often they fail, how long they take: counted at once, and over time.

use crate::bundle;
use crate::server::{Role, Server, eventually};
use serde_json::{Value, json};

const SHAKY: &str = "/api/v1/plugins/shaky/traffic";
const ALL: &str = "/api/v1/plugins/traffic";

async fn traffic(role: &Role, path: &str) -> Value {
    role.get(path).await.ok()["data"].take()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn sum(numbers: &Value) -> u64 {
    numbers.as_array().expect("numbers").iter().filter_map(Value::as_u64).sum()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// Ten calls that end well, two that fail, one that takes 200 ms and fails.
async fn call(admin: &Role) {
    for _ in 0..10 {
        admin.get("/api/v1/shaky").await;
    }
    for _ in 0..2 {
        assert_eq!(admin.get("/api/v1/shaky/fail").await.status, 500);
    }
    admin.get("/api/v1/shaky/hang").await.refused(504);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_count_at_once_and_stay_in_the_history() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for name in ["shaky", "hello"] {
        admin.install(bundle::of(name)).await.ok();
    }
    call(&admin).await;
    let now = traffic(&admin, SHAKY).await;
    assert_eq!(keys(&now), ["interval_s", "recent", "history"]);
    assert_eq!(now["interval_s"], 5);
    let recent = &now["recent"];
    assert_eq!(
        keys(recent),
        ["seconds", "calls", "errors", "rejected", "mean_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms"]
    );
    assert_eq!((&recent["calls"], &recent["errors"], &recent["rejected"]), (&json!(13), &json!(3), &json!(0)));
    let [p50, p99, max] = ["p50_ms", "p99_ms", "max_ms"].map(|key| number(&recent[key]));
    assert!(p50 < 200.0 && p50 <= p99 && p99 <= max && (200.0..5_000.0).contains(&max), "{recent}");

    let is_sampled = async || sum(&traffic(&admin, SHAKY).await["history"]["calls"]) == 13;
    eventually("there is a sample", is_sampled).await;
    let later = traffic(&admin, SHAKY).await;
    let history = &later["history"];
    assert_eq!(keys(history), ["times", "calls", "errors", "rejected", "p50_ms", "p95_ms", "p99_ms"]);
    let lengths: Vec<usize> = history
        .as_object()
        .expect("columns")
        .values()
        .map(|column| column.as_array().expect("a column").len())
        .collect();
    assert!(lengths.iter().all(|length| *length == lengths[0] && *length > 0), "{lengths:?}");
    assert_eq!(sum(&history["errors"]), 3);
    assert_eq!(later["recent"]["calls"], 13, "a minute has not passed");
    let times: Vec<i64> = history["times"].as_array().expect("times").iter().filter_map(Value::as_i64).collect();
    let last = times.last().expect("a sample");
    let newer = traffic(&admin, &format!("{SHAKY}?after={last}")).await;
    assert!(newer["history"]["times"].as_array().expect("times").iter().all(|time| time.as_i64() > Some(*last)));

    let all = traffic(&admin, ALL).await;
    assert_eq!(keys(&all), ["interval_s", "recent", "history", "plugins"]);
    assert!(all["recent"]["calls"].as_u64() >= Some(13), "{all}");
    assert!(sum(&all["history"]["calls"]) >= 13);
    let plugins = all["plugins"].as_array().expect("plugins");
    let ids: Vec<&str> = plugins.iter().map(|plugin| plugin["id"].as_str().expect("an id")).collect();
    assert_eq!(ids, ["hello", "shaky"]);
    assert_eq!(keys(&plugins[1]), ["id", "recent", "calls", "errors"]);
    assert_eq!((sum(&plugins[1]["calls"]), sum(&plugins[1]["errors"]), sum(&plugins[0]["calls"])), (13, 3, 0));
    let columns = [&plugins[0]["calls"], &plugins[1]["errors"], &all["history"]["times"]];
    let lengths = columns.map(|column| column.as_array().expect("a column").len());
    assert!(lengths.iter().all(|length| *length == lengths[2]), "{lengths:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_counted_survives_an_upgrade_and_not_an_uninstallation() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("shaky")).await.ok();
    call(&admin).await;
    let newer = bundle::Parts::of("shaky").replaced("7.1.0", "7.2.0").zip();
    admin.upload("/api/v1/plugins/shaky/upgrade", newer).await.ok();
    admin.get("/api/v1/shaky").await;
    assert_eq!(traffic(&admin, SHAKY).await["recent"]["calls"], 14);
    admin.delete("/api/v1/plugins/shaky").await.ok();
    admin.get(SHAKY).await.refused(404);
    admin.install(bundle::of("shaky")).await.ok();
    let recent = traffic(&admin, SHAKY).await["recent"].take();
    assert_eq!((&recent["calls"], &recent["p99_ms"]), (&json!(0), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_says_how_much_it_holds() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let empty = json!({"bundles": 0, "bundle_bytes": 0, "libraries": 0, "library_bytes": 0});
    assert_eq!(traffic(&admin, "/api/v1/plugins/doctor/store").await, empty);
    let bundle = bundle::of("shaky");
    admin.install(bundle.clone()).await.ok();
    let store = traffic(&admin, "/api/v1/plugins/doctor/store").await;
    assert_eq!((&store["bundles"], &store["libraries"]), (&json!(1), &json!(1)));
    assert_eq!(store["bundle_bytes"], bundle.len());
    assert!(store["library_bytes"].as_u64() > Some(100_000), "{store}");
}

#[tokio::test(flavor = "multi_thread")]
async fn traffic_is_for_super_users() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("shaky")).await.ok();
    let member = server.member(&[]).await;
    for path in [SHAKY, ALL, "/api/v1/plugins/doctor/store"] {
        server.anonymous().get(path).await.refused(401);
        member.get(path).await.refused(403);
    }
    assert_eq!(admin.get(&format!("{ALL}?after=x")).await.status, 422);
    admin.get("/api/v1/plugins/nobody/traffic").await.refused(404);
}
