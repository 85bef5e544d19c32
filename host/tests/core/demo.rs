//! What holds for every answer: a demonstration refuses changes, browsers are told how to behave.

use crate::server::{Answer, PASSWORD, Server, eventually};
use reqwest::Method;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_demonstration_is_looked_at_and_not_changed() {
    let server = Server::start_with(&[("APP__SERVER__DEMO", "true")]).await;
    let admin = server.admin().await;
    admin.get("/api/v1/sys/users/me").await.ok();
    let message = admin.delete("/api/v1/logs/opera/all").await.refused(403);
    assert_eq!(message, "this is not allowed in a demonstration");
    for (method, path) in
        [(Method::PUT, "/api/v1/sys/plugins/x/status"), (Method::POST, "/api/v1/anything"), (Method::PATCH, "/")]
    {
        Answer::of(admin.request(method, path)).await.refused(403);
    }
    let body = json!({"username": "admin", "password": PASSWORD});
    server.anonymous().post_json("/api/v1/auth/login", &body).await.ok();
    admin.post("/api/v1/auth/logout").await.ok();
    let admin = server.admin().await;
    eventually("the refusal is in the operation log", async || {
        let list = admin.get("/api/v1/logs/opera?status=0").await.ok();
        list["data"]["items"]
            .as_array()
            .expect("items")
            .iter()
            .any(|item| item["path"] == "/api/v1/anything" && item["code"] == "403")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_are_told_how_to_behave() {
    let settings = [
        ("APP__SERVER__CORS_ORIGINS", "https://a.example,http://b.example"),
        ("APP__SERVER__FRAME_ORIGINS", "https://portal.example"),
    ];
    let server = Server::start_with(&settings).await;
    let anonymous = server.anonymous();
    for path in ["/api/v1/auth/captcha", "/api/v1/nowhere", "/healthz"] {
        let answer = anonymous.get(path).await;
        let header = |name: &str| answer.headers.get(name).map(|value| value.to_str().expect("text").to_owned());
        assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"), "{path}");
        assert_eq!(header("referrer-policy").as_deref(), Some("same-origin"), "{path}");
        let frames = "frame-ancestors 'self' https://a.example http://b.example https://portal.example";
        assert_eq!(header("content-security-policy").as_deref(), Some(frames), "{path}");
        assert_eq!(header("strict-transport-security"), None, "{path}");
    }
    // A page's own policy stays.
    let docs = anonymous.get("/docs").await.headers["content-security-policy"].to_str().expect("text").to_owned();
    assert!(docs.starts_with("default-src"), "{docs}");
    let by_proxy = anonymous.request(Method::GET, "/healthz").header("x-forwarded-proto", "https");
    assert_eq!(Answer::of(by_proxy).await.headers["strict-transport-security"], "max-age=31536000");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_compressed_for_those_who_ask_if_that_is_configured() {
    for (compression, expected) in [("true", [Some("gzip"), Some("br"), None]), ("false", [None, None, None])] {
        let server = Server::start_with(&[("APP__SERVER__COMPRESSION", compression)]).await;
        for (accepted, expected) in ["gzip", "br", "identity"].into_iter().zip(expected) {
            let request = server.anonymous().request(Method::GET, "/openapi.json").header("accept-encoding", accepted);
            let answer = Answer::of(request).await;
            let encoding = answer.headers.get("content-encoding").map(|value| value.to_str().expect("text"));
            assert_eq!(encoding, expected, "{accepted} with compression = {compression}");
            assert_eq!(expected.is_none(), serde_json::from_str::<serde_json::Value>(&answer.text).is_ok());
        }
    }
}
