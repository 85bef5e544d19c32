//! Roles: who may change them, and that what they grant holds at once.

use crate::server::{Answer, Role, Server};
use reqwest::Method;
use serde_json::{Value, json};

const ROLES: &str = "/api/v1/sys/roles";

async fn send(role: &Role, method: Method, path: &str, body: &Value) -> Answer {
    Answer::of(role.request(method, path).json(body)).await
}

/// Adds a role and gives its id.
async fn add(admin: &Role, name: &str) -> i64 {
    let body = json!({"name": name, "status": 1});
    admin.post_json(ROLES, &body).await.ok();
    let all = admin.get(&format!("{ROLES}/all")).await.ok();
    let roles = all["data"].as_array().expect("roles");
    roles.iter().find(|role| role["name"] == name).expect("the role")["id"].as_i64().expect("an id")
}

#[track_caller]
fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// A data scope with one rule, written into the database itself; gives the scope's id.
async fn scope(server: &Server) -> i64 {
    let pool = server.pool().await;
    let database = pool.database();
    for statement in [
        "INSERT INTO sys_data_scope (id, name, status, created_time) VALUES (900, 'own', 1, 0)",
        "INSERT INTO sys_data_rule (id, name, model, column_name, operator, expression, value, created_time) \
         VALUES (900, 'own rows', 'Dept', 'id', 0, 0, '1', 0)",
        "INSERT INTO sys_data_scope_rule (data_scope_id, data_rule_id) VALUES (900, 900)",
    ] {
        database.query(statement).execute().await.expect("a row");
    }
    pool.close().await;
    900
}

const ROLE_KEYS: [&str; 7] = ["name", "status", "is_filter_scopes", "remark", "id", "created_time", "updated_time"];
const MENU_KEYS: [&str; 17] = [
    "title",
    "name",
    "path",
    "parent_id",
    "sort",
    "icon",
    "type",
    "component",
    "perms",
    "status",
    "display",
    "cache",
    "link",
    "remark",
    "id",
    "created_time",
    "updated_time",
];

on_both! {
    async fn a_role_is_added_changed_shown_and_deleted(server: &Server) {
        let admin = server.admin().await;
        let scope = scope(server).await;
        let id = add(&admin, "editors").await;
        let path = format!("{ROLES}/{id}");
        let listed = admin.get(&format!("{ROLES}?name=dito&status=1&size=1")).await.ok();
        assert_eq!((&listed["data"]["total"], &listed["data"]["total_pages"]), (&json!(1), &json!(1)));
        let first = "/api/v1/sys/roles?name=dito&status=1&page=1&size=1";
        assert_eq!(listed["data"]["links"]["first"], first);
        let row = &listed["data"]["items"][0];
        assert_eq!(keys(row), ROLE_KEYS);
        assert_eq!((&row["is_filter_scopes"], &row["remark"], &row["updated_time"]), (&json!(true), &json!(null), &json!(null)));

        let empty = admin.get(&path).await.ok();
        assert_eq!((&empty["data"]["menus"], &empty["data"]["scopes"]), (&json!([]), &json!([])));
        assert_eq!(admin.get(&format!("{path}/menus")).await.ok()["data"], json!(null));
        assert_eq!(admin.get(&format!("{path}/scopes")).await.ok()["data"], json!([]));

        let body = json!({"name": "writers", "status": 0, "is_filter_scopes": false, "remark": "x"});
        assert_eq!(send(&admin, Method::PUT, &path, &body).await.ok()["data"], json!(null));
        let kept = json!({"name": "writers", "status": 1});
        send(&admin, Method::PUT, &path, &kept).await.ok();
        send(&admin, Method::PUT, &format!("{path}/menus"), &json!({"menus": [2, 1, 2]})).await.ok();
        send(&admin, Method::PUT, &format!("{path}/scopes"), &json!({"scopes": [scope]})).await.ok();

        let detail = admin.get(&path).await.ok()["data"].take();
        assert_eq!(keys(&detail), [&ROLE_KEYS[..], &["menus", "scopes"]].concat());
        assert_eq!((&detail["remark"], &detail["is_filter_scopes"]), (&json!("x"), &json!(false)));
        assert_eq!(keys(&detail["menus"][0]), MENU_KEYS);
        assert_eq!(detail["menus"][1]["name"], "Analytics");
        assert_eq!(keys(&detail["scopes"][0]), ["name", "status", "id", "created_time", "updated_time", "rules"]);
        let rule = &detail["scopes"][0]["rules"][0];
        assert_eq!(
            keys(rule),
            ["name", "model", "column", "operator", "expression", "value", "id", "created_time", "updated_time"]
        );
        assert_eq!(admin.get(&format!("{path}/scopes")).await.ok()["data"], json!([scope]));

        let none = send(&admin, Method::DELETE, ROLES, &json!({"pks": [4242]})).await.ok();
        assert_eq!(none["code"], 400);
        assert_eq!(send(&admin, Method::DELETE, ROLES, &json!({"pks": []})).await.ok()["code"], 400);
        let done = send(&admin, Method::DELETE, ROLES, &json!({"pks": [id, id, 4242]})).await.ok();
        assert_eq!(done["code"], 200);
        admin.get(&path).await.refused(404);
    }

    async fn the_menus_of_a_role_are_a_tree_of_what_it_has(server: &Server) {
        let admin = server.admin().await;
        let id = add(&admin, "readers").await;
        let path = format!("{ROLES}/{id}/menus");
        // 10 is a button below 9, which the role does not have.
        let set = json!({"menus": [1, 2, 3, 10]});
        send(&admin, Method::PUT, &path, &set).await.ok();
        let tree = admin.get(&path).await.ok()["data"].take();
        let ids: Vec<&Value> = tree.as_array().expect("a tree").iter().map(|node| &node["id"]).collect();
        assert_eq!(ids, [&json!(1), &json!(10)]);
        assert_eq!(keys(&tree[0]), [&MENU_KEYS[..], &["children"]].concat());
        assert_eq!((&tree[0]["children"][1]["id"], &tree[0]["children"][1]["children"]), (&json!(3), &json!(null)));

        let unknown = send(&admin, Method::PUT, &path, &json!({"menus": [4, 99999]})).await;
        unknown.refused(404);
        assert_eq!(admin.get(&path).await.ok()["data"], tree, "a refused set changes nothing");

        for _ in 0..2 {
            assert_eq!(send(&admin, Method::PUT, &path, &json!({"menus": []})).await.ok()["code"], 200);
        }
        assert_eq!(admin.get(&path).await.ok()["data"], json!(null));
    }

    async fn each_change_of_roles_needs_its_own_code(server: &Server) {
        let member = server.member(&["sys:role:add", "sys:user:del"]).await;
        let role = json!({"name": "x", "status": 1});
        let changes = [
            (Method::POST, ROLES.to_owned(), role.clone()),
            (Method::PUT, format!("{ROLES}/70"), role),
            (Method::PUT, format!("{ROLES}/70/menus"), json!({"menus": [1]})),
            (Method::PUT, format!("{ROLES}/70/scopes"), json!({"scopes": []})),
            (Method::DELETE, ROLES.to_owned(), json!({"pks": [70]})),
        ];
        for (method, path, body) in &changes {
            send(&server.anonymous(), method.clone(), path, body).await.refused(401);
        }
        for (method, path, body) in &changes[1..] {
            send(&member, method.clone(), path, body).await.refused(403);
        }
        send(&member, changes[0].0.clone(), &changes[0].1, &changes[0].2).await.ok();
        for read in ["", "/all", "/70", "/70/menus", "/70/scopes"] {
            let path = format!("{ROLES}{read}");
            server.anonymous().get(&path).await.refused(401);
            member.get(&path).await.ok();
        }
    }

    async fn what_is_wrong_with_a_role_is_said(server: &Server) {
        let admin = server.admin().await;
        let (id, other) = (add(&admin, "a").await, add(&admin, "b").await);
        let one = format!("{ROLES}/{id}");
        let long = "x".repeat(33);
        let cases = [
            (Method::POST, ROLES, json!({"name": "a", "status": 1}), 409),
            (Method::POST, ROLES, json!({"name": long, "status": 1}), 422),
            (Method::POST, ROLES, json!({"name": "", "status": 1}), 422),
            (Method::POST, ROLES, json!({"name": "c", "status": 2}), 422),
            (Method::POST, ROLES, json!({"name": "c\u{0}", "status": 1}), 422),
            (Method::POST, ROLES, json!({"status": 1}), 422),
            (Method::PUT, &one, json!({"name": "b", "status": 1}), 409),
            (Method::PUT, "/api/v1/sys/roles/4242", json!({"name": "c", "status": 1}), 404),
            (Method::PUT, "/api/v1/sys/roles/4242/menus", json!({"menus": [1]}), 404),
            (Method::PUT, "/api/v1/sys/roles/4242/menus", json!({"menus": []}), 404),
            (Method::PUT, "/api/v1/sys/roles/4242/scopes", json!({"scopes": []}), 404),
            (Method::PUT, &format!("{one}/scopes"), json!({"scopes": [4242]}), 404),
            (Method::PUT, &format!("{one}/menus"), json!({"menus": ["x"]}), 422),
            (Method::PUT, &format!("{one}/menus"), json!({"menus": null}), 422),
            (Method::DELETE, ROLES, json!({"pks": "1"}), 422),
        ];
        for (method, path, body, status) in cases {
            let answer = send(&admin, method, path, &body).await;
            assert_eq!(answer.status, status, "{path} {body}: {}", answer.text);
            answer.refused(status);
        }
        for (path, status) in [("4242", 404), ("4242/menus", 404), ("4242/scopes", 404), ("x", 422)] {
            admin.get(&format!("{ROLES}/{path}")).await.refused(status);
        }
        admin.get(&format!("{ROLES}?size=201")).await.refused(422);
        admin.get(&format!("{ROLES}?name=%00")).await.refused(422);
        assert_eq!(admin.get(&format!("{ROLES}/{other}")).await.ok()["data"]["name"], "b");
    }

    async fn a_filter_is_taken_literally(server: &Server) {
        let admin = server.admin().await;
        for name in ["100%", "a_b", "a!b", "plain"] {
            add(&admin, name).await;
        }
        let cases = [
            ("%25", 1),
            ("_", 1),
            ("!", 1),
            ("%27", 0),
            ("%27%20OR%20%271%27=%271", 0),
            ("x%27);DROP%20TABLE%20sys_role;--", 0),
            ("a", 3),
        ];
        for (part, expected) in cases {
            let found = admin.get(&format!("{ROLES}?name={part}")).await.ok();
            assert_eq!(found["data"]["total"], expected, "{part}: {found}");
        }
    }

    async fn two_quick_creations_of_one_role_make_one(server: &Server) {
        let admin = server.admin().await;
        let body = json!({"name": "twin", "status": 1});
        let (one, two) = tokio::join!(admin.post_json(ROLES, &body), admin.post_json(ROLES, &body));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        assert_eq!(admin.get(&format!("{ROLES}?name=twin")).await.ok()["data"]["total"], 1);
    }

    async fn a_grant_holds_for_the_very_next_request(server: &Server) {
        let (admin, member) = (server.admin().await, server.member(&["sys:role:edit"]).await);
        let users = "/api/v1/sys/users";
        member.get(users).await.refused(403);
        let pool = server.pool().await;
        let list: i64 = pool.database().query("SELECT id FROM sys_menu WHERE perms = 'sys:user:list'").fetch_scalar().await.expect("the entry");
        pool.close().await;
        let menus = format!("{ROLES}/70/menus");
        for (set, status) in [(json!([list]), 200), (json!([1]), 403), (json!([list, 1]), 200), (json!([]), 403)] {
            send(&admin, Method::PUT, &menus, &json!({"menus": set})).await.ok();
            assert_eq!(member.get(users).await.status, status, "{set}");
        }
        send(&admin, Method::PUT, &menus, &json!({"menus": [list]})).await.ok();
        member.get(users).await.ok();
        let disabled = json!({"name": "members", "status": 0});
        send(&admin, Method::PUT, &format!("{ROLES}/70"), &disabled).await.ok();
        member.get(users).await.refused(403);
    }

    async fn members_lose_a_role_that_is_deleted(server: &Server) {
        let (admin, member) = (server.admin().await, server.member(&["sys:user:list"]).await);
        member.get("/api/v1/sys/users").await.ok();
        send(&admin, Method::DELETE, ROLES, &json!({"pks": [70]})).await.ok();
        member.get("/api/v1/sys/users").await.refused(403);
        assert_eq!(member.get("/api/v1/sys/users/me").await.ok()["data"]["roles"], json!([]));
        let pool = server.pool().await;
        for table in ["sys_user_role", "sys_role_menu"] {
            let sql = format!("SELECT COUNT(*) FROM {table} WHERE role_id = 70");
            let left: i64 = pool.database().query(sql).fetch_scalar().await.expect("a count");
            assert_eq!(left, 0, "{table}");
        }
        pool.close().await;
    }

    async fn nobody_sees_a_mixture_of_two_sets_of_menus(server: &Server) {
        let admin = server.admin().await;
        let id = add(&admin, "contested").await;
        let (path, detail) = (format!("{ROLES}/{id}/menus"), format!("{ROLES}/{id}"));
        let sets: [Vec<i64>; 2] = [(1..=25).collect(), (20..=45).collect()];
        send(&admin, Method::PUT, &path, &json!({"menus": sets[0]})).await.ok();
        let replacements = (0..200).map(|turn| {
            let (admin, path, body) = (admin.clone(), path.clone(), json!({"menus": sets[turn % 2]}));
            tokio::spawn(async move { send(&admin, Method::PUT, &path, &body).await.ok() })
        });
        let replacements: Vec<_> = replacements.collect();
        let mut reads = 0;
        loop {
            let finished = replacements.iter().all(tokio::task::JoinHandle::is_finished);
            let seen = admin.get(&detail).await.ok();
            let menus = seen["data"]["menus"].as_array().expect("menus");
            let mut ids: Vec<i64> = menus.iter().map(|menu| menu["id"].as_i64().expect("an id")).collect();
            ids.sort_unstable();
            assert!(sets.contains(&ids), "a mixture: {ids:?}");
            reads += 1;
            if finished {
                break;
            }
        }
        for replacement in replacements {
            replacement.await.expect("done");
        }
        assert!(reads > 1, "somebody looked meanwhile");
    }
}
