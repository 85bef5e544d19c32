//! The promises of the plugin, through its real entry points.

use crate::Notices;
use plugin_api::descriptor::MenuKind;
use plugin_api::prelude::*;
use plugin_api::testing::{TestHost, TestResponse, TestUser};
use serde_json::{Value, json};
use std::time::Duration;

async fn started() -> TestHost {
    TestHost::start::<Notices>().await.expect("notice starts")
}

async fn heeding_data_rules() -> TestHost {
    TestHost::builder().setting("data_rules", true).start::<Notices>().await.expect("notice starts")
}

fn form(title: &str) -> Value {
    json!({ "title": title, "type": 0, "status": 1, "content": "c" })
}

async fn add(host: &TestHost, form: &Value) {
    let answer = host.post("/sys/notices").json(form).send().await;
    assert_eq!(answer.json(), json!({ "code": 200, "msg": "Request success", "data": null }));
    host.advance(Duration::from_secs(1));
}

async fn titles(host: &TestHost, query: &str) -> Vec<String> {
    let answer = host.get(&format!("/sys/notices?{query}")).send().await.json();
    let items = answer["data"]["items"].as_array().expect("a page has items");
    items.iter().map(|item| item["title"].as_str().expect("a title is text").to_owned()).collect()
}

/// Status and envelope code.
fn codes(answer: &TestResponse) -> (u16, i64) {
    (answer.status(), answer.json()["code"].as_i64().expect("an envelope has a code"))
}

#[tokio::test]
async fn an_added_notice_can_be_read() {
    let host = started().await;
    add(&host, &form("t")).await;
    let answer = host.get("/sys/notices/1").language("zh-CN").send().await;
    // The text, since the order of the fields is promised too.
    assert_eq!(
        answer.text(),
        "{\"code\":200,\"msg\":\"请求成功\",\"data\":{\"title\":\"t\",\"type\":0,\"status\":1,\"content\":\"c\",\
         \"id\":1,\"created_time\":\"2026-01-01 00:00:00\",\"updated_time\":null}}"
    );
    host.stop().await.expect("notice stops");
}

#[tokio::test]
async fn lists_are_pages_newest_first() {
    let host = started().await;
    for title in ["one", "two", "three"] {
        add(&host, &form(title)).await;
    }
    let answer = host.get("/sys/notices?status=1&page=2&size=2").send().await.json();
    let data = &answer["data"];
    assert_eq!((&data["items"][0]["title"], &data["items"][0]["id"]), (&json!("one"), &json!(1)));
    assert_eq!((&data["total"], &data["total_pages"]), (&json!(3), &json!(2)));
    assert_eq!(
        data["links"],
        json!({
            "first": "/api/v1/sys/notices?status=1&page=1&size=2",
            "last": "/api/v1/sys/notices?status=1&page=2&size=2",
            "self": "/api/v1/sys/notices?status=1&page=2&size=2",
            "next": null,
            "prev": "/api/v1/sys/notices?status=1&page=1&size=2",
        })
    );
    assert_eq!(titles(&host, "").await, ["three", "two", "one"]);
    let plain = host.get("/sys/notices").send().await.json();
    assert_eq!(plain["data"]["links"]["first"], "/api/v1/sys/notices?page=1&size=20");
}

#[tokio::test]
async fn filters_narrow_the_list() {
    let host = started().await;
    add(&host, &json!({ "title": "100% done", "type": 0, "status": 1, "content": "" })).await;
    add(&host, &json!({ "title": "done!", "type": 1, "status": 1, "content": "" })).await;
    add(&host, &json!({ "title": "你好", "type": 1, "status": 0, "content": "" })).await;
    for (query, expected) in [
        ("title=done", vec!["done!", "100% done"]),
        ("title=%25", vec!["100% done"]),
        ("title=!", vec!["done!"]),
        ("title=_", vec![]),
        ("title=%E5%A5%BD", vec!["你好"]),
        ("title=", vec!["你好", "done!", "100% done"]),
        ("type=1", vec!["你好", "done!"]),
        ("type=1&status=1", vec!["done!"]),
        ("title='%20OR%201=1", vec![]),
    ] {
        assert_eq!(titles(&host, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn only_what_is_permitted_is_shown() {
    let host = heeding_data_rules().await;
    for title in ["one", "two", "three"] {
        add(&host, &form(title)).await;
    }
    host.permit("Notice", Permitted::when("sys_notice.title IN (").value("one").then(", ").value("two").then(")"));
    assert_eq!(titles(&host, "").await, ["two", "one"]);
    assert_eq!(titles(&host, "title=o&size=1&page=2").await, ["one"]);
    assert_eq!(host.get("/sys/notices").send().await.json()["data"]["total"], 2);
    assert_eq!(codes(&host.get("/sys/notices/2").send().await), (200, 200));
    assert_eq!(codes(&host.get("/sys/notices/3").send().await), (404, 404));
    assert_eq!(codes(&host.put("/sys/notices/3").json(&form("four")).send().await), (200, 200));
    host.permit("Notice", Permitted::nothing());
    assert_eq!(titles(&host, "").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_notice_belongs_to_who_wrote_it() {
    let host = heeding_data_rules().await;
    host.post("/sys/notices").user(TestUser::named("ada").id(7)).json(&form("mine")).send().await;
    add(&host, &form("nobody's")).await;
    let model = &host.descriptor().models[0];
    let creator = model.creator.as_deref().expect("a column");
    host.permit("Notice", Permitted::when(&format!("{}.{creator} = ", model.table)).value(7));
    assert_eq!(titles(&host, "").await, ["mine"]);
}

#[tokio::test]
async fn every_column_of_the_model_is_one_of_the_table() {
    let host = started().await;
    let model = &host.descriptor().models[0];
    for column in &model.columns {
        let sql = format!("SELECT COUNT(\"{}\".\"{}\") FROM {}", model.table, column.name, model.table);
        let counted: Result<i64, _> = host.database().query(sql).fetch_scalar().await;
        assert_eq!(counted, Ok(0), "{}", column.name);
    }
}

#[tokio::test]
async fn a_change_is_seen_and_dated() {
    let host = started().await;
    add(&host, &form("before")).await;
    let change = json!({ "title": "after", "type": 1, "status": 0, "content": "d" });
    assert_eq!(codes(&host.put("/sys/notices/1").json(&change).send().await), (200, 200));
    assert_eq!(
        host.get("/sys/notices/1").send().await.json()["data"],
        json!({
            "title": "after", "type": 1, "status": 0, "content": "d", "id": 1,
            "created_time": "2026-01-01 00:00:00", "updated_time": "2026-01-01 00:00:01",
        })
    );
}

#[tokio::test]
async fn deleting_tells_whether_there_was_something() {
    let host = started().await;
    for title in ["a", "b", "c"] {
        add(&host, &form(title)).await;
    }
    let deleted = host.delete("/sys/notices").json(&json!({ "pks": [1, 3, 77] })).send().await;
    assert_eq!(codes(&deleted), (200, 200));
    assert_eq!(titles(&host, "").await, ["b"]);
    for pks in [json!([1]), json!([])] {
        let again = host.delete("/sys/notices").language("zh-CN").json(&json!({ "pks": pks })).send().await;
        assert_eq!(again.status(), 200);
        assert_eq!(again.json(), json!({ "code": 400, "msg": "请求错误", "data": null }));
    }
}

#[tokio::test]
async fn a_missing_notice_is_a_404_in_the_envelope() {
    let host = started().await;
    let read = host.get("/sys/notices/7").language("zh-CN").send().await;
    let expected = json!({
        "code": 404, "msg": "通知公告不存在", "data": null, "trace_id": "00000000000000000000000000000001",
    });
    assert_eq!((read.status(), read.json()), (404, expected));
    let changed = host.put("/sys/notices/7").json(&form("t")).send().await;
    assert_eq!(codes(&changed), (404, 404));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_422() {
    let host = started().await;
    let with = |field: &str, value: Value| {
        let mut form = form("t");
        form[field] = value;
        form
    };
    let without_title = json!({ "type": 0, "status": 1, "content": "c" });
    for (body, field) in [
        (with("title", json!("x".repeat(65))), "title"),
        (with("title", json!("好".repeat(65))), "title"),
        (with("type", json!(7)), "type"),
        (with("status", json!(-1)), "status"),
        (with("content", Value::Null), "content"),
        (without_title, "title"),
    ] {
        let answer = host.post("/sys/notices").json(&body).send().await;
        assert_eq!(codes(&answer), (422, 422), "{body}");
        assert_eq!(answer.json()["data"]["errors"][0]["loc"], json!(["body", field]), "{body}");
    }
    assert_eq!(codes(&host.post("/sys/notices").json(&with("title", json!("好".repeat(64)))).send().await), (200, 200));
    let malformed = host.post("/sys/notices").header("content-type", "application/json").body("{").send().await;
    assert_eq!(codes(&malformed), (422, 422));
    for (path, part, field) in [
        ("/sys/notices?size=201", "query", "size"),
        ("/sys/notices?page=0", "query", "page"),
        ("/sys/notices?type=x", "query", "type"),
        ("/sys/notices/x", "path", "pk"),
    ] {
        let answer = host.get(path).send().await;
        assert_eq!(codes(&answer), (422, 422), "{path}");
        assert_eq!(answer.json()["data"]["errors"][0]["loc"], json!([part, field]), "{path}");
    }
    assert_eq!(titles(&host, "").await.len(), 1);
}

#[tokio::test]
async fn changing_asks_for_permissions_that_the_menu_grants() {
    let host = started().await;
    for (method, path, access) in [
        ("GET", "/sys/notices", Access::Authenticated),
        ("GET", "/sys/notices/1", Access::Authenticated),
        ("POST", "/sys/notices", Access::permission("sys:notice:add")),
        ("PUT", "/sys/notices/1", Access::permission("sys:notice:edit")),
        ("DELETE", "/sys/notices", Access::permission("sys:notice:del")),
    ] {
        assert_eq!(host.access(method, path), Some(&access), "{method} {path}");
    }
    let menu = &host.descriptor().menus[0];
    assert_eq!((menu.name.as_str(), menu.parent.as_deref(), menu.sort), ("PluginNotice", Some("System"), 9));
    assert_eq!(menu.path.as_deref(), Some("/plugins/notice"));
    let granted: Vec<_> = menu.children.iter().filter(|entry| entry.kind == MenuKind::Button).collect();
    let granted: Vec<_> = granted.iter().filter_map(|entry| entry.perms.as_deref()).collect();
    assert_eq!(granted, ["sys:notice:add", "sys:notice:edit", "sys:notice:del"]);
}

#[tokio::test]
async fn the_schema_can_be_taken_back() {
    let host = started().await;
    host.revert_migrations().await.expect("goes down");
    let tables = "SELECT COUNT(*) FROM sqlite_schema WHERE name LIKE 'sys_notice%'";
    let left: i64 = host.database().query(tables).fetch_scalar().await.expect("counts");
    assert_eq!(left, 0);
    assert_eq!(codes(&host.get("/sys/notices").send().await), (500, 500));
    assert!(host.logs().iter().any(|line| line.message.contains("no such table")));
}
