//! What a plugin publishes reaches each plugin that handles it, also after failures, stops and crashes.

use crate::cluster::with_shared;
use crate::errands::{ALL, done, errands, partner, refused, tell, until_done};
use crate::server::{Role, Server, eventually, with_postgres_and};
use serde_json::{Value, json};

const SHORT: &[(&str, &str)] = &[("APP__PLUGINS__DRAIN_DEADLINE_MS", "200")];

async fn on_both(settings: &[(&str, &str)], test: impl AsyncFn(&mut Server)) {
    test(&mut Server::start_with(settings).await).await;
    with_postgres_and(settings, test).await;
}

async fn publish(role: &Role, data: Value) {
    tell(role, "errands", "publish", &json!({"name": "sent", "data": data})).await.ok();
}

async fn waiting(role: &Role, plugin: &str) -> Value {
    role.plugin(plugin).await["events_waiting"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_plugin_that_handles_an_event_gets_it_once_and_in_order() {
    on_both(SHORT, async |server| {
        let admin = server.admin().await;
        publish_to_nobody(&admin).await;
        admin.install(partner("1.0.0", ALL)).await.ok();
        for number in 0..5 {
            publish(&admin, json!({"text": format!("event {number}")})).await;
        }
        let all: Vec<String> = (0..5).map(|number| format!("event {number} 1 from errands")).collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        until_done(&admin, "partner", &all).await;
        // It handles them itself, too: after what it noted when nobody else was there.
        until_done(
            &admin,
            "errands",
            &[&["alone 1 from errands", "core.plugin_enabled {\"id\":\"partner\",\"version\":\"1.0.0\"}"], &*all]
                .concat(),
        )
        .await;
        eventually("all are gone", async || waiting(&admin, "partner").await == 0).await;
    })
    .await;
}

async fn publish_to_nobody(admin: &Role) {
    admin.install(errands("1.0.0", ALL)).await.ok();
    publish(admin, json!({"text": "alone"})).await;
    until_done(admin, "errands", &["alone 1 from errands"]).await;
    // One that nobody handles is no more than a word.
    tell(admin, "errands", "publish", &json!({"name": "unheard", "data": 1})).await.ok();
    assert_eq!(waiting(admin, "errands").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_in_a_transaction_happens_with_it_or_not() {
    on_both(SHORT, async |server| {
        let admin = server.admin().await;
        admin.install(errands("1.0.0", ALL)).await.ok();
        for (ends, text) in [("rollback", "undone"), ("commit", "done")] {
            let order = json!({"name": "sent", "data": {"text": text}, "ends": ends});
            tell(&admin, "errands", "publish", &order).await.ok();
        }
        until_done(&admin, "errands", &["published", "done 1 from errands"]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_fails_gets_the_event_again_while_others_go_on() {
    on_both(SHORT, async |server| {
        let admin = server.admin().await;
        admin.install(errands("1.0.0", ALL)).await.ok();
        let settings = json!({"word": "geheim-word"});
        let set = admin.request(reqwest::Method::PUT, "/api/v1/plugins/errands/settings").json(&settings);
        crate::server::Answer::of(set).await.ok();
        publish(&admin, json!({"text": "hard", "fails": 2})).await;
        publish(&admin, json!({"text": "easy"})).await;
        let expected = ["hard 1 from errands", "easy 1 from errands", "hard 2 from errands", "hard 3 from errands"];
        until_done(&admin, "errands", &expected).await;
        let log = server.log();
        assert!(log.contains("failed in attempt 2 and comes again in 2 s: there is no ***"), "{log}");
        assert!(!log.contains("geheim-word"), "{log}");
        // A panic is a failure, and counts against the plugin.
        publish(&admin, json!({"text": "falls", "panics": true})).await;
        eventually("it is tried twice", async || {
            done(&admin, "errands").await.iter().filter(|done| done.starts_with("falls")).count() == 2
        })
        .await;
        assert_eq!(admin.plugin("errands").await["strikes"], 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_outlives_a_crash_and_a_change_of_versions() {
    on_both(SHORT, async |server| {
        let admin = server.admin().await;
        admin.install(errands("1.0.0", ALL)).await.ok();
        publish(&admin, json!({"text": "hard", "fails": 1})).await;
        until_done(&admin, "errands", &["hard 1 from errands"]).await;
        server.kill();
        server.start_again().await;
        let admin = server.admin().await;
        until_done(&admin, "errands", &["hard 1 from errands", "hard 2 from errands"]).await;

        // A handler that does not end is cut off by the upgrade; the next version gets the event.
        publish(&admin, json!({"text": "long", "is_long": true})).await;
        let is_long = |done: &String| done == "long 1 from errands";
        let times = async || done(&admin, "errands").await.iter().filter(|done| is_long(done)).count();
        eventually("it is being handled", async || times().await == 1).await;
        admin.upload("/api/v1/plugins/errands/upgrade", errands("1.0.1", ALL)).await.ok();
        eventually("it is handled again", async || times().await == 2).await;
        // Switched off, the plugin finds what has waited when it comes back.
        admin.post("/api/v1/plugins/errands/disable").await.ok();
        assert_eq!(waiting(&admin, "errands").await, 1);
        admin.post("/api/v1/plugins/errands/enable").await.ok();
        eventually("it is handled once more", async || times().await == 3).await;
        // What the version in place does not handle does not wait for ever.
        let pool = server.pool().await;
        let stray = "INSERT INTO plugin_event (plugin_id, source, name, data, created_time, attempts, due_time) \
                     VALUES ('errands', 'errands', 'unhandled', '1', 0, 0, 9000000000000000)";
        pool.database().query(stray).execute().await.expect("a row");
        pool.close().await;
        assert_eq!(waiting(&admin, "errands").await, 2);
        // With the plugin its events go, as the plan says.
        admin.post("/api/v1/plugins/errands/disable").await.ok();
        let order = json!({"id": "errands", "action": "uninstall"});
        let plan = admin.post_json("/api/v1/plugins/plans", &order).await.ok();
        assert_eq!(plan["data"]["warnings"], json!(["events that wait for the plugin are dropped: 1"]), "{plan}");
        admin.delete("/api/v1/plugins/errands?data=keep").await.ok();
        let pool = server.pool().await;
        let left = pool.database().query("SELECT COUNT(*) FROM plugin_event").fetch_scalar::<i64>().await;
        assert_eq!(left.expect("a number"), 0);
        pool.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_asked_for_and_bounded() {
    let settings = [
        SHORT,
        &[
            ("APP__PLUGINS__EVENT_BYTES_MAX", "100"),
            ("APP__PLUGINS__EVENTS_WAITING_MAX", "2"),
            ("APP__PLUGINS__EVENT_DEADLINE_MS", "300"),
        ],
    ]
    .concat();
    on_both(&settings, async |server| {
        let admin = server.admin().await;
        let told = admin.install(errands("1.0.0", "jobs = true")).await.refused(400);
        assert_eq!(
            told,
            "plugin errands 1.0.0 contributes handlers of events, and its plugin.toml does not ask for them: write \
             events = true in [capabilities]"
        );
        let plan = admin.upload("/api/v1/plugins/plans", errands("1.0.0", ALL)).await.ok();
        assert_eq!(
            plan["data"]["events"]["added"],
            json!(["core.plugin_enabled", "core.user_deleted", "errands.sent"]),
            "{plan}"
        );
        admin.install(errands("1.0.0", ALL)).await.ok();
        for (order, expected) in [
            (
                json!({"name": "Sent", "data": 1}),
                "Invalid: \"Sent\" is no name of an event: small letters, digits and _, 64 at most, and a letter first",
            ),
            (
                json!({"name": "sent", "data": "x".repeat(99)}),
                "TooLarge: the data of event sent has 101 bytes, at most 100 are accepted",
            ),
        ] {
            assert_eq!(refused(&admin, "errands", "publish", &order).await, expected);
        }
        // One is being handled, one more waits; the next ones are lost, and whoever publishes goes on.
        for number in 0..4 {
            publish(&admin, json!({"text": format!("long {number}"), "is_long": true})).await;
        }
        eventually("it is told", async || {
            server.log().contains("event errands.sent is lost to plugin errands: 2 wait for it already")
        })
        .await;
        eventually("a handler is cut off at its deadline", async || {
            server.log().contains("it was not handled within 300 ms")
        })
        .await;
        assert_eq!(waiting(&admin, "errands").await, 2);
        assert!(admin.plugin("errands").await["strikes"].as_u64().expect("a number") >= 1);

        let pool = server.pool().await;
        let revoked =
            pool.database().query("DELETE FROM plugin_capability WHERE capability = 'events'").execute().await;
        assert_eq!(revoked.expect("a row"), 1);
        pool.close().await;
        admin.post("/api/v1/plugins/errands/disable").await.ok();
        let before = done(&partnered(&admin).await, "partner").await;
        admin.post("/api/v1/plugins/errands/enable").await.ok();
        assert_eq!(
            refused(&admin, "errands", "publish", &json!({"name": "sent", "data": 1})).await,
            "Refused: plugin errands may not publish events: it would need events = true in [capabilities] of its \
             plugin.toml"
        );
        assert_eq!(waiting(&admin, "errands").await, 2, "it is given none any more");
        eventually("the other one is told", async || done(&admin, "partner").await.len() > before.len()).await;
    })
    .await;
}

async fn partnered(admin: &Role) -> Role {
    admin.install(partner("1.0.0", ALL)).await.ok();
    admin.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn plugins_are_told_what_happens_in_the_server() {
    on_both(SHORT, async |server| {
        let admin = server.admin().await;
        admin.install(errands("1.0.0", ALL)).await.ok();
        admin.install(partner("1.0.0", ALL)).await.ok();
        let enabled = "core.plugin_enabled {\"id\":\"partner\",\"version\":\"1.0.0\"}";
        until_done(&admin, "errands", &[enabled]).await;
        // Nothing has happened when a server starts.
        server.terminate().await;
        server.start_again().await;
        let admin = server.admin().await;
        server.member(&[]).await;
        admin.delete("/api/v1/sys/users/70").await.ok();
        until_done(&admin, "errands", &[enabled, "core.user_deleted {\"id\":70}"]).await;
        until_done(&admin, "partner", &["core.user_deleted {\"id\":70}"]).await;
        admin.delete("/api/v1/sys/users/70").await.refused(404);
        admin.post("/api/v1/plugins/partner/disable").await.ok();
        admin.post("/api/v1/plugins/partner/enable").await.ok();
        until_done(&admin, "errands", &[enabled, "core.user_deleted {\"id\":70}", enabled]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_processes_one_delivers_an_event() {
    with_shared(async |shared| {
        let (one, mut two) = (shared.node().await, shared.node().await);
        let here = one.admin().await;
        let there = two.known(&here);
        here.install(errands("1.0.0", ALL)).await.ok();
        here.install(partner("1.0.0", ALL)).await.ok();
        for number in 0..50 {
            let from = if number % 2 == 0 { &here } else { &there };
            publish(from, json!({"text": format!("event {number}")})).await;
        }
        let texts = async || {
            let mut texts = done(&here, "partner").await;
            texts.sort();
            texts
        };
        let mut all: Vec<String> = (0..50).map(|number| format!("event {number} 1 from errands")).collect();
        all.sort();
        eventually("all have arrived", async || texts().await.len() >= 50).await;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        assert_eq!(texts().await, all);
        // What the one leaves when it dies, the other delivers.
        publish(&there, json!({"text": "left", "fails": 1})).await;
        eventually("it is tried", async || texts().await.iter().any(|text| text == "left 1 from errands")).await;
        two.kill();
        eventually("it has arrived", async || texts().await.iter().any(|text| text == "left 2 from errands")).await;
    })
    .await;
}
