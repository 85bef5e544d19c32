//! The bundled plugins that other pages lean on, dict and config, in the hands of their users.

use crate::bundle;
use crate::server::{Answer, PASSWORD, Role, Server, with_postgres, with_postgres_and};
use backplane::app::Core;
use backplane::config::Config;
use backplane::plugin::{Dependents, ProvidedSettings, SettingGroup};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const TYPES: &str = "/api/v1/sys/dict-types";
const ENTRIES: &str = "/api/v1/sys/dict-datas";
const CONFIGS: &str = "/api/v1/sys/configs";

/// Runs a test on a server with an SQLite file, then on one with a PostgreSQL database.
async fn on_both(test: impl AsyncFn(&Server)) {
    test(&Server::start().await).await;
    with_postgres(async |server| test(server).await).await;
}

/// The same on servers whose administrators may remove every plugin.
async fn on_both_with_none_required(test: impl AsyncFn(&Server)) {
    let settings = [("APP__PLUGINS__REQUIRED", "")];
    test(&Server::start_with(&settings).await).await;
    with_postgres_and(&settings, async |server| test(server).await).await;
}

/// The super-user, after the installation of both.
async fn installed(server: &Server) -> Role {
    let admin = server.admin().await;
    for name in ["dict", "config"] {
        admin.install(bundle::of(name)).await.ok();
    }
    admin
}

async fn send(role: &Role, method: Method, path: &str, body: &Value) -> Answer {
    Answer::of(role.request(method, path).json(body)).await
}

fn a_type(code: &str) -> Value {
    json!({"name": "n", "code": code})
}

fn an_entry(type_id: &Value, label: &str) -> Value {
    json!({"type_id": type_id, "label": label, "value": "1", "sort": 1, "status": 1})
}

fn a_config(key: &str, value: &str) -> Value {
    json!({"name": "n", "type": "T", "key": key, "value": value, "is_frontend": false})
}

/// Adds a type and gives its id.
async fn added_type(role: &Role, code: &str) -> Value {
    role.post_json(TYPES, &a_type(code)).await.ok();
    role.get(&format!("{TYPES}?code={code}")).await.ok()["data"]["items"][0]["id"].take()
}

async fn total(role: &Role, path: &str) -> Value {
    role.get(path).await.ok()["data"]["total"].take()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_have_the_documented_fields() {
    on_both(async |server| {
        let admin = installed(server).await;
        let types: &[&str] = &["name", "code", "remark", "id", "created_time", "updated_time"];
        let entries: &[&str] = &[
            "type_id",
            "label",
            "value",
            "color",
            "sort",
            "status",
            "remark",
            "id",
            "type_code",
            "created_time",
            "updated_time",
        ];
        let configs: &[&str] =
            &["name", "type", "key", "value", "is_frontend", "remark", "id", "created_time", "updated_time"];
        for (path, fields, count) in [(TYPES, types, 12), (ENTRIES, entries, 36), (CONFIGS, configs, 17)] {
            let page = admin.get(path).await.ok();
            assert_eq!(keys(&page["data"]), ["items", "total", "page", "size", "total_pages", "links"]);
            assert_eq!((keys(&page["data"]["items"][0]).as_slice(), &page["data"]["total"]), (fields, &json!(count)));
            let all = admin.get(&format!("{path}/all")).await.ok();
            assert_eq!(all["data"].as_array().map(Vec::len), Some(count));
            let one = admin.get(&format!("{path}/{}", all["data"][0]["id"])).await.ok();
            assert_eq!(one["data"], all["data"][0]);
            admin.get(&format!("{path}/999999")).await.refused(404);
        }
        let of_code = admin.get(&format!("{ENTRIES}/type-codes/sys_plugin_type")).await.ok();
        assert_eq!(keys(&of_code["data"][0]), entries);
        assert_eq!((&of_code["data"][0]["value"], &of_code["data"][1]["value"]), (&json!("1"), &json!("0")));
        admin.get(&format!("{ENTRIES}/type-codes/nope")).await.refused(404);
        let login = admin.get(&format!("{CONFIGS}/all?type=LOGIN")).await.ok();
        assert_eq!(login["data"][1]["key"], "LOGIN_CAPTCHA_ENABLED");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_reads_and_those_with_a_code_change() {
    on_both(async |server| {
        let admin = installed(server).await;
        let type_id = added_type(&admin, "a").await;
        let member = server.member(&["dict:type:add", "dict:data:edit", "sys:config:edit"]).await;
        let anonymous = server.anonymous();
        for path in [TYPES, ENTRIES, CONFIGS] {
            for path in [path.to_owned(), format!("{path}/all"), format!("{path}/1")] {
                anonymous.get(&path).await.refused(401);
                member.get(&path).await.ok();
            }
        }
        let (entry, config) = (an_entry(&type_id, "L"), a_config("K", "v"));
        let whole = json!([{"id": 1, "name": "n", "type": "T", "key": "K", "value": "v", "is_frontend": true}]);
        let one = |path: &str| format!("{path}/1");
        let ids = json!({"pks": [2]});
        let cases = [
            (Method::POST, TYPES.to_owned(), &a_type("b"), true),
            (Method::PUT, one(TYPES), &a_type("c"), false),
            (Method::DELETE, TYPES.to_owned(), &ids, false),
            (Method::POST, ENTRIES.to_owned(), &entry, false),
            (Method::PUT, one(ENTRIES), &entry, true),
            (Method::DELETE, ENTRIES.to_owned(), &ids, false),
            (Method::POST, CONFIGS.to_owned(), &config, false),
            (Method::PUT, CONFIGS.to_owned(), &whole, true),
            (Method::PUT, one(CONFIGS), &config, true),
            (Method::DELETE, CONFIGS.to_owned(), &ids, false),
        ];
        for (method, path, body, granted) in cases {
            send(&anonymous, method.clone(), &path, body).await.refused(401);
            let answer = send(&member, method.clone(), &path, body).await;
            if granted {
                assert_eq!(answer.ok(), json!({"code": 200, "msg": "Request success", "data": null}), "{path}");
            } else {
                answer.refused(403);
            }
        }
    })
    .await;
}

/// The constraint decides, not a look before the write: of writers at the same moment one wins.
#[tokio::test(flavor = "multi_thread")]
async fn of_equal_rows_at_the_same_moment_one_is_added() {
    on_both(async |server| {
        let admin = installed(server).await;
        let type_id = added_type(&admin, "a").await;
        let cases = [
            (TYPES, a_type("same"), "Dictionary type same already exists"),
            (ENTRIES, an_entry(&type_id, "same"), "Dictionary entry same already exists in this type"),
            (CONFIGS, a_config("same", "v"), "Parameter same already exists"),
        ];
        for (path, body, words) in cases {
            let posts = (0..6).map(|_| admin.post_json(path, &body));
            let answers = futures_util::future::join_all(posts).await;
            let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
            assert_eq!(won.len(), 1, "{path}");
            for answer in lost {
                assert_eq!(answer.refused(409), words);
            }
        }
        // Another type may have the label, and a change meets the same constraint.
        let other = added_type(&admin, "b").await;
        admin.post_json(ENTRIES, &an_entry(&other, "same")).await.ok();
        send(&admin, Method::PUT, &format!("{TYPES}/{other}"), &a_type("a")).await.refused(409);
        admin.post_json(ENTRIES, &an_entry(&json!(999_999), "x")).await.refused(404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_follow_their_type_and_go_with_it() {
    on_both(async |server| {
        let admin = installed(server).await;
        let (one, other) = (added_type(&admin, "one").await, added_type(&admin, "other").await);
        for (type_id, label) in [(&one, "a"), (&one, "b"), (&other, "c")] {
            admin.post_json(ENTRIES, &an_entry(type_id, label)).await.ok();
        }
        send(&admin, Method::PUT, &format!("{TYPES}/{one}"), &a_type("renamed")).await.ok();
        assert_eq!(total(&admin, &format!("{ENTRIES}?type_code=renamed")).await, 2);
        admin.get(&format!("{ENTRIES}/type-codes/one")).await.refused(404);
        send(&admin, Method::DELETE, TYPES, &json!({"pks": [one]})).await.ok();
        assert_eq!(total(&admin, &format!("{ENTRIES}?type_id={one}")).await, 0);
        admin.get(&format!("{ENTRIES}/type-codes/renamed")).await.refused(404);
        assert_eq!(total(&admin, &format!("{ENTRIES}?type_id={other}")).await, 1);
        let again = send(&admin, Method::DELETE, TYPES, &json!({"pks": [one]})).await.ok();
        assert_eq!(again, json!({"code": 400, "msg": "Request error", "data": null}));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_change_together_or_not_at_all() {
    on_both(async |server| {
        let admin = installed(server).await;
        let security = format!("{CONFIGS}/all?type=USER_SECURITY");
        let before = admin.get(&security).await.ok()["data"].take();
        let mut rows = before.clone();
        let (first, second) = (before[0]["key"].clone(), before[1]["key"].clone());
        rows[0]["value"] = json!("0");
        for (field, value, status) in [("id", before[0]["id"].clone(), 422), ("key", first.clone(), 409)] {
            let mut rows = rows.clone();
            rows[1][field] = value;
            send(&admin, Method::PUT, CONFIGS, &rows).await.refused(status);
        }
        for (field, value, status) in [("id", json!(999_999), 404), ("key", json!("EMAIL_PORT"), 409)] {
            let mut rows = rows.clone();
            rows[8][field] = value;
            send(&admin, Method::PUT, CONFIGS, &rows).await.refused(status);
        }
        assert_eq!(admin.get(&security).await.ok()["data"], before);
        // Two keys are exchanged on the way.
        (rows[0]["key"], rows[1]["key"]) = (second.clone(), first);
        send(&admin, Method::PUT, CONFIGS, &rows).await.ok();
        let after = admin.get(&security).await.ok()["data"].take();
        assert_eq!((&after[0]["key"], &after[0]["value"]), (&second, &json!("0")));
        for ids in [json!([before[0]["id"]]), json!({"pks": [before[1]["id"]]})] {
            assert_eq!(send(&admin, Method::DELETE, CONFIGS, &ids).await.ok()["code"], 200);
            assert_eq!(send(&admin, Method::DELETE, CONFIGS, &ids).await.ok()["code"], 400);
        }
        assert_eq!(total(&admin, CONFIGS).await, 15);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_stays_while_a_plugin_is_off_and_goes_with_a_purge() {
    on_both_with_none_required(async |server| {
        let admin = installed(server).await;
        added_type(&admin, "mine").await;
        admin.post_json(CONFIGS, &a_config("MINE", "v")).await.ok();
        for name in ["dict", "config"] {
            admin.post(&format!("/api/v1/plugins/{name}/disable")).await.ok();
        }
        for path in [TYPES, ENTRIES, CONFIGS] {
            admin.get(path).await.refused(404);
        }
        for name in ["dict", "config"] {
            admin.post(&format!("/api/v1/plugins/{name}/enable")).await.ok();
        }
        assert_eq!((total(&admin, TYPES).await, total(&admin, CONFIGS).await), (json!(13), json!(18)));
        for name in ["dict", "config"] {
            admin.delete(&format!("/api/v1/plugins/{name}?data=purge")).await.ok();
        }
        let pool = server.pool().await;
        for table in ["sys_dict_type", "sys_dict_data", "sys_config"] {
            let gone = pool.database().query(format!("SELECT COUNT(*) FROM {table}")).fetch_scalar::<i64>().await;
            gone.expect_err("the table is dropped");
        }
        pool.close().await;
        installed(server).await;
        assert_eq!((total(&admin, TYPES).await, total(&admin, CONFIGS).await), (json!(12), json!(17)));
    })
    .await;
}

/// In this process, on what a server left behind: no route of the core tells what it reads.
#[tokio::test(flavor = "multi_thread")]
async fn the_core_reads_the_parameters_that_count() {
    let mut server = Server::start().await;
    installed(&server).await;
    assert!(server.terminate().await.success());
    let config = Config::load(None, BTreeMap::new()).expect("the defaults");
    let core = Core::open(config, server.data()).await.expect("the core opens");
    let provided = ProvidedSettings::new(core.supervisor.published().clone(), "/api/v1");
    let login = async || provided.group(SettingGroup::Login).await;
    let set = async |key: &str, value: &str| {
        let update =
            core.pool.database().query("UPDATE sys_config SET value = $2 WHERE key = $1").bind(key).bind(value);
        assert_eq!(update.execute().await.expect("changes"), 1);
    };

    let of_login = [("LOGIN_CAPTCHA_ENABLED", "false"), ("LOGIN_CONFIG_STATUS", "1")];
    assert_eq!(login().await, of_login.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    assert_eq!(provided.group(SettingGroup::UserSecurity).await.len(), 9);
    assert_eq!(provided.group(SettingGroup::Email).await["EMAIL_PORT"], "465");
    set("LOGIN_CAPTCHA_ENABLED", "true").await;
    assert_eq!(login().await["LOGIN_CAPTCHA_ENABLED"], "true");

    // Switched off, disabled, broken: what is configured holds.
    set("LOGIN_CONFIG_STATUS", "0").await;
    assert!(login().await.is_empty());
    set("LOGIN_CONFIG_STATUS", "1").await;
    let id = core.supervisor.id("config").expect("an id");
    core.supervisor.disable(&id, Dependents::Keep).await.expect("disables");
    assert!(login().await.is_empty());
    core.supervisor.enable(&id).await.expect("enables");
    assert_eq!(login().await.len(), 2);
    core.pool.database().query("ALTER TABLE sys_config RENAME TO elsewhere").execute().await.expect("renames");
    assert!(login().await.is_empty());
    core.close().await;
}

/// What is set on the plugin's page holds for the very next login.
#[tokio::test(flavor = "multi_thread")]
async fn parameters_change_the_rules_of_logins_at_once() {
    let server = Server::start().await;
    let admin = installed(&server).await;
    let rows = admin.get("/api/v1/sys/configs/all").await.ok();
    let set = async |key: &str, value: &str| {
        let row = rows["data"].as_array().into_iter().flatten().find(|row| row["key"] == key).expect("a row");
        let mut row = row.clone();
        row["value"] = json!(value);
        admin.request(Method::PUT, "/api/v1/sys/configs").json(&json!([row])).send().await.expect("an answer")
    };
    let login = async |password: &str| {
        let body = json!({"username": "admin", "password": password});
        server.anonymous().post_json("/api/v1/auth/login", &body).await
    };
    login(PASSWORD).await.ok();
    assert!(set("LOGIN_CAPTCHA_ENABLED", "true").await.status().is_success());
    assert_eq!(login(PASSWORD).await.refused(400), "a captcha is needed");
    assert_eq!(server.anonymous().get("/api/v1/auth/captcha").await.ok()["data"]["is_enabled"], true);
    set("LOGIN_CAPTCHA_ENABLED", "false").await;
    set("USER_LOCK_THRESHOLD", "2").await;
    login("wrong").await.refused(403);
    assert!(login("wrong").await.refused(403).contains("too many failed logins"));
}
