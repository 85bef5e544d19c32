//! With snowflake ids every id and every reference to one is a text, the core's and the plugins'.

use crate::bundle;
use crate::server::{Answer, Role, Server, with_postgres_and};
use reqwest::Method;
use serde_json::{Value, json};

const SETTINGS: [(&str, &str); 3] =
    [("APP__IDS__KIND", "snowflake"), ("APP__IDS__DATACENTER", "3"), ("APP__IDS__WORKER", "17")];
/// Smaller keys are those of rows that the migrations brought.
const SNOWFLAKE_MIN: i64 = 1 << 53;

#[tokio::test(flavor = "multi_thread")]
async fn every_id_is_a_text_on_sqlite() {
    check(&Server::start_with(&SETTINGS).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_id_is_a_text_on_postgres() {
    with_postgres_and(&SETTINGS, async |server| check(server).await).await;
}

async fn check(server: &Server) {
    let admin = server.admin().await;
    for name in ["notice", "dict", "config"] {
        admin.install(bundle::of(name)).await.ok();
    }
    let dept = added(&admin, "/api/v1/sys/depts", &json!({"name": "Far", "status": 1}), "name").await;
    let below = json!({"name": "Farther", "status": 1, "parent_id": dept});
    let below = added(&admin, "/api/v1/sys/depts", &below, "name").await;
    assert_eq!(admin.get(&format!("/api/v1/sys/depts/{below}")).await.ok()["data"]["parent_id"], dept.as_str());
    let menu = json!({"title": "Far", "name": "Far", "path": "/far", "sort": 1, "type": 1, "status": 1, "display": 1,
                      "cache": 1, "perms": "far:see"});
    let menu = added(&admin, "/api/v1/sys/menus", &menu, "title").await;
    let rule =
        json!({"name": "Far", "model": "Dept", "column": "name", "operator": 0, "expression": 0, "value": "Far"});
    let rule = added(&admin, "/api/v1/sys/data-rules", &rule, "name").await;
    let scope = added(&admin, "/api/v1/sys/data-scopes", &json!({"name": "Far", "status": 1}), "name").await;
    let role = json!({"name": "Far", "status": 1, "is_filter_scopes": false});
    let role = added(&admin, "/api/v1/sys/roles", &role, "name").await;
    put(&admin, &format!("/api/v1/sys/data-scopes/{scope}/rules"), &json!({"rules": [rule]})).await;
    put(&admin, &format!("/api/v1/sys/roles/{role}/menus"), &json!({"menus": [menu]})).await;
    put(&admin, &format!("/api/v1/sys/roles/{role}/scopes"), &json!({"scopes": [scope]})).await;
    let user = json!({"username": "far", "password": "far-away-1", "dept_id": dept, "roles": [role]});
    let user = admin.post_json("/api/v1/sys/users", &user).await.ok();
    texts(&user["data"]);
    snowflake(&user["data"]["id"]);
    let member = server.user("far", "far-away-1").await;
    assert_eq!(member.get("/api/v1/auth/codes").await.ok()["data"], json!(["far:see"]));

    let kind = json!({"name": "Far", "code": "far"});
    let kind = added(&admin, "/api/v1/sys/dict-types", &kind, "code").await;
    let entry = json!({"type_id": kind, "label": "Far", "value": "1", "sort": 1, "status": 1});
    let entry = added(&admin, "/api/v1/sys/dict-datas", &entry, "label").await;
    assert_eq!(admin.get(&format!("/api/v1/sys/dict-datas/{entry}")).await.ok()["data"]["type_id"], kind.as_str());
    let parameter = json!({"name": "Far", "key": "far", "value": "1", "is_frontend": false});
    added(&admin, "/api/v1/sys/configs", &parameter, "key").await;
    let notice = json!({"title": "Far", "type": 0, "status": 1, "content": "away"});
    let notice = added(&admin, "/api/v1/sys/notices", &notice, "title").await;
    let gone = admin.request(Method::DELETE, "/api/v1/sys/notices").json(&json!({"pks": [notice]}));
    assert_eq!(Answer::of(gone).await.ok()["code"], 200);

    reads(&admin).await;
}

/// Every read without a parameter in its path shows texts only, and so says the document.
async fn reads(admin: &Role) {
    let document = admin.get("/openapi.json").await.ok();
    assert_eq!(document["components"]["schemas"]["User"]["properties"]["id"]["type"], "string");
    assert_eq!(document["components"]["schemas"]["notice.NoticeDetail"]["properties"]["id"]["type"], "string");
    let mut ids = 0;
    for (path, methods) in document["paths"].as_object().expect("paths") {
        // Events have no end, exports are files.
        let is_json = !path.ends_with("/events") && !path.ends_with("/export");
        if is_json && methods.get("get").is_some() && !path.contains("{") && path.starts_with("/api/v1/") {
            let answer = admin.get(&format!("{path}?size=200")).await;
            if answer.status == 200 {
                ids += texts(&answer.json()["data"]);
            }
        }
    }
    println!("{ids} ids, all of them texts");
    assert!(ids > 200, "{ids}");
}

/// Adds something and gives its id, found in the list by the value of `key`.
async fn added(admin: &Role, path: &str, body: &Value, key: &str) -> String {
    let answer = admin.post_json(path, body).await.ok();
    assert_eq!(answer["code"], 200, "{path} {answer}");
    let listed = admin.get(&format!("{path}?size=200")).await.ok();
    let mut found = None;
    each(&listed["data"], &mut |object| {
        if object.get(key) == Some(&body[key]) && object.contains_key("id") {
            found = Some(object["id"].clone());
        }
    });
    let id = found.unwrap_or_else(|| panic!("{path} does not list {body}"));
    snowflake(&id)
}

async fn put(admin: &Role, path: &str, body: &Value) {
    assert_eq!(Answer::of(admin.request(Method::PUT, path).json(body)).await.ok()["code"], 200, "{path}");
}

/// The text of an id that a process has made.
fn snowflake(id: &Value) -> String {
    let text = id.as_str().expect("a text");
    let number: i64 = text.parse().expect("a number");
    assert!(number > SNOWFLAKE_MIN && (number >> 12) & 0x3ff == 3 << 5 | 17, "{number}");
    text.to_owned()
}

/// Asserts that whatever is called an id is a text or null; gives how many there are.
fn texts(value: &Value) -> usize {
    let mut count = 0;
    each(value, &mut |object| {
        for (key, field) in object.iter().filter(|(key, _)| *key == "id" || key.ends_with("_id")) {
            assert!(field.is_string() || field.is_null(), "{key} is {field} in {object:?}");
            count += 1;
        }
    });
    count
}

/// Visits every object below `value`.
fn each(value: &Value, visit: &mut impl FnMut(&serde_json::Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            visit(object);
            object.values().for_each(|below| each(below, visit));
        }
        Value::Array(items) => items.iter().for_each(|below| each(below, visit)),
        _ => {}
    }
}
