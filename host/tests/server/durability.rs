//! What was acknowledged is kept, and nothing is half: the server is killed while many people write.

use crate::server::{Role, Server, eventually, with_postgres_and};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const USERS: &str = "/api/v1/sys/users";
const ROLES: &str = "/api/v1/sys/roles";
const DEPTS: &str = "/api/v1/sys/depts";

/// People who write at the same time.
const WRITERS: usize = 6;
/// How often the server is killed.
const KILLS: usize = 4;
/// Acknowledged writes after which it is killed; later ones are under way then.
const WRITES_BEFORE_KILL: usize = 30;

/// The names of rows whose creation was answered with 200.
#[derive(Default)]
struct Acknowledged {
    users: BTreeSet<String>,
    roles: BTreeSet<String>,
    depts: BTreeSet<String>,
}

/// Creates users, roles and departments by turns until the server is gone.
async fn write(admin: Role, prefix: String, count: Arc<AtomicUsize>) -> Acknowledged {
    let mut kept = Acknowledged::default();
    for turn in 0.. {
        let name = format!("{prefix}x{turn}");
        let (path, body, names) = match turn % 3 {
            0 => {
                let user = json!({"username": name, "password": "abc12345", "dept_id": 1, "roles": [1, 2]});
                (USERS, user, &mut kept.users)
            }
            1 => (ROLES, json!({"name": name, "status": 1}), &mut kept.roles),
            _ => (DEPTS, json!({"name": name, "status": 1, "parent_id": 1}), &mut kept.depts),
        };
        let Ok(answer) = admin.request(reqwest::Method::POST, path).json(&body).send().await else { break };
        let status = answer.status();
        // The whole answer: the client knows by then.
        let Ok(text) = answer.text().await else { break };
        assert_eq!(status, 200, "{text}");
        names.insert(name);
        count.fetch_add(1, Ordering::Relaxed);
    }
    kept
}

/// Every row of a paged list.
async fn all(admin: &Role, path: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    for page in 1.. {
        let mut answer = admin.get(&format!("{path}?size=200&page={page}")).await.ok();
        let items = answer["data"]["items"].take();
        rows.extend(items.as_array().expect("items").iter().cloned());
        if page >= answer["data"]["total_pages"].as_i64().expect("a number") {
            break;
        }
    }
    rows
}

fn names(rows: &[Value], key: &str) -> BTreeSet<String> {
    rows.iter().map(|row| row[key].as_str().expect("a name").to_owned()).collect()
}

async fn assert_kept(server: &Server, kept: &Acknowledged) {
    let admin = server.admin().await;
    let users = all(&admin, USERS).await;
    let missing: Vec<_> = kept.users.difference(&names(&users, "username")).cloned().collect();
    assert_eq!(missing, [""; 0], "users");
    // Those nobody was told of may be there, too, but whole.
    for user in users.iter().filter(|user| user["username"] != "admin") {
        let mut roles: Vec<i64> =
            user["roles"].as_array().expect("roles").iter().map(|role| role["id"].as_i64().expect("an id")).collect();
        roles.sort_unstable();
        assert_eq!((roles, &user["dept"]["id"]), (vec![1, 2], &json!(1)), "{user}");
    }
    let missing: Vec<_> = kept.roles.difference(&names(&all(&admin, ROLES).await, "name")).cloned().collect();
    assert_eq!(missing, [""; 0], "roles");
    let depts = admin.get(DEPTS).await.ok();
    let below = depts["data"][0]["children"].as_array().expect("departments");
    let missing: Vec<_> = kept.depts.difference(&names(below, "name")).cloned().collect();
    assert_eq!(missing, [""; 0], "departments");
    assert_eq!(strays(server).await, 0, "roles of nobody");
}

/// Grants to users who are not there.
async fn strays(server: &Server) -> i64 {
    let pool = server.pool().await;
    let stray = "SELECT COUNT(*) FROM sys_user_role WHERE user_id NOT IN (SELECT id FROM sys_user)";
    let count = pool.database().query(stray).fetch_scalar().await.expect("a count");
    pool.close().await;
    count
}

async fn what_was_acknowledged_is_there(server: &mut Server) {
    server.admin().await.post_json(ROLES, &json!({"name": "second", "status": 1})).await.ok();
    let mut kept = Acknowledged::default();
    for round in 0..KILLS {
        let admin = server.admin().await;
        let count = Arc::new(AtomicUsize::new(0));
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| tokio::spawn(write(admin.clone(), format!("r{round}w{writer}"), Arc::clone(&count))))
            .collect();
        // Each time at another moment of somebody's request.
        let enough = WRITES_BEFORE_KILL + round;
        eventually("enough is written", async || count.load(Ordering::Relaxed) >= enough).await;
        server.kill();
        for writer in writers {
            let told = writer.await.expect("a writer that was answered as it should");
            kept.users.extend(told.users);
            kept.roles.extend(told.roles);
            kept.depts.extend(told.depts);
        }
        server.start_again().await;
        assert_kept(server, &kept).await;
    }
    assert!(kept.users.len() + kept.roles.len() + kept.depts.len() >= KILLS * WRITES_BEFORE_KILL);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_a_kill_on_sqlite() {
    what_was_acknowledged_is_there(&mut Server::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_a_kill_on_postgres() {
    with_postgres_and(&[], what_was_acknowledged_is_there).await;
}
