//! What attackers try first. Which promise is held where:
//!
//! | attack | tests |
//! |---|---|
//! | SQL in parameters | here; `users`, `roles`, `depts`, `login_log` (patterns); every operation: `cargo xtask test`, Schemathesis |
//! | paths out of a folder | here (as bytes); `files` (names, addresses); `server/bad_input` (bundles) |
//! | more fields than asked for | `users::a_body_makes_nobody_more_than_a_user` |
//! | acting on others, or without the permission | here (each code alone); `users`, `roles`, `sessions`; every operation: `server/matrix` |
//! | forged tokens | here (other algorithms, other places); `auth::tokens_that_were_tampered_with_are_refused` |
//! | a session or refresh token used again | `auth::a_login_never_takes_up_…`, `auth::a_refresh_token_used_twice_…`, `sessions` |
//! | guessing passwords and names | here (forged addresses); `auth` (lock, limits, crowds, times) |
//! | line breaks in headers | here |
//! | requests that two servers read differently | here |
//! | too much of everything | here; `server/bad_input` (uploads), `server/access` (a plugin's limits) |
//! | one key twice | here |
//! | pages of others (CORS, framing) | `demo::browsers_are_told_how_to_behave` |
//! | secrets in logs | here (a key twice); `opera_log::secrets_are_nowhere_in_the_table` |

use crate::send::send;
use crate::server::{Answer, DEADLINE, PASSWORD, Server};
use backplane::http::API_PREFIX;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LOGIN: &str = "/api/v1/auth/login";
const ME: &str = "/api/v1/sys/users/me";

/// What comes back for these bytes, until the server closes, or says nothing for a moment.
async fn raw(server: &Server, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address()).await.expect("a connection");
    // The server may refuse before it has read everything.
    let _ = stream.write_all(request).await;
    let (mut answer, mut piece) = (Vec::new(), [0; 16_384]);
    loop {
        let wait = if answer.is_empty() { DEADLINE } else { Duration::from_millis(500) };
        match tokio::time::timeout(wait, stream.read(&mut piece)).await {
            Ok(Ok(count)) if count > 0 => answer.extend_from_slice(&piece[..count]),
            Ok(_) => break,
            Err(_) if answer.is_empty() => panic!("no answer"),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// The statuses in it.
fn statuses(answer: &str) -> Vec<&str> {
    answer.split("HTTP/1.1 ").skip(1).filter_map(|rest| rest.get(..3)).collect()
}

async fn assert_well(server: &Server) {
    server.admin().await.get(ME).await.ok();
}

/// Every GET of the document, with the names of its parameters in the query.
async fn reads(role: &crate::server::Role) -> Vec<(String, Vec<String>)> {
    let document = role.get("/openapi.json").await.ok();
    let mut reads = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        // An answer without an end, and one that is a file.
        if methods["get"].is_null() || path.ends_with("/events") || path.ends_with("/export") {
            continue;
        }
        let parameters = methods["get"]["parameters"].as_array().cloned().unwrap_or_default();
        let in_query = parameters.iter().filter(|parameter| parameter["in"] == "query");
        reads.push((path.clone(), in_query.map(|one| one["name"].as_str().expect("a name").to_owned()).collect()));
    }
    reads
}

on_both! {
    async fn no_parameter_is_a_statement(server: &Server) {
        let admin = server.admin().await;
        let reads = reads(&admin).await;
        assert!(reads.len() > 30, "{}", reads.len());
        for attack in ["%27%20OR%201%3D1%20--", "1%29%3B%20DROP%20TABLE%20sys_user%3B%20--", "%22%27%60%5C%25_", "%F0%9F%92%A5%00"] {
            for (path, parameters) in &reads {
                let filled = path.split('/').map(|part| if part.starts_with('{') { attack } else { part });
                let path = filled.collect::<Vec<_>>().join("/");
                let mut addresses: Vec<String> = parameters.iter().map(|name| format!("{path}?{name}={attack}")).collect();
                addresses.push(path);
                for address in addresses {
                    let answer = admin.get(&address).await;
                    assert!(answer.status < 500, "{address}: {} {}", answer.status, answer.text);
                    assert!(answer.status == 422 || !address.contains(&format!("={attack}")) || !attack.ends_with("%00"), "{address}");
                    // What looks for a text finds none.
                    if answer.status == 200 && answer.json()["data"]["total"].is_number() && address.contains('?') {
                        assert_eq!(answer.json()["data"]["total"], 0, "{address}: {}", answer.text);
                    }
                }
            }
        }
        let name = "'); DELETE FROM sys_user; --";
        let id = admin.post_json("/api/v1/sys/roles", &json!({"name": name, "status": 1})).await;
        id.ok();
        let listed = admin.get("/api/v1/sys/roles/all").await.ok();
        assert!(listed["data"].as_array().expect("roles").iter().any(|role| role["name"] == name), "{listed}");
        assert_well(server).await;
    }

    async fn tokens_of_other_kinds_and_places_are_none(server: &Server) {
        let body = server.anonymous().post_json(LOGIN, &json!({"username": "admin", "password": PASSWORD})).await.ok();
        let token = body["data"]["access_token"].as_str().expect("a token").to_owned();
        let secret = std::fs::read_to_string(server.data().join("jwt.key")).expect("the key");
        let key = EncodingKey::from_secret(&hex::decode(secret.trim()).expect("hexadecimal"));
        let claims = json!({"session_uuid": body["data"]["session_uuid"], "exp": 4_102_444_800_i64, "sub": "1"});
        let signed = |header: &Header| encode(header, &claims, &key).expect("signed");
        let me = async |header: &str| {
            let request = server.anonymous().request(Method::GET, ME).header("authorization", header);
            Answer::of(request).await.status
        };
        assert_eq!(me(&format!("Bearer {}", signed(&Header::new(Algorithm::HS256)))).await, 200, "the key is the server's");
        for algorithm in [Algorithm::HS384, Algorithm::HS512] {
            assert_eq!(me(&format!("Bearer {}", signed(&Header::new(algorithm)))).await, 401, "{algorithm:?}");
        }
        let part = token.split('.').nth(1).expect("claims");
        // {"alg":"None"}, {"alg":"NONE"}, {"alg":""}, {"alg":"RS256"}, {}
        for header in ["eyJhbGciOiJOb25lIn0", "eyJhbGciOiJOT05FIn0", "eyJhbGciOiIifQ", "eyJhbGciOiJSUzI1NiJ9", "e30"] {
            for signature in ["", token.rsplit('.').next().expect("a signature")] {
                assert_eq!(me(&format!("Bearer {header}.{part}.{signature}")).await, 401, "{header}");
            }
        }
        for header in [token.clone(), format!("Basic {token}"), format!("Bearer {token}, Bearer x"), "Bearer".to_owned(), "Bearer ".to_owned()] {
            assert_eq!(me(&header).await, 401, "{header}");
        }
        for address in [format!("{ME}?token={token}"), format!("{ME}?access_token={token}&authorization=Bearer%20{token}")] {
            server.anonymous().get(&address).await.refused(401);
        }
        let cookies = server.anonymous().request(Method::GET, ME).header("cookie", format!("access_token={token}; token={token}"));
        Answer::of(cookies).await.refused(401);
    }

    async fn one_code_opens_nothing_else(server: &Server) {
        let member = server.member(&["sys:dept:add"]).await;
        let changes: [(Method, &str, Value); 12] = [
            (Method::PUT, "/api/v1/sys/roles/70/menus", json!({"menus": [1, 2, 3]})),
            (Method::PUT, "/api/v1/sys/roles/70/scopes", json!({"scopes": []})),
            (Method::PUT, "/api/v1/sys/roles/70", json!({"name": "mine", "status": 1})),
            (Method::PUT, "/api/v1/sys/users/70", json!({"username": "member", "nickname": "m", "roles": [70]})),
            (Method::PUT, "/api/v1/sys/users/70/permissions?type=superuser", json!(null)),
            (Method::PUT, "/api/v1/sys/users/1/permissions?type=status", json!(null)),
            (Method::PUT, "/api/v1/sys/users/1/password", json!({"password": "stolen123"})),
            (Method::DELETE, "/api/v1/sys/users/1", json!(null)),
            (Method::DELETE, "/api/v1/monitors/sessions/1?session_uuid=x", json!(null)),
            (Method::PUT, "/api/v1/sys/depts/1", json!({"name": "mine", "sort": 0, "status": 1})),
            (Method::DELETE, "/api/v1/sys/depts/1", json!(null)),
            (Method::DELETE, "/api/v1/logs/opera/all", json!(null)),
        ];
        for (method, path, body) in changes {
            send(&member, method.clone(), path, &body).await.refused(403);
        }
        let codes = member.get("/api/v1/auth/codes").await.ok();
        assert_eq!(codes["data"], json!(["sys:dept:add"]));
        assert_eq!(member.get(ME).await.ok()["data"]["is_superuser"], false);
    }

    async fn of_a_key_that_is_there_twice_all_see_the_same_one(server: &Server) {
        let twice = |first: &str, second: &str| {
            format!(r#"{{"username":"{first}","username":"{second}","password":"wr0ng-once","password":"{PASSWORD}"}}"#)
        };
        let login = async |body: String| {
            let request = server.anonymous().request(Method::POST, LOGIN).header("content-type", "application/json");
            Answer::of(request.body(body)).await
        };
        let answer = login(twice("nobody", "admin")).await.ok();
        assert_eq!(answer["data"]["user"]["username"], "admin");
        login(twice("admin", "nobody")).await.refused(403);
        let admin = server.admin().await;
        crate::server::eventually("both attempts are in the log", async || {
            admin.get("/api/v1/logs/opera?size=200").await.ok()["data"]["items"].to_string().matches(LOGIN).count() >= 3
        }).await;
        let pool = server.pool().await;
        let secrets = "SELECT COUNT(*) FROM sys_opera_log WHERE args LIKE '%wr0ng-once%' OR args LIKE '%hunter22%'";
        let secrets: i64 = pool.database().query(secrets).fetch_scalar().await.expect("a number");
        pool.close().await;
        assert_eq!(secrets, 0);
    }

    async fn too_much_is_refused_and_harms_nobody(server: &Server) {
        let admin = server.admin().await;
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        let post = async |body: String| {
            let request = admin.request(Method::POST, "/api/v1/sys/roles").header("content-type", "application/json");
            Answer::of(request.body(body)).await.status
        };
        for depth in [200, 100_000] {
            assert_eq!(post(nested(depth)).await, 422, "{depth} arrays");
            assert_eq!(post(objects(depth)).await, 422, "{depth} objects");
            assert_eq!(post(format!(r#"{{"name":"x","status":1,"extra":{}}}"#, nested(depth))).await, 422, "{depth} beside");
        }
        assert_eq!(post(format!(r#"{{"name":"x","status":1,"extra":"{}"}}"#, "x".repeat(3 << 20))).await, 413);
        assert_eq!(post(format!(r#"{{"name":"{}","status":1}}"#, "x".repeat(1 << 20))).await, 422);
        assert_eq!(post(format!(r#"{{"name":"x","status":1e{}}}"#, "9".repeat(1000))).await, 422);
        let keys: String = (0..100_000).map(|number| format!("\"k{number}\":1,")).collect();
        assert_eq!(post(format!(r#"{{{keys}"name":"many keys","status":1}}"#)).await, 200, "what is unknown is ignored");
        assert_well(server).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_without_end_are_refused() {
    let server = Server::start().await;
    let many: String = (0..5_000).map(|number| format!("x-{number}: 1\r\n")).collect();
    let requests = [
        format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "x".repeat(1 << 20)),
        format!("GET {ME} HTTP/1.1\r\nhost: a\r\nx-long: {}\r\n\r\n", "x".repeat(1 << 20)),
        format!("GET {ME} HTTP/1.1\r\nhost: a\r\n{many}\r\n"),
        format!("GET {ME} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\n\r\n", "x".repeat(1 << 20)),
    ];
    for request in requests {
        let answer = raw(&server, request.as_bytes()).await;
        let status = statuses(&answer);
        assert!(matches!(status[..], ["414" | "431"]), "{status:?} for {}", &request[..60]);
    }
    assert_well(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paths_lead_nowhere_but_to_routes() {
    let server = Server::start().await;
    let secret = std::fs::read_to_string(server.data().join("jwt.key")).expect("the key");
    let ups = ["../", "..%2f", "%2e%2e/", "%2e%2e%2f", "..\\", "..%5c", "....//", "%252e%252e%252f", "..%c0%af"];
    for start in ["/", "/static/upload/", "/docs/", "/api/v1/sys/plugins/", "/api/v1/plugins/", "/console/"] {
        for up in ups {
            for target in ["jwt.key", "server.json", "etc/passwd", "data/jwt.key"] {
                let path = format!("{start}{}{target}", up.repeat(6));
                let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
                let answer = raw(&server, request.as_bytes()).await;
                let leaked = [secret.trim(), "root:x:", "\"pid\""].iter().any(|text| answer.contains(text));
                assert!(!leaked, "{path}: {answer}");
                assert!(!statuses(&answer)[0].starts_with('5'), "{path}: {answer}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_line_break_gets_into_a_header() {
    let server = Server::start().await;
    let evil = "%0d%0aSet-Cookie:%20evil=1%0d%0a%0d%0aevil";
    let ways = [
        format!("GET /{evil} HTTP/1.1\r\nhost: a\r\n"),
        format!("GET /api/v1/sys/plugins/hello{evil} HTTP/1.1\r\nhost: a\r\n"),
        format!("GET {API_PREFIX}/auth/captcha?x={evil} HTTP/1.1\r\nhost: a\r\n"),
        format!("GET /static/upload/{evil}.png HTTP/1.1\r\nhost: a\r\n"),
        format!("GET {ME} HTTP/1.1\r\nhost: a\r\nx-request-id: {evil}\r\n"),
        format!("OPTIONS {ME} HTTP/1.1\r\nhost: a\r\norigin: http://a{evil}\r\naccess-control-request-method: GET\r\n"),
        format!("GET {ME} HTTP/1.1\r\nhost: a\r\naccept-language: {evil}\r\n"),
        format!("GET {ME} HTTP/1.1\r\nhost: a{evil}\r\n"),
        format!("GET {ME} HTTP/1.1\r\nhost: a\r\nx-request-id: a\rSet-Cookie: evil=1\r\n"),
    ];
    for way in ways {
        let answer = raw(&server, format!("{way}connection: close\r\n\r\n").as_bytes()).await;
        let head = answer.split("\r\n\r\n").next().expect("a head").to_ascii_lowercase();
        assert!(!head.contains("evil"), "{way}: {answer}");
        assert!(!statuses(&answer)[0].starts_with('5'), "{way}: {answer}");
    }
    assert_well(&server).await;
}

/// A request whose body the server in front reads differently hides another one in it: that one
/// must not be answered by what this server takes for a body, nor the other way round.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_servers_may_read_differently_is_read_once() {
    let server = Server::start().await;
    let hidden = "GET /api/v1/hidden HTTP/1.1\r\nhost: a\r\n\r\n";
    let chunk = format!("{:x}\r\n{hidden}\r\n0\r\n\r\n", hidden.len());
    let refused = [
        format!("content-length: 5\r\ncontent-length: 6\r\n\r\n{hidden}"),
        format!("content-length: 5, 6\r\n\r\n{hidden}"),
        format!("content-length: +5\r\n\r\n{hidden}"),
        format!("content-length: -1\r\n\r\n{hidden}"),
        format!("content-length: 0x5\r\n\r\n{hidden}"),
        format!("content-length: 99999999999999999999\r\n\r\n{hidden}"),
        format!("transfer-encoding: chunked, identity\r\n\r\n{chunk}"),
        format!("transfer-encoding: xchunked\r\n\r\n{chunk}"),
        format!("transfer-encoding : chunked\r\n\r\n{chunk}"),
        format!("transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{hidden}"),
        format!("x: 1\r\n transfer-encoding: chunked\r\n\r\n{chunk}"),
        format!("transfer-encoding\u{0}: chunked\r\n\r\n{chunk}"),
    ];
    for head in refused {
        let request = format!("POST {LOGIN} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n{head}");
        let answer = raw(&server, request.as_bytes()).await;
        assert!(matches!(statuses(&answer)[..], ["400"]), "{head}: {answer}");
    }
    // With both, RFC 9112 (6.3) has the chunks count: what they hold is a body and no request.
    let both =
        format!("POST {LOGIN} HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n{chunk}");
    let answer = raw(&server, both.as_bytes()).await;
    assert_eq!(statuses(&answer).len(), 1, "{answer}");
    assert_well(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_address_buys_no_further_guess() {
    let server = Server::start_with(&[("APP__LIMITS__LOGIN_PER_MINUTE", "5")]).await;
    let mut statuses = Vec::new();
    for number in 0..7 {
        // The last one is what the trusted proxy saw, the others are the client's own words.
        let forged = format!("198.51.100.{number}, 192.0.2.1");
        let request = server.anonymous().request(Method::POST, LOGIN).header("x-forwarded-for", forged);
        let body = json!({"username": format!("guess{number}"), "password": "wrong"});
        statuses.push(Answer::of(request.json(&body)).await.status);
    }
    assert_eq!(statuses, [403, 403, 403, 403, 403, 429, 429]);
}
