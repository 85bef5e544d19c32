//! Departments: the tree, its guards, and who sees what of it.

use crate::send::{each, keys, put, sql};
use crate::server::{Role, Server};
use serde_json::{Value, json};

const DEPTS: &str = "/api/v1/sys/depts";
const KEYS: [&str; 11] = [
    "name",
    "parent_id",
    "sort",
    "leader",
    "phone",
    "email",
    "status",
    "id",
    "del_flag",
    "created_time",
    "updated_time",
];

fn dept(name: &str) -> Value {
    json!({"name": name, "status": 1})
}

fn below(name: &str, parent: i64) -> Value {
    json!({"name": name, "status": 1, "parent_id": parent})
}

/// Adds a department and gives its id.
async fn added(role: &Role, body: &Value) -> i64 {
    assert_eq!(role.post_json(DEPTS, body).await.ok()["data"], Value::Null);
    let name = body["name"].as_str().expect("a name");
    let found = role.get(&format!("{DEPTS}?name={name}")).await.ok();
    found["data"][0]["id"].as_i64().expect("an id")
}

async fn names(role: &Role, query: &str) -> Vec<Value> {
    each(&role.get(&format!("{DEPTS}{query}")).await.ok()["data"], "name")
}

/// Gives the member's role a scope of its own with these rules.
async fn scope(server: &Server, admin: &Role, rules: &Value) {
    let name = rules.to_string();
    admin.post_json("/api/v1/sys/data-scopes", &json!({"name": name, "status": 1})).await.ok();
    let scopes = admin.get("/api/v1/sys/data-scopes/all").await.ok();
    let id = scopes["data"].as_array().expect("scopes").last().expect("a scope")["id"].as_i64().expect("an id");
    put(admin, &format!("/api/v1/sys/data-scopes/{id}/rules"), &json!({"rules": rules})).await.ok();
    sql(server, "DELETE FROM sys_role_data_scope").await;
    sql(server, &format!("INSERT INTO sys_role_data_scope (role_id, data_scope_id) VALUES (70, {id})")).await;
}

/// Adds a rule and gives its id.
async fn rule(admin: &Role, column: &str, operator: i64, expression: i64, value: &str) -> i64 {
    let name = format!("{column} {operator} {expression} {value}");
    let rule = json!({"name": name, "model": "Dept", "column": column, "operator": operator,
        "expression": expression, "value": value});
    admin.post_json("/api/v1/sys/data-rules", &rule).await.ok();
    let rules = admin.get("/api/v1/sys/data-rules/all").await.ok();
    rules["data"].as_array().expect("rules").last().expect("a rule")["id"].as_i64().expect("an id")
}

on_both! {
    async fn departments_are_a_tree_in_their_order_with_null_below_leaves(server: &Server) {
        let admin = server.admin().await;
        let top = added(&admin, &json!({"name": "Top", "status": 1, "sort": 5, "leader": "Ann", "email": ""})).await;
        for (name, sort) in [("Late", 9), ("Early", 1)] {
            added(&admin, &json!({"name": name, "status": 1, "sort": sort, "parent_id": top})).await;
        }
        added(&admin, &dept("First")).await;
        let tree = admin.get(DEPTS).await.ok();
        assert_eq!(keys(&tree["data"][0]), [&KEYS[..], &["children"]].concat());
        assert_eq!(each(&tree["data"], "name"), ["First", "Top"]);
        assert_eq!(tree["data"][0]["children"], Value::Null);
        assert_eq!(each(&tree["data"][1]["children"], "name"), ["Early", "Late"]);
        let read = admin.get(&format!("{DEPTS}/{top}")).await.ok();
        assert_eq!(keys(&read["data"]), KEYS);
        assert_eq!((&read["data"]["leader"], &read["data"]["email"]), (&json!("Ann"), &Value::Null));
        assert_eq!(read["data"]["updated_time"], Value::Null);
        admin.get(&format!("{DEPTS}/9999")).await.refused(404);
        admin.get(&format!("{DEPTS}/abc")).await.refused(422);
        for path in ["", "/1"] {
            server.anonymous().get(&format!("{DEPTS}{path}")).await.refused(401);
        }
    }

    async fn departments_are_found_by_their_fields(server: &Server) {
        let admin = server.admin().await;
        let fields = json!({"name": "Sales_1", "status": 0, "leader": "Bob", "phone": "13800138000", "email": "a@b.cn"});
        added(&admin, &fields).await;
        added(&admin, &dept("Salesx1")).await;
        let cases = [
            ("?name=ales_1", json!(["Sales_1"])),
            ("?leader=Bo", json!(["Sales_1"])),
            ("?phone=138", json!(["Sales_1"])),
            ("?phone=800", json!([])),
            ("?status=0", json!(["Sales_1"])),
            ("?status=1&name=ales", json!(["Salesx1"])),
            ("?name=", json!(["Sales_1", "Salesx1"])),
            ("?name=%25", json!([])),
            ("?name=%27%20OR%20%271%27%3D%271", json!([])),
            ("?leader=%27%3B%20DROP%20TABLE%20sys_dept%3B%20--", json!([])),
        ];
        for (query, expected) in cases {
            assert_eq!(json!(names(&admin, query).await), expected, "{query}");
        }
        admin.get(&format!("{DEPTS}?status=x")).await.refused(422);
    }

    async fn a_department_keeps_its_place_in_the_tree(server: &Server) {
        let admin = server.admin().await;
        let top = added(&admin, &dept("A")).await;
        let middle = added(&admin, &below("B", top)).await;
        let low = added(&admin, &below("C", middle)).await;
        let path = |id: i64| format!("{DEPTS}/{id}");
        admin.post_json(DEPTS, &below("D", 9999)).await.refused(404);
        put(&admin, &path(low), &below("C", 9999)).await.refused(404);
        put(&admin, &path(9999), &dept("E")).await.refused(404);
        for parent in [top, middle, low] {
            put(&admin, &path(top), &below("A", parent)).await.refused(403);
        }
        put(&admin, &path(low), &below("C", top)).await.ok();
        put(&admin, &path(middle), &below("B", low)).await.ok();
        admin.delete(&path(top)).await.refused(409);
        assert_eq!(admin.delete(&path(middle)).await.ok()["code"], 200);
        admin.delete(&path(middle)).await.refused(404);
        admin.get(&path(middle)).await.refused(404);
        admin.post_json(DEPTS, &below("D", middle)).await.refused(404);
        put(&admin, &path(middle), &dept("B")).await.refused(404);
        added(&admin, &dept("B")).await;
        let pool = server.pool().await;
        let kept: i64 = pool.database().query("SELECT COUNT(*) FROM sys_dept WHERE name = 'B'").fetch_scalar().await
            .expect("a number");
        pool.close().await;
        assert_eq!(kept, 2);
    }

    async fn two_departments_can_not_be_moved_below_each_other_at_once(server: &Server) {
        let admin = server.admin().await;
        let (one, other) = (added(&admin, &dept("One")).await, added(&admin, &dept("Other")).await);
        let (path_one, path_other) = (format!("{DEPTS}/{one}"), format!("{DEPTS}/{other}"));
        let (body_one, body_other) = (below("One", other), below("Other", one));
        let (first, second) = tokio::join!(put(&admin, &path_one, &body_one), put(&admin, &path_other, &body_other));
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 403]);
        assert_eq!(names(&admin, "").await.len(), 1);
    }

    async fn two_identical_departments_at_once_give_one_row_and_one_conflict(server: &Server) {
        let admin = server.admin().await;
        let body = dept("twice");
        let (one, other) = tokio::join!(admin.post_json(DEPTS, &body), admin.post_json(DEPTS, &body));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        let id = added(&admin, &dept("else")).await;
        put(&admin, &format!("{DEPTS}/{id}"), &body).await.refused(409);
        put(&admin, &format!("{DEPTS}/{id}"), &dept("else")).await.ok();
    }

    async fn a_department_with_users_stays_and_a_disabled_one_locks_them_out(server: &Server) {
        let (admin, member) = (server.admin().await, server.member(&[]).await);
        let id = added(&admin, &dept("Staff")).await;
        sql(server, &format!("UPDATE sys_user SET dept_id = {id} WHERE id = 70")).await;
        admin.delete(&format!("{DEPTS}/{id}")).await.refused(409);
        member.get("/api/v1/sys/users/me").await.ok();
        put(&admin, &format!("{DEPTS}/{id}"), &json!({"name": "Staff", "status": 0})).await.ok();
        member.get("/api/v1/sys/users/me").await.refused(403);
        put(&admin, &format!("{DEPTS}/{id}"), &dept("Staff")).await.ok();
        member.get("/api/v1/sys/users/me").await.ok();
    }

    async fn a_department_that_makes_no_sense_is_refused(server: &Server) {
        let admin = server.admin().await;
        let id = added(&admin, &dept("Sound")).await;
        for changes in [
            json!({"status": 7}),
            json!({"status": null}),
            json!({"name": ""}),
            json!({"name": "x".repeat(65)}),
            json!({"name": "a\u{0}b"}),
            json!({"name": null}),
            json!({"sort": -1}),
            json!({"sort": 99_999_999_999_i64}),
            json!({"parent_id": "x"}),
            json!({"leader": "x".repeat(33)}),
            json!({"phone": "12345678901"}),
            json!({"phone": "138001380001"}),
            json!({"email": "nobody"}),
            json!({"email": "a b@c.cn"}),
            json!({"email": format!("{}@b.cn", "a".repeat(64))}),
        ] {
            let mut body = dept("strange");
            for (key, value) in changes.as_object().expect("an object") {
                body[key] = value.clone();
            }
            let answer = admin.post_json(DEPTS, &body).await;
            assert_eq!(answer.status, 422, "{body}: {}", answer.text);
            let answer = put(&admin, &format!("{DEPTS}/{id}"), &body).await;
            assert_eq!(answer.status, 422, "{body}: {}", answer.text);
        }
        assert_eq!(names(&admin, "").await, ["Sound"]);
    }

    async fn departments_are_written_by_those_with_the_code(server: &Server) {
        let admin = server.admin().await;
        let id = added(&admin, &dept("Ours")).await;
        let member = server.member(&["sys:dept:add"]).await;
        member.post_json(DEPTS, &dept("Mine")).await.ok();
        put(&member, &format!("{DEPTS}/{id}"), &dept("Ours")).await.refused(403);
        member.delete(&format!("{DEPTS}/{id}")).await.refused(403);
        server.anonymous().post_json(DEPTS, &dept("x")).await.refused(401);
        server.anonymous().delete(&format!("{DEPTS}/{id}")).await.refused(401);
    }

    async fn a_member_sees_what_the_scopes_of_their_roles_permit(server: &Server) {
        let (admin, member) = (server.admin().await, server.member(&[]).await);
        let top = added(&admin, &json!({"name": "Top", "status": 1, "sort": 1})).await;
        let own = added(&admin, &json!({"name": "Own", "status": 1, "sort": 2, "parent_id": top})).await;
        added(&admin, &json!({"name": "Else", "status": 0, "sort": 3})).await;
        sql(server, &format!("UPDATE sys_user SET dept_id = {own} WHERE id = 70")).await;

        assert_eq!(names(&member, "").await, Vec::<Value>::new(), "filtered, and no rule");
        assert_eq!(names(&admin, "").await, ["Top", "Else"]);
        sql(server, "INSERT INTO sys_role_data_scope (role_id, data_scope_id) VALUES (70, 1)").await;
        assert_eq!(names(&member, "").await, ["Own"]);
        assert_eq!(names(&member, "?name=Top").await, Vec::<Value>::new());
        let scope_one = "/api/v1/sys/data-scopes/1";
        put(&admin, scope_one, &json!({"name": "Own department", "status": 0})).await.ok();
        assert_eq!(names(&member, "").await, Vec::<Value>::new(), "the scope is disabled");
        put(&admin, scope_one, &json!({"name": "Own department", "status": 1})).await.ok();
        sql(server, "UPDATE sys_role SET is_filter_scopes = FALSE WHERE id = 70").await;
        assert_eq!(names(&member, "").await, ["Top", "Else"]);
        sql(server, "UPDATE sys_role SET is_filter_scopes = TRUE WHERE id = 70").await;
        sql(server, "UPDATE sys_user SET dept_id = NULL WHERE id = 70").await;
        assert_eq!(names(&member, "").await, Vec::<Value>::new(), "no department equals none");
    }

    async fn every_expression_and_both_groups_work_on_real_rows(server: &Server) {
        let (admin, member) = (server.admin().await, server.member(&[]).await);
        for (name, sort, status) in [("a", 1, 1), ("b", 2, 1), ("c", 3, 0), ("d' OR '1'='1", 4, 1)] {
            admin.post_json(DEPTS, &json!({"name": name, "sort": sort, "status": status})).await.ok();
        }
        let all = json!(["a", "b", "c", "d' OR '1'='1"]);
        let cases = [
            (vec![("sort", 0, 0, "2")], json!(["b"])),
            (vec![("sort", 0, 1, "2")], json!(["a", "c", "d' OR '1'='1"])),
            (vec![("sort", 0, 2, "2")], json!(["c", "d' OR '1'='1"])),
            (vec![("sort", 0, 3, "2")], json!(["b", "c", "d' OR '1'='1"])),
            (vec![("sort", 0, 4, "2")], json!(["a"])),
            (vec![("sort", 0, 5, "2")], json!(["a", "b"])),
            (vec![("name", 0, 6, "a, c,nobody")], json!(["a", "c"])),
            (vec![("name", 0, 7, "a,c")], json!(["b", "d' OR '1'='1"])),
            (vec![("name", 0, 0, "' OR '1'='1")], json!([])),
            (vec![("name", 1, 0, "d' OR '1'='1")], json!(["d' OR '1'='1"])),
            (vec![("sort", 0, 2, "1"), ("status", 0, 0, "1")], json!(["b", "d' OR '1'='1"])),
            (vec![("sort", 1, 0, "1"), ("status", 1, 0, "0")], json!(["a", "c"])),
            (vec![("sort", 0, 2, "1"), ("status", 0, 0, "0"), ("name", 1, 0, "a")], json!(["a", "c"])),
            (vec![("created_time", 0, 5, "${now}")], all.clone()),
            (vec![("created_time", 0, 2, "2020-01-01 00:00:00")], all),
            (vec![("created_time", 0, 4, "2020-01-01T00:00:00Z")], json!([])),
            (vec![("leader", 0, 1, "${user_id}")], json!([])),
        ];
        for (rules, expected) in cases {
            let mut ids = Vec::new();
            for (column, operator, expression, value) in &rules {
                ids.push(rule(&admin, column, *operator, *expression, value).await);
            }
            scope(server, &admin, &json!(ids)).await;
            assert_eq!(json!(names(&member, "").await), expected, "{rules:?}");
            crate::send::delete(&admin, "/api/v1/sys/data-rules", &json!({"pks": ids})).await.ok();
        }
    }
}
