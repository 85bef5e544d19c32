//! What dictionary types promise.

use super::*;
use std::time::Duration;

#[tokio::test]
async fn an_added_type_can_be_read() {
    let host = emptied().await;
    add(&host, "/sys/dict-types", &json!({ "name": "N", "code": "n", "remark": "r", "extra": 1 })).await;
    let answer = host.get("/sys/dict-types/1").language("zh-CN").send().await;
    // The text, since the order of the fields is promised too.
    assert_eq!(
        answer.text(),
        "{\"code\":200,\"msg\":\"请求成功\",\"data\":{\"name\":\"N\",\"code\":\"n\",\"remark\":\"r\",\"id\":1,\
         \"created_time\":\"2026-01-01 00:00:00\",\"updated_time\":null}}"
    );
    add_type(&host, "without_remark").await;
    assert_eq!(host.get("/sys/dict-types/2").send().await.json()["data"]["remark"], Value::Null);
    host.stop().await.expect("dict stops");
}

#[tokio::test]
async fn types_are_listed_the_latest_first() {
    let host = emptied().await;
    for code in ["one", "two", "three"] {
        add_type(&host, code).await;
    }
    assert_eq!(each(&host, "/sys/dict-types/all", "code").await, ["three", "two", "one"]);
    assert_eq!(each(&host, "/sys/dict-types", "code").await, ["three", "two", "one"]);
    let page = host.get("/sys/dict-types?code=o&page=2&size=1").send().await.json();
    assert_eq!(page["data"]["items"][0]["code"], "one");
    assert_eq!((&page["data"]["total"], &page["data"]["total_pages"]), (&json!(2), &json!(2)));
    assert_eq!(
        page["data"]["links"],
        json!({
            "first": "/api/v1/sys/dict-types?code=o&page=1&size=1",
            "last": "/api/v1/sys/dict-types?code=o&page=2&size=1",
            "self": "/api/v1/sys/dict-types?code=o&page=2&size=1",
            "next": null,
            "prev": "/api/v1/sys/dict-types?code=o&page=1&size=1",
        })
    );
}

#[tokio::test]
async fn filters_narrow_the_types() {
    let host = emptied().await;
    for (name, code) in [("100% sure", "a_b"), ("sure", "axb"), ("系统", "c")] {
        add(&host, "/sys/dict-types", &json!({ "name": name, "code": code })).await;
    }
    for (query, expected) in [
        ("name=sure", vec!["axb", "a_b"]),
        ("name=%25", vec!["a_b"]),
        ("code=_", vec!["a_b"]),
        ("name=%E7%B3%BB", vec!["c"]),
        ("name=sure&code=x", vec!["axb"]),
        ("name=&code=", vec!["c", "axb", "a_b"]),
        ("code='%20OR%201=1", vec![]),
    ] {
        assert_eq!(each(&host, &format!("/sys/dict-types?{query}"), "code").await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_code_belongs_to_one_type() {
    let host = emptied().await;
    for code in ["a", "b"] {
        add_type(&host, code).await;
    }
    let form = json!({ "name": "N", "code": "a" });
    let refusals = [
        host.post("/sys/dict-types").language("zh-CN").json(&form).send().await,
        host.put("/sys/dict-types/2").language("zh-CN").json(&form).send().await,
    ];
    for refusal in refusals {
        assert_eq!(codes(&refusal), (409, 409));
        assert_eq!(refusal.json()["msg"], "字典类型 a 已存在");
    }
    assert_eq!(each(&host, "/sys/dict-types/all", "code").await, ["b", "a"]);
    assert_eq!(codes(&host.put("/sys/dict-types/1").json(&form).send().await), (200, 200));
}

#[tokio::test]
async fn the_entries_follow_the_code_of_their_type() {
    let host = emptied().await;
    add_type(&host, "before").await;
    add_entry(&host, 1, "L", 1).await;
    host.advance(Duration::from_secs(1));
    let change = json!({ "name": "N", "code": "after", "remark": null });
    assert_eq!(codes(&host.put("/sys/dict-types/1").json(&change).send().await), (200, 200));
    let changed = &host.get("/sys/dict-types/1").send().await.json()["data"];
    assert_eq!((&changed["code"], &changed["updated_time"]), (&json!("after"), &json!("2026-01-01 00:00:01")));
    assert_eq!(host.get("/sys/dict-datas/1").send().await.json()["data"]["type_code"], "after");
    assert_eq!(each(&host, "/sys/dict-datas/type-codes/after", "label").await, ["L"]);
    assert_eq!(codes(&host.get("/sys/dict-datas/type-codes/before").send().await), (404, 404));
}

#[tokio::test]
async fn deleting_a_type_deletes_its_entries_and_no_others() {
    let host = emptied().await;
    for (id, code) in [(1, "a"), (2, "b"), (3, "c")] {
        add_type(&host, code).await;
        add_entry(&host, id, code, 1).await;
    }
    let deleted = host.delete("/sys/dict-types").json(&json!({ "pks": [1, 3, 77] })).send().await;
    assert_eq!(codes(&deleted), (200, 200));
    assert_eq!(each(&host, "/sys/dict-types/all", "code").await, ["b"]);
    assert_eq!(each(&host, "/sys/dict-datas/all", "label").await, ["b"]);
    assert_eq!(codes(&host.get("/sys/dict-datas/type-codes/a").send().await), (404, 404));
    for pks in [json!([1]), json!([])] {
        let again = host.delete("/sys/dict-types").language("zh-CN").json(&json!({ "pks": pks })).send().await;
        assert_eq!(again.status(), 200);
        assert_eq!(again.json(), json!({ "code": 400, "msg": "请求错误", "data": null }));
    }
}

#[tokio::test]
async fn a_missing_type_is_a_404_in_the_envelope() {
    let host = emptied().await;
    let read = host.get("/sys/dict-types/7").language("zh-CN").send().await;
    let expected = json!({
        "code": 404, "msg": "字典类型不存在", "data": null, "trace_id": "00000000000000000000000000000001",
    });
    assert_eq!((read.status(), read.json()), (404, expected));
    let changed = host.put("/sys/dict-types/7").json(&json!({ "name": "N", "code": "n" })).send().await;
    assert_eq!(codes(&changed), (404, 404));
}

#[tokio::test]
async fn a_type_that_does_not_fit_is_refused_with_422() {
    let host = emptied().await;
    let long = "好".repeat(33);
    for (body, field) in [
        (json!({ "name": long, "code": "c" }), "name"),
        (json!({ "name": "n", "code": long }), "code"),
        (json!({ "code": "c" }), "name"),
        (json!({ "name": "n" }), "code"),
        (json!({ "name": null, "code": "c" }), "name"),
        (json!({ "name": "n", "code": "c", "remark": [] }), "remark"),
    ] {
        assert_eq!(fault(&host.post("/sys/dict-types").json(&body).send().await), json!(["body", field]), "{body}");
    }
    add(&host, "/sys/dict-types", &json!({ "name": "好".repeat(32), "code": "c".repeat(32) })).await;
    for (path, place) in [
        ("/sys/dict-types?size=201", ["query", "size"]),
        ("/sys/dict-types?page=0", ["query", "page"]),
        ("/sys/dict-types/x", ["path", "pk"]),
    ] {
        assert_eq!(fault(&host.get(path).send().await), json!(place), "{path}");
    }
    let pks = json!({ "pks": vec![1; 1001] });
    assert_eq!(fault(&host.delete("/sys/dict-types").json(&pks).send().await), json!(["body", "pks"]));
    assert_eq!(fault(&host.delete("/sys/dict-types").json(&json!([1])).send().await), json!(["body"]));
}

/// PostgreSQL stores no text with a NUL, so none comes as far as the database.
#[tokio::test]
async fn a_text_with_a_nul_is_refused_with_422() {
    let host = emptied().await;
    let refusals = [
        host.post("/sys/dict-types").json(&json!({ "name": "a\0", "code": "c" })).send().await,
        host.get("/sys/dict-types?name=a%00").send().await,
        host.get("/sys/dict-datas/type-codes/a%00").send().await,
    ];
    for refusal in refusals {
        assert_eq!(codes(&refusal), (422, 422));
        assert_eq!(refusal.json()["trace_id"].as_str().map(str::len), Some(32));
    }
    add_type(&host, "\\u0000").await;
}
