//! Plans say what would change, and are applied as they are or not at all.

use crate::bundle;
use crate::server::{Answer, Role, Server, with_postgres};
use reqwest::Method;
use serde_json::{Value, json};

async fn plan(role: &Role, body: &Value) -> Answer {
    role.post_json("/api/v1/plugins/plans", body).await
}

async fn apply(role: &Role, plan: &Value) -> Answer {
    role.post(&format!("/api/v1/plugins/plans/{}/apply", plan["id"].as_str().expect("an id"))).await
}

/// What is in `data` of a plan of a bundle.
async fn planned(role: &Role, name: &str) -> Value {
    role.upload("/api/v1/plugins/plans", bundle::of(name)).await.ok()["data"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_names_what_stays_but_not_as_it_was() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("scoped")).await.ok();
    let upgrade = planned(&admin, "scoped_later").await;
    assert_eq!(upgrade["models"], json!({"added": [], "removed": [], "changed": ["ScopedThing"], "kept": 1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn warnings_of_a_plan_are_in_the_language_of_who_asks() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("shelf")).await.ok();
    let purge = json!({"id": "shelf", "action": "uninstall", "data": "purge"});
    for (language, warning) in
        [("en-US", "the plugin's tables go with all their rows"), ("zh-CN", "插件的数据表及其全部数据将被删除")]
    {
        let request = admin.request(Method::POST, "/api/v1/plugins/plans").json(&purge);
        let mut answer = Answer::of(request.header("accept-language", language)).await.ok();
        assert_eq!(answer["data"]["warnings"].take(), json!([warning]));
    }
}

async fn says_what_an_upgrade_changes(server: &Server) {
    let admin = server.admin().await;
    let first = planned(&admin, "shelf").await;
    assert_eq!(first["operation"], "install");
    assert_eq!(first["steps"], json!(["keep", "load", "migrate", "start", "commit", "publish"]));
    assert_eq!((&first["from_version"], &first["to_version"]), (&Value::Null, &json!("1.0.0")));
    let names: Vec<&str> =
        first["files"].as_array().expect("files").iter().filter_map(|f| f["name"].as_str()).collect();
    assert!(names.contains(&"plugin.toml") && names.iter().any(|name| name.starts_with("lib/")), "{names:?}");
    assert_eq!(
        first["routes"],
        json!({"added": ["GET /api/v1/shelf", "GET /api/v1/shelf/fall"], "removed": [], "changed": [], "kept": 0})
    );
    assert_eq!(first["menus"]["added"], json!(["AddBook", "Shelf"]));
    assert_eq!(first["permissions"]["added"], json!(["shelf:book:add"]));
    assert_eq!(first["models"]["added"], json!(["ShelfBook"]));
    let sql = first["migrations"][0]["sqlite"].as_str().expect("SQL");
    assert!(sql.contains("CREATE TABLE shelf_book"), "{sql}");
    // Nothing has happened yet.
    admin.get("/api/v1/plugins/shelf").await.refused(404);
    assert_eq!(apply(&admin, &first).await.ok()["data"]["version"], "1.0.0");

    let second = planned(&admin, "shelf_later").await;
    assert_eq!((&second["operation"], &second["from_version"]), (&json!("upgrade"), &json!("1.0.0")));
    assert_eq!(second["routes"], json!({"added": [], "removed": ["GET /api/v1/shelf/fall"], "changed": [], "kept": 1}));
    let migrations = second["migrations"].as_array().expect("migrations");
    assert_eq!((migrations.len(), &migrations[0]["name"]), (1, &json!("loans")));
    assert_eq!(apply(&admin, &second).await.ok()["data"]["version"], "1.1.0");

    let purge = plan(&admin, &json!({"id": "shelf", "action": "uninstall", "data": "purge"})).await.ok()["data"].take();
    assert_eq!(purge["operation"], "purge");
    let downs: Vec<&Value> = purge["migrations"].as_array().expect("migrations").iter().map(|m| &m["name"]).collect();
    assert_eq!(downs, ["loans", "books"]);
    assert_eq!(purge["routes"]["removed"], json!(["GET /api/v1/shelf"]));
    assert_eq!(apply(&admin, &purge).await.ok()["data"], Value::Null);
    admin.get("/api/v1/plugins/shelf").await.refused(404);

    // Who did what stands in the record, with the plan.
    let record = admin.get("/api/v1/plugins/operations?plugin=shelf").await.ok()["data"].take();
    let told: Vec<(&Value, &Value, &Value)> = record["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| (&item["operation"], &item["username"], &item["plan_hash"]))
        .collect();
    let admin_name = json!("admin");
    assert_eq!(
        told,
        [
            (&json!("purge"), &admin_name, &purge["hash"]),
            (&json!("upgrade"), &admin_name, &second["hash"]),
            (&json!("install"), &admin_name, &first["hash"]),
        ]
    );
    assert_eq!(record["items"][1]["before"]["version"], "1.0.0");
    assert_eq!(record["items"][1]["after"]["version"], "1.1.0");
    let export = admin.get("/api/v1/plugins/operations/export?operation=upgrade").await;
    assert_eq!((export.status, export.text.lines().count()), (200, 1), "{}", export.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_what_changes_and_is_applied_on_sqlite() {
    says_what_an_upgrade_changes(&Server::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_what_changes_and_is_applied_on_postgresql() {
    with_postgres(says_what_an_upgrade_changes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_does_not_hold_any_more_changes_nothing() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("shelf")).await.ok();
    let disable = plan(&admin, &json!({"id": "shelf", "action": "disable"})).await.ok()["data"].take();
    let upgrade = planned(&admin, "shelf_later").await;
    apply(&admin, &disable).await.ok();
    let message = apply(&admin, &upgrade).await.refused(409);
    assert!(message.starts_with("the plan for plugin shelf is out of date, its operation and "), "{message}");
    assert!(message.ends_with(" changed; make a new one"), "{message}");
    assert_eq!(admin.plugin("shelf").await["version"], "1.0.0");
    // Applied once, or found out of date: it is gone.
    for plan in [&disable, &upgrade] {
        let message = apply(&admin, plan).await.refused(404);
        assert!(message.contains("make a new one"), "{message}");
    }
    let refused = admin.get("/api/v1/plugins/operations?state=refused").await.ok()["data"]["items"][0].take();
    assert_eq!((&refused["operation"], &refused["username"]), (&json!("upgrade"), &json!("admin")));
    assert!(refused["error"].as_str().expect("an error").contains("out of date"), "{refused}");
    // The bundle that it held is gone with it.
    let left: Vec<String> = server.plugin_files().into_iter().filter(|file| file.starts_with("staging/")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_refused_is_refused_when_it_is_planned() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for name in ["hello", "shelf"] {
        admin.install(bundle::of(name)).await.ok();
    }
    let conflict = admin.upload("/api/v1/plugins/plans", bundle::of("claims_other_route")).await.refused(409);
    assert!(conflict.contains("is already served by plugin hello"), "{conflict}");
    let same = admin.upload("/api/v1/plugins/plans", bundle::of("shelf")).await.refused(409);
    assert_eq!(same, "plugin shelf 1.0.0 is already installed");
    plan(&admin, &json!({"id": "shelf", "action": "rollback"})).await.refused(409);
    plan(&admin, &json!({"id": "nobody", "action": "enable"})).await.refused(404);
    plan(&admin, &json!({"id": "shelf", "action": "enable", "data": "purge"})).await.refused(400);
    plan(&admin, &json!({"id": "shelf", "action": "explode"})).await.refused(422);
    plan(&admin, &json!({})).await.refused(422);
    admin.get("/api/v1/plugins/plans/nonsense").await.refused(404);
    server.anonymous().get("/api/v1/plugins/plans/nonsense").await.refused(401);
    let withdrawn = plan(&admin, &json!({"id": "shelf", "action": "disable"})).await.ok()["data"].take();
    let path = format!("/api/v1/plugins/plans/{}", withdrawn["id"].as_str().expect("an id"));
    assert_eq!(admin.get(&path).await.ok()["data"], withdrawn);
    admin.delete(&path).await.ok();
    Answer::of(admin.request(Method::POST, &format!("{path}/apply"))).await.refused(404);
}

/// A hundred commands at once, from several people, while others use the plugin's neighbour.
#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_commands_at_once_come_one_after_the_other() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for name in ["shelf", "neighbour"] {
        admin.install(bundle::of(name)).await.ok();
    }
    let busy = tokio::spawn({
        let role = server.anonymous();
        async move {
            let mut answered = 0;
            loop {
                assert_eq!(role.get("/api/v1/neighbour").await.text, "neighbour");
                answered += 1;
                if answered % 50 == 0 {
                    tokio::task::yield_now().await;
                }
            }
        }
    });
    let commands = (0..100).map(|number| {
        let role = admin.clone();
        tokio::spawn(async move {
            let answer = match number % 4 {
                0 => role.post("/api/v1/plugins/shelf/disable").await,
                1 => role.post("/api/v1/plugins/shelf/enable").await,
                2 => role.upload("/api/v1/plugins/shelf/upgrade", bundle::of("shelf_later")).await,
                _ => role.post("/api/v1/plugins/shelf/rollback").await,
            };
            assert!([200, 409].contains(&answer.status), "{}: {}", answer.status, answer.text);
        })
    });
    for command in futures_util::future::join_all(commands).await {
        command.expect("done or refused");
    }
    assert!(!busy.is_finished(), "no request to the neighbour failed");
    busy.abort();
    // What is told is what is served, and no two ran at once.
    let plugin = admin.plugin("shelf").await;
    let answer = admin.get("/api/v1/shelf").await;
    match plugin["state"].as_str() {
        Some("enabled") => assert!(answer.text.starts_with(plugin["version"].as_str().expect("a version"))),
        _ => drop(answer.refused(404)),
    }
    let pool = server.pool().await;
    let sql = "SELECT COUNT(*) FROM plugin_operation a JOIN plugin_operation b ON b.id > a.id \
               WHERE b.state <> 'refused' AND a.state <> 'refused' AND b.began_at < a.ended_at";
    let overlapping: i64 = pool.database().query(sql).fetch_scalar().await.expect("a number");
    assert_eq!(overlapping, 0);
    pool.close().await;
}
