//! Unloading is real, seen from outside: memory, files and images of a server under traffic.

use crate::bundle;
use crate::load::{Answer, Judge, Load};
use crate::server::{Role, Server, eventually};
use serde_json::Value;
use std::sync::Arc;

const ROUNDS: usize = 1_000;
/// Pools, caches and allocators fill up first.
const WARM_UP: usize = 200;
const GROWTH_KIB_MAX: f64 = 4.0;
/// More connections than the server has workers, so that every worker runs plugin code.
const CONNECTIONS: usize = 8;
/// Answers between a load and the next swap.
const ANSWERS: u64 = 64;

/// Plugins that pin their library when nobody looks after it, among ordinary ones, with a route each.
const PLUGINS: [(&str, &str); 5] = [
    ("tls_destructor", "/api/v1/tls_destructor"),
    ("thread_current", "/api/v1/thread_current"),
    ("own_runtime", "/api/v1/own_runtime"),
    ("hello", "/api/v1/hello"),
    ("steady_one", "/api/v1/steady"),
];

fn is_answered() -> Judge {
    Arc::new(|answer: &Answer<'_>| if answer.status == 200 { Ok(()) } else { Err(answer.head.to_owned()) })
}

/// Load → traffic on all workers → swap → unload.
async fn round(server: &Server, admin: &Role, number: usize, newer: &[u8]) {
    let (name, path) = PLUGINS[number % PLUGINS.len()];
    let id = if name == "steady_one" { "steady" } else { name };
    admin.post(&format!("/api/v1/plugins/{id}/enable")).await.ok();
    let load = Load::start(server.address(), path, CONNECTIONS, is_answered());
    eventually("traffic", async || load.answers() >= ANSWERS).await;
    if id == "steady" {
        admin.upload("/api/v1/plugins/steady/upgrade", newer.to_vec()).await.ok();
        admin.post("/api/v1/plugins/steady/rollback").await.ok();
    }
    let outcome = load.stop().await;
    assert!(outcome.failures.is_empty(), "{name}: {:?}", outcome.failures);
    admin.post(&format!("/api/v1/plugins/{id}/disable")).await.ok();
}

/// Images of all plugins that are still mapped.
async fn images(admin: &Role) -> Vec<Value> {
    let mut images = Vec::new();
    for (name, _) in PLUGINS {
        let id = if name == "steady_one" { "steady" } else { name };
        images.extend(admin.plugin(id).await["images"].as_array().expect("images").clone());
    }
    images
}

/// Private anonymous memory in KiB.
fn anonymous_kib(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).expect("smaps");
    let line = text.lines().find(|line| line.starts_with("Anonymous:")).expect("a line");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

fn descriptors(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).expect("descriptors").count()
}

fn mapped_copies(pid: u32) -> usize {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).expect("maps");
    maps.lines().filter(|line| line.contains("/images/")).count()
}

async fn quiet(server: &Server, admin: &Role) {
    eventually("every image is unmapped", async || images(admin).await.is_empty()).await;
    assert_eq!(mapped_copies(server.pid()), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_rounds_leave_no_image_no_memory_and_no_file() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    let newer = bundle::of("steady_two");
    for (name, _) in PLUGINS {
        admin.upload("/api/v1/plugins?enable=false", bundle::of(name)).await.ok();
    }
    for number in 0..WARM_UP {
        round(&server, &admin, number, &newer).await;
    }
    quiet(&server, &admin).await;
    let (memory, files) = (anonymous_kib(server.pid()), descriptors(server.pid()));
    for number in 0..ROUNDS {
        round(&server, &admin, number, &newer).await;
    }
    quiet(&server, &admin).await;
    let growth = (anonymous_kib(server.pid()) - memory) / ROUNDS as f64;
    let files_after = descriptors(server.pid());
    println!("{ROUNDS} rounds: {growth:.2} KiB a round, file descriptors {files} -> {files_after}, 0 images retained");
    assert!(growth <= GROWTH_KIB_MAX, "{growth} KiB a round");
    // Idle connections of this test's own client come and go.
    assert!(files_after <= files + CONNECTIONS, "{files} -> {files_after}");
    assert!(server.terminate().await.success());
}
