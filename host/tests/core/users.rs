//! Users: who sees them, who may change them, and what nobody may.

use crate::server::{Answer, PASSWORD, Role, Server};
use reqwest::Method;
use serde_json::{Value, json};

const USERS: &str = "/api/v1/sys/users";

async fn send(role: &Role, method: Method, path: &str, body: &Value) -> Answer {
    Answer::of(role.request(method, path).json(body)).await
}

async fn run(server: &Server, statements: &[&str]) {
    let pool = server.pool().await;
    for statement in statements {
        pool.database().query(*statement).execute().await.expect("a statement");
    }
    pool.close().await;
}

/// Department 900, deleted department 901, and the roles 900 (with the menus 1 and 2) and 901.
async fn furnish(server: &Server) {
    run(
        server,
        &[
            "INSERT INTO sys_dept (id, name, created_time) VALUES (900, 'lab', 0)",
            "INSERT INTO sys_dept (id, name, del_flag, created_time) VALUES (901, 'gone', TRUE, 0)",
            "INSERT INTO sys_role (id, name, created_time) VALUES (900, 'first', 0), (901, 'second', 0)",
            "INSERT INTO sys_role_menu (role_id, menu_id) VALUES (900, 1), (900, 2), (901, 1)",
        ],
    )
    .await;
}

fn bob() -> Value {
    json!({"username": "bob", "password": "abc12345", "dept_id": 900, "roles": [900, 901]})
}

/// `bob` with these fields instead.
fn bob_with(fields: Value) -> Value {
    let mut body = bob();
    let fields = fields.as_object().expect("fields").clone();
    body.as_object_mut().expect("a body").extend(fields);
    body
}

/// Adds a user and gives its id.
async fn add(admin: &Role, body: &Value) -> i64 {
    admin.post_json(USERS, body).await.ok()["data"]["id"].as_i64().expect("an id")
}

#[track_caller]
fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

const USER_KEYS: [&str; 16] = [
    "dept_id",
    "username",
    "nickname",
    "avatar",
    "email",
    "phone",
    "id",
    "uuid",
    "status",
    "is_superuser",
    "is_staff",
    "is_multi_login",
    "join_time",
    "last_login_time",
    "dept",
    "roles",
];
const DEPT_KEYS: [&str; 11] = [
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

on_both! {
    async fn a_user_is_shown_with_department_and_roles(server: &Server) {
        let admin = server.admin().await;
        furnish(server).await;
        let created = admin.post_json(USERS, &bob_with(json!({"nickname": null, "email": "", "phone": "13800138000"}))).await.ok();
        let created = &created["data"];
        assert_eq!(keys(created), USER_KEYS);
        assert_eq!(keys(&created["dept"]), DEPT_KEYS);
        assert_eq!((&created["nickname"], &created["email"]), (&json!("bob"), &json!(null)));
        assert_eq!(created["roles"][0]["menus"].as_array().map(Vec::len), Some(2));
        let id = created["id"].as_i64().expect("an id");
        assert_eq!(&admin.get(&format!("{USERS}/{id}")).await.ok()["data"], created);

        let listed = admin.get(USERS).await.ok();
        let (first, last) = (&listed["data"]["items"][0], &listed["data"]["items"][1]);
        assert_eq!((keys(first), keys(last)), (USER_KEYS.to_vec(), USER_KEYS.to_vec()));
        assert_eq!(first["dept"], created["dept"]);
        let names: Vec<&Value> = first["roles"].as_array().expect("roles").iter().map(|role| &role["name"]).collect();
        assert_eq!(names, ["first", "second"]);
        assert_eq!((&first["roles"][0]["menus"], &first["roles"][0]["scopes"]), (&json!([]), &json!([])));
        assert_eq!((&last["username"], &last["dept"], &last["roles"]), (&json!("admin"), &json!(null), &json!([])));

        let roles = admin.get(&format!("{USERS}/{id}/roles")).await.ok();
        assert_eq!(keys(&roles["data"][1]), ["name", "status", "is_filter_scopes", "remark", "id", "created_time", "updated_time"]);
        assert_eq!(admin.get(&format!("{USERS}/1/roles")).await.ok()["data"], json!([]));

        run(server, &["UPDATE sys_user SET dept_id = 901 WHERE username = 'bob'"]).await;
        for path in [USERS.to_owned(), format!("{USERS}/{id}")] {
            let seen = admin.get(&path).await.ok()["data"].take();
            let seen = if seen["items"].is_array() { &seen["items"][0] } else { &seen };
            assert_eq!((&seen["dept"], &seen["dept_id"]), (&json!(null), &json!(901)), "{path}");
        }
    }

    async fn pages_count_users_whatever_their_roles(server: &Server) {
        let admin = server.admin().await;
        furnish(server).await;
        for name in ["u1", "u2", "u3"] {
            add(&admin, &bob_with(json!({"username": name}))).await;
        }
        let page = admin.get(&format!("{USERS}?page=1&size=2")).await.ok()["data"].take();
        assert_eq!((&page["total"], &page["total_pages"]), (&json!(4), &json!(2)));
        assert_eq!(page["links"]["next"], "/api/v1/sys/users?page=2&size=2");
        let names = |page: &Value| -> Vec<String> {
            let items = page["items"].as_array().expect("items");
            items.iter().map(|user| user["username"].as_str().expect("a name").to_owned()).collect()
        };
        assert_eq!(names(&page), ["u3", "u2"]);
        assert!(page["items"].as_array().expect("items").iter().all(|user| user["roles"].as_array().map(Vec::len) == Some(2)));
        let page = admin.get(&format!("{USERS}?page=2&size=2")).await.ok()["data"].take();
        assert_eq!(names(&page), ["u1", "admin"]);
        for wrong in ["size=201", "size=0", "page=0", "page=x"] {
            admin.get(&format!("{USERS}?{wrong}")).await.refused(422);
        }
    }

    async fn a_filter_is_no_pattern_and_no_statement(server: &Server) {
        let admin = server.admin().await;
        furnish(server).await;
        for name in ["a%b", "a_b", "a!b", "it's"] {
            add(&admin, &bob_with(json!({"username": name, "phone": "13800138000"}))).await;
        }
        let cases = [
            ("username=%25", 1),
            ("username=_", 1),
            ("username=!", 1),
            ("username=%27", 1),
            ("username=%27%20OR%20%271%27=%271", 0),
            ("username=%27;DROP%20TABLE%20sys_user;--", 0),
            ("username=", 5),
            ("phone=1380", 4),
            ("phone=%25", 0),
            ("dept=900", 4),
            ("dept=4242", 0),
            ("status=0", 0),
            ("status=1&dept=900&username=a", 3),
        ];
        for (filter, expected) in cases {
            let found = admin.get(&format!("{USERS}?{filter}")).await.ok();
            assert_eq!(found["data"]["total"], expected, "{filter}: {found}");
        }
        let number = admin.get(&format!("{USERS}?dept=x")).await.json();
        assert_eq!(number["data"]["errors"][0]["type"], "int_parsing");
        for wrong in ["username=%00", "dept=x", "status=x"] {
            admin.get(&format!("{USERS}?{wrong}")).await.refused(422);
        }
    }

    async fn who_may_not_is_refused(server: &Server) {
        let (admin, member) = (server.admin().await, server.member(&[]).await);
        furnish(server).await;
        let id = add(&admin, &bob()).await;
        let change = json!({"username": "bob", "nickname": "b", "roles": []});
        let others = [
            (Method::GET, USERS.to_owned(), json!(null)),
            (Method::GET, format!("{USERS}/{id}"), json!(null)),
            (Method::GET, format!("{USERS}/{id}/roles"), json!(null)),
            (Method::DELETE, format!("{USERS}/{id}"), json!(null)),
            (Method::POST, USERS.to_owned(), bob()),
            (Method::PUT, format!("{USERS}/{id}"), change.clone()),
            (Method::PUT, format!("{USERS}/70"), change),
            (Method::PUT, format!("{USERS}/70/permissions?type=superuser"), json!(null)),
            (Method::PUT, format!("{USERS}/{id}/permissions?type=status"), json!(null)),
            (Method::PUT, format!("{USERS}/{id}/password"), json!({"password": "stolen123"})),
        ];
        for (method, path, body) in others {
            send(&server.anonymous(), method.clone(), &path, &body).await.refused(401);
            send(&member, method, &path, &body).await.refused(403);
        }
        for own in ["password", "nickname", "avatar"] {
            send(&server.anonymous(), Method::PUT, &format!("{USERS}/me/{own}"), &json!({})).await.refused(401);
        }
        // What is one's own is nobody else's business, so it needs no code.
        assert_eq!(member.get(&format!("{USERS}/70")).await.ok()["data"]["username"], "member");
        assert_eq!(member.get(&format!("{USERS}/70/roles")).await.ok()["data"][0]["name"], "members");
        server.user("bob", "abc12345").await;
    }

    async fn codes_open_the_list_and_the_deletion_but_nothing_more(server: &Server) {
        let (admin, member) = (server.admin().await, server.member(&["sys:user:list", "sys:user:del"]).await);
        furnish(server).await;
        let id = add(&admin, &bob()).await;
        assert_eq!(member.get(USERS).await.ok()["data"]["total"], 3);
        member.get(&format!("{USERS}/{id}")).await.ok();
        member.get(&format!("{USERS}/{id}/roles")).await.ok();
        member.post_json(USERS, &bob()).await.refused(403);
        send(&member, Method::PUT, &format!("{USERS}/{id}/password"), &json!({"password": "stolen123"})).await.refused(403);
        member.put(&format!("{USERS}/{id}/permissions?type=staff")).await.refused(403);
        member.delete(&format!("{USERS}/70")).await.refused(403);
        let path = format!("{USERS}/{id}");
        for status in [403, 200] {
            admin.put(&format!("{path}/permissions?type=superuser")).await.ok();
            assert_eq!(member.delete(&path).await.status, status, "a super-user is out of reach");
        }
        member.delete(&path).await.refused(404);
    }

    async fn a_body_makes_nobody_more_than_a_user(server: &Server) {
        let admin = server.admin().await;
        furnish(server).await;
        let more = json!({"is_superuser": true, "is_staff": true, "is_multi_login": true, "status": 0, "id": 1, "uuid": "mine",
            "join_time": "2000-01-01 00:00:00"});
        let id = add(&admin, &bob_with(more.clone())).await;
        assert_ne!(id, 1);
        let path = format!("{USERS}/{id}");
        let before = admin.get(&path).await.ok()["data"].take();
        let mut change = json!({"username": "bob", "nickname": "bob", "roles": [900, 901], "password": "another123"});
        change.as_object_mut().expect("a body").extend(more.as_object().expect("fields").clone());
        send(&admin, Method::PUT, &path, &change).await.ok();
        let after = admin.get(&path).await.ok()["data"].take();
        assert_eq!(before, after);
        assert_eq!((&after["is_superuser"], &after["is_staff"], &after["status"]), (&json!(false), &json!(false), &json!(1)));
        let bob = server.user("bob", "abc12345").await;
        for (own, body) in [("nickname", json!({"nickname": "b", "is_superuser": true})), ("avatar", json!({"avatar": "/a.png", "is_staff": true}))] {
            send(&bob, Method::PUT, &format!("{USERS}/me/{own}"), &body).await.ok();
        }
        let me = bob.get(&format!("{USERS}/me")).await.ok();
        assert_eq!((&me["data"]["is_superuser"], &me["data"]["is_staff"]), (&json!(false), &json!(false)));
    }

    async fn what_is_wrong_with_a_user_is_said(server: &Server) {
        let admin = server.admin().await;
        furnish(server).await;
        let id = add(&admin, &bob_with(json!({"email": "bob@example.com"}))).await;
        let cases = [
            (json!({}), 409),
            (json!({"username": "c", "email": "bob@example.com"}), 409),
            (json!({"username": "c", "dept_id": 4242}), 404),
            (json!({"username": "c", "dept_id": 901}), 404),
            (json!({"username": "c", "roles": [900, 4242]}), 404),
            (json!({"username": "c", "password": "a1"}), 400),
            (json!({"username": "c", "password": ""}), 400),
            (json!({"username": "c", "password": "abcdefgh"}), 400),
            (json!({"username": "c", "password": "12345678"}), 400),
            (json!({"username": "c", "password": "a1".repeat(17)}), 400),
            (json!({"username": "c", "password": "a1".repeat(200)}), 422),
            (json!({"username": ""}), 422),
            (json!({"username": "c".repeat(65)}), 422),
            (json!({"username": "c\u{0}"}), 422),
            (json!({"username": ["c"]}), 422),
            (json!({"username": "c", "phone": "123"}), 422),
            (json!({"username": "c", "email": "nowhere"}), 422),
            (json!({"username": "c", "dept_id": null}), 422),
            (json!({"username": "c", "roles": null}), 422),
        ];
        for (fields, status) in cases {
            let answer = admin.post_json(USERS, &bob_with(fields.clone())).await;
            assert_eq!(answer.status, status, "{fields}: {}", answer.text);
            answer.refused(status);
        }
        let phone = admin.post_json(USERS, &bob_with(json!({"phone": "123"}))).await.json();
        assert_eq!(phone["data"]["errors"][0]["loc"], json!(["body", "phone"]));
        let weak = admin.post_json(USERS, &bob_with(json!({"password": "secretive"}))).await;
        assert!(!weak.text.contains("secretive"), "{}", weak.text);
        assert_eq!(admin.get(USERS).await.ok()["data"]["total"], 2, "a refused user is not there");

        let path = format!("{USERS}/{id}");
        let changes = [
            (path.clone(), json!({"username": "admin", "nickname": "b", "roles": []}), 409),
            (path.clone(), json!({"username": "bob", "nickname": "b", "roles": [4242]}), 404),
            (path.clone(), json!({"username": "bob", "nickname": "b", "roles": [], "dept_id": 4242}), 404),
            (path.clone(), json!({"username": "bob", "nickname": "b", "roles": [], "avatar": "x"}), 422),
            (path.clone(), json!({"username": "bob", "roles": []}), 422),
            (format!("{USERS}/4242"), json!({"username": "c", "nickname": "b", "roles": []}), 404),
            (format!("{USERS}/4242/password"), json!({"password": "abc12345"}), 404),
            (format!("{path}/password"), json!({"password": "abcdefgh"}), 400),
            (format!("{path}/permissions?type=foo"), json!(null), 422),
            (format!("{path}/permissions"), json!(null), 422),
            (format!("{USERS}/4242/permissions?type=staff"), json!(null), 404),
            (format!("{USERS}/1/permissions?type=superuser"), json!(null), 403),
        ];
        for (path, body, status) in changes {
            let answer = send(&admin, Method::PUT, &path, &body).await;
            assert_eq!(answer.status, status, "{path} {body}: {}", answer.text);
            answer.refused(status);
        }
        let switch = admin.put(&format!("{path}/permissions?type=foo")).await.json();
        assert_eq!(switch["data"]["errors"][0]["loc"], json!(["query", "type"]));
        assert_eq!(switch["data"]["errors"][0]["type"], "enum");
        for (path, status) in [("4242", 404), ("4242/roles", 404), ("x", 422), ("99999999999999999999", 422)] {
            admin.get(&format!("{USERS}/{path}")).await.refused(status);
        }
        let kept = admin.get(&path).await.ok();
        assert_eq!(kept["data"]["roles"].as_array().map(Vec::len), Some(2), "a refused change is none");
        admin.delete(&format!("{USERS}/4242")).await.refused(404);
        admin.delete(&format!("{USERS}/1")).await.refused(403);
    }

    async fn two_quick_creations_of_one_user_make_one(server: &Server) {
        let admin = server.admin().await;
        furnish(server).await;
        let (one, two) = (bob(), bob());
        let (one, two) = tokio::join!(admin.post_json(USERS, &one), admin.post_json(USERS, &two));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        assert_eq!(admin.get(&format!("{USERS}?username=bob")).await.ok()["data"]["total"], 1);
    }

    async fn a_change_touches_what_it_names(server: &Server) {
        let admin = server.admin().await;
        furnish(server).await;
        let id = add(&admin, &bob_with(json!({"email": "bob@example.com", "phone": "13800138000"}))).await;
        let path = format!("{USERS}/{id}");
        let seen = async || admin.get(&path).await.ok()["data"].take();
        let change = json!({"username": "bob", "nickname": "bobby", "roles": [901], "avatar": "https://example.com/a.png"});
        assert_eq!(send(&admin, Method::PUT, &path, &change).await.ok()["data"], json!(null));
        let user = seen().await;
        assert_eq!((&user["nickname"], &user["avatar"]), (&json!("bobby"), &json!("https://example.com/a.png")));
        assert_eq!((&user["email"], &user["phone"], &user["dept_id"]), (&json!("bob@example.com"), &json!("13800138000"), &json!(900)));
        assert_eq!((&user["roles"][0]["id"], &user["roles"][1]), (&json!(901), &json!(null)));

        let change = json!({"username": "rob", "nickname": "", "roles": [], "avatar": null, "email": "", "phone": null, "dept_id": null});
        send(&admin, Method::PUT, &path, &change).await.ok();
        let user = seen().await;
        assert_eq!((&user["username"], &user["nickname"], &user["roles"]), (&json!("rob"), &json!("rob"), &json!([])));
        for gone in ["avatar", "email", "phone", "dept_id", "dept"] {
            assert_eq!(user[gone], json!(null), "{gone}");
        }
    }

    async fn what_a_change_takes_away_is_gone_with_the_next_request(server: &Server) {
        let (admin, member) = (server.admin().await, server.member(&["sys:user:list"]).await);
        let path = format!("{USERS}/70");
        member.get(USERS).await.ok();
        for (roles, status) in [(json!([]), 403), (json!([70]), 200)] {
            let change = json!({"username": "member", "nickname": "member", "roles": roles});
            send(&admin, Method::PUT, &path, &change).await.ok();
            assert_eq!(member.get(USERS).await.status, status, "{roles}");
        }
        for (switch, field) in [("multi_login", "is_multi_login"), ("staff", "is_staff"), ("superuser", "is_superuser")] {
            let before = admin.get(&path).await.ok()["data"][field].as_bool().expect("a truth");
            admin.put(&format!("{path}/permissions?type={switch}")).await.ok();
            assert_eq!(admin.get(&path).await.ok()["data"][field], !before, "{switch}");
        }
        admin.put(&format!("{path}/permissions?type=status")).await.ok();
        assert_eq!(admin.get(&path).await.ok()["data"]["status"], 0);
        member.get(USERS).await.refused(403);
        admin.put(&format!("{path}/permissions?type=status")).await.ok();
        member.get(USERS).await.ok();
        admin.delete(&path).await.ok();
        member.get(USERS).await.refused(401);
        let pool = server.pool().await;
        for table in ["sys_session", "sys_user_role"] {
            let sql = format!("SELECT COUNT(*) FROM {table} WHERE user_id = 70");
            let left: i64 = pool.database().query(sql).fetch_scalar().await.expect("a count");
            assert_eq!(left, 0, "{table}");
        }
        pool.close().await;
    }

    async fn there_is_always_somebody_who_may_administer(server: &Server) {
        let (admin, member) = (server.admin().await, server.member(&["sys:user:del"]).await);
        member.delete(&format!("{USERS}/1")).await.refused(403);
        for switch in ["superuser", "staff", "status", "multi_login"] {
            admin.put(&format!("{USERS}/1/permissions?type={switch}")).await.refused(403);
        }
        // Being a super-user is not enough to administer.
        for switch in ["superuser", "staff"] {
            admin.put(&format!("{USERS}/70/permissions?type={switch}")).await.ok();
        }
        member.delete(&format!("{USERS}/1")).await.refused(403);
        admin.put(&format!("{USERS}/70/permissions?type=staff")).await.ok();
        for switch in ["superuser", "staff", "status"] {
            let (other, first) = (format!("{USERS}/70/permissions?type={switch}"), format!("{USERS}/1/permissions?type={switch}"));
            let (one, two) = tokio::join!(admin.put(&other), member.put(&first));
            let pool = server.pool().await;
            let left: i64 = pool.database()
                .query("SELECT COUNT(*) FROM sys_user WHERE is_superuser = TRUE AND is_staff = TRUE AND status = 1")
                .fetch_scalar().await.expect("a count");
            assert!(left >= 1, "{switch}: {} {}", one.text, two.text);
            pool.database().query("UPDATE sys_user SET is_superuser = TRUE, is_staff = TRUE, status = 1").execute().await.expect("restored");
            pool.close().await;
            // Written past the server, so it is told to look again.
            for id in [1, 70] {
                let change = json!({"username": if id == 1 { "admin" } else { "member" }, "nickname": "n", "roles": []});
                let by = if one.status == 200 { &admin } else { &member };
                send(by, Method::PUT, &format!("{USERS}/{id}"), &change).await.ok();
            }
        }
        member.delete(&format!("{USERS}/1")).await.ok();
        admin.get(USERS).await.refused(401);
    }

    async fn a_password_is_changed_by_whoever_knows_it(server: &Server) {
        let member = server.member(&[]).await;
        let path = format!("{USERS}/me/password");
        let form = |old: &str, new: &str, again: &str| json!({"old_password": old, "new_password": new, "confirm_password": again});
        let cases = [
            (form("wrong", "new12345", "new12345"), 400),
            (form(PASSWORD, "new12345", "new12346"), 400),
            (form(PASSWORD, "short", "short"), 400),
            (form(PASSWORD, "abcdefgh", "abcdefgh"), 400),
            (json!({"old_password": PASSWORD}), 422),
        ];
        for (body, status) in cases {
            send(&member, Method::PUT, &path, &body).await.refused(status);
        }
        let elsewhere = server.user("member", PASSWORD).await;
        send(&member, Method::PUT, &path, &form(PASSWORD, "new12345", "new12345")).await.ok();
        for ended in [&member, &elsewhere] {
            ended.get(&format!("{USERS}/me")).await.refused(401);
        }
        let old = json!({"username": "member", "password": PASSWORD});
        server.anonymous().post_json("/api/v1/auth/login", &old).await.refused(403);

        let member = server.user("member", "new12345").await;
        let admin = server.admin().await;
        send(&admin, Method::PUT, &format!("{USERS}/70/password"), &json!({"password": "given123"})).await.ok();
        member.get(&format!("{USERS}/me")).await.refused(401);
        server.user("member", "given123").await;
    }

    async fn a_user_changes_the_own_name_and_picture(server: &Server) {
        let member = server.member(&[]).await;
        let (nickname, avatar) = (format!("{USERS}/me/nickname"), format!("{USERS}/me/avatar"));
        let accepted = ["/static/upload/a.png", "https://example.com/a.png", "http://localhost:1/é"];
        for picture in accepted {
            send(&member, Method::PUT, &avatar, &json!({"avatar": picture})).await.ok();
            assert_eq!(member.get(&format!("{USERS}/me")).await.ok()["data"]["avatar"], picture);
        }
        for picture in ["x", "", "javascript:alert(1)", "//evil.example/a.png", "/\\evil.example", "data:image/png;base64,AA", "/a b"] {
            send(&member, Method::PUT, &avatar, &json!({"avatar": picture})).await.refused(422);
        }
        send(&member, Method::PUT, &avatar, &json!({"avatar": format!("/{}", "a".repeat(256))})).await.refused(422);
        send(&member, Method::PUT, &nickname, &json!({"nickname": "新名字"})).await.ok();
        for name in [json!(""), json!("x".repeat(65)), json!(null), json!(["x"])] {
            send(&member, Method::PUT, &nickname, &json!({"nickname": name})).await.refused(422);
        }
        let me = member.get(&format!("{USERS}/me")).await.ok();
        assert_eq!((&me["data"]["nickname"], &me["data"]["avatar"]), (&json!("新名字"), &json!(accepted[2])));
    }
}
