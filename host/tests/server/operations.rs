//! What plugins are asked to do is in the operation log like what the core does.

use crate::bundle;
use crate::server::{Answer, Server, eventually};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_plugins_are_recorded_like_the_cores() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("notice")).await.ok();
    let notice = json!({"title": "t", "type": 0, "status": 1, "content": "c", "token": "s3cret"});
    admin.post_json("/api/v1/sys/notices", &notice).await.ok();
    admin.get("/api/v1/sys/notices/777?a=1").await.refused(404);
    admin.post_json("/api/v1/sys/notices", &json!({"title": "x".repeat(20_000)})).await.refused(422);
    server.anonymous().post_json("/api/v1/sys/notices", &notice).await.refused(401);
    Answer::of(admin.request(Method::PATCH, "/api/v1/sys/notices")).await.refused(405);

    let mut found = Vec::new();
    eventually("five entries about notices", async || {
        let list = admin.get("/api/v1/logs/opera?size=100").await.ok();
        let items = list["data"]["items"].as_array().expect("items").clone();
        found = items
            .into_iter()
            .filter(|item| item["path"].as_str().expect("a path").starts_with("/api/v1/sys/notices"))
            .collect();
        found.len() == 5
    })
    .await;
    found.reverse();
    let told: Vec<Value> = found
        .iter()
        .map(|entry| {
            json!([entry["username"], entry["method"], entry["title"], entry["status"], entry["code"], entry["msg"]])
        })
        .collect();
    let expected = [
        json!(["admin", "POST", "Add a notice", 1, "200", "Request success"]),
        json!(["admin", "GET", "Read a notice", 0, "404", "Notice does not exist"]),
        json!(["admin", "POST", "Add a notice", 0, "422", told[2][5]]),
        json!([null, "POST", "Add a notice", 0, "401", "Not authenticated"]),
        json!([null, "PATCH", "", 0, "405", "Method Not Allowed"]),
    ];
    assert_eq!(told, expected);
    assert_eq!(
        found[0]["args"]["json"],
        json!({"title": "t", "type": 0, "status": 1, "content": "c", "token": "[REDACTED]"})
    );
    assert_eq!(found[1]["args"], json!({"query_params": {"a": "1"}, "path_params": {"pk": "777"}}));
    assert_eq!(found[2]["args"]["_truncated"], true);
    assert_eq!(found[3]["args"], Value::Null);
}
