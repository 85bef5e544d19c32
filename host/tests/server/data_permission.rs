//! Data rules narrow what users see of plugins' models, as they do for the core's.

use crate::bundle;
use crate::server::{Answer, Role, Server, with_postgres_and};
use reqwest::Method;
use serde_json::{Value, json};

const RULES: &str = "/api/v1/sys/data-rules";
const SCOPES: &str = "/api/v1/sys/data-scopes";
const NOTICES: &str = "/api/v1/sys/notices";
const THINGS: &str = "/api/v1/scoped/things";
/// Without this, notices are for everybody.
const HEEDED: [(&str, &str); 1] = [("APP__PLUGINS__NOTICE__DATA_RULES", "true")];
const AND: i32 = 0;
const OR: i32 = 1;
const EVERY_THING: &str = "apple,pear,plum,quince";

/// A rule on a model: column, operator, expression, value.
type Rule<'a> = (&'a str, &'a str, i32, i32, &'a str);

/// A server with a member whose role has one data scope, to be filled with rules.
struct Stage<'a> {
    server: &'a Server,
    admin: Role,
    member: Role,
    scope: i64,
}

impl<'a> Stage<'a> {
    /// With these plugins, in department 1; the member has the permission codes `codes`.
    async fn set(server: &'a Server, plugins: &[&str], codes: &[&str]) -> Self {
        let admin = server.admin().await;
        for plugin in plugins {
            admin.install(bundle::of(plugin)).await.ok();
        }
        let member = server.member(codes).await;
        admin.post_json(SCOPES, &json!({"name": "tested", "status": 1})).await.ok();
        let scope = admin.get(&format!("{SCOPES}?name=tested")).await.ok()["data"]["items"][0]["id"].clone();
        let scope = scope.as_i64().expect("an id");
        let stage = Self { server, admin, member, scope };
        stage.put("/api/v1/sys/roles/70/scopes", &json!({"scopes": [scope]})).await.ok();
        stage.sql("UPDATE sys_user SET dept_id = 1 WHERE id = 70").await;
        stage
    }

    async fn put(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.admin.request(Method::PUT, path).json(body)).await
    }

    async fn sql(&self, statement: &str) {
        let pool = self.server.pool().await;
        pool.database().query(statement).execute().await.expect("a statement that runs");
        pool.close().await;
    }

    /// The member's scope gets these rules, written over the API, and no others.
    async fn permit(&self, rules: &[Rule<'_>]) {
        let mut ids = Vec::new();
        for rule in rules {
            let name = uuid::Uuid::new_v4().to_string();
            self.admin.post_json(RULES, &written(&name, *rule)).await.ok();
            let found = self.admin.get(&format!("{RULES}?name={name}")).await.ok();
            ids.push(found["data"]["items"][0]["id"].clone());
        }
        self.put(&format!("{SCOPES}/{}/rules", self.scope), &json!({"rules": ids})).await.ok();
    }

    /// The titles of the notices that the member sees; list, total and single reads say the same.
    async fn titles(&self) -> String {
        let listed = self.member.get(&format!("{NOTICES}?size=200")).await.ok();
        let items = listed["data"]["items"].as_array().expect("items");
        assert_eq!(listed["data"]["total"], items.len(), "{listed}");
        for id in 1..=4 {
            let seen = items.iter().any(|item| item["id"] == id);
            let read = self.member.get(&format!("{NOTICES}/{id}")).await;
            assert_eq!(read.status, if seen { 200 } else { 404 }, "notice {id}: {}", read.text);
        }
        let mut titles: Vec<&str> = items.iter().filter_map(|item| item["title"].as_str()).collect();
        titles.sort_unstable();
        titles.join(",")
    }

    /// The names of the things that the member sees.
    async fn things(&self) -> String {
        text(&self.member.get(THINGS).await)
    }
}

fn written(name: &str, (model, column, operator, expression, value): Rule<'_>) -> Value {
    json!({
        "name": name, "model": model, "column": column, "operator": operator, "expression": expression, "value": value,
    })
}

#[track_caller]
fn text(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text.clone()
}

#[track_caller]
fn refused(answer: &Answer, words: &str) {
    assert_eq!(answer.status, 409, "{}", answer.text);
    assert!(answer.text.starts_with("Refused: ") && answer.text.contains(words), "{}", answer.text);
}

/// Runs each test on a server with an SQLite file, and on one with a PostgreSQL database.
macro_rules! on_both {
    ($(async fn $name:ident($server:ident: &Server) $body:block)*) => {
        $(mod $name {
            use super::*;

            async fn check($server: &Server) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                check(&Server::start_with(&HEEDED).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                with_postgres_and(&HEEDED, async |server| check(server).await).await;
            }
        })*
    };
}

/// Of the notices alpha (0, 1), beta (1, 1), gamma (1, 0) by the admin and delta (0, 0) by the
/// member, type and status in parentheses.
const NOTICE_CASES: &[(&[Rule<'static>], &str)] = &[
    (&[], ""),
    (&[("Notice", "id", AND, 0, "2")], "beta"),
    (&[("Notice", "id", AND, 1, "2")], "alpha,delta,gamma"),
    (&[("Notice", "id", AND, 2, "2")], "delta,gamma"),
    (&[("Notice", "id", AND, 3, "2")], "beta,delta,gamma"),
    (&[("Notice", "id", AND, 4, "2")], "alpha"),
    (&[("Notice", "id", AND, 5, "2")], "alpha,beta"),
    (&[("Notice", "title", AND, 6, "alpha, gamma,nobody")], "alpha,gamma"),
    (&[("Notice", "title", OR, 7, "alpha,gamma")], "beta,delta"),
    // Rules with AND hold together, each with OR alone, and either group is enough.
    (&[("Notice", "type", AND, 0, "1"), ("Notice", "status", AND, 0, "1")], "beta"),
    (&[("Notice", "type", OR, 0, "1"), ("Notice", "status", OR, 0, "1")], "alpha,beta,gamma"),
    (
        &[
            ("Notice", "type", AND, 0, "1"),
            ("Notice", "status", AND, 0, "1"),
            ("Notice", "title", OR, 0, "delta"),
            ("Notice", "title", OR, 0, "alpha"),
        ],
        "alpha,beta,delta",
    ),
    // Who asks, and when.
    (&[("Notice", "__created_by__", AND, 0, "${user_id}")], "delta"),
    (&[("Notice", "__created_by__", AND, 1, "${user_id}")], "alpha,beta,gamma"),
    (&[("__ALL__", "__created_by__", AND, 0, "${user_id}")], "delta"),
    (&[("Notice", "id", AND, 0, "${dept_id}")], "alpha"),
    (&[("Notice", "created_time", AND, 5, "${now}")], "alpha,beta,delta,gamma"),
    (&[("Notice", "created_time", AND, 2, "${now}")], ""),
    (&[("Notice", "created_time", AND, 4, "2100-01-01 00:00:00")], "alpha,beta,delta,gamma"),
    (&[("Notice", "updated_time", AND, 4, "2100-01-01 00:00:00")], ""),
    // Rules of other models, and on what the model does not have, permit nothing.
    (&[("Dept", "id", OR, 2, "0"), ("User", "id", OR, 2, "0")], ""),
    (&[("__ALL__", "__dept_id__", AND, 0, "${dept_id}")], ""),
    (&[("__ALL__", "__dept_id__", AND, 0, "${dept_id}"), ("Notice", "id", AND, 0, "3")], "gamma"),
    // Values are values, whatever they look like.
    (&[("Notice", "title", AND, 0, "' OR '1'='1")], ""),
    (&[("Notice", "title", AND, 0, "alpha') OR 1=1; DROP TABLE sys_notice; --")], ""),
    (&[("Notice", "title", AND, 6, "alpha') OR (1=1,\" OR \"\"=\",$1")], ""),
    (&[("Notice", "title", AND, 1, "'; DELETE FROM sys_notice; --")], "alpha,beta,delta,gamma"),
];

on_both! {
    async fn a_member_sees_exactly_the_notices_that_the_rules_permit(server: &Server) {
        let stage = Stage::set(server, &["notice"], &["sys:notice:add"]).await;
        let notice = |title: &str, kind: i32, status: i32| {
            json!({"title": title, "type": kind, "status": status, "content": ""})
        };
        for (title, kind, status) in [("alpha", 0, 1), ("beta", 1, 1), ("gamma", 1, 0)] {
            stage.admin.post_json(NOTICES, &notice(title, kind, status)).await.ok();
        }
        stage.member.post_json(NOTICES, &notice("delta", 0, 0)).await.ok();
        for (rules, expected) in NOTICE_CASES {
            stage.permit(rules).await;
            assert_eq!(stage.titles().await, *expected, "{rules:?}");
        }
        // What the client filters by narrows further, and never widens.
        stage.permit(&[("Notice", "id", AND, 5, "2")]).await;
        let found = stage.member.get(&format!("{NOTICES}?title=a&type=1")).await.ok();
        assert_eq!((&found["data"]["total"], &found["data"]["items"][0]["title"]), (&json!(1), &json!("beta")));
        assert_eq!(stage.admin.get(NOTICES).await.ok()["data"]["total"], 4);
        stage.permit(&[]).await;
        stage.sql("UPDATE sys_role SET is_filter_scopes = FALSE WHERE id = 70").await;
        assert_eq!(stage.titles().await, "alpha,beta,delta,gamma");
        stage.sql("UPDATE sys_role SET status = 0 WHERE id = 70").await;
        assert_eq!(stage.titles().await, "", "a disabled role opens nothing");
    }

    async fn models_come_and_go_with_their_plugin_and_rules_wait_for_them(server: &Server) {
        let stage = Stage::set(server, &["notice"], &["sys:notice:add"]).await;
        stage.member.post_json(NOTICES, &json!({"title": "t", "type": 0, "status": 1, "content": ""})).await.ok();
        let columns = format!("{RULES}/models/Notice/columns");
        let models = async || stage.admin.get(&format!("{RULES}/models")).await.ok()["data"].clone();
        assert_eq!(models().await, json!(["__ALL__", "Dept", "User", "Notice"]));
        let shown = stage.member.get(&columns).await.ok();
        let keys: Vec<&str> = shown["data"].as_array().expect("columns").iter().filter_map(|one| one["key"].as_str()).collect();
        let expected = ["id", "title", "type", "status", "content", "created_time", "updated_time", "__created_by__"];
        assert_eq!(keys, expected);
        assert_eq!(shown["data"][1], json!({"key": "title", "comment": "Title"}));
        let chinese = stage.member.request(Method::GET, &columns).header("accept-language", "zh-CN");
        assert_eq!(Answer::of(chinese).await.ok()["data"][1]["comment"], "标题");
        assert_eq!(stage.admin.plugin("notice").await["models"][0]["name"], "Notice");

        for (rule, status) in [
            (("Notice", "title", AND, 0, "x"), 200),
            (("Notice", "created_by", AND, 0, "1"), 422),
            (("Notice", "__dept_id__", AND, 0, "1"), 422),
            (("Notice", "id) OR (1=1", AND, 0, "1"), 422),
            (("Notice", "id", AND, 0, "1 OR 1=1"), 422),
            (("Notice", "created_time", AND, 2, "yesterday"), 422),
            (("Notice", "created_time", AND, 2, "${user_id}"), 422),
            (("Notice", "id", AND, 6, " , "), 422),
            (("notice", "id", AND, 0, "1"), 404),
            (("sys_notice", "id", AND, 0, "1"), 404),
        ] {
            let answer = stage.admin.post_json(RULES, &written(&format!("{rule:?}"), rule)).await;
            assert_eq!(answer.status, status, "{rule:?}: {}", answer.text);
        }

        stage.permit(&[("Notice", "title", AND, 0, "t")]).await;
        assert_eq!(stage.titles().await, "t");
        let kept = stage.admin.get(&format!("{RULES}/all")).await.ok()["data"].clone();
        stage.admin.post("/api/v1/plugins/notice/disable").await.ok();
        assert_eq!(models().await, json!(["__ALL__", "Dept", "User"]));
        stage.admin.get(&columns).await.refused(404);
        let rule = written("late", ("Notice", "title", AND, 0, "t"));
        stage.admin.post_json(RULES, &rule).await.refused(404);
        assert_eq!(stage.admin.get(&format!("{RULES}/all")).await.ok()["data"], kept);
        stage.admin.post("/api/v1/plugins/notice/enable").await.ok();
        assert_eq!(models().await, json!(["__ALL__", "Dept", "User", "Notice"]));
        assert_eq!(stage.titles().await, "t");
        stage.permit(&[("Notice", "title", AND, 1, "t")]).await;
        assert_eq!(stage.titles().await, "");
    }

    async fn every_kind_of_column_and_the_shared_ones_count(server: &Server) {
        let stage = Stage::set(server, &["scoped"], &[]).await;
        for (rules, expected) in [
            (&[("ScopedThing", "__dept_id__", AND, 0, "${dept_id}")][..], "apple,pear"),
            (&[("__ALL__", "__dept_id__", AND, 0, "${dept_id}")], "apple,pear"),
            (
                &[("__ALL__", "__dept_id__", AND, 0, "${dept_id}"), ("__ALL__", "__created_by__", AND, 0, "${user_id}")],
                "apple",
            ),
            (
                &[("__ALL__", "__dept_id__", OR, 0, "${dept_id}"), ("__ALL__", "__created_by__", OR, 0, "${user_id}")],
                "apple,pear,plum",
            ),
            (&[("ScopedThing", "__created_by__", AND, 6, "1,${user_id}")], "apple,pear,plum"),
            (&[("ScopedThing", "shown", AND, 0, "true")], "apple,plum"),
            (&[("ScopedThing", "shown", AND, 1, "1")], "pear,quince"),
            (&[("ScopedThing", "made_time", AND, 2, "${now}")], "quince"),
            (&[("ScopedThing", "made_time", AND, 5, "1970-01-01T00:00:02Z")], "apple,pear"),
            (&[("ScopedThing", "amount", AND, 6, "10,30")], "apple,plum"),
            (&[("ScopedThing", "name", AND, 1, "apple' OR 'a'='a")], EVERY_THING),
        ] {
            stage.permit(rules).await;
            assert_eq!(stage.things().await, expected, "{rules:?}");
        }
        stage.sql("UPDATE sys_user SET dept_id = NULL WHERE id = 70").await;
        for expression in [0, 1] {
            stage.permit(&[("ScopedThing", "__dept_id__", AND, expression, "${dept_id}")]).await;
            assert_eq!(stage.things().await, "", "nobody's department is no department");
        }
    }

    async fn the_answer_is_for_whom_the_host_let_in_whatever_the_plugin_says(server: &Server) {
        let stage = Stage::set(server, &["scoped"], &[]).await;
        let admin = &stage.admin;
        stage.permit(&[("ScopedThing", "name", AND, 0, "plum")]).await;
        // The first request of all is the admin's; the plugin keeps it.
        assert_eq!(text(&admin.get(THINGS).await), EVERY_THING);
        assert_eq!(text(&admin.get("/api/v1/scoped/kept").await), EVERY_THING);
        refused(&stage.member.get("/api/v1/scoped/kept").await, "with another request than the one it answers");
        refused(&stage.member.get("/api/v1/scoped/thread").await, "outside of the handler of a request");
        refused(&admin.get("/api/v1/scoped/others").await, "plugin scoped contributes no model \"User\"");
        for path in ["things", "late", "stream", "public"] {
            let path = format!("/api/v1/scoped/{path}");
            assert_eq!(text(&stage.member.get(&path).await), "plum", "{path}");
            assert_eq!(text(&admin.get(&path).await), EVERY_THING, "{path}");
        }
        assert_eq!(text(&server.anonymous().get("/api/v1/scoped/public").await), "");
        server.anonymous().get(THINGS).await.refused(401);
    }

    async fn a_rule_on_a_column_that_an_upgrade_took_away_opens_nothing(server: &Server) {
        let stage = Stage::set(server, &["scoped"], &[]).await;
        let lost: [Rule<'_>; 3] = [
            ("ScopedThing", "amount", AND, 1, "0"),
            ("ScopedThing", "name", AND, 1, "nothing"),
            ("__ALL__", "__created_by__", OR, 2, "0"),
        ];
        stage.permit(&lost).await;
        assert_eq!(stage.things().await, EVERY_THING);
        stage.admin.upload("/api/v1/plugins/scoped/upgrade", bundle::of("scoped_later")).await.ok();
        assert_eq!(stage.things().await, "");
        assert_eq!(text(&stage.admin.get(THINGS).await), EVERY_THING);
        let columns = stage.admin.get(&format!("{RULES}/models/ScopedThing/columns")).await.ok();
        assert_eq!(columns["data"], json!([{"key": "name", "comment": "Name"}]));
        stage.sql("UPDATE sys_data_rule SET operator = 1 WHERE column_name = 'name' AND value = 'nothing'").await;
        assert_eq!(stage.things().await, EVERY_THING, "the other group still holds");
        stage.admin.post("/api/v1/plugins/scoped/rollback").await.ok();
        stage.permit(&lost[..1]).await;
        assert_eq!(stage.things().await, EVERY_THING, "the rule acts again");
    }

    async fn what_no_api_would_have_stored_permits_nothing(server: &Server) {
        let stage = Stage::set(server, &["scoped"], &[]).await;
        for (column, expression, value) in [
            ("id", 0, "1 OR 1=1"),
            ("id) OR (1=1", 0, "1"),
            ("password", 1, "x"),
            ("\"name\" <> \"id", 0, "1"),
            ("id", 8, "1"),
            ("shown", 0, "maybe"),
        ] {
            stage.permit(&[("ScopedThing", "id", OR, 0, "0"), ("ScopedThing", "id", AND, 0, "4711")]).await;
            let pool = server.pool().await;
            let statement = "UPDATE sys_data_rule SET column_name = $1, expression = $2, value = $3 WHERE value = '4711'";
            let query = pool.database().query(statement).bind(column).bind(expression).bind(value);
            assert_eq!(query.execute().await, Ok(1));
            pool.close().await;
            assert_eq!(stage.things().await, "", "{column} {expression} {value}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_parties_never_have_a_model_of_one_name() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let message = admin.install(bundle::of("claims_models")).await.refused(409);
    assert_eq!(message, "model User of plugin claims_models 1.0.0 already belongs to the core");
    admin.install(bundle::of("notice")).await.ok();
    let message = admin.install(bundle::of("claims_models")).await.refused(409);
    assert_eq!(message, "model Notice of plugin claims_models 1.0.0 already belongs to plugin notice 1.0.0");
    let models = admin.get(&format!("{RULES}/models")).await.ok();
    assert_eq!(models["data"], json!(["__ALL__", "Dept", "User", "Notice"]));
    let columns = admin.get(&format!("{RULES}/models/Notice/columns")).await.ok();
    assert_eq!(columns["data"].as_array().map(Vec::len), Some(8));
    admin.get(NOTICES).await.ok();
    admin.get("/api/v1/plugins/claims_models").await.refused(404);
}
