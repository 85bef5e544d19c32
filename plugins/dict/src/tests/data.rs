//! What dictionary entries promise.

use super::*;
use std::time::Duration;

/// The codes that pages look up, and the values that the API takes, in the order of their places.
const FIRST: [(&str, &[&str]); 12] = [
    ("sys_status", &["0", "1"]),
    ("sys_choose", &["false", "true"]),
    ("sys_menu_type", &["0", "1", "2", "3", "4"]),
    ("sys_login_status", &["0", "1"]),
    ("sys_data_rule_operator", &["0", "1"]),
    ("sys_data_rule_expression", &["0", "1", "2", "3", "4", "5", "6", "7"]),
    ("sys_frontend_config", &["0", "1"]),
    ("task_strategy_type", &["0", "1"]),
    ("task_period_type", &["days", "hours", "minutes", "seconds", "microseconds"]),
    ("notice", &["0", "1"]),
    ("user_online_status", &["0", "1"]),
    ("sys_plugin_type", &["0", "1"]),
];

#[tokio::test]
async fn twelve_dictionaries_are_there_from_the_beginning() {
    let host = started().await;
    assert_eq!(each(&host, "/sys/dict-types/all", "code").await.len(), FIRST.len());
    for (code, values) in FIRST {
        let mut found = each(&host, &format!("/sys/dict-datas/type-codes/{code}"), "value").await;
        found.reverse();
        assert_eq!(found, values, "{code}");
    }
    let status = host.get("/sys/dict-datas/type-codes/sys_status").send().await.json();
    assert_eq!(
        status["data"][0],
        json!({
            "type_id": 1, "label": "正常", "value": "1", "color": "green", "sort": 2, "status": 1, "remark": null,
            "id": 2, "type_code": "sys_status", "created_time": "2025-06-26 20:29:06", "updated_time": null,
        })
    );
}

#[tokio::test]
async fn an_added_entry_can_be_read() {
    let host = emptied().await;
    add_type(&host, "n1").await;
    let form = json!({
        "type_id": 1, "label": "L", "value": "1", "color": "red", "sort": 1, "status": 1, "remark": "", "id": 9,
    });
    add(&host, "/sys/dict-datas", &form).await;
    let answer = host.get("/sys/dict-datas/1").send().await;
    // The text, since the order of the fields is promised too.
    assert_eq!(
        answer.text(),
        "{\"code\":200,\"msg\":\"Request success\",\"data\":{\"type_id\":1,\"label\":\"L\",\"value\":\"1\",\
         \"color\":\"red\",\"sort\":1,\"status\":1,\"remark\":\"\",\"id\":1,\"type_code\":\"n1\",\
         \"created_time\":\"2026-01-01 00:00:00\",\"updated_time\":null}}"
    );
}

#[tokio::test]
async fn entries_are_listed_in_their_order() {
    let host = emptied().await;
    add_type(&host, "a").await;
    for (label, sort) in [("third", 3), ("first", -1), ("second", 2), ("second too", 2)] {
        add_entry(&host, 1, label, sort).await;
    }
    let in_order = ["first", "second", "second too", "third"];
    assert_eq!(each(&host, "/sys/dict-datas/all", "label").await, in_order);
    assert_eq!(each(&host, "/sys/dict-datas", "label").await, in_order);
    let page = host.get("/sys/dict-datas?type_id=1&page=2&size=3").send().await.json();
    assert_eq!((&page["data"]["items"][0]["label"], &page["data"]["total"]), (&json!("third"), &json!(4)));
    assert_eq!(page["data"]["links"]["prev"], "/api/v1/sys/dict-datas?type_id=1&page=1&size=3");
    let of_code = each(&host, "/sys/dict-datas/type-codes/a", "label").await;
    assert_eq!(of_code, ["third", "second too", "second", "first"]);
}

#[tokio::test]
async fn a_code_shows_what_is_enabled() {
    let host = emptied().await;
    add_type(&host, "a").await;
    add_entry(&host, 1, "on", 1).await;
    let mut off = entry(1, "off", 2);
    off["status"] = json!(0);
    add(&host, "/sys/dict-datas", &off).await;
    assert_eq!(each(&host, "/sys/dict-datas/type-codes/a", "label").await, ["on"]);
    // With the only enabled entry gone there is nothing to show.
    host.delete("/sys/dict-datas").json(&json!({ "pks": [1] })).send().await;
    for code in ["a", "nope", "%"] {
        let answer = host.get(&format!("/sys/dict-datas/type-codes/{code}")).language("zh-CN").send().await;
        assert_eq!(codes(&answer), (404, 404), "{code}");
        assert_eq!(answer.json()["msg"], "字典数据不存在");
    }
}

#[tokio::test]
async fn filters_narrow_the_entries() {
    let host = emptied().await;
    for code in ["a", "ab"] {
        add_type(&host, code).await;
    }
    for (type_id, label, value, status) in [(1, "50%", "x", 1), (1, "half", "y_z", 0), (2, "half", "yz", 1)] {
        let form = json!({ "type_id": type_id, "label": label, "value": value, "sort": 1, "status": status });
        add(&host, "/sys/dict-datas", &form).await;
    }
    for (query, expected) in [
        ("type_code=a", vec!["x", "y_z"]),
        ("type_code=b", vec![]),
        ("type_code=", vec!["x", "y_z", "yz"]),
        ("label=%25", vec!["x"]),
        ("value=_", vec!["y_z"]),
        ("value=y", vec!["y_z", "yz"]),
        ("status=0", vec!["y_z"]),
        ("status=1&label=half", vec!["yz"]),
        ("type_id=2", vec!["yz"]),
        ("type_id=3", vec![]),
    ] {
        assert_eq!(each(&host, &format!("/sys/dict-datas?{query}"), "value").await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_label_stands_once_in_a_type() {
    let host = emptied().await;
    for code in ["a", "b"] {
        add_type(&host, code).await;
    }
    add_entry(&host, 1, "L", 1).await;
    // Another type may have it.
    add_entry(&host, 2, "L", 1).await;
    add_entry(&host, 1, "M", 1).await;
    let refusals = [
        host.post("/sys/dict-datas").language("zh-CN").json(&entry(1, "L", 2)).send().await,
        host.put("/sys/dict-datas/3").language("zh-CN").json(&entry(1, "L", 2)).send().await,
        host.put("/sys/dict-datas/3").language("zh-CN").json(&entry(2, "L", 2)).send().await,
    ];
    for refusal in refusals {
        assert_eq!(codes(&refusal), (409, 409));
        assert_eq!(refusal.json()["msg"], "字典数据 L 已存在");
    }
    assert_eq!(each(&host, "/sys/dict-datas/all", "label").await, ["L", "L", "M"]);
    assert_eq!(codes(&host.put("/sys/dict-datas/3").json(&entry(1, "M", 2)).send().await), (200, 200));
}

#[tokio::test]
async fn a_change_is_seen_and_dated() {
    let host = emptied().await;
    for code in ["a", "b"] {
        add_type(&host, code).await;
    }
    add_entry(&host, 1, "L", 1).await;
    host.advance(Duration::from_secs(1));
    let change = json!({
        "type_id": 2, "label": "M", "value": "2", "color": null, "sort": 5, "status": 0, "remark": "r",
    });
    assert_eq!(codes(&host.put("/sys/dict-datas/1").json(&change).send().await), (200, 200));
    assert_eq!(
        host.get("/sys/dict-datas/1").send().await.json()["data"],
        json!({
            "type_id": 2, "label": "M", "value": "2", "color": null, "sort": 5, "status": 0, "remark": "r", "id": 1,
            "type_code": "b", "created_time": "2026-01-01 00:00:00", "updated_time": "2026-01-01 00:00:01",
        })
    );
}

#[tokio::test]
async fn an_entry_needs_its_type() {
    let host = emptied().await;
    add_type(&host, "a").await;
    add_entry(&host, 1, "L", 1).await;
    let refusals = [
        host.post("/sys/dict-datas").language("zh-CN").json(&entry(9999, "L", 1)).send().await,
        host.put("/sys/dict-datas/1").language("zh-CN").json(&entry(9999, "L", 1)).send().await,
    ];
    for refusal in refusals {
        assert_eq!(codes(&refusal), (404, 404));
        assert_eq!(refusal.json()["msg"], "字典类型不存在");
    }
}

#[tokio::test]
async fn a_missing_entry_is_a_404_in_the_envelope() {
    let host = emptied().await;
    add_type(&host, "a").await;
    let read = host.get("/sys/dict-datas/7").language("zh-CN").send().await;
    assert_eq!((codes(&read), read.json()["msg"].clone()), ((404, 404), json!("字典数据不存在")));
    let changed = host.put("/sys/dict-datas/7").json(&entry(1, "L", 1)).send().await;
    assert_eq!(codes(&changed), (404, 404));
    for pks in [json!([7]), json!([])] {
        let deleted = host.delete("/sys/dict-datas").json(&json!({ "pks": pks })).send().await;
        assert_eq!(codes(&deleted), (200, 400));
    }
}

#[tokio::test]
async fn an_entry_that_does_not_fit_is_refused_with_422() {
    let host = emptied().await;
    add_type(&host, "a").await;
    let with = |field: &str, value: Value| {
        let mut form = entry(1, "L", 1);
        form[field] = value;
        form
    };
    let long = json!("好".repeat(33));
    for (field, value) in [
        ("label", long.clone()),
        ("value", long.clone()),
        ("color", long),
        ("value", json!([])),
        ("sort", json!("1")),
        ("status", json!(2)),
        ("status", json!(true)),
        ("type_id", Value::Null),
        ("label", Value::Null),
    ] {
        let body = with(field, value);
        assert_eq!(fault(&host.post("/sys/dict-datas").json(&body).send().await), json!(["body", field]), "{body}");
    }
    for sort in [3_000_000_000_i64, i64::MAX] {
        let refused = host.post("/sys/dict-datas").json(&with("sort", json!(sort))).send().await;
        assert_eq!(codes(&refused), (422, 422));
    }
    for (path, place) in [
        ("/sys/dict-datas?size=201", ["query", "size"]),
        ("/sys/dict-datas?status=x", ["query", "status"]),
        ("/sys/dict-datas?type_id=x", ["query", "type_id"]),
        ("/sys/dict-datas/x", ["path", "pk"]),
    ] {
        assert_eq!(fault(&host.get(path).send().await), json!(place), "{path}");
    }
    assert_eq!(each(&host, "/sys/dict-datas/all", "label").await.len(), 0);
}
