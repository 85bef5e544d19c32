//! What a new installation has to begin with.

use crate::send::{each, keys, put};
use serde_json::{Value, json};

on_both! {
    async fn a_new_installation_has_a_department_and_a_role_to_try(server: &Server) {
        let admin = server.admin().await;
        let depts = admin.get("/api/v1/sys/depts").await.ok();
        let dept = &depts["data"][0];
        assert_eq!(depts["data"].as_array().map(Vec::len), Some(1));
        assert_eq!((&dept["id"], &dept["name"], &dept["status"]), (&json!(1), &json!("Test"), &json!(1)));
        assert_eq!((&dept["parent_id"], &dept["children"], &dept["del_flag"]), (&Value::Null, &Value::Null, &json!(false)));
        let roles = admin.get("/api/v1/sys/roles/all").await.ok();
        assert_eq!((each(&roles["data"], "id"), each(&roles["data"], "name")), (vec![json!(1)], vec![json!("Test")]));
        let role = admin.get("/api/v1/sys/roles/1").await.ok()["data"].take();
        assert_eq!((&role["status"], &role["is_filter_scopes"], &role["remark"]), (&json!(1), &json!(true), &Value::Null));
        assert_eq!(each(&role["menus"], "id"), [1, 2, 3, 50]);
        assert_eq!(each(&role["scopes"], "id"), [1, 2]);
        let rules = |scope: &Value| each(&scope["rules"], "id");
        assert_eq!((rules(&role["scopes"][0]), rules(&role["scopes"][1])), (vec![json!(1)], vec![json!(2), json!(3)]));
    }

    async fn no_user_but_the_administrator_is_there_to_begin_with(server: &Server) {
        let users = server.admin().await.get("/api/v1/sys/users").await.ok();
        assert_eq!((&users["data"]["total"], &users["data"]["items"][0]["username"]), (&json!(1), &json!("admin")));
    }

    // The rules of both scopes together: one's own department if it is right below the first, or the one named Test.
    async fn a_member_of_the_first_role_sees_its_pages_and_the_test_department(server: &Server) {
        let (admin, member) = (server.admin().await, server.member(&[]).await);
        for (name, parent) in [("Own", json!(1)), ("Other", json!(1)), ("Beside", Value::Null)] {
            let dept = json!({"name": name, "status": 1, "parent_id": parent});
            admin.post_json("/api/v1/sys/depts", &dept).await.ok();
        }
        let change = json!({"username": "member", "nickname": "member", "dept_id": 2, "roles": [1]});
        put(&admin, "/api/v1/sys/users/70", &change).await.ok();
        let seen = member.get("/api/v1/sys/depts").await.ok();
        assert_eq!(each(&seen["data"], "name"), ["Test"]);
        assert_eq!(each(&seen["data"][0]["children"], "name"), ["Own"]);
        let sidebar = member.get("/api/v1/sys/menus/sidebar").await.ok();
        assert_eq!(each(&sidebar["data"], "name"), ["Dashboard", "Profile"]);
        assert_eq!(each(&sidebar["data"][0]["children"], "name"), ["Analytics", "Workspace"]);
        assert!(keys(&sidebar["data"][1]).contains(&"meta"));
        assert_eq!(member.get("/api/v1/auth/codes").await.ok()["data"], json!([]));
    }
}
