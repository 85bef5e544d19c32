//! Data rules: what they may say, and who may write them.

use crate::send::{delete, each, keys, put, send, sql};
use reqwest::Method;
use serde_json::{Value, json};

const RULES: &str = "/api/v1/sys/data-rules";
const KEYS: [&str; 9] =
    ["name", "model", "column", "operator", "expression", "value", "id", "created_time", "updated_time"];

fn rule(name: &str) -> Value {
    json!({"name": name, "model": "Dept", "column": "name", "operator": 0, "expression": 6, "value": "a,b"})
}

fn with(mut rule: Value, changes: &Value) -> Value {
    for (key, value) in changes.as_object().expect("an object") {
        rule[key] = value.clone();
    }
    rule
}

on_both! {
    async fn the_rules_to_begin_with_are_listed_in_pages_and_as_a_whole(server: &Server) {
        let member = server.member(&[]).await;
        let all = member.get(&format!("{RULES}/all")).await.ok();
        assert_eq!(each(&all["data"], "id"), [1, 2, 3, 4, 5, 6]);
        assert_eq!(keys(&all["data"][0]), KEYS);
        assert_eq!(each(&all["data"], "column"), ["__dept_id__", "name", "parent_id", "__created_by__", "__dept_id__",
            "is_superuser"]);
        let page = member.get(&format!("{RULES}?name=one%27s%20own&size=1&page=2")).await.ok();
        assert_eq!(keys(&page["data"]), ["items", "total", "page", "size", "total_pages", "links"]);
        assert_eq!((&page["data"]["total"], &page["data"]["items"][0]["id"]), (&json!(2), &json!(5)));
        let links = &member.get(&format!("{RULES}?size=2")).await.ok()["data"]["links"];
        assert_eq!(links["last"], json!(format!("{RULES}?page=3&size=2")));
        for path in ["", "/all", "/models", "/models/User/columns", "/value-template-variables", "/1"] {
            server.anonymous().get(&format!("{RULES}{path}")).await.refused(401);
            member.get(&format!("{RULES}{path}")).await.ok();
        }
    }

    async fn models_columns_and_variables_can_be_looked_up_and_hold_no_secret(server: &Server) {
        let admin = server.admin().await;
        let models = admin.get(&format!("{RULES}/models")).await.ok();
        assert_eq!(models["data"], json!(["__ALL__", "Dept", "User"]));
        let shared = admin.get(&format!("{RULES}/models/__ALL__/columns")).await.ok();
        assert_eq!(each(&shared["data"], "key"), ["__dept_id__", "__created_by__"]);
        let user = admin.get(&format!("{RULES}/models/User/columns")).await.ok();
        assert_eq!(keys(&user["data"][0]), ["key", "comment"]);
        let columns = each(&user["data"], "key");
        assert!(columns.contains(&json!("username")) && columns.contains(&json!("__created_by__")));
        assert!(!columns.contains(&json!("password")) && !columns.contains(&json!("salt")));
        admin.get(&format!("{RULES}/models/Nope/columns")).await.refused(404);
        let variables = admin.get(&format!("{RULES}/value-template-variables")).await.ok();
        assert_eq!(each(&variables["data"], "key"), ["${user_id}", "${dept_id}", "${now}"]);
    }

    async fn a_rule_is_added_read_changed_and_deleted(server: &Server) {
        let admin = server.admin().await;
        assert_eq!(admin.post_json(RULES, &rule("r1")).await.ok()["data"], Value::Null);
        let found = admin.get(&format!("{RULES}?name=r1")).await.ok();
        let id = found["data"]["items"][0]["id"].as_i64().expect("an id");
        let path = format!("{RULES}/{id}");
        put(&admin, &path, &with(rule("r2"), &json!({"expression": 7, "operator": 1}))).await.ok();
        let read = admin.get(&path).await.ok();
        assert_eq!(keys(&read["data"]), KEYS);
        assert_eq!((&read["data"]["name"], &read["data"]["expression"]), (&json!("r2"), &json!(7)));
        assert_eq!(read["data"]["updated_time"].as_str().map(str::len), Some(19));
        assert_eq!(delete(&admin, RULES, &json!({"pks": [id, 99999]})).await.ok()["code"], 200);
        admin.get(&path).await.refused(404);
        put(&admin, &path, &rule("r3")).await.refused(404);
        for pks in [json!([id]), json!([])] {
            assert_eq!(delete(&admin, RULES, &json!({"pks": pks})).await.ok()["code"], 400);
        }
    }

    async fn a_rule_that_makes_no_sense_is_refused(server: &Server) {
        let admin = server.admin().await;
        let cases = [
            (json!({"model": "Nope"}), 404),
            (json!({"model": "sys_user; DROP TABLE sys_user"}), 404),
            (json!({"column": "password", "model": "User"}), 422),
            (json!({"column": "id) OR (1=1"}), 422),
            (json!({"column": "__created_by__"}), 422),
            (json!({"column": "name", "model": "__ALL__"}), 422),
            (json!({"operator": 2}), 422),
            (json!({"expression": 8}), 422),
            (json!({"expression": -1}), 422),
            (json!({"value": "${password}"}), 422),
            (json!({"value": "${dept_id} OR 1=1", "column": "id"}), 422),
            (json!({"value": "1; DROP TABLE sys_dept", "column": "id", "expression": 0}), 422),
            (json!({"value": " , "}), 422),
            (json!({"value": "x".repeat(257)}), 422),
            (json!({"name": "x".repeat(513)}), 422),
            (json!({"name": ""}), 422),
            (json!({"value": null}), 422),
        ];
        for (changes, status) in cases {
            let body = with(rule("strange"), &changes);
            let answer = admin.post_json(RULES, &body).await;
            assert_eq!(answer.status, status, "{body}: {}", answer.text);
            let answer = put(&admin, &format!("{RULES}/1"), &body).await;
            assert_eq!(answer.status, status, "{body}: {}", answer.text);
        }
        assert_eq!(admin.get(RULES).await.ok()["data"]["total"], 6);
        let quotes = with(rule("'); DROP TABLE sys_data_rule; --"), &json!({"value": "' OR '1'='1"}));
        admin.post_json(RULES, &quotes).await.ok();
        let found = admin.get(&format!("{RULES}?name=%27%29%3B%20DROP")).await.ok();
        assert_eq!(found["data"]["items"][0]["value"], "' OR '1'='1");
        for wildcard in ["%25", "__", "%27%20OR%201%3D1"] {
            assert_eq!(admin.get(&format!("{RULES}?name={wildcard}")).await.ok()["data"]["total"], 0, "{wildcard}");
        }
    }

    async fn two_identical_rules_at_once_give_one_row_and_one_conflict(server: &Server) {
        let admin = server.admin().await;
        let body = rule("twice");
        let (one, other) = tokio::join!(admin.post_json(RULES, &body), admin.post_json(RULES, &body));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        assert_eq!(admin.get(&format!("{RULES}?name=twice")).await.ok()["data"]["total"], 1);
        admin.post_json(RULES, &body).await.refused(409);
        put(&admin, &format!("{RULES}/1"), &body).await.refused(409);
    }

    async fn rules_are_written_by_those_with_the_code(server: &Server) {
        let member = server.member(&["data:rule:add"]).await;
        member.post_json(RULES, &rule("mine")).await.ok();
        put(&member, &format!("{RULES}/1"), &rule("theirs")).await.refused(403);
        delete(&member, RULES, &json!({"pks": [1]})).await.refused(403);
        let anonymous = server.anonymous();
        anonymous.post_json(RULES, &rule("x")).await.refused(401);
        send(&anonymous, Method::DELETE, RULES, &json!({"pks": [1]})).await.refused(401);
        sql(server, "UPDATE sys_user SET is_staff = FALSE WHERE id = 70").await;
    }
}
