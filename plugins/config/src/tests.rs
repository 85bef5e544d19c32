//! The promises of the plugin, through its real entry points.

use crate::Parameters;
use plugin_api::descriptor::MenuKind;
use plugin_api::prelude::*;
use plugin_api::testing::{TestHost, TestResponse};
use serde_json::{Value, json};
use std::time::Duration;

async fn started() -> TestHost {
    TestHost::start::<Parameters>().await.expect("config starts")
}

/// Started with nothing in it.
async fn emptied() -> TestHost {
    let host = started().await;
    for table in ["sys_config", "sqlite_sequence"] {
        host.database().query(format!("DELETE FROM {table}")).execute().await.expect("empties");
    }
    host
}

fn form(key: &str) -> Value {
    json!({ "name": "n", "type": "T", "key": key, "value": "v", "is_frontend": false, "remark": null })
}

fn row(id: i64, key: &str, value: &str) -> Value {
    let mut row = form(key);
    row["id"] = json!(id);
    row["value"] = json!(value);
    row
}

async fn add(host: &TestHost, form: &Value) {
    let answer = host.post("/sys/configs").json(form).send().await;
    assert_eq!(answer.json(), json!({ "code": 200, "msg": "Request success", "data": null }), "{form}");
    host.advance(Duration::from_secs(1));
}

async fn change(host: &TestHost, rows: &Value) -> TestResponse {
    host.put("/sys/configs").json(rows).send().await
}

/// The keys of every item, of a page or of a bare list.
async fn keys(host: &TestHost, path: &str) -> Vec<String> {
    let answer = host.get(path).send().await.json();
    let data = &answer["data"];
    let items = data.get("items").unwrap_or(data).as_array().unwrap_or_else(|| panic!("{path}: {answer}"));
    items.iter().map(|item| item["key"].as_str().expect("text").to_owned()).collect()
}

/// Every key with its value.
async fn values(host: &TestHost) -> Vec<(String, String)> {
    let sql = "SELECT key, value FROM sys_config ORDER BY id";
    host.database().query(sql).fetch_all().await.expect("rows")
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Status and envelope code.
fn codes(answer: &TestResponse) -> (u16, i64) {
    (answer.status(), answer.json()["code"].as_i64().expect("an envelope has a code"))
}

/// The field that a 422 names first.
fn fault(answer: &TestResponse) -> Value {
    assert_eq!(codes(answer), (422, 422), "{}", answer.text());
    answer.json()["data"]["errors"][0]["loc"].clone()
}

#[tokio::test]
async fn three_groups_are_there_from_the_beginning() {
    let host = started().await;
    assert_eq!(keys(&host, "/sys/configs/all?type=LOGIN").await, ["LOGIN_CONFIG_STATUS", "LOGIN_CAPTCHA_ENABLED"]);
    for (kind, count, status) in
        [("EMAIL", 6, "EMAIL_CONFIG_STATUS"), ("USER_SECURITY", 9, "USER_SECURITY_CONFIG_STATUS")]
    {
        let group = keys(&host, &format!("/sys/configs/all?type={kind}")).await;
        assert_eq!((group.len(), group[0].as_str()), (count, status));
    }
    let all = keys(&host, "/sys/configs/all").await;
    assert_eq!(all.len(), 17);
    // The page keeps the order of those that came together.
    assert_eq!(keys(&host, "/sys/configs").await, all);
}

#[tokio::test]
async fn an_added_parameter_can_be_read() {
    let host = emptied().await;
    let form = json!({ "name": "n", "key": "K", "value": "", "is_frontend": true, "extra": 1 });
    add(&host, &form).await;
    let answer = host.get("/sys/configs/1").language("zh-CN").send().await;
    // The text, since the order of the fields is promised too.
    assert_eq!(
        answer.text(),
        "{\"code\":200,\"msg\":\"请求成功\",\"data\":{\"name\":\"n\",\"type\":null,\"key\":\"K\",\"value\":\"\",\
         \"is_frontend\":true,\"remark\":null,\"id\":1,\"created_time\":\"2026-01-01 00:00:00\",\
         \"updated_time\":null}}"
    );
    host.stop().await.expect("config stops");
}

#[tokio::test]
async fn lists_are_pages_newest_first() {
    let host = emptied().await;
    for key in ["one", "two", "three"] {
        add(&host, &form(key)).await;
    }
    let page = host.get("/sys/configs?type=T&page=2&size=2").send().await.json();
    assert_eq!((&page["data"]["items"][0]["key"], &page["data"]["total"]), (&json!("one"), &json!(3)));
    assert_eq!(page["data"]["links"]["prev"], "/api/v1/sys/configs?type=T&page=1&size=2");
    assert_eq!(keys(&host, "/sys/configs").await, ["three", "two", "one"]);
    assert_eq!(keys(&host, "/sys/configs/all").await, ["one", "two", "three"]);
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let host = emptied().await;
    for (name, kind, key) in [("100% sure", json!("AB"), "a"), ("sure", json!("A_B"), "b"), ("名", Value::Null, "c")] {
        let form = json!({ "name": name, "type": kind, "key": key, "value": "", "is_frontend": false });
        add(&host, &form).await;
    }
    for (query, expected) in [
        ("?name=sure", vec!["b", "a"]),
        ("?name=%25", vec!["a"]),
        ("?name=%E5%90%8D", vec!["c"]),
        ("?type=A", vec!["b", "a"]),
        ("?type=_", vec!["b"]),
        ("?name=&type=", vec!["c", "b", "a"]),
        ("/all?type=A", vec![]),
        ("/all?type=AB", vec!["a"]),
        ("/all?type=", vec!["a", "b", "c"]),
        ("/all?type='%20OR%201=1", vec![]),
    ] {
        assert_eq!(keys(&host, &format!("/sys/configs{query}")).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_change_is_seen_and_dated() {
    let host = emptied().await;
    add(&host, &form("K")).await;
    let form = json!({ "name": "m", "type": null, "key": "L", "value": "w", "is_frontend": true, "remark": "r" });
    assert_eq!(codes(&host.put("/sys/configs/1").json(&form).send().await), (200, 200));
    assert_eq!(
        host.get("/sys/configs/1").send().await.json()["data"],
        json!({
            "name": "m", "type": null, "key": "L", "value": "w", "is_frontend": true, "remark": "r", "id": 1,
            "created_time": "2026-01-01 00:00:00", "updated_time": "2026-01-01 00:00:01",
        })
    );
}

#[tokio::test]
async fn a_key_belongs_to_one_parameter() {
    let host = emptied().await;
    for key in ["K", "L"] {
        add(&host, &form(key)).await;
    }
    let refusals = [
        host.post("/sys/configs").language("zh-CN").json(&form("K")).send().await,
        host.put("/sys/configs/2").language("zh-CN").json(&form("K")).send().await,
        host.put("/sys/configs").language("zh-CN").json(&json!([row(2, "K", "w")])).send().await,
    ];
    for refusal in refusals {
        assert_eq!(codes(&refusal), (409, 409));
        assert_eq!(refusal.json()["msg"], "参数配置 K 已存在");
    }
    assert_eq!(values(&host).await, pairs(&[("K", "v"), ("L", "v")]));
}

#[tokio::test]
async fn several_change_at_once() {
    let host = emptied().await;
    for key in ["K", "L", "M"] {
        add(&host, &form(key)).await;
    }
    // As a client sends them back: whole rows.
    let mut rows = host.get("/sys/configs/all").send().await.json()["data"].take();
    rows[0]["value"] = json!("1");
    rows[2]["value"] = json!("3");
    assert_eq!(codes(&change(&host, &rows).await), (200, 200));
    assert_eq!(values(&host).await, pairs(&[("K", "1"), ("L", "v"), ("M", "3")]));
    // Keys may be exchanged.
    assert_eq!(codes(&change(&host, &json!([row(1, "L", "1"), row(2, "K", "2")])).await), (200, 200));
    assert_eq!(values(&host).await, pairs(&[("L", "1"), ("K", "2"), ("M", "3")]));
    let number = json!([{ "id": 3, "name": "n", "key": "M", "value": 5, "is_frontend": false }]);
    assert_eq!(codes(&change(&host, &number).await), (200, 200));
    assert_eq!(host.get("/sys/configs/3").send().await.json()["data"]["value"], "5");
}

#[tokio::test]
async fn of_several_all_change_or_none() {
    let host = emptied().await;
    for key in ["K", "L"] {
        add(&host, &form(key)).await;
    }
    let before = pairs(&[("K", "v"), ("L", "v")]);
    for (rows, status, words) in [
        (json!([row(1, "A", "w"), row(1, "B", "w")]), 422, "Parameter 1 is given more than once"),
        (json!([row(1, "A", "w"), row(2, "A", "w")]), 409, "Parameter key A is given more than once"),
        (json!([row(1, "A", "w"), row(2, "L", "w"), row(8, "B", "w"), row(9, "C", "w")]), 404, "8, 9"),
        (json!([row(1, "L", "w")]), 409, "Parameter L already exists"),
    ] {
        let answer = change(&host, &rows).await;
        assert_eq!(codes(&answer), (status, i64::from(status)), "{rows}");
        let said = answer.json()["msg"].as_str().expect("text").to_owned();
        assert!(said.contains(words), "{said}");
        assert_eq!(values(&host).await, before, "{rows}");
    }
    let nothing = change(&host, &json!([])).await;
    assert_eq!(nothing.json(), json!({ "code": 400, "msg": "Request error", "data": null }));
}

#[tokio::test]
async fn ids_to_delete_come_bare_or_named() {
    let host = emptied().await;
    for key in ["a", "b", "c", "d"] {
        add(&host, &form(key)).await;
    }
    for (ids, left) in [(json!([1, 77]), vec!["b", "c", "d"]), (json!({ "pks": [2, 3] }), vec!["d"])] {
        assert_eq!(codes(&host.delete("/sys/configs").json(&ids).send().await), (200, 200), "{ids}");
        assert_eq!(keys(&host, "/sys/configs/all").await, left);
    }
    for ids in [json!([1]), json!([]), json!({ "pks": [] })] {
        let again = host.delete("/sys/configs").language("zh-CN").json(&ids).send().await;
        assert_eq!(again.json(), json!({ "code": 400, "msg": "请求错误", "data": null }), "{ids}");
    }
    for ids in [json!({}), json!(4), json!(["x"]), json!(null), json!({ "pks": 4 }), json!(vec![4; 1001])] {
        assert_eq!(codes(&host.delete("/sys/configs").json(&ids).send().await), (422, 422), "{ids}");
    }
    assert_eq!(keys(&host, "/sys/configs/all").await, ["d"]);
}

#[tokio::test]
async fn a_missing_parameter_is_a_404_in_the_envelope() {
    let host = emptied().await;
    let read = host.get("/sys/configs/7").language("zh-CN").send().await;
    let expected = json!({
        "code": 404, "msg": "参数配置不存在", "data": null, "trace_id": "00000000000000000000000000000001",
    });
    assert_eq!((read.status(), read.json()), (404, expected));
    assert_eq!(codes(&host.put("/sys/configs/7").json(&form("K")).send().await), (404, 404));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_422() {
    let host = emptied().await;
    let with = |field: &str, value: Value| {
        let mut form = form("K");
        form[field] = value;
        form
    };
    for (field, value) in [
        ("name", json!("好".repeat(33))),
        ("type", json!("好".repeat(33))),
        ("key", json!("好".repeat(65))),
        ("value", Value::Null),
        ("value", json!([])),
        ("is_frontend", json!(1)),
        ("remark", json!({})),
    ] {
        let body = with(field, value);
        assert_eq!(fault(&host.post("/sys/configs").json(&body).send().await), json!(["body", field]), "{body}");
        let mut row = body.clone();
        row["id"] = json!(1);
        let answer = change(&host, &json!([row])).await;
        assert_eq!(fault(&answer), json!(["body", "0", field]), "{row}");
    }
    assert_eq!(fault(&change(&host, &json!([form("K")])).await), json!(["body", "0", "id"]));
    assert_eq!(fault(&change(&host, &form("K")).await), json!(["body"]));
    let many: Vec<Value> = (0..1001).map(|id| row(id, &id.to_string(), "v")).collect();
    assert_eq!(codes(&change(&host, &json!(many)).await), (422, 422));
    for (path, place) in [
        ("/sys/configs?size=201", ["query", "size"]),
        ("/sys/configs?page=0", ["query", "page"]),
        ("/sys/configs/x", ["path", "pk"]),
    ] {
        assert_eq!(fault(&host.get(path).send().await), json!(place), "{path}");
    }
    assert_eq!(values(&host).await, []);
}

#[tokio::test]
async fn changing_asks_for_permissions_that_the_menu_grants() {
    let host = started().await;
    for (method, path, access) in [
        ("GET", "/sys/configs", Access::Authenticated),
        ("GET", "/sys/configs/all", Access::Authenticated),
        ("GET", "/sys/configs/1", Access::Authenticated),
        ("POST", "/sys/configs", Access::permission("sys:config:add")),
        ("PUT", "/sys/configs", Access::permission("sys:config:edit")),
        ("PUT", "/sys/configs/1", Access::permission("sys:config:edit")),
        ("DELETE", "/sys/configs", Access::permission("sys:config:del")),
    ] {
        assert_eq!(host.access(method, path), Some(&access), "{method} {path}");
    }
    let menu = &host.descriptor().menus[0];
    assert_eq!((menu.name.as_str(), menu.parent.as_deref(), menu.sort), ("PluginConfig", Some("System"), 7));
    assert_eq!(menu.path.as_deref(), Some("/plugins/config"));
    assert_eq!(menu.component.as_deref(), Some("/plugins/config/views/index"));
    let buttons = menu.children.iter().filter(|entry| entry.kind == MenuKind::Button);
    let granted: Vec<_> = buttons.filter_map(|entry| entry.perms.as_deref()).collect();
    assert_eq!(granted, ["sys:config:add", "sys:config:edit", "sys:config:del"]);
}

#[tokio::test]
async fn the_schema_can_be_taken_back() {
    let host = started().await;
    host.revert_migrations().await.expect("goes down");
    let tables = "SELECT COUNT(*) FROM sqlite_schema WHERE name LIKE 'sys_config%'";
    let left: i64 = host.database().query(tables).fetch_scalar().await.expect("counts");
    assert_eq!(left, 0);
    assert_eq!(codes(&host.get("/sys/configs").send().await), (500, 500));
    assert!(host.logs().iter().any(|line| line.message.contains("no such table")));
}
