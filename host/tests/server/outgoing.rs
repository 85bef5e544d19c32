//! What plugins send to other servers goes where it is granted, within bounds, and ends with the plugin.

use crate::bundle::Parts;
use crate::other::Other;
use crate::server::{Answer, Role, Server, eventually};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SHORT: &[(&str, &str)] = &[
    ("APP__PLUGINS__DRAIN_DEADLINE_MS", "100"),
    ("APP__PLUGINS__HTTP_REQUEST_BYTES_MAX", "1000"),
    ("APP__PLUGINS__HTTP_ANSWER_BYTES_MAX", "10000"),
    ("APP__PLUGINS__HTTP_DEADLINE_MS", "60000"),
    ("APP__PLUGINS__HTTP_AT_ONCE_MAX", "2"),
    ("APP__LOG__LEVEL", "info,backplane=debug"),
];

/// The fixture with these lines in `[capabilities]`.
pub(crate) fn outgoing(version: &str, lines: &str) -> Vec<u8> {
    let mut parts = Parts::of("outgoing").replaced("1.0.0", version);
    let manifest = parts.manifest();
    parts.with_manifest(&format!("{manifest}\n[capabilities]\n{lines}\n")).zip()
}

async fn send(role: &Role, order: &Value) -> Answer {
    role.post_json("/api/v1/outgoing/send", order).await
}

async fn refused(role: &Role, order: &Value) -> String {
    let answer = send(role, order).await;
    assert_eq!(answer.status, 409, "{order}: {}", answer.text);
    answer.text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_speaks_to_the_hosts_that_it_is_granted() {
    let (server, other) = (Server::start_with(SHORT).await, Other::start().await);
    let admin = server.admin().await;
    admin.install(outgoing("1.0.0", "http = [\"localhost\", \"*.example.org\"]")).await.ok();
    let order = json!({
        "method": "POST",
        "url": other.url("name:pass@localhost", "/here?query-secret"),
        "headers": [["x-b", "2"], ["x-b", "3"]],
        "body": "said",
    });
    let answer = send(&admin, &order).await.ok();
    assert_eq!(answer["status"], 200);
    assert!(answer["headers"].as_array().expect("headers").contains(&json!(["x-a", "1"])), "{answer}");
    let heard = answer["body"].as_str().expect("text");
    assert!(heard.starts_with("POST /here?query-secret HTTP/1.1\r\n") && heard.ends_with("\r\n\r\nsaid"), "{heard}");
    for line in ["x-b: 2", "x-b: 3", "user-agent: backplane/", "authorization: Basic ", "content-length: 4"] {
        assert!(heard.contains(line), "{line}: {heard}");
    }
    assert_eq!(send(&admin, &json!({"url": other.url("localhost", "/status/404")})).await.ok()["status"], 404);

    other.asked();
    for host in ["127.0.0.1", "[::1]", "example.org", "evil.example"] {
        let told = refused(&admin, &json!({"url": other.url(host, "/")})).await;
        let words =
            format!("Refused: plugin outgoing may not send requests to {host}: granted are localhost, *.example.org");
        assert_eq!(told, words);
    }
    assert_eq!(other.asked(), [""; 0]);
    let log = server.log();
    assert!(log.contains("plugin outgoing asked POST http://localhost:") && log.contains("/here"), "{log}");
    assert!(!log.contains("query-secret") && !log.contains("name:pass"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_capability_nothing_is_sent() {
    let (server, other) = (Server::start().await, Other::start().await);
    let admin = server.admin().await;
    let order = json!({"url": other.url("localhost", "/")});
    admin.install(outgoing("1.0.0", "")).await.ok();
    let told = refused(&admin, &order).await;
    assert!(
        told.starts_with("Refused: plugin outgoing may not send requests to localhost: no host is granted"),
        "{told}"
    );

    // Asked for by a new version, it is granted by somebody; then it counts at once.
    let next = || outgoing("1.0.1", "http = [\"localhost\"]");
    admin.upload("/api/v1/plugins/outgoing/upgrade", next()).await.refused(409);
    admin.upload("/api/v1/plugins/outgoing/upgrade?accept_capabilities=true", next()).await.ok();
    send(&admin, &order).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_redirect_is_looked_at() {
    let (server, other, foreign) = (Server::start_with(SHORT).await, Other::start().await, Other::start().await);
    let admin = server.admin().await;
    admin.install(outgoing("1.0.0", "http = [\"localhost\"]")).await.ok();
    let to = |status: u16, url: &str| other.url("localhost", &format!("/to/{status}/{url}"));

    let told = refused(&admin, &json!({"url": to(302, &other.url("127.0.0.1", "/"))})).await;
    assert!(told.contains("may not send requests to 127.0.0.1: granted are localhost"), "{told}");
    let told = refused(&admin, &json!({"url": to(302, "file:///etc/passwd")})).await;
    assert!(told.contains("http: or https: is accepted"), "{told}");
    let told = refused(&admin, &json!({"url": other.url("localhost", "/to/302/")})).await;
    assert!(told.contains("more than 5 redirects") || told.contains("no URL"), "{told}");

    other.asked();
    let target = foreign.url("localhost", "/there");
    for (status, method, expected, body) in [
        (301, "POST", "GET", ""),
        (302, "POST", "GET", ""),
        (303, "PUT", "GET", ""),
        (307, "POST", "POST", "said"),
        (308, "PUT", "PUT", "said"),
        (302, "GET", "GET", "said"),
    ] {
        let headers = json!([["authorization", "secret"], ["cookie", "secret"], ["x-b", "2"]]);
        let order = json!({"method": method, "url": to(status, &target), "headers": headers, "body": "said"});
        let answer = send(&admin, &order).await.ok();
        assert_eq!(answer["url"], target);
        let first = other.asked().pop().expect("a request");
        assert!(first.contains("authorization: secret"), "{first}");
        let heard = foreign.asked().pop().expect("a request");
        assert!(heard.starts_with(&format!("{expected} /there ")), "{status} {method}: {heard}");
        assert!(heard.ends_with(&format!("\r\n\r\n{body}")), "{status} {method}: {heard}");
        // Another port is another server: what was meant for the first is not told to it.
        assert!(!heard.contains("secret") && heard.contains("x-b: 2"), "{status} {method}: {heard}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_or_takes_too_long_is_broken_off() {
    let (server, other) = (Server::start_with(SHORT).await, Other::start().await);
    let admin = server.admin().await;
    admin.install(outgoing("1.0.0", "http = [\"localhost\"]")).await.ok();
    let at = |path: &str| other.url("localhost", path);
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address");

    assert_eq!(send(&admin, &json!({"url": at("/bytes/10000")})).await.ok()["length"], 10_000);
    for (order, words) in [
        (json!({"url": at("/bytes/10001")}), "TooLarge: the answer of http://localhost:"),
        (json!({"url": at("/endless")}), "TooLarge: the answer of http://localhost:"),
        (json!({"url": at("/"), "body": "x".repeat(1_001)}), "TooLarge: the body of the request has 1001 bytes"),
        (json!({"url": at("/never"), "timeout_ms": 50}), "Timeout: the request took longer than 50 ms"),
        (json!({"url": at("/broken")}), "Unreachable: http://localhost:"),
        (json!({"url": format!("http://localhost:{}/?secret", closed.port())}), "Unreachable: http://localhost:"),
        (json!({"url": "localhost"}), "Invalid: the URL can't be read"),
        (json!({"url": at("/"), "headers": [["host", "x"]]}), "Invalid: the header host is set by the host alone"),
        (json!({"url": at("/"), "method": "a b"}), "Invalid: there is no method"),
    ] {
        let told = refused(&admin, &order).await;
        assert!(told.starts_with(words) && !told.contains("secret"), "{order}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_run_at_a_time_than_may() {
    let (server, other) = (Server::start_with(SHORT).await, Other::start().await);
    let admin = server.admin().await;
    admin.install(outgoing("1.0.0", "http = [\"localhost\"]")).await.ok();
    let held = ["a", "b"].map(|_| {
        let (admin, order) = (admin.clone(), json!({"url": other.url("localhost", "/never")}));
        tokio::spawn(async move { send(&admin, &order).await.status })
    });
    let mut asked = Vec::new();
    eventually("both have been asked", async || {
        asked.extend(other.asked());
        asked.len() == 2
    })
    .await;
    let waiting = json!({"url": other.url("localhost", "/"), "timeout_ms": 100});
    assert!(refused(&admin, &waiting).await.starts_with("Timeout: "));
    assert_eq!(other.asked(), [""; 0]);

    // Stopped in the middle, the calls are cut, and the library goes although their minute is not over.
    let began = Instant::now();
    admin.post("/api/v1/plugins/outgoing/disable").await.ok();
    for call in held {
        assert!(call.await.expect("an answer") >= 500);
    }
    eventually("the library is gone", async || images(&server) == 0).await;
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    admin.post("/api/v1/plugins/outgoing/enable").await.ok();
    send(&admin, &json!({"url": other.url("localhost", "/")})).await.ok();
}

/// Mapped parts of plugins' libraries.
fn images(server: &Server) -> usize {
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", server.pid())).expect("maps");
    maps.lines().filter(|line| line.contains("/images/")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_rounds_with_requests_on_their_way_leave_nothing_behind() {
    const ROUNDS: usize = 200;
    let settings =
        [SHORT, &[("APP__PLUGINS__DRAIN_DEADLINE_MS", "20"), ("APP__PLUGINS__HTTP_AT_ONCE_MAX", "16")]].concat();
    let (server, other) = (Server::start_with(&settings).await, Other::start().await);
    let admin = server.admin().await;
    admin.install(outgoing("1.0.0", "http = [\"localhost\"]")).await.ok();
    for round in 0..ROUNDS {
        let calls: Vec<_> = ["/never", "/", "/endless", "/bytes/9000", "/never"]
            .map(|path| {
                let (admin, order) = (admin.clone(), json!({"url": other.url("localhost", path)}));
                tokio::spawn(async move { send(&admin, &order).await.status })
            })
            .into();
        eventually("a request is on its way", async || !other.asked().is_empty()).await;
        admin.post("/api/v1/plugins/outgoing/disable").await.ok();
        for call in calls {
            let status = call.await.expect("an answer");
            assert!([200, 404, 409, 500, 503].contains(&status), "round {round}: {status}");
        }
        admin.post("/api/v1/plugins/outgoing/enable").await.ok();
    }
    send(&admin, &json!({"url": other.url("localhost", "/")})).await.ok();
    admin.post("/api/v1/plugins/outgoing/disable").await.ok();
    eventually("every library is gone", async || images(&server) == 0).await;
}
