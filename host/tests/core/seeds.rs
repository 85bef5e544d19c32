//! What a new installation has to begin with.

use crate::accounts::backplane;
use crate::send::{each, keys, put};
use crate::server::{PASSWORD, Server, with_postgres_and};
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

/// The company is added to the server's rows while the server rests.
async fn a_company_moves_in(server: &mut Server) {
    let running = backplane(server, &["seed", "demo"], "");
    assert_eq!(running.status.code(), Some(1), "a running server holds the directory");
    assert!(server.terminate().await.success());
    let weak = backplane(server, &["seed", "demo", "--password-stdin"], "short\n");
    assert_eq!(weak.status.code(), Some(1));
    let seeded = backplane(server, &["seed", "demo", "--json"], "");
    assert!(seeded.status.success(), "{}", String::from_utf8_lossy(&seeded.stderr));
    let seeded: Value = serde_json::from_slice(&seeded.stdout).expect("JSON");
    let again = backplane(server, &["seed", "demo"], "");
    let message = String::from_utf8_lossy(&again.stderr).into_owned();
    assert_eq!(again.status.code(), Some(1), "{message}");
    assert!(message.contains("department Headquarters") && message.contains("taken"), "{message}");

    server.start_again().await;
    let admin = server.user("admin", PASSWORD).await;
    let users = admin.get("/api/v1/sys/users?size=100").await.ok();
    assert_eq!(users["data"]["total"], json!(8), "the second one added nothing");
    assert_eq!(admin.get("/api/v1/sys/roles/all").await.ok()["data"].as_array().map(Vec::len), Some(4));
    let depts = admin.get("/api/v1/sys/depts").await.ok();
    assert_eq!(each(&depts["data"], "name"), ["Test", "Headquarters"]);
    assert_eq!(each(&depts["data"][1]["children"], "name"), ["Engineering", "Sales", "Support"]);
    for user in seeded["users"].as_array().expect("users") {
        let (name, password) = (user["username"].as_str().expect("a name"), user["generated_password"].as_str());
        let person = server.user(name, password.expect("a password")).await;
        let me = person.get("/api/v1/sys/users/me").await.ok();
        assert_eq!((&me["data"]["dept"], &me["data"]["roles"]), (&user["dept"], &json!([user["role"]])), "{name}");
        assert_eq!((&me["data"]["is_superuser"], &me["data"]["is_staff"]), (&json!(false), &json!(false)));
        let sidebar = person.get("/api/v1/sys/menus/sidebar").await.ok();
        assert_eq!(sidebar["data"][0]["name"], "Dashboard", "{name}");
        let may_list = person.get("/api/v1/sys/users").await.status == 200;
        assert_eq!(may_list, user["role"] == "Personnel", "{name}");
        assert_eq!(person.get("/api/v1/logs/opera").await.status == 200, user["role"] == "Auditors", "{name}");
        if user["role"] == "Staff" {
            let seen = person.get("/api/v1/sys/depts").await.ok();
            assert_eq!(each(&seen["data"], "name"), [user["dept"].clone()], "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_company_moves_in_on_sqlite() {
    a_company_moves_in(&mut Server::start().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_company_moves_in_on_postgres() {
    with_postgres_and(&[], a_company_moves_in).await;
}

/// The first user that there is decides that no administrator is made at the first start.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_company_needs_an_administrator_and_takes_one_password_for_all() {
    let mut server = Server::start().await;
    assert!(server.terminate().await.success());
    crate::send::sql(&server, "DELETE FROM sys_user").await;
    let refused = backplane(&server, &["seed", "demo"], "");
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{message}");
    assert!(message.contains("create-admin"), "{message}");
    server.start_again().await;
    assert!(server.terminate().await.success());
    let seeded = backplane(&server, &["seed", "demo", "--password-stdin"], "given123\n");
    let shown = String::from_utf8_lossy(&seeded.stdout).into_owned();
    assert!(seeded.status.success() && !shown.contains("given123") && shown.contains("grace"), "{shown}");
    server.start_again().await;
    server.user("grace", "given123").await;
    server.admin().await;
}
