//! Load over keep-alive connections while plugins are upgraded, rolled back and toggled.

use crate::bundle;
use crate::load::{Answer, Judge, Load, Outcome};
use crate::server::{Role, Server};
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Swaps of the one test, and rounds of the other.
const ROUNDS: usize = 200;
/// Answers that the swaps must have been seen by.
const ANSWERS_MIN: u64 = 1_000_000;
const CONNECTIONS: usize = 16;

/// The answer is 200, whole, and all of one version.
fn of_one_version() -> Judge {
    Arc::new(|answer: &Answer<'_>| {
        let body = String::from_utf8_lossy(answer.body);
        let by = |version: &str| {
            answer.head.contains(&format!("x-version: {version}\r\n"))
                && body == format!("{{\"version\":\"{version}\"}}")
        };
        if answer.status == 200 && (by("1.0.0") || by("2.0.0")) {
            Ok(())
        } else {
            Err(format!("{}{body}", answer.head))
        }
    })
}

/// The answer is 200 with this body.
fn always(expected: &'static str) -> Judge {
    Arc::new(move |answer: &Answer<'_>| {
        let body = String::from_utf8_lossy(answer.body);
        if answer.status == 200 && body.contains(expected) { Ok(()) } else { Err(format!("{}{body}", answer.head)) }
    })
}

#[track_caller]
fn assert_whole(outcome: &Outcome, what: &str) {
    assert!(outcome.failures.is_empty(), "{what}: {} failed: {:?}", outcome.failures.len(), outcome.failures);
    let rate = outcome.answers as f64 / outcome.took.as_secs_f64();
    println!("{what}: {} answers, 0 failed, {rate:.0} a second", outcome.answers);
}

async fn version(role: &Role) -> String {
    role.get("/api/v1/steady").await.ok()["version"].as_str().expect("a version").to_owned()
}

/// One slow body, begun now; ends with the versions that its pieces named.
fn slow(role: &Role, ms: usize) -> tokio::task::JoinHandle<Vec<String>> {
    let request = role.request(reqwest::Method::GET, &format!("/api/v1/steady/slow?ms={ms}"));
    tokio::spawn(async move {
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        response.text().await.expect("a whole body").lines().map(str::to_owned).collect()
    })
}

/// Swaps to the other version; how long after the answer to that the new version was heard.
async fn swap(admin: &Role, round: usize, newer: &[u8], older: &[u8]) -> Duration {
    let (path, bundle, expected) = match round % 4 {
        0 | 2 => ("upgrade", Some(newer), "2.0.0"),
        1 => ("rollback", None, "1.0.0"),
        _ => ("upgrade", Some(older), "1.0.0"),
    };
    let path = format!("/api/v1/plugins/steady/{path}");
    let answer = match bundle {
        Some(bundle) => admin.upload(&path, bundle.to_vec()).await,
        None => admin.post(&path).await,
    };
    assert_eq!(answer.ok()["data"]["version"], expected);
    let swapped = Instant::now();
    // The swap is over: whoever asks now is answered by the new version and no other.
    assert_eq!(version(admin).await, expected);
    swapped.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_swaps_drop_no_request() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (older, newer) = (bundle::of("steady_one"), bundle::of("steady_two"));
    admin.install(older.clone()).await.ok();
    let load = Load::start(server.address(), "/api/v1/steady", CONNECTIONS, of_one_version());
    let mut heard = Vec::new();
    for round in 0..ROUNDS {
        // Begun on the version that goes now, and read to its end beyond the swap.
        let before = version(&admin).await;
        let pieces = (round % 10 == 0).then(|| slow(&admin, 300));
        if pieces.is_some() {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        heard.push(swap(&admin, round, &newer, &older).await);
        if let Some(pieces) = pieces {
            assert_eq!(pieces.await.expect("a slow answer"), vec![before; 20], "round {round}");
        }
    }
    while load.answers() < ANSWERS_MIN {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_whole(&load.stop().await, "swaps");
    heard.sort();
    println!("new version heard after its swap: median {:?}, last {:?}", heard[ROUNDS / 2], heard[ROUNDS - 1]);
    let images = admin.plugin("steady").await;
    assert_eq!(images["panics"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn toggling_a_neighbour_touches_nobody_else() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for name in ["steady_one", "hello", "notice", "neighbour"] {
        admin.install(bundle::of(name)).await.ok();
    }
    let loads = [
        ("core", Load::start(server.address(), "/healthz", 4, always("ok"))),
        ("steady", Load::start(server.address(), "/api/v1/steady", 4, of_one_version())),
        ("hello", Load::start(server.address(), "/api/v1/hello", 4, always("Hello, world!"))),
    ];
    for _ in 0..ROUNDS {
        admin.post("/api/v1/plugins/neighbour/disable").await.ok();
        admin.get("/api/v1/neighbour").await.refused(404);
        admin.get("/api/v1/sys/notices").await.ok();
        admin.post("/api/v1/plugins/neighbour/enable").await.ok();
        assert_eq!(admin.get("/api/v1/neighbour").await.text, "neighbour");
    }
    for (what, load) in loads {
        assert_whole(&load.stop().await, what);
    }
}

/// What a watcher sees, and that its stream ends with the server instead of holding it up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_event_stream_tells_each_change() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    let response = admin.request(reqwest::Method::GET, "/api/v1/plugins/events").send().await.expect("a stream");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut stream = response.bytes_stream();
    admin.install(bundle::of("steady_one")).await.ok();
    admin.upload("/api/v1/plugins/steady/upgrade", bundle::of("steady_two")).await.ok();
    admin.post("/api/v1/plugins/steady/rollback").await.ok();
    admin.delete("/api/v1/plugins/steady?data=purge").await.ok();
    let mut text = String::new();
    while !text.contains("\"uninstalled\"") {
        let piece = stream.next().await.expect("more to come").expect("bytes");
        text.push_str(&String::from_utf8_lossy(&piece));
    }
    let mut seen = text.as_str();
    for state in ["starting", "enabled", "upgraded", "draining", "rolled_back", "uninstalled"] {
        let at =
            seen.find(&format!("\"state\":\"{state}\"")).unwrap_or_else(|| panic!("{state} comes after in {text}"));
        seen = &seen[at..];
    }
    assert!(server.terminate().await.success());
    while stream.next().await.is_some_and(|piece| piece.is_ok()) {}
}
