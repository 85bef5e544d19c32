//! Every attempt to log in is in the login log, those that failed too.

use crate::server::{Answer, PASSWORD, Role, Server, eventually};
use reqwest::Method;
use serde_json::{Value, json};

const KEYS: [&str; 15] = [
    "user_uuid",
    "username",
    "status",
    "ip",
    "country",
    "region",
    "city",
    "user_agent",
    "browser",
    "os",
    "device",
    "msg",
    "login_time",
    "id",
    "created_time",
];

/// The newest entries, once there are `count` that fit `query`.
async fn entries(admin: &Role, query: &str, count: u64) -> Vec<Value> {
    let mut found = Vec::new();
    eventually(&format!("{count} entries for {query}"), async || {
        let list = admin.get(&format!("/api/v1/logs/login?{query}")).await.ok();
        found = list["data"]["items"].as_array().expect("items").clone();
        list["data"]["total"] == count
    })
    .await;
    found
}

async fn attempt(server: &Server, username: &str, password: &str, agent: &str) -> u16 {
    let body = json!({"username": username, "password": password});
    let request = server.anonymous().request(Method::POST, "/api/v1/auth/login").header("user-agent", agent);
    request.json(&body).send().await.expect("an answer").status().as_u16()
}

on_both! {
    async fn successes_and_failures_are_told_with_their_reasons(server: &Server) {
        let admin = server.admin().await;
        server.member(&[]).await;
        assert_eq!(attempt(server, "admin", "wrong", "curl/7.88.1").await, 403);
        assert_eq!(attempt(server, "nobody", PASSWORD, "curl/7.88.1").await, 403);
        let pool = server.pool().await;
        let disable = "UPDATE sys_user SET status = 0 WHERE username = 'member'";
        pool.database().query(disable).execute().await.expect("a row");
        pool.close().await;
        assert_eq!(attempt(server, "member", PASSWORD, "curl/7.88.1").await, 403);

        let failures = entries(&admin, "status=0", 3).await;
        let told: Vec<Value> = failures.iter().map(|entry| json!([entry["username"], entry["user_uuid"], entry["msg"]])).collect();
        let admin_uuid = entries(&admin, "username=admin&status=1", 1).await[0]["user_uuid"].clone();
        let expected = [
            json!(["member", "member-uuid", "the user is disabled; ask an administrator"]),
            json!(["nobody", "", "wrong user name or password"]),
            json!(["admin", admin_uuid, "wrong user name or password"]),
        ];
        assert_eq!(told, expected);
        assert_eq!(admin_uuid.as_str().expect("text").len(), 36);
        let newest = &failures[0];
        let keys: Vec<&str> = newest.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, KEYS);
        assert_eq!((&newest["browser"], &newest["os"], &newest["device"]), (&json!("curl 7.88.1"), &json!("Other"), &json!("Other")));
        assert_eq!((&newest["ip"], &newest["country"]), (&json!("127.0.0.1"), &json!(null)));
        assert_eq!(newest["login_time"].as_str().expect("a time").len(), 19);
    }

    async fn names_are_recorded_and_found_as_they_are(server: &Server) {
        let admin = server.admin().await;
        assert_eq!(attempt(server, "a\u{0}b", "x", "").await, 422);
        for name in ["%_!'\"", "日本語"] {
            attempt(server, name, "x", "").await;
        }
        let names: Vec<Value> = entries(&admin, "status=0", 2).await.iter().map(|entry| entry["username"].clone()).collect();
        assert_eq!(names, ["日本語", "%_!'\""]);
        assert_eq!(entries(&admin, "username=%25_!", 1).await[0]["username"], "%_!'\"");
    }

    async fn entries_are_walked_deleted_and_cleared(server: &Server) {
        let admin = server.admin().await;
        attempt(server, "admin", "wrong", "x").await;
        let id = entries(&admin, "username=admin", 2).await[0]["id"].clone();
        let part = admin.get("/api/v1/logs/login?size=1&cursor=").await.ok()["data"].take();
        assert_eq!((&part["items"][0]["id"], &part["has_more"]), (&id, &json!(true)));
        let next = part["next_cursor"].as_str().expect("a cursor");
        let part = admin.get(&format!("/api/v1/logs/login?size=1&cursor={next}")).await.ok()["data"].take();
        assert_eq!((&part["has_more"], &part["next_cursor"]), (&json!(false), &json!(null)));

        let delete = async |body: Value| Answer::of(admin.request(Method::DELETE, "/api/v1/logs/login").json(&body)).await.ok();
        let done = json!({"code": 200, "msg": "Request success", "data": null});
        assert_eq!(delete(json!({"pks": [id]})).await, done);
        assert_eq!(delete(json!({"pks": [id]})).await["code"], 400);
        for _ in 0..2 {
            assert_eq!(admin.delete("/api/v1/logs/login/all").await.ok(), done);
        }
        let empty = admin.get("/api/v1/logs/login").await.ok()["data"].take();
        assert_eq!((&empty["items"], &empty["total"], &empty["total_pages"]), (&json!([]), &json!(0), &json!(0)));
    }

    async fn each_route_asks_for_its_code(server: &Server) {
        let member = server.member(&["log:login:list", "log:login:clear"]).await;
        let routes = [
            (Method::GET, "/api/v1/logs/login", 200),
            (Method::DELETE, "/api/v1/logs/login", 403),
            (Method::DELETE, "/api/v1/logs/login/all", 200),
        ];
        for (method, path, expected) in routes {
            for (role, expected) in [(&member, expected), (&server.anonymous(), 401)] {
                let request = role.request(method.clone(), path).json(&json!({"pks": [1]}));
                assert_eq!(Answer::of(request).await.status, expected, "{method} {path}");
            }
        }
    }
}
