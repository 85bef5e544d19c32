//! Several processes over one database: what one has answered, all of them know.

use crate::cluster::{OwnRedis, with_redis, with_shared};
use crate::server::{Answer, PASSWORD, Role, Server, eventually};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const USERS: &str = "/api/v1/sys/users";
const MEMBERS: &str = "/api/v1/sys/roles/70";
/// More than an answer waits for processes that are silent.
const WAIT_MAX: Duration = Duration::from_secs(4);

async fn put(role: &Role, path: &str, body: &Value) -> Answer {
    let answer = Answer::of(role.request(Method::PUT, path).json(body)).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer
}

async fn id_of_menu(server: &Server, perms: &str) -> i64 {
    let pool = server.pool().await;
    let sql = "SELECT id FROM sys_menu WHERE perms = $1";
    let id = pool.database().query(sql).bind(perms).fetch_scalar().await.expect("the entry");
    pool.close().await;
    id
}

/// Grants and revokes the right to list users to the members' role.
async fn grant(admin: &Role, menus: &[i64]) {
    put(admin, &format!("{MEMBERS}/menus"), &json!({"menus": menus})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_on_any_node_holds_for_the_very_next_request_to_any_other() {
    with_shared(async |shared| {
        let nodes = [shared.node().await, shared.node().await, shared.node().await];
        let admin = nodes[0].admin().await;
        let member = nodes[1].member(&["sys:user:list"]).await;
        let list = id_of_menu(&nodes[0], "sys:user:list").await;
        for turn in 0..300 {
            let (writer, readers) = (turn % 3, [(turn + 1) % 3, (turn + 2) % 3]);
            let (menus, status) = if turn % 2 == 0 { (vec![], 403) } else { (vec![list], 200) };
            grant(&nodes[writer].known(&admin), &menus).await;
            for reader in readers {
                assert_eq!(nodes[reader].known(&member).get(USERS).await.status, status, "turn {turn}, node {reader}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_change_holds_for_the_very_next_request_to_another_node() {
    with_shared(async |shared| {
        let (one, two) = (shared.node().await, shared.node().await);
        let (admin, member) = (one.admin().await, one.member(&["sys:user:list"]).await);
        let there = two.known(&member);
        let list = id_of_menu(&one, "sys:user:list").await;
        let menu = |perms: &str, status: i64| {
            json!({"title": "list", "name": "ListUsers", "type": 2, "sort": 0, "perms": perms, "status": status,
                   "display": 1, "cache": 1})
        };
        let role = |status: i64| json!({"name": "members", "status": status});
        let menu_path = format!("/api/v1/sys/menus/{list}");
        let changes = [
            ("a role", MEMBERS, role(0), role(1), 403),
            ("a menu", &menu_path, menu("other:code", 1), menu("sys:user:list", 1), 403),
            ("a menu's status", &menu_path, menu("sys:user:list", 0), menu("sys:user:list", 1), 403),
            ("a user", "/api/v1/sys/users/70/permissions?type=status", json!(null), json!(null), 403),
        ];
        for turn in 0..15 {
            for (what, path, change, back, status) in &changes {
                assert_eq!(there.get(USERS).await.status, 200, "{what}, turn {turn}");
                put(&admin, path, change).await;
                assert_eq!(there.get(USERS).await.status, *status, "{what}, turn {turn}");
                put(&admin, path, back).await;
            }
        }
        there.get(USERS).await.ok();
        put(&admin, &format!("{USERS}/70/password"), &json!({"password": "given1234"})).await;
        there.get(USERS).await.refused(401);
        two.anonymous()
            .post_json("/api/v1/auth/login", &json!({"username": "member", "password": PASSWORD}))
            .await
            .refused(403);
        let again = two.user("member", "given1234").await;
        one.known(&again).get(USERS).await.ok();
        two.known(&again).post("/api/v1/auth/logout").await.ok();
        one.known(&again).get(USERS).await.refused(401);
        let last = one.user("member", "given1234").await;
        two.known(&last).get(USERS).await.ok();
        one.known(&admin).delete(&format!("{USERS}/70")).await.ok();
        two.known(&last).get(USERS).await.refused(401);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_killed_does_not_hold_up_the_others() {
    with_shared(async |shared| {
        let (one, mut two) = (shared.node().await, shared.node().await);
        let (admin, member) = (one.admin().await, one.member(&["sys:user:list"]).await);
        let list = id_of_menu(&one, "sys:user:list").await;
        two.known(&member).get(USERS).await.ok();
        let changes = tokio::spawn({
            let admin = admin.clone();
            async move {
                let mut longest = Duration::ZERO;
                for turn in 0..60 {
                    let began = Instant::now();
                    grant(&admin, if turn % 2 == 0 { &[] } else { std::slice::from_ref(&list) }).await;
                    longest = longest.max(began.elapsed());
                }
                longest
            }
        });
        two.kill();
        let longest = changes.await.expect("the changes are made");
        assert!(longest < WAIT_MAX, "{longest:?}");
        one.known(&member).get(USERS).await.ok();
        two.start_again().await;
        grant(&admin, &[]).await;
        two.known(&member).get(USERS).await.refused(403);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_was_stopped_for_a_while_does_not_believe_what_it_remembers() {
    with_shared(async |shared| {
        let (one, two) = (shared.node().await, shared.node().await);
        let (admin, member) = (one.admin().await, one.member(&["sys:user:list"]).await);
        let there = two.known(&member);
        let list = id_of_menu(&one, "sys:user:list").await;
        for round in 0..5 {
            there.get(USERS).await.ok();
            two.signal("STOP");
            let began = Instant::now();
            grant(&admin, &[]).await;
            let took = began.elapsed();
            two.signal("CONT");
            assert_eq!(there.get(USERS).await.status, 403, "round {round}");
            assert!(took < WAIT_MAX, "round {round}: {took:?}");
            grant(&admin, &[list]).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_nothing_stale_is_served_and_everything_works() {
    let mut redis = OwnRedis::start();
    with_redis(&redis.url(), async |shared| {
        let (one, two) = (shared.node().await, shared.node().await);
        let (admin, member) = (one.admin().await, one.member(&["sys:user:list"]).await);
        let there = two.known(&member);
        let list = id_of_menu(&one, "sys:user:list").await;
        for round in 0..3 {
            there.get(USERS).await.ok();
            redis.stop();
            for (menus, status) in [(vec![], 403), (vec![list], 200), (vec![], 403)] {
                let began = Instant::now();
                grant(&admin, &menus).await;
                assert!(began.elapsed() < WAIT_MAX, "round {round}: {:?}", began.elapsed());
                assert_eq!(there.get(USERS).await.status, status, "round {round}, Redis away");
            }
            two.user("member", PASSWORD).await;
            redis.start_again();
            for turn in 0..100 {
                let (menus, status) = if turn % 2 == 0 { (vec![list], 200) } else { (vec![], 403) };
                grant(&admin, &menus).await;
                assert_eq!(there.get(USERS).await.status, status, "round {round}, turn {turn} after Redis came back");
            }
            grant(&admin, &[list]).await;
        }
        eventually("the other node says that Redis is back", async || two.log().contains("Redis is back")).await;
    })
    .await;
}

async fn log_in(node: &Server, username: &str, password: &str) -> Answer {
    node.anonymous().post_json("/api/v1/auth/login", &json!({"username": username, "password": password})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_logins_count_together_and_lock_the_name_everywhere() {
    with_shared(async |shared| {
        let nodes = [shared.node().await, shared.node().await];
        nodes[0].member(&[]).await;
        for name in ["member", "nobody"] {
            for attempt in 0..4 {
                let refused = log_in(&nodes[attempt % 2], name, "wrong").await.refused(403);
                assert!(refused.starts_with("wrong user name or password"), "{name} {attempt}: {refused}");
            }
            let refused = log_in(&nodes[0], name, "wrong").await.refused(403);
            assert!(refused.contains("too many failed logins"), "{name}: {refused}");
            for node in &nodes {
                let refused = log_in(node, name, PASSWORD).await.refused(403);
                assert!(refused.contains("too many failed logins"), "{name}: {refused}");
            }
        }
        for attempt in 0..12 {
            if attempt % 4 == 3 {
                log_in(&nodes[attempt % 2], "admin", PASSWORD).await.ok();
            } else {
                log_in(&nodes[attempt % 2], "admin", "wrong").await.refused(403);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captcha_shown_by_one_node_is_answered_once_to_another() {
    with_shared(async |shared| {
        let shared = shared.with("APP__LOGIN__CAPTCHA", "true");
        let (one, two) = (shared.node().await, shared.node().await);
        let client = redis::Client::open(shared.setting("APP__REDIS__URL")).expect("an address");
        let mut connection = client.get_multiplexed_async_connection().await.expect("Redis answers");
        for (says, statuses) in [(None, [200, 400]), (Some("nope"), [400, 400])] {
            let shown = one.anonymous().get("/api/v1/auth/captcha").await.ok();
            let uuid = shown["data"]["uuid"].as_str().expect("an id");
            let key = format!("{}:login:captcha:{uuid}", shared.setting("APP__SERVER__NAME"));
            let text: String = redis::cmd("GET").arg(&key).query_async(&mut connection).await.expect("it is kept");
            let left: i64 = redis::cmd("TTL").arg(&key).query_async(&mut connection).await.expect("it runs out");
            assert!((1..=300).contains(&left), "{left}");
            let body =
                json!({"username": "admin", "password": PASSWORD, "uuid": uuid, "captcha": says.unwrap_or(&text)});
            for status in statuses {
                let answer = two.anonymous().post_json("/api/v1/auth/login", &body).await;
                assert_eq!(answer.status, status, "{}", answer.text);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_has_one_limit_for_all_nodes() {
    with_shared(async |shared| {
        let shared = shared.with("APP__LIMITS__LOGIN_PER_MINUTE", "6");
        let nodes = [shared.node().await, shared.node().await];
        for attempt in 0..6 {
            log_in(&nodes[attempt % 2], "admin", PASSWORD).await.ok();
        }
        for node in &nodes {
            let answer = log_in(node, "admin", PASSWORD).await;
            answer.refused(429);
            let wait: u64 = answer.headers["retry-after"].to_str().expect("text").parse().expect("seconds");
            assert!((1..=10).contains(&wait), "{wait}");
            node.anonymous().get("/api/v1/auth/captcha").await.ok();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_each_node_counts_for_itself_and_passwords_can_not_be_guessed() {
    let mut redis = OwnRedis::start();
    with_redis(&redis.url(), async |shared| {
        let shared = shared.with("APP__LIMITS__LOGIN_PER_MINUTE", "9").with("APP__LOGIN__CAPTCHA", "false");
        let one = shared.node().await;
        log_in(&one, "admin", PASSWORD).await.ok();
        redis.stop();
        for attempt in 0..5 {
            log_in(&one, "nobody", "wrong").await.refused(403);
            assert!(attempt < 4 || log_in(&one, "nobody", "wrong").await.text.contains("too many failed logins"));
        }
        log_in(&one, "admin", PASSWORD).await.ok();
        let statuses = [log_in(&one, "x", "y").await.status, log_in(&one, "x", "y").await.status];
        assert_eq!(statuses, [403, 403], "the limit is not reached yet");
        log_in(&one, "admin", PASSWORD).await.refused(429);
        redis.start_again();
        eventually("the limit is one of all nodes again, and what was locked stays locked", async || {
            log_in(&one, "nobody", PASSWORD).await.text.contains("too many failed logins")
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_make_ids_find_numbers_of_their_own() {
    with_shared(async |shared| {
        let shared = shared.with("APP__IDS__KIND", "snowflake").with("APP__IDS__WORKER", "30");
        let mut nodes = Vec::new();
        for _ in 0..3 {
            nodes.push(shared.node().await);
        }
        let admin = nodes[0].admin().await;
        let mut workers = Vec::new();
        for (node, name) in nodes.iter().zip(["one", "two", "three"]) {
            let there = node.known(&admin);
            there.post_json("/api/v1/sys/depts", &json!({"name": name, "status": 1})).await.ok();
            let found = there.get(&format!("/api/v1/sys/depts?name={name}")).await.ok();
            let id: i64 = found["data"][0]["id"].as_str().expect("a text").parse().expect("a number");
            workers.push((id >> 12) & 0x1f);
        }
        assert_eq!(workers, [30, 31, 0]);
        // One that ends leaves its number to the next.
        assert!(nodes[1].terminate().await.success());
        let next = shared.node().await;
        let there = next.known(&admin);
        there.post_json("/api/v1/sys/depts", &json!({"name": "four", "status": 1})).await.ok();
        let found = there.get("/api/v1/sys/depts?name=four").await.ok();
        let id: i64 = found["data"][0]["id"].as_str().expect("a text").parse().expect("a number");
        assert_eq!((id >> 12) & 0x1f, 31);
    })
    .await;
}
