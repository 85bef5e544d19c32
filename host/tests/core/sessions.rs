//! Who is logged in, and ending it.

use reqwest::Method;
use reqwest::header::{COOKIE, SET_COOKIE, USER_AGENT};
use serde_json::{Value, json};

use crate::server::{Answer, PASSWORD, Role, Server, eventually};

const PATH: &str = "/api/v1/monitors/sessions";
const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                      Chrome/126.0.0.0 Safari/537.36";

async fn login_as(server: &Server, headers: &[(&str, &[u8])]) -> Answer {
    let mut request = server.anonymous().request(Method::POST, "/api/v1/auth/login");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::of(request.json(&json!({"username": "admin", "password": PASSWORD}))).await
}

/// The session of a login's answer in the list.
async fn listed(role: &Role, login: &Answer) -> Value {
    let session = login.ok()["data"]["session_uuid"].clone();
    let list = role.get(PATH).await.ok()["data"].take();
    let found = list.as_array().expect("a list").iter().find(|listed| listed["session_uuid"] == session);
    found.unwrap_or_else(|| panic!("{session} is not in {list}")).clone()
}

/// A member with a code, and an entry that grants it if there is none.
async fn member_with(server: &Server, code: &str) -> Role {
    let pool = server.pool().await;
    let entry = "INSERT INTO sys_menu (title, name, type, perms, created_time) SELECT 'x', 'x', 2, $1, 0 \
                 WHERE NOT EXISTS (SELECT 1 FROM sys_menu WHERE perms = $2)";
    pool.database().query(entry).bind(code).bind(code).execute().await.expect("executes");
    pool.close().await;
    server.member(&[code]).await
}

on_both! {
    async fn sessions_are_listed_with_what_began_them(server: &Server) {
        let admin = server.admin().await;
        let login = login_as(server, &[("user-agent", CHROME.as_bytes()), ("x-real-ip", b"192.0.2.7")]).await;
        let session = listed(&admin, &login).await;
        let keys: Vec<&str> = session.as_object().expect("an object").keys().map(String::as_str).collect();
        let expected = ["id", "session_uuid", "username", "nickname", "ip", "os", "browser", "device", "status",
            "last_login_time", "expire_time"];
        assert_eq!(keys, expected);
        let seen = ["id", "username", "ip", "os", "browser", "device", "status"].map(|key| session[key].clone());
        assert_eq!(json!(seen), json!([1, "admin", "192.0.2.7", "Windows 10", "Chrome 126.0.0", "PC", 1]));
        assert_eq!(session["last_login_time"], login.ok()["data"]["user"]["last_login_time"]);
        assert_eq!(session["expire_time"], login.ok()["data"]["access_token_expire_time"]);
    }

    async fn sessions_are_found_by_a_part_of_the_users_name(server: &Server) {
        let (admin, _) = (server.admin().await, server.member(&[]).await);
        for (part, expected) in [("mem", 1), ("m", 2), ("", 2), ("%", 0), ("_", 0), ("'", 0), ("x", 0)] {
            let request = admin.request(Method::GET, PATH).query(&[("username", part)]);
            let list = Answer::of(request).await.ok()["data"].take();
            assert_eq!(list.as_array().expect("a list").len(), expected, "{part}: {list}");
        }
        admin.get(&format!("{PATH}?username={}", "x".repeat(65))).await.refused(422);
    }

    async fn a_session_that_nobody_used_for_five_minutes_is_offline(server: &Server) {
        let admin = server.admin().await;
        let login = login_as(server, &[]).await;
        assert_eq!(listed(&admin, &login).await["status"], 1);
        let pool = server.pool().await;
        let earlier = "UPDATE sys_session SET last_used_time = last_used_time - 301000";
        pool.database().query(earlier).execute().await.expect("executes");
        pool.close().await;
        assert_eq!(listed(&admin, &login).await["status"], 0);
        let token = login.ok()["data"]["access_token"].as_str().expect("a token").to_owned();
        let used = server.anonymous().request(Method::GET, "/api/v1/sys/users/me").bearer_auth(token);
        Answer::of(used).await.ok();
        eventually("it is online again", async || listed(&admin, &login).await["status"] == 1).await;
    }

    async fn an_ended_session_is_a_401_at_once_and_can_not_be_renewed(server: &Server) {
        let admin = server.admin().await;
        let login = login_as(server, &[]).await;
        let cookie = login.headers[SET_COOKIE].to_str().expect("text").split(';').next().expect("a cookie").to_owned();
        let body = login.ok();
        let (token, session) = (body["data"]["access_token"].as_str().expect("a token").to_owned(),
            body["data"]["session_uuid"].as_str().expect("a session").to_owned());
        let me = async || {
            let request = server.anonymous().request(Method::GET, "/api/v1/sys/users/me").bearer_auth(&token);
            Answer::of(request).await
        };
        // Not there, not a session's name, somebody else's: done, and nothing has ended.
        let other = uuid::Uuid::new_v4().to_string();
        for (user, session) in [(1, other.as_str()), (1, "nope"), (2, &session)] {
            admin.delete(&format!("{PATH}/{user}?session_uuid={session}")).await.ok();
            me().await.ok();
        }
        assert_eq!(admin.delete(&format!("{PATH}/1?session_uuid={session}")).await.ok()["data"], Value::Null);
        assert_eq!(me().await.refused(401), "Token expired");
        let refresh = server.anonymous().request(Method::POST, "/api/v1/auth/refresh").header(COOKIE, cookie);
        Answer::of(refresh).await.refused(401);
        admin.get(PATH).await.ok();
    }

    async fn a_session_is_also_ended_by_the_name_it_had_before_a_refresh(server: &Server) {
        let admin = server.admin().await;
        let login = login_as(server, &[]).await;
        let cookie = login.headers[SET_COOKIE].to_str().expect("text").split(';').next().expect("a cookie").to_owned();
        let refresh = server.anonymous().request(Method::POST, "/api/v1/auth/refresh").header(COOKIE, cookie);
        let renewed = Answer::of(refresh).await;
        listed(&admin, &renewed).await;
        let former = login.ok()["data"]["session_uuid"].as_str().expect("a session").to_owned();
        admin.delete(&format!("{PATH}/1?session_uuid={former}")).await.ok();
        let token = renewed.ok()["data"]["access_token"].as_str().expect("a token").to_owned();
        let me = server.anonymous().request(Method::GET, "/api/v1/sys/users/me").bearer_auth(token);
        Answer::of(me).await.refused(401);
        admin.get(PATH).await.ok();
    }

    async fn sessions_need_their_permissions(server: &Server) {
        let delete = format!("{PATH}/1?session_uuid=nope");
        server.anonymous().get(PATH).await.refused(401);
        server.anonymous().delete(&delete).await.refused(401);
        let member = member_with(server, "monitor:session:list").await;
        member.get(PATH).await.ok();
        assert_eq!(member.delete(&delete).await.refused(403), "Permission Denied");
        let admin = server.admin().await;
        admin.get(PATH).await.ok();
        admin.delete(&format!("{PATH}/1")).await.refused(422);
        admin.delete(&format!("{PATH}/x?session_uuid=nope")).await.refused(422);
    }

    async fn a_member_with_the_permission_ends_sessions(server: &Server) {
        let member = member_with(server, "monitor:session:del").await;
        member.get(PATH).await.refused(403);
        member.delete(&format!("{PATH}/1?session_uuid=nope")).await.ok();
    }

    async fn headers_of_strangers_are_kept_as_what_they_are(server: &Server) {
        let admin = server.admin().await;
        let long = "x".repeat(4000);
        let cases: [(&str, &[u8], &str); 5] = [
            ("x-forwarded-for", b"<script>alert(1)</script>", "127.0.0.1"),
            ("x-forwarded-for", b"192.0.2.9'; DROP TABLE sys_session; --", "127.0.0.1"),
            ("x-real-ip", b"192.0.2.9\tevil", "127.0.0.1"),
            (USER_AGENT.as_str(), b"Chrome/1.0 '\"><img src=x>\xff\xfe", "127.0.0.1"),
            (USER_AGENT.as_str(), long.as_bytes(), "127.0.0.1"),
        ];
        for (name, value, ip) in cases {
            let session = listed(&admin, &login_as(server, &[(name, value)]).await).await;
            assert_eq!(session["ip"], ip, "{name}");
            for part in ["os", "browser", "device"] {
                let text = session[part].as_str().expect("text");
                assert!(text.len() <= 64 && !text.contains(['<', '>', '\'']), "{text}");
            }
        }
    }
}
