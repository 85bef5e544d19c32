//! Plugins call what others offer them, as far as they are granted it, and never longer than both serve.

use crate::errands::{ALL, errands, partner, refused, tell};
use crate::server::{Role, Server, eventually};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

const SHORT: &[(&str, &str)] =
    &[("APP__PLUGINS__DRAIN_DEADLINE_MS", "200"), ("APP__PLUGINS__SERVICE_BYTES_MAX", "1000")];
const BRIEF: &str =
    "jobs = true\nevents = true\nservices = [\"errands\"]\n\n[limits]\ndeadline_ms = 1000\nconcurrency_max = 2";

fn order(service: &str, input: Value) -> Value {
    json!({"plugin": "partner", "service": service, "input": input})
}

async fn call(role: &Role, service: &str, input: Value) -> Value {
    tell(role, "errands", "call", &order(service, input)).await.ok()
}

async fn failed(role: &Role, service: &str, input: Value) -> String {
    refused(role, "errands", "call", &order(service, input)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_calls_another_one_and_is_answered() {
    let server = Server::start_with(SHORT).await;
    let admin = server.admin().await;
    let plan = admin.upload("/api/v1/plugins/plans", partner("1.0.0", BRIEF)).await.ok();
    assert_eq!(
        plan["data"]["services"]["added"],
        json!(["back", "caller", "double", "echo", "long", "panics", "refuses"]),
        "{plan}"
    );
    admin.install(errands("1.0.0", ALL)).await.ok();
    assert_eq!(failed(&admin, "double", json!(21)).await, "Unavailable: plugin partner is not installed");
    admin.install(partner("1.0.0", BRIEF)).await.ok();
    assert_eq!(call(&admin, "double", json!(21)).await, 42);
    assert_eq!(call(&admin, "caller", json!(null)).await, "errands");
    assert_eq!(call(&admin, "back", json!(4)).await, 8, "one that calls back");
    let calls = admin.plugin("partner").await["calls"].as_u64().expect("a number");
    assert_eq!(calls, 3, "they are counted as calls of its own");

    assert_eq!(
        failed(&admin, "half", json!(1)).await,
        "NotFound: plugin partner 1.0.0 has no service half; it has: double, caller, echo, back, long, refuses, panics"
    );
    let told = failed(&admin, "double", json!("much")).await;
    assert!(told.starts_with("Invalid: the input is not what the service expects: invalid type: string"), "{told}");
    let settings = json!({"word": "geheim-word"});
    let set = admin.request(reqwest::Method::PUT, "/api/v1/plugins/partner/settings").json(&settings);
    crate::server::Answer::of(set).await.ok();
    assert_eq!(failed(&admin, "refuses", json!(null)).await, "NotFound: there is no ***");
    assert_eq!(
        failed(&admin, "panics", json!(null)).await,
        "Other: service panics of plugin partner failed: the handler panicked"
    );
    assert_eq!(failed(&admin, "long", json!(null)).await, "Timeout: plugin partner did not answer within 1000 ms");
    let strikes = (admin.plugin("partner").await["strikes"].take(), admin.plugin("errands").await["strikes"].take());
    assert_eq!(strikes, (json!(2), json!(0)));

    admin.post("/api/v1/plugins/partner/disable").await.ok();
    assert_eq!(failed(&admin, "double", json!(21)).await, "Unavailable: plugin partner does not serve");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_granted_and_bounded() {
    let server = Server::start_with(SHORT).await;
    let admin = server.admin().await;
    admin.install(partner("1.0.0", BRIEF)).await.ok();
    admin.install(errands("1.0.0", "jobs = true\nevents = true")).await.ok();
    assert_eq!(
        failed(&admin, "double", json!(21)).await,
        "Refused: plugin errands may not call plugin partner: it would need it among services in [capabilities] of its \
         plugin.toml; granted are: none"
    );
    let upgrade = "/api/v1/plugins/errands/upgrade";
    let told = admin.upload(upgrade, errands("1.0.1", ALL)).await.refused(409);
    assert!(told.contains("services errands, services partner"), "{told}");
    admin.upload(&format!("{upgrade}?accept_capabilities=true"), errands("1.0.1", ALL)).await.ok();
    assert_eq!(call(&admin, "double", json!(21)).await, 42);
    assert_eq!(
        refused(&admin, "partner", "call", &order("double", json!(21))).await,
        "Refused: plugin partner may not call plugin partner: it would need it among services in [capabilities] of its \
         plugin.toml; granted are: errands"
    );

    assert_eq!(call(&admin, "echo", json!("x".repeat(998))).await.as_str().expect("a text").len(), 998);
    assert_eq!(
        failed(&admin, "echo", json!("x".repeat(999))).await,
        "TooLarge: the input of the service has 1001 bytes, at most 1000 are accepted"
    );
    // Two that do not end take all of its places.
    let long = || {
        tokio::spawn({
            let admin = admin.clone();
            async move { failed(&admin, "long", json!(null)).await }
        })
    };
    let running = [long(), long()];
    eventually("both run", async || admin.plugin("partner").await["in_flight"] == 2).await;
    assert_eq!(failed(&admin, "double", json!(1)).await, "Busy: plugin partner already answers 2 calls, its limit");
    for call in running {
        assert_eq!(call.await.expect("an answer"), "Timeout: plugin partner did not answer within 1000 ms");
    }
    assert_eq!(call(&admin, "double", json!(1)).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_ends_with_whoever_called_and_survives_upgrades_of_who_is_called() {
    let server = Server::start_with(SHORT).await;
    let admin = server.admin().await;
    admin.install(errands("1.0.0", ALL)).await.ok();
    admin.install(partner("1.0.0", ALL)).await.ok();
    let (over, began) = (Arc::new(AtomicBool::new(false)), Instant::now());
    let calling = tokio::spawn({
        let (admin, over) = (admin.clone(), Arc::clone(&over));
        async move {
            let mut calls = 0_u64;
            while !over.load(Ordering::Relaxed) {
                assert_eq!(call(&admin, "double", json!(calls)).await, calls * 2);
                calls += 1;
            }
            calls
        }
    });
    for number in 1..10 {
        admin.upload("/api/v1/plugins/partner/upgrade", partner(&format!("1.0.{number}"), ALL)).await.ok();
    }
    for number in 1..10 {
        admin.upload("/api/v1/plugins/errands/upgrade", errands(&format!("1.0.{number}"), ALL)).await.ok();
    }
    over.store(true, Ordering::Relaxed);
    let calls = calling.await.expect("every call was answered");
    assert!(calls > 20, "{calls} in {:?}", began.elapsed());
    println!("{calls} calls from plugin to plugin during 18 upgrades, all of them answered");

    // The caller goes while the other one still works: nothing of either is left.
    let long = tokio::spawn({
        let admin = admin.clone();
        async move { tell(&admin, "errands", "call", &order("long", json!(null))).await.status }
    });
    eventually("it runs", async || admin.plugin("partner").await["in_flight"] == 1).await;
    admin.post("/api/v1/plugins/errands/disable").await.ok();
    assert_eq!(long.await.expect("an answer"), 503);
    eventually("the call is over", async || admin.plugin("partner").await["in_flight"] == 0).await;
    let images = async |plugin: &str| admin.plugin(plugin).await["images"].as_array().expect("images").len();
    eventually("it is unloaded", async || images("errands").await == 0).await;
    admin.post("/api/v1/plugins/partner/disable").await.ok();
    eventually("the other one too", async || images("partner").await == 0).await;
}
