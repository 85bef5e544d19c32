//! Who may call what, and how much: by route, method and plugin.

use crate::bundle;
use crate::server::{Answer, Server};
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_route_is_for_those_it_names() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for name in ["hello", "notice"] {
        admin.install(bundle::of(name)).await.ok();
    }
    let member = server.member(&["sys:notice:add"]).await;
    let anonymous = server.anonymous();
    let notice = json!({"title": "t", "type": 0, "status": 1, "content": "c"});

    // public
    for role in [&anonymous, &member, &admin] {
        assert_eq!(role.get("/api/v1/hello").await.text, "Hello, world!");
    }
    // authenticated
    anonymous.get("/api/v1/sys/notices").await.refused(401);
    member.get("/api/v1/sys/notices").await.ok();
    // permission: one that the member has, one that it has not
    anonymous.post_json("/api/v1/sys/notices", &notice).await.refused(401);
    member.post_json("/api/v1/sys/notices", &notice).await.ok();
    Answer::of(member.request(Method::PUT, "/api/v1/sys/notices/1").json(&notice)).await.refused(403);
    Answer::of(admin.request(Method::PUT, "/api/v1/sys/notices/1").json(&notice)).await.ok();
    // a token that is none
    let bad = anonymous.request(Method::GET, "/api/v1/hello").bearer_auth("x.y.z");
    assert_eq!(Answer::of(bad).await.status, 401);
    // that something has changed may know who is logged in
    anonymous.get("/api/v1/plugins/changes/events").await.refused(401);
    // changing plugins is for super-users
    for role in [&anonymous, &member] {
        let status = if role.get("/api/v1/sys/users/me").await.status == 200 { 403 } else { 401 };
        role.get("/api/v1/plugins").await.refused(status);
        role.get("/api/v1/plugins/hello").await.refused(status);
        role.get("/api/v1/plugins/events").await.refused(status);
        role.post("/api/v1/plugins/hello/disable").await.refused(status);
        role.delete("/api/v1/plugins/hello").await.refused(status);
        role.get("/api/v1/sys/plugins").await.refused(status);
        role.put("/api/v1/sys/plugins/hello/status").await.refused(status);
        role.upload("/api/v1/sys/plugins?type=zip", bundle::of("neighbour")).await.refused(status);
    }
    assert_eq!(member.get("/api/v1/hello").await.text, "Hello, world!");
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_and_parameters_are_matched_as_http_says() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("steady_one")).await.ok();
    let item = admin.get("/api/v1/steady/items/a%20b%2Fc").await.ok();
    // A handler without a framework gets them as they were sent.
    assert_eq!(item["id"], "a%20b%2Fc");
    let head = Answer::of(admin.request(Method::HEAD, "/api/v1/steady")).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.headers["content-length"], "19");
    let options = Answer::of(admin.request(Method::OPTIONS, "/api/v1/steady")).await;
    assert_eq!((options.status, options.headers["allow"].to_str().expect("text")), (204, "GET, HEAD, OPTIONS"));
    let wrong = admin.delete("/api/v1/steady").await;
    wrong.refused(405);
    assert_eq!(wrong.headers["allow"], "GET, HEAD, OPTIONS");
    admin.get("/api/v1/steady/items/").await.refused(404);
    admin.get("/api/v1/steady/items/a/b").await.refused(404);
    admin.get("/api/v1/steady/").await.refused(404);
    let echo = Answer::of(admin.request(Method::POST, "/api/v1/steady/echo").body(vec![b'x'; 1 << 20])).await;
    assert_eq!((echo.status, echo.text.len()), (200, 1 << 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_plugins_limit_is_a_413() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("steady_one")).await.ok();
    let large = vec![b'x'; (10 << 20) + 1];
    let answer = Answer::of(admin.request(Method::POST, "/api/v1/steady/echo").body(large)).await;
    let message = answer.refused(413);
    assert!(message.contains("10485760 bytes"), "{message}");
    assert_eq!(admin.plugin("steady").await["state"], "enabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_takes_too_long_is_a_504_and_a_strike() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("hang_in_handler")).await.ok();
    let message = admin.get("/api/v1/hang_in_handler").await.refused(504);
    assert!(message.contains("plugin hang_in_handler did not answer within"), "{message}");
    let plugin = admin.plugin("hang_in_handler").await;
    assert_eq!((&plugin["timeouts"], &plugin["strikes"], &plugin["in_flight"]), (&json!(1), &json!(1), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_calls_than_a_plugin_takes_are_a_503_with_a_time_to_come_back() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let mut parts = bundle::Parts::of("endless_body");
    let manifest = format!("{}\n[limits]\nconcurrency_max = 2\n", parts.manifest());
    admin.install(parts.with_manifest(&manifest).zip()).await.ok();
    let path = "/api/v1/endless_body";
    let running = [
        admin.request(Method::GET, path).send().await.expect("an answer"),
        admin.request(Method::GET, path).send().await.expect("an answer"),
    ];
    let refused = admin.get(path).await;
    let message = refused.refused(503);
    assert!(message.contains("plugin endless_body already answers 2 requests, its limit"), "{message}");
    assert_eq!(refused.headers["retry-after"], "1");
    drop(running);
    crate::server::eventually("a place is free again", async || {
        let answer = admin.request(Method::GET, path).send().await.expect("an answer");
        answer.status() == 200
    })
    .await;
    assert!(admin.plugin("endless_body").await["rejected"].as_u64().expect("a number") >= 1);
}
