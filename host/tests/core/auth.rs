//! Logging in, staying logged in and logging out.

use backplane::admin::auth::token::{Claims, TokenKey};
use reqwest::Method;
use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::{Value, json};

use crate::server::{Answer, PASSWORD, Role, Server};

/// Of the server's default name.
const COOKIE_NAME: &str = "backplane_refresh_token";

async fn login(server: &Server, username: &str, password: &str) -> Answer {
    let body = json!({"username": username, "password": password, "selectAccount": "x"});
    server.anonymous().post_json("/api/v1/auth/login", &body).await
}

/// The cookie's value in an answer, and what follows it.
fn cookie(answer: &Answer) -> (String, String) {
    let header = answer.headers.get(SET_COOKIE).expect("a cookie").to_str().expect("text");
    let (name, rest) = header.split_once('=').expect("a name");
    assert_eq!(name, COOKIE_NAME);
    let (value, attributes) = rest.split_once("; ").expect("attributes");
    (value.to_owned(), attributes.to_owned())
}

async fn with_cookie(server: &Server, path: &str, token: &str) -> Answer {
    let request = server.anonymous().request(Method::POST, path);
    Answer::of(request.header(COOKIE, format!("other=1; {COOKIE_NAME}={token}"))).await
}

async fn refresh(server: &Server, token: &str) -> Answer {
    with_cookie(server, "/api/v1/auth/refresh", token).await
}

async fn me(server: &Server, access_token: &str) -> Answer {
    let request = server.anonymous().request(Method::GET, "/api/v1/sys/users/me");
    Answer::of(request.bearer_auth(access_token)).await
}

fn text<'a>(body: &'a Value, key: &str) -> &'a str {
    body["data"][key].as_str().unwrap_or_else(|| panic!("no {key}: {body}"))
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

async fn sql(server: &Server, statement: &str) {
    let pool = server.pool().await;
    pool.database().query(statement).execute().await.expect("executes");
    pool.close().await;
}

async fn scalar(server: &Server, statement: &str) -> String {
    let pool = server.pool().await;
    let value = pool.database().query(statement).fetch_scalar().await.expect("a value");
    pool.close().await;
    value
}

on_both! {
    async fn a_refresh_gives_another_session_with_other_tokens(server: &Server) {
        let first = login(server, "admin", PASSWORD).await;
        let (old, attributes) = cookie(&first);
        assert_eq!(attributes, "HttpOnly; Max-Age=604800; Path=/; SameSite=Lax");
        let second = refresh(server, &old).await;
        let (new, attributes) = cookie(&second);
        assert_eq!(attributes, "HttpOnly; Max-Age=604800; Path=/; SameSite=Lax");
        let (first, second) = (first.ok(), second.ok());
        assert_eq!(keys(&second["data"]), ["access_token", "access_token_expire_time", "session_uuid"]);
        assert_ne!(old, new);
        for key in ["access_token", "session_uuid"] {
            assert_ne!(text(&first, key), text(&second, key));
        }
        assert_eq!(text(&second, "access_token_expire_time").len(), 19);
        assert_eq!(me(server, text(&first, "access_token")).await.refused(401), "Token expired");
        me(server, text(&second, "access_token")).await.ok();
        refresh(server, &new).await.ok();
    }

    async fn a_refresh_token_used_twice_ends_everything_that_came_of_its_login(server: &Server) {
        let (stolen, _) = cookie(&login(server, "admin", PASSWORD).await);
        let other = login(server, "admin", PASSWORD).await.ok();
        let renewed = refresh(server, &stolen).await;
        let (current, _) = cookie(&renewed);
        let renewed = renewed.ok();
        me(server, text(&renewed, "access_token")).await.ok();
        let replayed = refresh(server, &stolen).await;
        replayed.refused(401);
        assert_eq!(replayed.headers["www-authenticate"], "Bearer");
        me(server, text(&renewed, "access_token")).await.refused(401);
        refresh(server, &current).await.refused(401);
        me(server, text(&other, "access_token")).await.ok();
    }

    async fn of_several_refreshes_at_once_one_wins(server: &Server) {
        let (token, _) = cookie(&login(server, "admin", PASSWORD).await);
        let attempts = (0..6).map(|_| refresh(server, &token));
        let answers = futures_util::future::join_all(attempts).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401, 401, 401, 401, 401]);
    }

    async fn a_refresh_needs_a_good_cookie(server: &Server) {
        let access = login(server, "admin", PASSWORD).await.ok();
        server.anonymous().post("/api/v1/auth/refresh").await.refused(400);
        server.admin().await.post("/api/v1/auth/refresh").await.refused(400);
        for bad in ["nonsense", text(&access, "access_token"), &"0".repeat(64)] {
            assert_eq!(refresh(server, bad).await.refused(401), "Token invalid");
        }
        let (old, _) = cookie(&login(server, "admin", PASSWORD).await);
        sql(server, "UPDATE sys_session SET refresh_expire_time = 1").await;
        assert_eq!(refresh(server, &old).await.refused(401), "Token expired");
        let (token, _) = cookie(&login(server, "admin", PASSWORD).await);
        sql(server, "UPDATE sys_user SET status = 0").await;
        refresh(server, &token).await.refused(403);
    }

    async fn refresh_tokens_are_kept_as_hashes_only(server: &Server) {
        let (token, _) = cookie(&login(server, "admin", PASSWORD).await);
        let kept = scalar(server, "SELECT refresh_hash FROM sys_session WHERE refresh_hash IS NOT NULL").await;
        assert_eq!(kept.len(), 64);
        assert_ne!(kept, token);
        refresh(server, &kept).await.refused(401);
    }

    async fn a_logout_ends_the_session_of_the_token_and_of_the_cookie(server: &Server) {
        let path = "/api/v1/auth/logout";
        let answer = login(server, "admin", PASSWORD).await;
        let (token, _) = cookie(&answer);
        let body = answer.ok();
        let access = text(&body, "access_token");
        let out = Answer::of(server.anonymous().request(Method::POST, path).bearer_auth(access)).await;
        assert_eq!(out.ok()["data"], Value::Null);
        assert_eq!(cookie(&out), (String::new(), "HttpOnly; Max-Age=0; Path=/; SameSite=Lax".to_owned()));
        me(server, access).await.refused(401);
        refresh(server, &token).await.refused(401);
        // With a token that is over, with nonsense and with nothing at all.
        for authorization in [format!("Bearer {access}"), "Bearer x".to_owned(), String::new()] {
            let request = server.anonymous().request(Method::POST, path).header("authorization", authorization);
            let again = Answer::of(request).await;
            assert_eq!((again.ok()["code"].as_i64(), cookie(&again).0), (Some(200), String::new()));
        }
        let answer = login(server, "admin", PASSWORD).await;
        with_cookie(server, path, &cookie(&answer).0).await.ok();
        me(server, text(&answer.ok(), "access_token")).await.refused(401);
    }

    async fn a_user_who_may_be_logged_in_once_is_told_of_the_other_login(server: &Server) {
        let (_, member) = (server.member(&[]).await, "member");
        sql(server, "UPDATE sys_user SET is_multi_login = FALSE WHERE username = 'member'").await;
        let first = login(server, member, PASSWORD).await;
        let (token, _) = cookie(&first);
        let admin = server.admin().await;
        let second = login(server, member, PASSWORD).await.ok();
        me(server, text(&first.ok(), "access_token")).await.refused(401);
        assert!(refresh(server, &token).await.refused(403).contains("logged in elsewhere"));
        me(server, text(&second, "access_token")).await.ok();
        admin.get("/api/v1/sys/users/me").await.ok();
    }

    async fn a_user_who_may_be_logged_in_once_is_so_after_many_logins_at_once(server: &Server) {
        sql(server, "UPDATE sys_user SET is_multi_login = FALSE").await;
        let answers = futures_util::future::join_all((0..8).map(|_| login(server, "admin", PASSWORD))).await;
        let mut alive = 0;
        for answer in answers {
            alive += i32::from(me(server, text(&answer.ok(), "access_token")).await.status == 200);
        }
        assert_eq!(alive, 1);
    }

    async fn the_later_login_wins_when_a_user_may_no_longer_be_logged_in_twice(server: &Server) {
        let (first, _) = cookie(&login(server, "admin", PASSWORD).await);
        let (second, _) = cookie(&login(server, "admin", PASSWORD).await);
        sql(server, "UPDATE sys_user SET is_multi_login = FALSE").await;
        refresh(server, &first).await.refused(403);
        refresh(server, &second).await.ok();
    }

    async fn a_swagger_login_is_bare_and_has_no_cookie(server: &Server) {
        let path = "/api/v1/auth/login/swagger";
        let missing = server.anonymous().post(path).await;
        assert!(missing.refused(422).contains("username"));
        let query = format!("{path}?username=admin&password=wrong");
        assert_eq!(server.anonymous().post(&query).await.refused(403), "wrong user name or password");
        let answer = server.anonymous().post(&format!("{path}?username=admin&password={PASSWORD}")).await;
        assert!(!answer.headers.contains_key(SET_COOKIE));
        let body = answer.ok();
        assert_eq!(keys(&body), ["access_token", "token_type", "user"]);
        assert_eq!((&body["token_type"], &body["user"]["username"]), (&json!("Bearer"), &json!("admin")));
        me(server, body["access_token"].as_str().expect("a token")).await.ok();
    }

    async fn a_login_never_takes_up_a_session_that_is_there(server: &Server) {
        let first = login(server, "admin", PASSWORD).await;
        let (token, _) = cookie(&first);
        let first = first.ok();
        let session = text(&first, "session_uuid");
        let body = json!({"username": "admin", "password": PASSWORD, "session_uuid": session});
        let request = server.anonymous().request(Method::POST, "/api/v1/auth/login").json(&body);
        let request = request.bearer_auth(text(&first, "access_token"));
        let second = Answer::of(request.header(COOKIE, format!("{COOKIE_NAME}={token}"))).await;
        assert_ne!(cookie(&second).0, token);
        assert_ne!(text(&second.ok(), "session_uuid"), session);
    }

    async fn five_failures_lock_a_name_whether_or_not_somebody_has_it(server: &Server) {
        let mut told = Vec::new();
        for name in ["admin", "nobody"] {
            for _ in 0..4 {
                assert_eq!(login(server, name, "wrong").await.refused(403), "wrong user name or password");
            }
            told.push(login(server, name, "wrong").await.refused(403));
            told.push(login(server, name, PASSWORD).await.refused(403));
        }
        let expected = "too many failed logins; try again in 5 minutes";
        assert!(told.iter().all(|text| text == expected), "{told:?}");
        // Another name is not locked, and neither is a token given out before.
        server.member(&[]).await.get("/api/v1/sys/users/me").await.ok();
    }

    async fn a_crowd_of_wrong_passwords_gets_no_more_tries_than_one_after_the_other(server: &Server) {
        let guesses = (0..12).map(|_| login(server, "admin", "wrong"));
        let answers = futures_util::future::join_all(guesses).await;
        let tries = answers.iter().filter(|answer| answer.json()["msg"] == "wrong user name or password").count();
        assert_eq!(tries, 4);
    }

    async fn a_login_forgets_the_failures_before_it(server: &Server) {
        for _ in 0..3 {
            for _ in 0..4 {
                login(server, "admin", "wrong").await.refused(403);
            }
            login(server, "admin", PASSWORD).await.ok();
        }
    }

    async fn the_time_of_a_refusal_does_not_tell_which_names_exist(server: &Server) {
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for round in 0..9 {
            let began = std::time::Instant::now();
            login(server, &format!("nobody{round}"), "wrong").await.refused(403);
            unknown.push(began.elapsed());
            // Four failures and a login, again and again: the name is never locked.
            if round % 4 == 3 {
                login(server, "admin", PASSWORD).await.ok();
            }
            let began = std::time::Instant::now();
            login(server, "admin", "wrong").await.refused(403);
            known.push(began.elapsed());
        }
        // The fastest of each: whatever else the machine does only ever adds to it.
        let fastest = |times: Vec<std::time::Duration>| times.iter().min().expect("some").as_secs_f64();
        let (known, unknown) = (fastest(known), fastest(unknown));
        assert!(known < unknown * 2.0 && unknown < known * 2.0, "known {known} s, unknown {unknown} s");
    }

    async fn a_bcrypt_hash_lets_its_user_in_and_becomes_one_of_ours(server: &Server) {
        // Of "123456", cost 4.
        let hash = bcrypt::hash("123456", 4).expect("hashes");
        assert!(hash.starts_with("$2b$"), "{hash}");
        sql(server, &format!("UPDATE sys_user SET password = '{hash}'")).await;
        login(server, "admin", "1234567").await.refused(403);
        assert_eq!(scalar(server, "SELECT password FROM sys_user").await, hash);
        for _ in 0..2 {
            login(server, "admin", "123456").await.ok();
            assert!(scalar(server, "SELECT password FROM sys_user").await.starts_with("$argon2id$"));
        }
    }

    async fn a_password_that_is_a_year_old_has_expired_and_its_last_week_is_told(server: &Server) {
        const DAY_MS: i64 = 86_400_000;
        let now_ms = std::time::UNIX_EPOCH.elapsed().expect("a time").as_millis();
        let now_ms = i64::try_from(now_ms).expect("a time");
        for (days, remaining) in [(1, json!(null)), (359, json!(6))] {
            let changed = now_ms - days * DAY_MS;
            sql(server, &format!("UPDATE sys_user SET last_password_changed_time = {changed}")).await;
            let body = login(server, "admin", PASSWORD).await.ok();
            assert_eq!(body["data"]["password_expire_days_remaining"], remaining, "{days}");
        }
        let changed = now_ms - 365 * DAY_MS;
        sql(server, &format!("UPDATE sys_user SET last_password_changed_time = {changed}")).await;
        assert!(login(server, "admin", PASSWORD).await.refused(403).contains("expired"));
        login(server, "admin", "wrong").await.refused(403);
    }

    async fn a_captcha_is_a_picture_even_if_none_is_asked_for(server: &Server) {
        let body = server.anonymous().get("/api/v1/auth/captcha").await.ok();
        assert_eq!(keys(&body["data"]), ["is_enabled", "expire_seconds", "uuid", "image"]);
        assert_eq!((&body["data"]["is_enabled"], &body["data"]["expire_seconds"]), (&json!(false), &json!(300)));
        uuid::Uuid::parse_str(text(&body, "uuid")).expect("a UUID");
        let image = text(&body, "image");
        // The first bytes of every PNG, in base64.
        assert!(image.starts_with("iVBORw0KGgo") && image.len() > 500, "{image}");
    }

    async fn tokens_that_were_tampered_with_are_refused(server: &Server) {
        let body = login(server, "admin", PASSWORD).await.ok();
        let token = text(&body, "access_token");
        let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
        // {"alg":"none"}
        let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
        let cut = format!("{header}.{claims}.");
        let longer = format!("{header}.{claims}A.{signature}");
        let secret = std::fs::read_to_string(server.data().join("jwt.key")).expect("the key");
        let key = TokenKey::new(&hex::decode(secret.trim()).expect("hexadecimal"));
        let session_uuid = uuid::Uuid::parse_str(text(&body, "session_uuid")).expect("a UUID");
        let good = Claims { session_uuid, exp: 4_102_444_800, sub: "1".to_owned() };
        let sign = |key: &TokenKey, claims: Claims| key.sign(&claims).expect("signed");
        let (invalid, expired) = ("Token invalid", "Token expired");
        for (bad, expected) in [
            (unsigned, invalid),
            (cut, invalid),
            (longer, invalid),
            ("x".to_owned(), invalid),
            ("..".to_owned(), invalid),
            (sign(&TokenKey::new(b"another"), good.clone()), invalid),
            (sign(&key, Claims { sub: "2".to_owned(), ..good.clone() }), invalid),
            (sign(&key, Claims { exp: 1, ..good.clone() }), expired),
            (sign(&key, Claims { session_uuid: uuid::Uuid::new_v4(), ..good.clone() }), expired),
        ] {
            assert_eq!(me(server, &bad).await.refused(401), expected, "{bad}");
        }
        me(server, &sign(&key, good)).await.ok();
    }
}

fn role(server: &Server) -> Role {
    server.anonymous()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_with_a_captcha_asks_for_it_before_anything_else() {
    let server =
        Server::start_with(&[("APP__LOGIN__CAPTCHA", "true"), ("APP__LIMITS__CAPTCHA_PER_HALF_MINUTE", "0")]).await;
    let shown = role(&server).get("/api/v1/auth/captcha").await.ok();
    assert_eq!(shown["data"]["is_enabled"], true);
    let uuid = text(&shown, "uuid");
    let unknown = "3b4b322c-b025-4732-b34c-6af34d55234e";
    let cases = [
        (None, None, 400, "a captcha is needed"),
        (Some(uuid), None, 400, "a captcha is needed"),
        (Some(uuid), Some(""), 400, "a captcha is needed"),
        (Some(unknown), Some("AAAA"), 400, "the captcha has expired; get another one"),
        (Some("nope"), Some("AAAA"), 400, "the captcha has expired; get another one"),
        // Five characters are never right.
        (Some(uuid), Some("AAAAA"), 40001, "wrong captcha"),
        (Some(uuid), Some("AAAAA"), 400, "the captcha has expired; get another one"),
    ];
    for (uuid, captcha, code, message) in cases {
        let input = json!({"username": "nobody", "password": "x", "uuid": uuid, "captcha": captcha});
        let answer = role(&server).post_json("/api/v1/auth/login", &input).await;
        let body = answer.json();
        assert_eq!((answer.status, &body["code"], &body["msg"]), (400, &json!(code), &json!(message)), "{body}");
        assert!(body["trace_id"].is_string());
    }
    let swagger = format!("/api/v1/auth/login/swagger?username=admin&password={PASSWORD}");
    assert_eq!(role(&server).post(&swagger).await.refused(400), "a captcha is needed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_client_has_five_logins_a_minute_on_both_routes_together() {
    let server = Server::start_with(&[("APP__LIMITS__LOGIN_PER_MINUTE", "5")]).await;
    let attempt = async |client: &str, path: &str| {
        let request = role(&server).request(Method::POST, path).header("x-real-ip", client);
        Answer::of(request.json(&json!({"username": client, "password": "wrong"}))).await
    };
    let (login, swagger) = ("/api/v1/auth/login", "/api/v1/auth/login/swagger?username=a&password=b");
    for path in [login, swagger, login, swagger, login] {
        attempt("192.0.2.1", path).await.refused(403);
    }
    for path in [login, swagger] {
        let refused = attempt("192.0.2.1", path).await;
        assert_eq!(refused.refused(429), "too many requests; try again later");
        let seconds: u32 = refused.headers["retry-after"].to_str().expect("text").parse().expect("seconds");
        assert!((1..=60).contains(&seconds), "{seconds}");
    }
    attempt("192.0.2.2", login).await.refused(403);
    role(&server).get("/api/v1/auth/captcha").await.ok();
}

/// A proxy that appends to the one header passes the other on as the client wrote it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_further_logins_by_claiming_other_addresses() {
    let server = Server::start_with(&[("APP__LIMITS__LOGIN_PER_MINUTE", "3")]).await;
    let attempt = async |turn: u32| {
        let request = role(&server).request(Method::POST, "/api/v1/auth/login");
        let request = request.header("x-real-ip", format!("198.51.100.{turn}"));
        let request = request.header("x-forwarded-for", format!("198.51.100.{turn}, 192.0.2.1"));
        Answer::of(request.json(&json!({"username": "nobody", "password": "wrong"}))).await.status
    };
    for (turn, status) in [403, 403, 403, 429, 429].into_iter().enumerate() {
        assert_eq!(attempt(u32::try_from(turn).expect("few")).await, status, "attempt {turn}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_client_has_five_captchas_in_half_a_minute() {
    let server = Server::start().await;
    for _ in 0..5 {
        role(&server).get("/api/v1/auth/captcha").await.ok();
    }
    role(&server).get("/api/v1/auth/captcha").await.refused(429);
    login(&server, "admin", PASSWORD).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cookie_is_for_tls_only_where_tls_is_spoken() {
    let believed = Server::start().await;
    let doubted = Server::start_with(&[("APP__SERVER__TRUSTED_PROXIES", "192.0.2.1")]).await;
    for (server, proto, secure) in [(&believed, "https", true), (&believed, "http", false), (&doubted, "https", false)]
    {
        let request = role(server).request(Method::POST, "/api/v1/auth/login").header("x-forwarded-proto", proto);
        let answer = Answer::of(request.json(&json!({"username": "admin", "password": PASSWORD}))).await;
        assert_eq!(cookie(&answer).1.ends_with("; Secure"), secure, "{proto}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_access_token_ends_and_its_session_can_still_be_renewed() {
    let server = Server::start_with(&[("APP__AUTH__ACCESS_TOKEN_SECONDS", "1")]).await;
    let answer = login(&server, "admin", PASSWORD).await;
    let (token, _) = cookie(&answer);
    let body = answer.ok();
    let access = text(&body, "access_token").to_owned();
    crate::server::eventually("the token has expired", async || me(&server, &access).await.status == 401).await;
    assert_eq!(me(&server, &access).await.refused(401), "Token expired");
    refresh(&server, &token).await.ok();
}
