//! What a plugin says, and what is said about it: kept, live, without secrets.

use crate::bundle;
use crate::server::{Role, Server, eventually};
use futures_util::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const LOGS: &str = "/api/v1/plugins/talkative/logs";
const EVENTS: &str = "/api/v1/plugins/talkative/logs/events";
/// A secret that is written in another way wherever words are quoted.
const SECRET: &str = "geheim\"pfoertner\\klingel";
const KEY: &str = "APP__PLUGINS__TALKATIVE__KEY";
const TROUBLE: &str = "APP__PLUGINS__TALKATIVE__TROUBLE";

async fn with_talkative(server: &Server) -> Role {
    let admin = server.admin().await;
    admin.install(bundle::of("talkative")).await.ok();
    admin
}

async fn lines(role: &Role, query: &str) -> Vec<Value> {
    role.get(&format!("{LOGS}{query}")).await.ok()["data"].as_array().expect("lines").clone()
}

fn words(lines: &[Value]) -> Vec<&str> {
    lines.iter().filter(|line| line["target"] == "talkative").map(|line| text(&line["message"])).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

async fn say(role: &Role, level: &str, text: &str) {
    assert_eq!(role.get(&format!("/api/v1/talkative/say/{level}/{text}")).await.text, "said");
}

/// Events of a stream, as far as they have come when `enough` holds of them.
async fn followed(role: &Role, last: Option<u64>, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let mut request = role.request(Method::GET, EVENTS);
    if let Some(last) = last {
        request = request.header("last-event-id", last.to_string());
    }
    let response = request.send().await.expect("an answer");
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let (mut stream, mut rest, mut events) = (response.bytes_stream(), String::new(), Vec::new());
    while !enough(&events) {
        let piece = tokio::time::timeout(crate::server::DEADLINE, stream.next()).await.expect("in time");
        rest.push_str(&String::from_utf8_lossy(&piece.expect("it goes on").expect("a piece")));
        while let Some((block, after)) = rest.split_once("\n\n") {
            let data: Vec<&str> = block.lines().filter_map(|line| line.strip_prefix("data:")).collect();
            if !data.is_empty() {
                let event: Value = serde_json::from_str(data.concat().trim()).expect("JSON");
                let id = block.lines().find_map(|line| line.strip_prefix("id:")).expect("an id");
                assert_eq!(id.trim(), event["id"].to_string());
                events.push(event);
            }
            rest = after.to_owned();
        }
    }
    events
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plugin_says_is_kept_with_its_level_and_the_request_it_was_said_in() {
    let server = Server::start().await;
    let admin = with_talkative(&server).await;
    for (level, text) in [("debug", "one"), ("info", "two"), ("warn", "three"), ("error", "four")] {
        say(&admin, level, text).await;
    }
    let all = lines(&admin, "").await;
    assert_eq!(words(&all), ["one", "two", "three", "four"]);
    let last = all.last().expect("lines");
    let keys: Vec<&String> = last.as_object().expect("an object").keys().collect();
    assert_eq!(
        keys,
        ["id", "time", "unix_ms", "level", "version", "target", "message", "fields", "trace_id"],
        "{last}"
    );
    assert_eq!((&last["level"], &last["version"], &last["fields"]), (&json!("error"), &json!("1.0.0"), &Value::Null));
    assert_eq!(words(&lines(&admin, "?level=warn").await), ["three", "four"]);
    assert_eq!(words(&lines(&admin, "?limit=1").await), ["four"]);
    assert!(words(&lines(&admin, "?level=error&limit=10").await).eq(&["four"]));

    let id = "aaaaaaaaaaaa4aaa8aaaaaaaaaaaaaaa";
    let request = admin.request(Method::GET, "/api/v1/talkative/say/info/five").header("x-request-id", id);
    crate::server::Answer::of(request).await;
    assert_eq!(lines(&admin, "?limit=1").await[0]["trace_id"], id);
    assert!(server.log().contains(&format!("request_id=\"{id}\"")) || server.log().contains(id), "{}", server.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_host_does_with_a_plugin_stands_between_its_own_lines() {
    let server = Server::start_with(&[("APP__PLUGINS__QUARANTINE_STRIKES", "2")]).await;
    let admin = with_talkative(&server).await;
    let said = async |admin: &Role, part: &str| {
        let lines = lines(admin, "").await;
        lines.into_iter().find(|line| line["target"] == "host" && text(&line["message"]).contains(part))
    };
    assert_eq!(said(&admin, "Enabled").await.expect("a line")["level"], "info");
    for _ in 0..2 {
        admin.get("/api/v1/talkative/panic").await.refused(500);
    }
    let panicked = said(&admin, "panicked: talkative panics with").await.expect("a line");
    assert_eq!(panicked["level"], "error");
    assert_eq!(text(&panicked["trace_id"]).len(), 32);
    let failed = said(&admin, "GET /api/v1/talkative/panic: the handler panicked").await.expect("a line");
    assert_eq!(failed["level"], "error");
    eventually("it says that it was taken out", async || said(&admin, "quarantined: 2 panics").await.is_some()).await;

    admin.install(bundle::of("shaky")).await.ok();
    admin.get("/api/v1/shaky/hang?secret=of-the-caller").await.refused(504);
    let shaky = admin.get("/api/v1/plugins/shaky/logs?level=warn").await.ok()["data"].take();
    assert_eq!(shaky[0]["message"], "GET /api/v1/shaky/hang: no answer within 200 ms", "{shaky}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_followed_live_from_where_a_watcher_left_off() {
    let server = Server::start().await;
    let admin = with_talkative(&server).await;
    say(&admin, "info", "before").await;
    let (watcher, speaker) = (admin.clone(), admin.clone());
    let began = Instant::now();
    let watching =
        tokio::spawn(async move { followed(&watcher, None, |events| words(events).contains(&"live")).await });
    // The kept lines come first, whenever the watcher is there.
    tokio::time::sleep(Duration::from_millis(300)).await;
    say(&speaker, "info", "live").await;
    let events = watching.await.expect("it goes on");
    assert_eq!(words(&events), ["before", "live"]);
    assert!(events.iter().all(|event| event["missed"] == 0));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());

    say(&admin, "info", "later").await;
    let last = events.last().expect("events")["id"].as_u64();
    let missed = followed(&admin, last, |events| !words(events).is_empty()).await;
    assert_eq!(words(&missed), ["later"]);
    let foreign = followed(&admin, Some(7), |events| words(events).contains(&"later")).await;
    assert_eq!(words(&foreign), ["before", "live", "later"], "a number from nowhere is as none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_never_stops_talking_is_bounded_and_holds_up_nobody() {
    let limits = [("APP__PLUGINS__LOG_LINES", "50"), ("APP__PLUGINS__LOG_LINE_BYTES", "40")];
    let server = Server::start_with(&limits).await;
    let admin = with_talkative(&server).await;
    admin.install(bundle::of("hello")).await.ok();
    let first = lines(&admin, "?limit=1").await[0]["id"].as_u64();
    assert_eq!(admin.get("/api/v1/talkative/flood/100000").await.text, "it comes");
    let mut slowest = Duration::ZERO;
    for _ in 0..50 {
        let began = Instant::now();
        assert_eq!(admin.get("/api/v1/hello").await.text, "Hello, world!");
        slowest = slowest.max(began.elapsed());
    }
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    let is_over = async || words(&lines(&admin, "").await).last() == Some(&"line 99999 of a flood");
    eventually("the flood is over", is_over).await;
    let kept = lines(&admin, "?limit=10000").await;
    assert_eq!(kept.len(), 50);
    let events = followed(&admin, first, |events| events.len() == 50).await;
    assert!(events[0]["missed"].as_u64() > Some(99_000), "{}", events[0]);
    assert!(events[1..].iter().all(|event| event["missed"] == 0));

    let long = "x".repeat(200);
    say(&admin, "info", &long).await;
    let line = lines(&admin, "?limit=1").await[0].take();
    assert_eq!(text(&line["message"]), format!("{}…", "x".repeat(37)));
    let written = server.log().matches(" of a flood").count();
    assert!((1..50_000).contains(&written), "the server's log has {written} of them");
    assert!(server.log().contains("lines of plugin talkative were left out here"), "it says so");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uninstalled_plugin_leaves_no_line_and_ends_those_who_watch() {
    let server = Server::start().await;
    let admin = with_talkative(&server).await;
    say(&admin, "info", "hello").await;
    let response = admin.request(Method::GET, EVENTS).send().await.expect("an answer");
    admin.delete("/api/v1/plugins/talkative").await.ok();
    let end = tokio::time::timeout(Duration::from_secs(20), response.bytes()).await;
    end.expect("the stream ends").expect("in order");
    admin.get(LOGS).await.refused(404);
    admin.get(EVENTS).await.refused(404);
    admin.install(bundle::of("talkative")).await.ok();
    assert_eq!(words(&lines(&admin, "").await), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_for_super_users_and_their_questions_are_checked() {
    let server = Server::start().await;
    let admin = with_talkative(&server).await;
    let member = server.member(&[]).await;
    for path in [LOGS, EVENTS] {
        server.anonymous().get(path).await.refused(401);
        member.get(path).await.refused(403);
    }
    for query in ["?level=loud", "?limit=0", "?limit=10001", "?limit=x"] {
        assert_eq!(admin.get(&format!("{LOGS}{query}")).await.status, 422, "{query}");
    }
    admin.get("/api/v1/plugins/nobody/logs").await.refused(404);
}

/// Everything that tells of a plugin, in one text.
async fn told(server: &Server, admin: &Role) -> String {
    let mut told = server.log();
    for path in [
        LOGS,
        "/api/v1/plugins",
        "/api/v1/plugins/talkative",
        "/api/v1/plugins/operations",
        "/api/v1/plugins/operations/export",
        "/api/v1/logs/opera",
    ] {
        told.push_str(&admin.get(path).await.text);
    }
    told
}

#[track_caller]
fn assert_no_secret(told: &str) {
    for part in ["pfoertner", "klingel"] {
        let place = told.find(part).map(|at| &told[told.floor_char_boundary(at.saturating_sub(200))..at + part.len()]);
        assert_eq!(place, None, "a secret is told");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_stands_in_what_a_plugin_says_or_in_the_words_of_a_panic() {
    let server = Server::start_with(&[(KEY, SECRET), ("APP__LOG__LEVEL", "debug")]).await;
    let admin = with_talkative(&server).await;
    assert_eq!(admin.get("/api/v1/talkative/tell").await.text, "told");
    assert_eq!(admin.get("/api/v1/talkative/panic").await.status, 500);
    let broken = match admin.request(Method::GET, "/api/v1/talkative/break").send().await {
        Ok(answer) => answer.bytes().await.is_err(),
        // The end came before the head was sent.
        Err(_) => true,
    };
    assert!(broken, "the body breaks off");
    eventually("that is told", async || admin.get(LOGS).await.text.contains("broke off")).await;
    let said = lines(&admin, "").await;
    let line = said.iter().find(|line| line["level"] == "warn").expect("a line");
    assert_eq!(line["message"], "the key is ***, or \"***\"");
    assert_eq!(line["fields"], r#"{"key":"***","note":"is \"***\""}"#);
    assert!(said.iter().any(|line| text(&line["message"]).contains("talkative panics with *** at ")), "{said:?}");
    assert!(said.iter().any(|line| text(&line["message"]).ends_with("broke off: no more of ***")), "{said:?}");
    assert_no_secret(&told(&server, &admin).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_changed_is_hidden_at_once_and_the_former_one_goes_on_to_be() {
    let server = Server::start().await;
    let admin = with_talkative(&server).await;
    for key in ["first-pfoertner", "second-klingel"] {
        let body = json!({ "key": key });
        let request = admin.request(Method::PUT, "/api/v1/plugins/talkative/settings").json(&body);
        crate::server::Answer::of(request).await.ok();
        assert_eq!(admin.get("/api/v1/talkative/tell").await.text, "told");
        say(&admin, "info", &format!("{key}-or-first-pfoertner")).await;
    }
    assert_eq!(words(&lines(&admin, "?level=info").await)[1], "***-or-***");
    let named = server.log();
    let named: String = named.lines().filter(|line| line.contains("plugin.id")).collect();
    assert_no_secret(&named);
    assert_no_secret(&admin.get(LOGS).await.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_stands_in_the_reason_of_a_start_that_fails() {
    for (trouble, words) in [
        ("start", "it does not start with ***"),
        ("panic", "talkative panics in start with ***"),
        ("ready", "not ready for ***"),
    ] {
        let mut server = Server::start_with(&[(KEY, SECRET)]).await;
        with_talkative(&server).await;
        server.terminate().await;
        server.set(TROUBLE, trouble);
        server.start_again().await;
        let admin = server.admin().await;
        let plugin = admin.plugin("talkative").await;
        assert_eq!(plugin["state"], "failed");
        assert!(text(&plugin["reason"]).contains(words), "{plugin}");
        let watcher = crate::watcher::Watcher::begin(&admin).await;
        let refused = admin.post("/api/v1/plugins/talkative/enable").await;
        assert!(refused.status >= 400, "{}", refused.text);
        let event = watcher.told("talkative", "failed").await;
        assert_no_secret(&[told(&server, &admin).await, refused.text, event.to_string()].concat());
    }
}
