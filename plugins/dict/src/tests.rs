//! The promises of the plugin, through its real entry points.

mod data;
mod types;

use crate::Dictionaries;
use plugin_api::descriptor::MenuKind;
use plugin_api::prelude::*;
use plugin_api::testing::{TestHost, TestResponse};
use serde_json::{Value, json};

async fn started() -> TestHost {
    TestHost::start::<Dictionaries>().await.expect("dict starts")
}

/// Started with nothing in it.
async fn emptied() -> TestHost {
    let host = started().await;
    for table in ["sys_dict_data", "sys_dict_type"] {
        host.database().query(format!("DELETE FROM {table}")).execute().await.expect("empties");
    }
    host.database().query("DELETE FROM sqlite_sequence").execute().await.expect("numbers from 1 again");
    host
}

async fn add(host: &TestHost, path: &str, form: &Value) {
    let answer = host.post(path).json(form).send().await;
    assert_eq!(answer.json(), json!({ "code": 200, "msg": "Request success", "data": null }), "{form}");
}

async fn add_type(host: &TestHost, code: &str) {
    add(host, "/sys/dict-types", &json!({ "name": format!("name of {code}"), "code": code })).await;
}

fn entry(type_id: i64, label: &str, sort: i32) -> Value {
    json!({ "type_id": type_id, "label": label, "value": format!("value of {label}"), "sort": sort, "status": 1 })
}

async fn add_entry(host: &TestHost, type_id: i64, label: &str, sort: i32) {
    add(host, "/sys/dict-datas", &entry(type_id, label, sort)).await;
}

/// The field of every item, of a page or of a bare list.
async fn each(host: &TestHost, path: &str, field: &str) -> Vec<String> {
    let answer = host.get(path).send().await.json();
    let data = &answer["data"];
    let items = data.get("items").unwrap_or(data).as_array().unwrap_or_else(|| panic!("{path}: {answer}"));
    items.iter().map(|item| item[field].as_str().expect("text").to_owned()).collect()
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
async fn changing_asks_for_permissions_that_the_menu_grants() {
    let host = started().await;
    for (resource, prefix) in [("/sys/dict-types", "dict:type"), ("/sys/dict-datas", "dict:data")] {
        let one = format!("{resource}/1");
        let all = format!("{resource}/all");
        for path in [resource, &one, &all] {
            assert_eq!(host.access("GET", path), Some(&Access::Authenticated), "{path}");
        }
        for (method, path, right) in [("POST", resource, "add"), ("PUT", &one, "edit"), ("DELETE", resource, "del")] {
            let asked = Access::permission(&format!("{prefix}:{right}"));
            assert_eq!(host.access(method, path), Some(&asked), "{method} {path}");
        }
    }
    assert_eq!(host.access("GET", "/sys/dict-datas/type-codes/sys_status"), Some(&Access::Authenticated));
    let menu = &host.descriptor().menus[0];
    assert_eq!((menu.name.as_str(), menu.parent.as_deref(), menu.sort), ("PluginDict", Some("System"), 8));
    assert_eq!(menu.path.as_deref(), Some("/plugins/dict"));
    assert_eq!(menu.component.as_deref(), Some("/plugins/dict/views/index"));
    let buttons = menu.children.iter().filter(|entry| entry.kind == MenuKind::Button);
    let granted: Vec<_> = buttons.filter_map(|entry| entry.perms.as_deref()).collect();
    assert_eq!(
        granted,
        ["dict:type:add", "dict:type:edit", "dict:type:del", "dict:data:add", "dict:data:edit", "dict:data:del"]
    );
}

#[tokio::test]
async fn the_schema_can_be_taken_back() {
    let host = started().await;
    host.revert_migrations().await.expect("goes down");
    let tables = "SELECT COUNT(*) FROM sqlite_schema WHERE name LIKE 'sys_dict%'";
    let left: i64 = host.database().query(tables).fetch_scalar().await.expect("counts");
    assert_eq!(left, 0);
    for path in ["/sys/dict-types", "/sys/dict-datas"] {
        assert_eq!(codes(&host.get(path).send().await), (500, 500));
    }
    assert!(host.logs().iter().any(|line| line.message.contains("no such table")));
}

/// What a page of entries costs: it is read in its order from an index, not sorted.
#[tokio::test]
async fn pages_of_entries_are_read_in_order_from_an_index() {
    let host = started().await;
    for condition in ["", "WHERE type_id = 1", "WHERE type_code = 'a'"] {
        let sql = format!("EXPLAIN QUERY PLAN SELECT * FROM sys_dict_data {condition} ORDER BY sort, id LIMIT 20");
        let plan: Vec<(i64, i64, i64, String)> = host.database().query(sql).fetch_all().await.expect("a plan");
        let plan: Vec<String> = plan.into_iter().map(|(_, _, _, step)| step).collect();
        assert!(plan.iter().all(|step| step.contains("USING INDEX")), "{condition}: {plan:?}");
    }
}
