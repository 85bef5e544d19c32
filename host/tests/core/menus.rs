//! Menus: the tree that administrators edit, and its guards.

use crate::send::{each, keys, put, sql};
use crate::server::Role;
use serde_json::{Value, json};

const MENUS: &str = "/api/v1/sys/menus";
const KEYS: [&str; 17] = [
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

fn page(name: &str) -> Value {
    json!({"title": name, "name": name, "path": format!("/{name}"), "type": 1, "component": "/x/index", "status": 1,
        "display": 1, "cache": 1, "parent_id": 4, "sort": 0, "unknown": true})
}

fn with(mut menu: Value, changes: &Value) -> Value {
    for (key, value) in changes.as_object().expect("an object") {
        menu[key] = value.clone();
    }
    menu
}

/// Adds an entry and gives its id.
async fn added(role: &Role, body: &Value) -> i64 {
    assert_eq!(role.post_json(MENUS, body).await.ok()["data"], Value::Null);
    let title = body["title"].as_str().expect("a title");
    let found = role.get(&format!("{MENUS}?title={title}")).await.ok();
    found["data"][0]["id"].as_i64().expect("an id")
}

fn path(id: i64) -> String {
    format!("{MENUS}/{id}")
}

on_both! {
    async fn the_tree_holds_every_entry_in_order_with_buttons(server: &Server) {
        let member = server.member(&[]).await;
        let tree = member.get(MENUS).await.ok();
        assert_eq!(keys(&tree["data"][0]), [&KEYS[..], &["children"]].concat());
        let top = ["Dashboard", "System", "Scheduler", "Log", "Monitor", "Project", "Profile"];
        assert_eq!(each(&tree["data"], "name"), top);
        let system = &tree["data"][1]["children"];
        assert_eq!(system[0]["name"], "SysDept");
        assert_eq!(each(&system[0]["children"], "perms"), ["sys:dept:add", "sys:dept:edit", "sys:dept:del"]);
        assert_eq!(system[0]["children"][0]["children"], Value::Null);
        assert!(each(system, "perms").contains(&json!("sys:file:upload")));
        let found = member.get(&format!("{MENUS}?title=sysDept&status=1")).await.ok();
        assert_eq!(each(&found["data"], "id"), [5]);
        assert_eq!(found["data"][0]["children"], Value::Null);
        assert_eq!(each(&member.get(&format!("{MENUS}?status=0")).await.ok()["data"], "name"), ["Github"]);
        for query in ["?title=%25", "?title=%27%20OR%201%3D1%20--", "?status=7"] {
            assert_eq!(member.get(&format!("{MENUS}{query}")).await.ok()["data"], json!([]), "{query}");
        }
        let one = member.get(&path(1)).await.ok();
        assert_eq!(keys(&one["data"]), KEYS);
        assert_eq!(one["data"]["created_time"], "2025-06-27 04:29:06");
        member.get(&path(9999)).await.refused(404);
        member.get(&format!("{MENUS}/abc")).await.refused(422);
        for path in ["", "/1"] {
            server.anonymous().get(&format!("{MENUS}{path}")).await.refused(401);
        }
    }

    async fn a_change_leaves_alone_what_is_not_sent(server: &Server) {
        let admin = server.admin().await;
        let id = added(&admin, &with(page("T1"), &json!({"sort": 3, "remark": "kept", "icon": "gone"}))).await;
        assert!(id > 50);
        let brief = json!({"title": "T1b", "name": "T1", "type": 1, "status": 0, "display": 0, "cache": 0, "icon": null});
        assert_eq!(put(&admin, &path(id), &brief).await.ok()["code"], 200);
        let read = admin.get(&path(id)).await.ok()["data"].take();
        let expected = json!({"title": "T1b", "name": "T1", "path": "/T1", "parent_id": 4, "sort": 3, "icon": null,
            "type": 1, "component": "/x/index", "perms": null, "status": 0, "display": 0, "cache": 0, "link": null,
            "remark": "kept", "id": id, "created_time": read["created_time"], "updated_time": read["updated_time"]});
        assert_eq!(read, expected);
        assert_eq!(read["updated_time"].as_str().map(str::len), Some(19));
        put(&admin, &path(id), &with(brief, &json!({"parent_id": null}))).await.ok();
        assert_eq!(admin.get(&path(id)).await.ok()["data"]["parent_id"], Value::Null);
    }

    async fn an_entry_keeps_its_place_in_the_tree(server: &Server) {
        let admin = server.admin().await;
        let top = added(&admin, &page("UpperOne")).await;
        let low = added(&admin, &with(page("LowerOne"), &json!({"parent_id": top}))).await;
        admin.post_json(MENUS, &with(page("Lost"), &json!({"parent_id": 9999}))).await.refused(404);
        put(&admin, &path(9999), &page("Lost")).await.refused(404);
        for parent in [top, low] {
            put(&admin, &path(top), &with(page("UpperOne"), &json!({"parent_id": parent}))).await.refused(403);
        }
        admin.delete(&path(top)).await.refused(409);
        admin.delete(&path(4)).await.refused(409);
        sql(server, "INSERT INTO sys_role (id, name, status, created_time) VALUES (70, 'readers', 1, 0)").await;
        sql(server, &format!("INSERT INTO sys_role_menu (role_id, menu_id) VALUES (70, {low})")).await;
        assert_eq!(admin.delete(&path(low)).await.ok()["code"], 200);
        admin.delete(&path(low)).await.refused(404);
        admin.get(&path(low)).await.refused(404);
        let pool = server.pool().await;
        let grants: i64 = pool.database().query("SELECT COUNT(*) FROM sys_role_menu").fetch_scalar().await.expect("rows");
        pool.close().await;
        assert_eq!(grants, 0);
        admin.delete(&path(top)).await.ok();
    }

    async fn titles_and_names_are_unique_but_for_buttons(server: &Server) {
        let admin = server.admin().await;
        let id = added(&admin, &page("One")).await;
        admin.post_json(MENUS, &page("One")).await.refused(409);
        admin.post_json(MENUS, &with(page("One"), &json!({"name": "Another"}))).await.refused(409);
        admin.post_json(MENUS, &with(page("One"), &json!({"title": "Another"}))).await.refused(409);
        admin.post_json(MENUS, &with(page("New"), &json!({"name": "Sidebar", "title": "Project"}))).await.refused(409);
        put(&admin, &path(id), &with(page("One"), &json!({"title": "Project"}))).await.refused(409);
        put(&admin, &path(id), &with(page("One"), &json!({"name": "Project"}))).await.refused(409);
        put(&admin, &path(id), &page("One")).await.ok();
        let button = with(page("One"), &json!({"type": 2, "perms": "one:press", "parent_id": id}));
        admin.post_json(MENUS, &button).await.ok();
        admin.post_json(MENUS, &button).await.ok();
        let buttons = admin.get(&format!("{MENUS}?title=One")).await.ok();
        let button = buttons["data"][0]["children"][0]["id"].as_i64().expect("an id");
        put(&admin, &path(button), &page("One")).await.refused(409);
    }

    async fn two_identical_entries_at_once_give_one_row_and_one_conflict(server: &Server) {
        let admin = server.admin().await;
        let bodies = [page("twice"), with(page("twice"), &json!({"name": "other"}))];
        let (one, other) = tokio::join!(admin.post_json(MENUS, &bodies[0]), admin.post_json(MENUS, &bodies[1]));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        let found = admin.get(&format!("{MENUS}?title=twice")).await.ok();
        assert_eq!(found["data"].as_array().map(Vec::len), Some(1));
    }

    async fn an_entry_that_makes_no_sense_is_refused(server: &Server) {
        let admin = server.admin().await;
        let refused = admin.post_json(MENUS, &json!({"title": "T2", "name": "T2", "type": 1})).await;
        refused.refused(422);
        let errors = refused.json()["data"]["errors"].take();
        assert_eq!(each(&errors, "loc"), [json!(["body", "status"]), json!(["body", "display"]), json!(["body", "cache"])]);
        for changes in [
            json!({"type": 5}),
            json!({"status": 2}),
            json!({"display": -1}),
            json!({"cache": "x"}),
            json!({"title": ""}),
            json!({"title": "x".repeat(65)}),
            json!({"name": "x".repeat(65)}),
            json!({"path": "x".repeat(201)}),
            json!({"icon": "x".repeat(129)}),
            json!({"component": "x".repeat(257)}),
            json!({"perms": "x".repeat(129)}),
            json!({"sort": -1}),
            json!({"parent_id": "x"}),
            json!({"link": "javascript:alert(1)"}),
            json!({"remark": "a\u{0}b"}),
        ] {
            let body = with(page("strange"), &changes);
            let answer = admin.post_json(MENUS, &body).await;
            assert_eq!(answer.status, 422, "{body}: {}", answer.text);
            let answer = put(&admin, &path(50), &body).await;
            assert_eq!(answer.status, 422, "{body}: {}", answer.text);
        }
        admin.post_json(MENUS, &with(page("fine"), &json!({"link": "https://example.org", "type": 4}))).await.ok();
    }

    async fn a_plugins_entry_can_be_arranged_but_not_taken_away(server: &Server) {
        let admin = server.admin().await;
        let row = "INSERT INTO sys_menu (id, title, name, type, perms, plugin_id, created_time) \
                   VALUES (900, 'Guests', 'PluginGuests', 1, 'guest:read', 'guestbook', 0)";
        sql(server, row).await;
        let own = json!({"title": "Guests", "name": "PluginGuests", "type": 1, "perms": "guest:read", "status": 1,
            "display": 1, "cache": 1});
        for changes in [json!({"perms": "guest:all"}), json!({"perms": null}), json!({"name": "X"}), json!({"type": 0})] {
            let refusal = put(&admin, &path(900), &with(own.clone(), &changes)).await.refused(409);
            assert!(refusal.contains("guestbook"), "{refusal}");
        }
        assert!(admin.delete(&path(900)).await.refused(409).contains("guestbook"));
        let arranged = json!({"title": "Visitors", "display": 0, "sort": 42, "parent_id": 4});
        put(&admin, &path(900), &with(own, &arranged)).await.ok();
        let read = admin.get(&path(900)).await.ok()["data"].take();
        assert_eq!(json!([read["title"], read["display"], read["sort"], read["perms"]]),
            json!(["Visitors", 0, 42, "guest:read"]));
        let shown = admin.get(&format!("{MENUS}?title=Visitors")).await.ok();
        assert_eq!(shown["data"], json!([]), "the plugin does not run");
    }

    async fn a_change_counts_at_the_next_request(server: &Server) {
        let (admin, member) = (server.admin().await, server.member(&["sys:dept:add", "sys:menu:edit"]).await);
        let codes = async || member.get("/api/v1/auth/codes").await.ok()["data"].take();
        assert_eq!(codes().await, json!(["sys:dept:add", "sys:menu:edit"]));
        let button = admin.get(&path(6)).await.ok()["data"].take();
        put(&member, &path(6), &with(button, &json!({"status": 0}))).await.ok();
        assert_eq!(codes().await, json!(["sys:menu:edit"]));
        member.post_json("/api/v1/sys/depts", &json!({"name": "x", "status": 1})).await.refused(403);
        member.post_json(MENUS, &page("x")).await.refused(403);
        member.delete(&path(6)).await.refused(403);
        server.anonymous().post_json(MENUS, &page("x")).await.refused(401);
        server.anonymous().delete(&path(6)).await.refused(401);
        admin.delete(&path(19)).await.ok();
        put(&member, &path(50), &page("x")).await.refused(403);
    }
}
