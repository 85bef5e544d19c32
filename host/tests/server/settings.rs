//! Settings of plugins: declared with a schema, changed while the plugin runs, in effect at once, everywhere.

use crate::bundle;
use crate::cluster::with_shared;
use crate::server::{DATABASE_VARIABLE, Role, Server, with_database, with_postgres};
use serde_json::{Value, json};

const SETTINGS: &str = "/api/v1/plugins/tunable/settings";
const SECRET: &str = "s3cr3t-of-a-service";

async fn put(role: &Role, changes: Value) -> crate::server::Answer {
    crate::server::Answer::of(role.request(reqwest::Method::PUT, SETTINGS).json(&changes)).await
}

async fn told(role: &Role) -> String {
    role.get("/api/v1/tunable").await.text
}

async fn with_tunable(server: &Server) -> Role {
    let admin = server.admin().await;
    admin.install(bundle::of("tunable")).await.ok();
    admin
}

/// Both databases.
async fn on_both(test: impl AsyncFn(&Server)) {
    test(&Server::start().await).await;
    with_postgres(test).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_told_with_schema_values_and_origins() {
    let server = Server::start_with(&[("APP__PLUGINS__TUNABLE__GREETING", "long")]).await;
    let admin = with_tunable(&server).await;
    let told = admin.get(SETTINGS).await.ok()["data"].take();
    let keys: Vec<&String> = told.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["schema", "values", "set", "origin", "locked"]);
    let property = &told["schema"]["properties"]["page_size"];
    assert_eq!(
        (&property["minimum"], &property["maximum"], &property["default"]),
        (&json!(1), &json!(100), &json!(20))
    );
    assert_eq!(property["description"], "Rows of a page");
    assert_eq!(told["schema"]["properties"]["token"]["x-secret"], true);
    assert_eq!(told["values"], json!({"greeting": "long", "page_size": 20, "ready": true, "token": null}));
    assert_eq!(told["set"], json!({"greeting": true, "page_size": true, "ready": true, "token": false}));
    let origin = json!({"greeting": "environment", "page_size": "default", "ready": "default", "token": "default"});
    assert_eq!(told["origin"], origin);
    assert_eq!(told["locked"], json!(["greeting"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_acts_at_once_and_null_returns_to_the_default() {
    on_both(async |server| {
        let admin = with_tunable(server).await;
        assert_eq!(told(&admin).await, "20 Short token of 0, accepted 0");
        let answer = put(&admin, json!({"page_size": 50, "greeting": "long"})).await.ok();
        assert_eq!(answer["data"]["values"]["page_size"], 50);
        assert_eq!(answer["data"]["origin"]["page_size"], "stored");
        assert_eq!(told(&admin).await, "50 Long token of 0, accepted 1");
        put(&admin, json!({"page_size": null})).await.ok();
        assert_eq!(told(&admin).await, "20 Long token of 0, accepted 2");
        assert_eq!(admin.get(SETTINGS).await.ok()["data"]["origin"]["page_size"], "default");

        admin.post("/api/v1/plugins/tunable/disable").await.ok();
        put(&admin, json!({"page_size": 7})).await.ok();
        admin.post("/api/v1/plugins/tunable/enable").await.ok();
        assert_eq!(told(&admin).await, "7 Long token of 0, accepted 0");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_tells_who_changed_what_without_secrets() {
    on_both(async |server| {
        let admin = with_tunable(server).await;
        put(&admin, json!({"page_size": 50, "token": "hunter22-hunter22"})).await.ok();
        put(&admin, json!({"page_size": 0})).await.refused(422);
        let told = admin.get("/api/v1/plugins/operations?operation=configure").await.ok()["data"]["items"].take();
        let entry = |at: usize| ["state", "username", "before", "after"].map(|key| told[at][key].clone());
        let settings = |values: Value| json!({ "settings": values });
        let changed = [json!({"page_size": 20, "token": null}), json!({"page_size": 50, "token": "***"})];
        let [before, after] = changed.map(settings);
        assert_eq!(entry(1), [json!("done"), json!("admin"), before, after]);
        let [before, after] = [json!({}), json!({"page_size": null})].map(settings);
        assert_eq!(entry(0), [json!("refused"), json!("admin"), before, after]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_refused_with_every_setting_named_and_changes_nothing() {
    let server = Server::start_with(&[("APP__PLUGINS__TUNABLE__GREETING", "long")]).await;
    let admin = with_tunable(&server).await;
    let cases = [
        (
            json!({"page_size": 0}),
            json!([["value_error", ["body", "page_size"], "must be a whole number from 1 to 100"]]),
        ),
        (
            json!({"page_size": "x"}),
            json!([["value_error", ["body", "page_size"], "must be a whole number from 1 to 100"]]),
        ),
        (
            json!({"token": 7, "ready": "yes"}),
            json!([
                ["value_error", ["body", "ready"], "must be true or false"],
                ["value_error", ["body", "token"], "must be a text"],
            ]),
        ),
        (
            json!({"colour": 1, "greeting": "short"}),
            json!([
                [
                    "extra_forbidden",
                    ["body", "colour"],
                    "is no setting of plugin tunable; there are: ready, page_size, greeting, token"
                ],
                [
                    "frozen_field",
                    ["body", "greeting"],
                    "is set by the configuration (plugins.tunable.greeting) and can only be changed there"
                ],
            ]),
        ),
    ];
    for (changes, expected) in cases {
        let answer = put(&admin, changes.clone()).await;
        assert_eq!(answer.status, 422, "{changes}: {}", answer.text);
        let errors = answer.json()["data"]["errors"].take();
        let mut named: Vec<Value> =
            errors.as_array().expect("errors").iter().map(|e| json!([e["type"], e["loc"], e["msg"]])).collect();
        named.sort_by_key(|error| error[1].to_string());
        assert_eq!(Value::from(named), expected, "{changes}");
    }
    assert_eq!(put(&admin, json!({"token": [SECRET]})).await.text.find(SECRET), None);
    assert_eq!(put(&admin, json!([1])).await.status, 422);
    assert_eq!(told(&admin).await, "20 Long token of 0, accepted 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_may_refuse_and_then_nothing_is_changed() {
    on_both(async |server| {
        let admin = with_tunable(server).await;
        let answer = put(&admin, json!({"page_size": 13, "token": SECRET})).await;
        let text = "the settings of plugin tunable 1.0.0 are as before: the plugin refuses the settings: \
                    13 rows bring bad luck to ***";
        assert_eq!(answer.refused(422), text);
        assert_eq!(told(&admin).await, "20 Short token of 0, accepted 0");
        assert_eq!(admin.get(SETTINGS).await.ok()["data"]["set"]["token"], false);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_neither_shown_nor_stored_in_clear_nor_logged() {
    let server = Server::start_with(&[("APP__LOG__LEVEL", "debug")]).await;
    let admin = with_tunable(&server).await;
    let answer = put(&admin, json!({"token": SECRET, "page_size": 9})).await;
    answer.ok();
    assert_eq!(told(&admin).await, format!("9 Short token of {}, accepted 1", SECRET.len()));
    for text in [answer.text, admin.get(SETTINGS).await.text, admin.get("/api/v1/plugins/tunable").await.text] {
        assert!(!text.contains(SECRET), "{text}");
    }
    let set = admin.get(SETTINGS).await.ok()["data"].take();
    assert_eq!((&set["values"]["token"], &set["set"]["token"]), (&Value::Null, &json!(true)));

    let pool = server.pool().await;
    let rows: Vec<(String, i64)> =
        pool.database().query("SELECT value, sealed FROM plugin_setting ORDER BY key").fetch_all().await.expect("rows");
    pool.close().await;
    assert_eq!(rows[0], ("9".to_owned(), 0));
    assert!(rows[1].1 == 1 && !rows[1].0.contains(SECRET), "{rows:?}");

    let mut logged = Value::Null;
    crate::server::eventually("the change is in the operation log", async || {
        let list = admin.get("/api/v1/logs/opera?size=100").await.ok();
        let entries = list["data"]["items"].as_array().expect("items").clone();
        logged = entries.into_iter().find(|entry| entry["method"] == "PUT").unwrap_or_default();
        !logged.is_null()
    })
    .await;
    assert_eq!(logged["args"]["json"], json!({"token": "[REDACTED]", "page_size": 9}));
    assert!(!server.log().contains(SECRET));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_of_another_servers_key_fails_the_plugin_alone_and_is_set_again() {
    with_database(async |database| {
        let start = async |secret: &str| {
            Server::start_with(&[(DATABASE_VARIABLE, database), ("APP__AUTH__JWT_SECRET", secret)]).await
        };
        let mut server = start("the first secret, which is long enough").await;
        let admin = with_tunable(&server).await;
        admin.install(bundle::of("neighbour")).await.ok();
        put(&admin, json!({"token": SECRET})).await.ok();
        let folder = server.data().to_owned();
        assert!(server.terminate().await.success());

        let settings =
            [(DATABASE_VARIABLE, database), ("APP__AUTH__JWT_SECRET", "the second one, which is long enough")];
        let server = Server::start_in(folder, &settings).await;
        let admin = server.admin().await;
        let plugin = admin.plugin("tunable").await;
        assert_eq!(plugin["state"], "failed");
        let reason = plugin["reason"].as_str().expect("a reason");
        assert!(reason.starts_with("setting token of plugin tunable can't be decrypted"), "{reason}");
        assert_eq!(admin.get("/api/v1/neighbour").await.text, "neighbour");
        let told_again = put(&admin, json!({"page_size": 5})).await.refused(422);
        assert!(told_again.contains("token can't be decrypted"), "{told_again}");
        put(&admin, json!({"token": "another"})).await.ok();
        admin.post("/api/v1/plugins/tunable/enable").await.ok();
        assert_eq!(told(&admin).await, "20 Short token of 7, accepted 0");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_has_the_settings_when_the_change_is_answered() {
    with_shared(async |shared| {
        let (one, two) = (shared.node().await, shared.node().await);
        let here = with_tunable(&one).await;
        let there = two.known(&here);
        for size in 1..=3 {
            put(&here, json!({"page_size": size, "token": "x".repeat(size)})).await.ok();
            assert_eq!(told(&there).await, format!("{size} Short token of {size}, accepted {size}"));
        }
        put(&there, json!({"page_size": 13})).await.refused(422);
        assert_eq!(told(&here).await, "3 Short token of 3, accepted 3");
        put(&there, json!({"page_size": null, "token": null})).await.ok();
        assert_eq!(told(&here).await, "20 Short token of 0, accepted 4");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_survive_kill_9_and_go_only_when_data_is_purged() {
    let mut server = Server::start().await;
    let admin = with_tunable(&server).await;
    put(&admin, json!({"page_size": 44, "token": SECRET})).await.ok();
    server.kill();
    server.start_again().await;
    let admin = server.admin().await;
    let expected = format!("44 Short token of {}, accepted 0", SECRET.len());
    assert_eq!(told(&admin).await, expected);
    admin.delete("/api/v1/plugins/tunable?data=keep").await.ok();
    admin.install(bundle::of("tunable")).await.ok();
    assert_eq!(told(&admin).await, expected);
    admin.delete("/api/v1/plugins/tunable?data=purge").await.ok();
    admin.install(bundle::of("tunable")).await.ok();
    assert_eq!(told(&admin).await, "20 Short token of 0, accepted 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_for_super_users() {
    let server = Server::start().await;
    let admin = with_tunable(&server).await;
    let member = server.member(&["sys:user:list"]).await;
    assert_eq!(member.get(SETTINGS).await.status, 403);
    assert_eq!(put(&member, json!({"page_size": 2})).await.status, 403);
    assert_eq!(put(&server.anonymous(), json!({"page_size": 2})).await.status, 401);
    admin.get("/api/v1/plugins/tunabel/settings").await.refused(404);
}
