//! The server as clients see it: real sockets, a real SQLite file.

use super::*;
use parking_lot::Mutex;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeMap;

struct Site {
    running: Running,
    client: Client,
    data: tempfile::TempDir,
    notices: Mutex<Vec<Notice>>,
}

fn config(extra: &[(&str, &str)]) -> Config {
    let fixed = [
        ("APP__SERVER__PORT", "0"),
        ("APP__ADMIN__PASSWORD", "hunter22"),
        ("APP__LIMITS__LOGIN_PER_MINUTE", "0"),
        ("APP__LIMITS__CAPTCHA_PER_HALF_MINUTE", "0"),
    ];
    let variables: BTreeMap<String, String> =
        fixed.iter().chain(extra).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(None, variables).unwrap()
}

async fn site(extra: &[(&str, &str)]) -> Site {
    let data = tempfile::tempdir().unwrap();
    let notices = Mutex::new(Vec::new());
    let running = start(config(extra), data.path(), |notice| notices.lock().push(notice)).await.unwrap();
    // The process chooses its provider of cryptography once; here every test may be the first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Site { running, client: Client::new(), data, notices }
}

impl Site {
    async fn send(&self, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self.client.request(method, format!("{}{path}", self.running.url()));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        (status, response.json().await.unwrap())
    }

    async fn get(&self, path: &str, token: Option<&str>) -> (StatusCode, Value) {
        self.send(Method::GET, path, token, None).await
    }

    async fn login(&self, username: &str, password: &str) -> (StatusCode, Value) {
        let body = json!({"username": username, "password": password, "selectAccount": "x"});
        self.send(Method::POST, "/api/v1/auth/login", None, Some(body)).await
    }

    async fn token(&self) -> String {
        let (status, body) = self.login("admin", "hunter22").await;
        assert_eq!(status, StatusCode::OK, "{body}");
        body["data"]["access_token"].as_str().unwrap().to_owned()
    }

    async fn sql(&self, statement: &str) {
        self.running.core().pool.database().query(statement).execute().await.unwrap();
    }
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn example(name: &str) -> Value {
    let text = match name {
        "login" => include_str!("tests/login.json"),
        "me" => include_str!("tests/me.json"),
        "sidebar" => include_str!("tests/sidebar.json"),
        other => panic!("no example {other}"),
    };
    serde_json::from_str(text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_logs_in_looks_around_and_logs_out() {
    let site = site(&[]).await;
    let (status, body) = site.login("admin", "hunter22").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(keys(&body), ["code", "msg", "data"]);
    assert_eq!(body["msg"], "请求成功");
    assert_eq!(keys(&body["data"]), keys(&example("login")));
    assert_eq!(keys(&body["data"]["user"]), keys(&example("login")["user"]));
    let token = body["data"]["access_token"].as_str().unwrap();

    let (status, me) = site.get("/api/v1/sys/users/me", Some(token)).await;
    assert_eq!(status, StatusCode::OK, "{me}");
    assert_eq!(keys(&me["data"]), keys(&example("me")));
    assert_eq!(me["data"]["last_login_time"].as_str().unwrap().len(), 19);

    let (_, codes) = site.get("/api/v1/auth/codes", Some(token)).await;
    assert!(codes["data"].as_array().unwrap().contains(&json!("sys:menu:edit")), "{codes}");

    let (status, _) = site.send(Method::POST, "/api/v1/auth/logout", Some(token), None).await;
    assert_eq!(status, StatusCode::OK);
    let (status, body) = site.get("/api/v1/sys/users/me", Some(token)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(body["msg"], "Token 已过期");
    let (status, _) = site.send(Method::POST, "/api/v1/auth/logout", None, None).await;
    assert_eq!(status, StatusCode::OK);
    site.running.stop().await;
}

/// Name, path, component, type and place of each node, in order.
fn shape(nodes: &Value) -> Vec<Value> {
    let own = |node: &Value| {
        let below = node.get("children").map(shape);
        json!([node["id"], node["name"], node["path"], node["component"], node["type"], node["meta"], below])
    };
    nodes.as_array().unwrap().iter().map(own).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sidebar_is_the_contracts_without_the_entries_of_plugins() {
    let site = site(&[]).await;
    let token = site.token().await;
    let (_, body) = site.get("/api/v1/sys/menus/sidebar", Some(&token)).await;
    assert_eq!(keys(&body["data"][0]), keys(&example("sidebar")[0]));
    let mut shown = shape(&body["data"]);
    // Links to a project's own pages: ours are others.
    shown.retain(|node| node[1] != "Project");
    assert_eq!(shown, shape(&example("sidebar")));
    let stranger = "INSERT INTO sys_menu (title, name, path, type, plugin_id, perms, created_time) \
                    VALUES ('x', 'Stranger', '/x', 1, 'gone', 'gone:code', 0)";
    site.sql(stranger).await;
    let (_, again) = site.get("/api/v1/sys/menus/sidebar", Some(&token)).await;
    assert_eq!(again, body);
    let (_, codes) = site.get("/api/v1/auth/codes", Some(&token)).await;
    assert!(!codes["data"].as_array().unwrap().contains(&json!("gone:code")));
    site.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_users_and_wrong_passwords_get_the_same_answer() {
    let site = site(&[]).await;
    let mut answers = Vec::new();
    for (username, password) in [("admin", "wrong"), ("nobody", "hunter22"), ("", "")] {
        let (status, mut body) = site.login(username, password).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(body["trace_id"].take().is_string());
        answers.push(body);
    }
    assert_eq!(answers[0]["msg"], "用户名或密码有误");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    site.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_user_is_out_after_the_next_look_and_can_not_log_in() {
    let site = site(&[]).await;
    let token = site.token().await;
    site.sql("UPDATE sys_user SET status = 0").await;
    site.running.core().admin.authenticator().forget_user(1).await;
    let (status, _) = site.get("/api/v1/sys/users/me", Some(&token)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, body) = site.login("admin", "hunter22").await;
    assert_eq!((status, &body["msg"]), (StatusCode::FORBIDDEN, &json!("用户已被锁定，请联系系统管理员")));
    site.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_of_one_session_loses_the_older_one() {
    let site = site(&[]).await;
    site.sql("UPDATE sys_user SET is_multi_login = FALSE").await;
    let old = site.token().await;
    assert_eq!(site.get("/api/v1/auth/codes", Some(&old)).await.0, StatusCode::OK);
    let new = site.token().await;
    assert_eq!(site.get("/api/v1/auth/codes", Some(&old)).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(site.get("/api/v1/auth/codes", Some(&new)).await.0, StatusCode::OK);
    site.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_sees_what_the_roles_have() {
    let site = site(&[]).await;
    site.sql("UPDATE sys_user SET is_superuser = FALSE").await;
    let token = site.token().await;
    let (_, sidebar) = site.get("/api/v1/sys/menus/sidebar", Some(&token)).await;
    assert_eq!(sidebar["data"], json!([]));
    site.sql("DELETE FROM sys_user_role").await;
    site.sql("INSERT INTO sys_role (id, name, status, created_time) VALUES (77, 'r', 1, 0)").await;
    site.sql("INSERT INTO sys_user_role (user_id, role_id) VALUES (1, 77)").await;
    site.sql("INSERT INTO sys_role_menu (role_id, menu_id) VALUES (77, 2), (77, 6)").await;
    let (_, sidebar) = site.get("/api/v1/sys/menus/sidebar", Some(&token)).await;
    let names = (&sidebar["data"][0]["name"], &sidebar["data"][0]["children"][0]["name"]);
    assert_eq!(names, (&json!("Dashboard"), &json!("Analytics")));
    assert_eq!(sidebar["data"].as_array().unwrap().len(), 1);
    let (_, codes) = site.get("/api/v1/auth/codes", Some(&token)).await;
    assert_eq!(codes["data"], json!(["sys:dept:add"]));
    site.sql("UPDATE sys_role SET status = 0").await;
    site.running.core().admin.authenticator().forget_all().await;
    let (status, _) = site.get("/api/v1/auth/codes", Some(&token)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    site.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_wears_the_envelope() {
    let site = site(&[]).await;
    let login = "/api/v1/auth/login";
    let cases = [
        (Method::GET, "/api/v1/nope", None, 404, "Not Found"),
        (Method::GET, "/nope", None, 404, "Not Found"),
        (Method::PATCH, "/api/v1/sys/users/me", None, 405, "Method Not Allowed"),
        (Method::POST, "/healthz", None, 405, "Method Not Allowed"),
        (Method::GET, "/api/v1/sys/users/me", None, 401, "Not authenticated"),
        (Method::POST, login, Some(json!({"username": "a"})), 422, "请求参数非法: password 字段为必填项"),
        (
            Method::POST,
            login,
            Some(json!({"username": [1], "password": "p"})),
            422,
            "请求参数非法: username 输入应为有效的字符串",
        ),
    ];
    for (method, path, body, status, message) in cases {
        let (sent, answer) = site.send(method, path, None, body).await;
        assert_eq!(
            (sent.as_u16(), &answer["code"], &answer["msg"]),
            (status, &json!(status), &json!(message)),
            "{path}"
        );
        assert_eq!(keys(&answer), ["code", "msg", "data", "trace_id"], "{path}");
    }
    let url = format!("{}{login}", site.running.url());
    let broken = site.client.post(&url).body("{bad").send().await.unwrap();
    assert_eq!(broken.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let large = vec![b' '; crate::http::body::JSON_BODY_BYTES_MAX + 1];
    let large = site.client.post(&url).body(large).send().await.unwrap();
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
    let refused = site.client.delete(&url).send().await.unwrap();
    assert_eq!(refused.headers()["allow"], "OPTIONS, POST");
    site.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_site_around_the_api_answers() {
    let site = site(&[]).await;
    for (path, words) in [
        ("/", "Backplane"),
        ("/docs", "/docs/start.js"),
        ("/docs/start.js", "/openapi.json"),
        ("/healthz", "ok"),
        ("/readyz", "ready"),
    ] {
        let response = site.client.get(format!("{}{path}", site.running.url())).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert!(response.text().await.unwrap().contains(words), "{path}");
    }
    let (_, document) = site.get("/openapi.json", None).await;
    let login = &document["paths"]["/api/v1/auth/login"]["post"];
    let schema = &login["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(schema["properties"]["data"]["$ref"], "#/components/schemas/Login");
    let me = &document["paths"]["/api/v1/sys/users/me"]["get"];
    assert_eq!(me["security"], json!([{"bearer": []}]));
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)), "{name}");
    }
    site.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_keeps_users_and_tokens_and_says_no_password() {
    let site = site(&[]).await;
    let token = site.token().await;
    let first = Notice::FirstAdmin { username: "admin", generated_password: None };
    assert!(*site.notices.lock() == [first, Notice::Listening { url: site.running.url().to_owned() }]);
    assert!(site.data.path().join("server.json").exists());
    let refused = start(config(&[]), site.data.path(), drop).await;
    assert!(matches!(refused, Err(ServeError::Core(CoreError::Data(DataDirError::InUse { .. })))));
    site.running.stop().await;
    assert!(!site.data.path().join("server.json").exists());

    let changed = config(&[("APP__ADMIN__PASSWORD", "another1")]);
    let notices = Mutex::new(Vec::new());
    let running = start(changed, site.data.path(), |notice| notices.lock().push(notice)).await.unwrap();
    assert_eq!(notices.lock().len(), 1);
    let again = Site { running, client: site.client, data: site.data, notices };
    assert_eq!(again.get("/api/v1/sys/users/me", Some(&token)).await.0, StatusCode::OK);
    assert_eq!(again.login("admin", "hunter22").await.0, StatusCode::OK);
    again.running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_configured_password_a_random_one_is_told_once() {
    let site = site(&[("APP__ADMIN__PASSWORD", "")]).await;
    let notice = site.notices.lock()[0].clone();
    let Notice::FirstAdmin { username, generated_password: Some(password) } = notice else {
        panic!("the password was not told");
    };
    assert_eq!(site.login(username, &password).await.0, StatusCode::OK);
    site.running.stop().await;
}
