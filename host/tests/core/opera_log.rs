//! What was done is in the operation log, without secrets.

use crate::server::{Role, Server, eventually};
use reqwest::Method;
use serde_json::{Value, json};

const KEYS: [&str; 21] = [
    "trace_id",
    "username",
    "method",
    "title",
    "path",
    "ip",
    "country",
    "region",
    "city",
    "user_agent",
    "os",
    "browser",
    "device",
    "args",
    "status",
    "code",
    "msg",
    "cost_time",
    "opera_time",
    "id",
    "created_time",
];
const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                      Chrome/126.0.0.0 Safari/537.36";

/// The newest entry about `path`, once it is there.
async fn entry(admin: &Role, path: &str) -> Value {
    let mut found = Value::Null;
    eventually(&format!("an entry about {path}"), async || {
        let list = admin.get("/api/v1/logs/opera?size=200").await.ok();
        let items = list["data"]["items"].as_array().expect("items").clone();
        found = items.into_iter().find(|item| item["path"] == path).unwrap_or_default();
        !found.is_null()
    })
    .await;
    found
}

async fn send_json(role: &Role, method: Method, path: &str, body: &Value) -> u16 {
    role.request(method, path).json(body).send().await.expect("an answer").status().as_u16()
}

on_both! {
    async fn an_entry_says_who_did_what_and_how_it_went(server: &Server) {
        let admin = server.admin().await;
        let id = "aaaaaaaaaaaa4aaa8aaaaaaaaaaaaaaa";
        let request = admin.request(Method::GET, "/api/v1/sys/users/me?a=1");
        request.header("user-agent", CHROME).header("x-request-id", id).send().await.expect("an answer");
        let entry = entry(&admin, "/api/v1/sys/users/me").await;
        let keys: Vec<&str> = entry.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, KEYS);
        let expected = json!({
            "trace_id": id, "username": "admin", "method": "GET", "ip": "127.0.0.1", "country": null, "region": null,
            "city": null, "user_agent": CHROME, "os": "Windows 10", "browser": "Chrome 126.0.0", "device": "PC",
            "args": {"query_params": {"a": "1"}}, "status": 1, "code": "200", "msg": "Success",
        });
        for (key, value) in expected.as_object().expect("an object") {
            assert_eq!(&entry[key], value, "{key}");
        }
        assert!(!entry["title"].as_str().expect("a title").is_empty(), "{entry}");
        assert!(entry["cost_time"].as_f64().expect("a number") > 0.0, "{entry}");
        for time in ["opera_time", "created_time"] {
            assert_eq!(entry[time].as_str().expect("a time").len(), 19);
        }
    }

    async fn refusals_and_unknown_routes_are_in_it_too(server: &Server) {
        let (admin, anonymous) = (server.admin().await, server.anonymous());
        let cases = [
            (Method::GET, "/api/v1/auth/codes", "401", "Not authenticated"),
            (Method::GET, "/api/v1/nowhere", "404", "Not Found"),
            (Method::PATCH, "/api/v1/sys/menus/sidebar", "405", "Method Not Allowed"),
        ];
        for (method, path, code, message) in cases {
            send_json(&anonymous, method.clone(), path, &json!({})).await;
            let entry = entry(&admin, path).await;
            assert_eq!((&entry["status"], &entry["code"], &entry["username"]), (&json!(0), &json!(code), &json!(null)), "{path}");
            assert_eq!(entry["method"], method.as_str());
            assert!(entry["msg"].as_str().expect("a text").starts_with(message), "{entry}");
        }
    }

    async fn secrets_are_nowhere_in_the_table(server: &Server) {
        let (admin, anonymous) = (server.admin().await, server.anonymous());
        let deep = json!({
            "username": "amy", "password": "s3cret-1", "uuid": "x",
            "extra": [{"New_Password": "s3cret-2", "deeper": {"accessToken": "s3cret-3"}}],
            "text": "{\"client_secret\": \"s3cret-4\"}",
        });
        send_json(&anonymous, Method::POST, "/api/v1/auth/login?token=s3cret-5", &deep).await;
        let long = json!({"password": "s3cret-6", "filler": "x".repeat(20_000), "captcha": "s3cret-7"});
        send_json(&anonymous, Method::POST, "/api/v1/auth/login?long=1", &long).await;
        let broken = "{\"password\": \"s3cret-9";
        anonymous.request(Method::POST, "/api/v1/auth/login?broken=1").body(broken).send().await.expect("an answer");
        admin.upload("/api/v1/sys/plugins?type=zip", b"s3cret-0".to_vec()).await;

        let file = entry(&admin, "/api/v1/sys/plugins").await;
        assert_eq!(file["args"], json!({"query_params": {"type": "zip"}, "form-data": {"file": "bundle.zip"}}));
        let login = entry(&admin, "/api/v1/auth/login").await;
        assert_eq!(login["username"], Value::Null);
        let pool = server.pool().await;
        let sql = "SELECT COUNT(*) FROM sys_opera_log WHERE args LIKE '%s3cret%' OR path LIKE '%s3cret%' \
                   OR msg LIKE '%s3cret%' OR args LIKE '%hunter22%'";
        let secrets: i64 = pool.database().query(sql).fetch_scalar().await.expect("a number");
        let redacted = "SELECT COUNT(*) FROM sys_opera_log WHERE args LIKE '%[REDACTED]%'";
        let redacted: i64 = pool.database().query(redacted).fetch_scalar().await.expect("a number");
        pool.close().await;
        assert_eq!(secrets, 0);
        assert!(redacted >= 3, "{redacted}");
    }

    async fn a_long_payload_is_replaced_by_its_beginning(server: &Server) {
        let admin = server.admin().await;
        let body = json!({"title": "t", "filler": "x".repeat(20_000)});
        send_json(&admin, Method::POST, "/api/v1/auth/login", &body).await;
        let args = entry(&admin, "/api/v1/auth/login").await["args"].take();
        let keys: Vec<&str> = args.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, ["_truncated", "_original_size", "_max_size", "_message", "data_preview"]);
        assert_eq!(args["_original_size"], body.to_string().len());
        assert!(args["data_preview"].as_str().expect("a text").contains("\"title\":\"t\""), "{args}");
    }

    async fn filters_pages_and_cursors_find_every_entry_once(server: &Server) {
        let (admin, anonymous) = (server.admin().await, server.anonymous());
        for number in 0..5 {
            anonymous.get(&format!("/api/v1/nowhere/{number}")).await.refused(404);
        }
        for number in 0..5 {
            entry(&admin, &format!("/api/v1/nowhere/{number}")).await;
        }
        let total = async |query: &str| admin.get(&format!("/api/v1/logs/opera?{query}")).await.ok()["data"]["total"].clone();
        assert_eq!(total("username=nobody").await, 0);
        assert_eq!(total("username=%25").await, 0);
        assert_eq!(total("ip=203.0.113").await, 0);
        assert!(total("username=dmi&ip=127.0&status=1").await.as_u64().expect("a number") > 0);
        assert_eq!(total("username=dmi&status=0").await, 0);
        assert_eq!(total("status=0").await, 5);

        let page = admin.get("/api/v1/logs/opera?status=0&page=2&size=2").await.ok()["data"].take();
        let keys: Vec<&str> = page.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, ["items", "total", "page", "size", "total_pages", "links"]);
        let paths = |items: &Value| -> Vec<String> {
            items.as_array().expect("items").iter().map(|item| item["path"].as_str().expect("a path").to_owned()).collect()
        };
        assert_eq!(paths(&page["items"]), ["/api/v1/nowhere/2", "/api/v1/nowhere/1"]);

        let (mut cursor, mut walked) = (String::new(), Vec::new());
        loop {
            let part = admin.get(&format!("/api/v1/logs/opera?status=0&size=2&cursor={cursor}")).await.ok()["data"].take();
            let keys: Vec<&str> = part.as_object().expect("an object").keys().map(String::as_str).collect();
            assert_eq!(keys, ["items", "next_cursor", "has_more"]);
            walked.extend(paths(&part["items"]));
            match part["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        let expected: Vec<String> = (0..5).rev().map(|number| format!("/api/v1/nowhere/{number}")).collect();
        assert_eq!(walked, expected);
        admin.get("/api/v1/logs/opera?cursor=x").await.refused(422);
        admin.get("/api/v1/logs/opera?size=201").await.refused(422);
    }

    async fn many_entries_are_counted_exactly_as_they_come_and_go(server: &Server) {
        let admin = server.admin().await;
        let pool = server.pool().await;
        let insert = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) \
                      INSERT INTO sys_opera_log (trace_id, username, method, title, path, ip, status, code, cost_time, \
                      opera_time, created_time) SELECT 'x', 'many', 'GET', 'x', '/x', '192.0.2.1', 1, '200', 1.5, 0, 0 FROM n";
        pool.database().query(insert).execute().await.expect("rows");
        pool.close().await;
        let many = async || admin.get("/api/v1/logs/opera?username=many").await.ok()["data"]["total"].clone();
        let all = async || admin.get("/api/v1/logs/opera").await.ok()["data"]["total"].as_u64().expect("a number");
        assert_eq!(many().await, 12_000);
        let before = all().await;
        admin.post("/api/v1/nowhere/counted").await.refused(404);
        entry(&admin, "/api/v1/nowhere/counted").await;
        assert!(all().await > before);
        assert_eq!(many().await, 12_000);
        let id = admin.get("/api/v1/logs/opera?username=many&size=1").await.ok()["data"]["items"][0]["id"].clone();
        let delete = admin.request(Method::DELETE, "/api/v1/logs/opera").json(&json!({"pks": [id]}));
        crate::server::Answer::of(delete).await.ok();
        assert_eq!(many().await, 11_999);
        admin.delete("/api/v1/logs/opera/all").await.ok();
        assert_eq!(many().await, 0);
    }

    async fn parts_of_texts_are_found_among_few_and_among_many_different_ones(server: &Server) {
        let admin = server.admin().await;
        let pool = server.pool().await;
        // 60 names fit "one", 240 fit "w", and there are more addresses than are looked at one by one.
        let insert = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) \
                      INSERT INTO sys_opera_log (trace_id, username, method, title, path, ip, status, code, cost_time, \
                      opera_time, created_time) SELECT 'x', CASE WHEN i % 5 = 0 THEN 'one' ELSE 'w' END || (i % 300), \
                      'GET', 'x', '/x', '2001:db8::' || i, i % 2, '200', 1.5, 0, 0 FROM n";
        pool.database().query(insert).execute().await.expect("rows");
        for (query, condition) in [
            ("username=one", "username LIKE '%one%'"),
            ("username=one&status=0", "username LIKE '%one%' AND status = 0"),
            ("username=w", "username LIKE '%w%'"),
            ("username=w1&status=1", "username LIKE '%w1%' AND status = 1"),
            ("ip=77", "ip LIKE '%77%'"),
            ("username=one&ip=%3A%3A1", "username LIKE '%one%' AND ip LIKE '%::1%'"),
            ("username=one5&ip=2001:db8::65&status=1", "username LIKE '%one5%' AND ip LIKE '%2001:db8::65%' AND status = 1"),
            ("username=none&ip=2001", "1 = 0"),
            ("username=none&ip=none", "1 = 0"),
        ] {
            let naive = format!("SELECT id FROM sys_opera_log WHERE {condition} ORDER BY id DESC");
            let naive: Vec<i64> = pool.database().query(naive).fetch_all().await.expect("ids");
            let ids = |list: &Value| -> Vec<i64> {
                list["data"]["items"].as_array().expect("items").iter().filter_map(|item| item["id"].as_i64()).collect()
            };
            let pages = naive.len().div_ceil(7);
            for page in [1, pages / 3, pages / 2 + 1, pages, pages + 1].into_iter().filter(|page| *page > 0) {
                let list = admin.get(&format!("/api/v1/logs/opera?{query}&size=7&page={page}")).await.ok();
                let expected: Vec<i64> = naive.iter().copied().skip((page - 1) * 7).take(7).collect();
                assert_eq!((ids(&list), &list["data"]["total"]), (expected, &json!(naive.len())), "{query} {page}");
            }
            let list = admin.get(&format!("/api/v1/logs/opera?{query}&size=7&cursor=0000000000001000")).await.ok();
            let expected: Vec<i64> = naive.iter().copied().filter(|id| *id < 0x1000).take(7).collect();
            assert_eq!(ids(&list), expected, "{query}");
        }
        pool.close().await;
    }

    async fn entries_are_deleted_and_cleared(server: &Server) {
        let admin = server.admin().await;
        let id = entry(&admin, "/api/v1/auth/login").await["id"].clone();
        let delete = async |body: Value| {
            let request = admin.request(Method::DELETE, "/api/v1/logs/opera").json(&body);
            crate::server::Answer::of(request).await.ok()
        };
        let done = json!({"code": 200, "msg": "Request success", "data": null});
        assert_eq!(delete(json!({"pks": [id]})).await, done);
        assert_eq!(delete(json!({"pks": [id]})).await["code"], 400);
        assert_eq!(delete(json!({"pks": []})).await["code"], 400);
        for _ in 0..2 {
            assert_eq!(admin.delete("/api/v1/logs/opera/all").await.ok(), done);
        }
    }

    async fn each_route_asks_for_its_code(server: &Server) {
        let member = server.member(&["log:opera:list"]).await;
        let anonymous = server.anonymous();
        let routes = [
            (Method::GET, "/api/v1/logs/opera", 200),
            (Method::GET, "/api/v1/logs/opera/status", 200),
            (Method::DELETE, "/api/v1/logs/opera", 403),
            (Method::DELETE, "/api/v1/logs/opera/all", 403),
        ];
        for (method, path, expected) in routes {
            assert_eq!(send_json(&member, method.clone(), path, &json!({"pks": [1]})).await, expected, "{path}");
            assert_eq!(send_json(&anonymous, method, path, &json!({"pks": [1]})).await, 401, "{path}");
        }
        let status = member.get("/api/v1/logs/opera/status").await.ok()["data"].take();
        assert_eq!((&status["skipped"], &status["lost"]), (&json!(0), &json!(0)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_entries_are_written_before_the_server_ends() {
    let mut server = Server::start().await;
    for number in 0..300 {
        server.anonymous().post(&format!("/api/v1/nowhere/{number}")).await.refused(404);
    }
    assert!(server.terminate().await.success());
    let pool = server.pool().await;
    let sql = "SELECT COUNT(*) FROM sys_opera_log WHERE path LIKE '/api/v1/nowhere/%'";
    let count: i64 = pool.database().query(sql).fetch_scalar().await.expect("a number");
    pool.close().await;
    assert_eq!(count, 300);
    server.start_again().await;
    let list = server.admin().await.get("/api/v1/logs/opera?status=0").await.ok();
    assert_eq!(list["data"]["total"], 300);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_may_be_left_out_by_configuration() {
    let server = Server::start_with(&[("APP__LOG__OPERATIONS", "writes")]).await;
    let admin = server.admin().await;
    admin.get("/api/v1/nowhere").await.refused(404);
    admin.post("/api/v1/nowhere").await.refused(404);
    assert_eq!(entry(&admin, "/api/v1/nowhere").await["method"], "POST");
    let list = admin.get("/api/v1/logs/opera").await.ok();
    assert_eq!(list["data"]["total"], 2);
}
