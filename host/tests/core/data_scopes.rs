//! Data scopes: sets of rules.

use crate::send::{delete, each, keys, put};
use serde_json::{Value, json};

const SCOPES: &str = "/api/v1/sys/data-scopes";
const KEYS: [&str; 5] = ["name", "status", "id", "created_time", "updated_time"];

on_both! {
    async fn the_scopes_to_begin_with_are_listed_with_their_rules(server: &Server) {
        let member = server.member(&[]).await;
        let all = member.get(&format!("{SCOPES}/all")).await.ok();
        assert_eq!(each(&all["data"], "id"), [1, 2, 3, 4, 5]);
        assert_eq!(keys(&all["data"][0]), KEYS);
        for (scope, rules) in [(1, json!([1])), (2, json!([2, 3])), (3, json!([4])), (4, json!([5])), (5, json!([6]))] {
            let shown = member.get(&format!("{SCOPES}/{scope}/rules")).await.ok();
            assert_eq!(keys(&shown["data"]), [&KEYS[..], &["rules"]].concat());
            assert_eq!(json!(each(&shown["data"]["rules"], "id")), rules);
        }
        let page = member.get(&format!("{SCOPES}?name=department&status=1&size=1")).await.ok();
        assert_eq!(page["data"]["total"], 3);
        assert_eq!(page["data"]["links"]["next"], json!(format!("{SCOPES}?name=department&status=1&page=2&size=1")));
        assert_eq!(member.get(&format!("{SCOPES}?status=0")).await.ok()["data"]["total"], 0);
        for path in ["", "/all", "/1", "/1/rules"] {
            server.anonymous().get(&format!("{SCOPES}{path}")).await.refused(401);
        }
    }

    async fn a_scope_is_added_changed_given_rules_and_deleted(server: &Server) {
        let admin = server.admin().await;
        assert_eq!(admin.post_json(SCOPES, &json!({"name": "S9", "status": 1})).await.ok()["data"], Value::Null);
        let found = admin.get(&format!("{SCOPES}?name=S9")).await.ok();
        let id = found["data"]["items"][0]["id"].as_i64().expect("an id");
        let (path, rules) = (format!("{SCOPES}/{id}"), format!("{SCOPES}/{id}/rules"));
        put(&admin, &path, &json!({"name": "S10", "status": 0})).await.ok();
        let read = admin.get(&path).await.ok();
        assert_eq!(keys(&read["data"]), KEYS);
        assert_eq!((&read["data"]["name"], &read["data"]["status"]), (&json!("S10"), &json!(0)));
        let shown = async || each(&admin.get(&rules).await.ok()["data"]["rules"], "id");
        put(&admin, &rules, &json!({"rules": [2, 1, 2]})).await.ok();
        assert_eq!(shown().await, [1, 2]);
        put(&admin, &rules, &json!({"rules": [3, 9999]})).await.refused(404);
        assert_eq!(shown().await, [1, 2]);
        assert_eq!(put(&admin, &rules, &json!({"rules": []})).await.ok()["code"], 200);
        assert_eq!(shown().await, Vec::<Value>::new());
        put(&admin, &rules, &json!({"rules": [1, 6]})).await.ok();
        delete(&admin, "/api/v1/sys/data-rules", &json!({"pks": [6]})).await.ok();
        assert_eq!(shown().await, [1]);
        assert_eq!(delete(&admin, SCOPES, &json!({"pks": [id]})).await.ok()["code"], 200);
        assert_eq!(delete(&admin, SCOPES, &json!({"pks": [id]})).await.ok()["code"], 400);
        for path in [&path, &rules] {
            admin.get(path).await.refused(404);
        }
        put(&admin, &path, &json!({"name": "S11", "status": 1})).await.refused(404);
        put(&admin, &rules, &json!({"rules": [1]})).await.refused(404);
    }

    async fn a_scope_that_makes_no_sense_is_refused(server: &Server) {
        let admin = server.admin().await;
        for body in [
            json!({"name": "x", "status": 2}),
            json!({"name": "x"}),
            json!({"name": "x".repeat(65), "status": 1}),
            json!({"name": "", "status": 1}),
            json!({"name": [1], "status": 1}),
        ] {
            admin.post_json(SCOPES, &body).await.refused(422);
            put(&admin, &format!("{SCOPES}/1"), &body).await.refused(422);
        }
        put(&admin, &format!("{SCOPES}/1/rules"), &json!({"rules": ["x"]})).await.refused(422);
        admin.get(&format!("{SCOPES}/abc")).await.refused(422);
        admin.get(&format!("{SCOPES}?size=201")).await.refused(422);
        assert_eq!(admin.get(SCOPES).await.ok()["data"]["total"], 5);
    }

    async fn two_identical_scopes_at_once_give_one_row_and_one_conflict(server: &Server) {
        let admin = server.admin().await;
        let body = json!({"name": "twice", "status": 1});
        let (one, other) = tokio::join!(admin.post_json(SCOPES, &body), admin.post_json(SCOPES, &body));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        assert_eq!(admin.get(&format!("{SCOPES}?name=twice")).await.ok()["data"]["total"], 1);
        put(&admin, &format!("{SCOPES}/1"), &body).await.refused(409);
    }

    async fn scopes_are_written_by_those_with_the_code(server: &Server) {
        let member = server.member(&["data:scope:edit"]).await;
        put(&member, &format!("{SCOPES}/1"), &json!({"name": "mine", "status": 1})).await.ok();
        member.post_json(SCOPES, &json!({"name": "x", "status": 1})).await.refused(403);
        put(&member, &format!("{SCOPES}/1/rules"), &json!({"rules": [1]})).await.refused(403);
        delete(&member, SCOPES, &json!({"pks": [1]})).await.refused(403);
        server.anonymous().post_json(SCOPES, &json!({"name": "x", "status": 1})).await.refused(401);
    }
}
