//! Moving in from FBA: a trial that tells everything and changes nothing, an import that does just that.

use crate::bundle;
use crate::server::{DATABASE_VARIABLE, PASSWORD, Server, with_database};
use backplane::db::Pool;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output};

/// The tables as FBA makes them, with rows good and bad.
const SOURCE: &str = include_str!("moving_in.sql");
/// What the source's users log in with.
const OLD_PASSWORD: &str = "123456";
/// All tables that an import writes.
const TABLES: [&str; 17] = [
    "sys_dept",
    "sys_role",
    "sys_menu",
    "sys_data_rule",
    "sys_data_scope",
    "sys_user",
    "sys_user_password_history",
    "sys_user_role",
    "sys_role_menu",
    "sys_role_data_scope",
    "sys_data_scope_rule",
    "sys_dict_type",
    "sys_dict_data",
    "sys_config",
    "sys_notice",
    "sys_login_log",
    "sys_opera_log",
];

/// A data directory at rest, its database, and a source to move from.
struct House {
    folder: tempfile::TempDir,
    database: String,
    source: String,
}

impl House {
    /// Builds the source, with plugins installed here.
    async fn build(source: &str, database: Option<&str>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let sqlite = format!("sqlite://{}", folder.path().join("data/backplane.db").display());
        let house = Self { database: database.map_or(sqlite, str::to_owned), source: source.to_owned(), folder };
        let hash = bcrypt::hash_with_result(OLD_PASSWORD, 4).expect("a hash").format_for_version(bcrypt::Version::TwoB);
        let dear = hash.replacen("$04$", "$31$", 1);
        house.change_source(&SOURCE.replace("$HASH", &hash).replace("$DEAR", &dear)).await;
        for plugin in ["dict", "config", "notice"] {
            let zip = house.folder.path().join(format!("{plugin}.zip"));
            std::fs::write(&zip, bundle::of(plugin)).expect("a file");
            house.says(&["plugin", "install", zip.to_str().expect("text")]);
        }
        house
    }

    async fn change_source(&self, script: &str) {
        let pool = Pool::open(&self.source).await.expect("the source opens");
        for statement in script.split(";\n").filter(|statement| !statement.trim().is_empty()) {
            pool.database().query(statement).execute().await.unwrap_or_else(|error| panic!("{error}: {statement}"));
        }
        pool.close().await;
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backplane"));
        command.args(words).arg("--data").arg(self.data()).env(DATABASE_VARIABLE, &self.database);
        command.output().expect("the program runs")
    }

    #[track_caller]
    fn says(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    #[track_caller]
    fn import(&self, options: &[&str]) -> Value {
        let words = [&["import", "fba", "--url", &self.source, "--schema", "fba_source", "--json"], options].concat();
        serde_json::from_str(&self.says(&words)).expect("JSON")
    }

    /// Every row of every table, as text.
    async fn rows(&self) -> BTreeMap<&'static str, Vec<String>> {
        let pool = Pool::open(&self.database).await.expect("the database opens");
        let mut all = BTreeMap::new();
        for table in TABLES {
            let rows = pool.database().query(format!("SELECT * FROM {table} ORDER BY id")).rows().await.expect("rows");
            let rows = rows.iter().map(|row| format!("{:?}", row.expect("a row").values())).collect();
            all.insert(table, rows);
        }
        pool.close().await;
        all
    }

    /// What a statement answers, row by row.
    async fn ask(&self, sql: &str) -> Vec<(i64, String)> {
        let pool = Pool::open(&self.database).await.expect("the database opens");
        let rows = pool.database().query(sql).fetch_all().await.unwrap_or_else(|error| panic!("{error}: {sql}"));
        pool.close().await;
        rows
    }

    async fn server(&self) -> Server {
        Server::start_in(self.data(), &[(DATABASE_VARIABLE, &self.database)]).await
    }
}

/// The report's numbers by table: rows, added, renumbered, changed, skipped, left out.
fn numbers(report: &Value) -> BTreeMap<String, [u64; 6]> {
    let tables = report["tables"].as_array().expect("tables");
    let of = |table: &Value| {
        ["read", "added", "renumbered", "changed", "skipped", "left_out"]
            .map(|key| table[key].as_u64().expect("a number"))
    };
    tables.iter().map(|table| (table["table"].as_str().expect("a name").to_owned(), of(table))).collect()
}

/// `sys_user 5: …`, for every problem.
fn problems(report: &Value) -> Vec<String> {
    let tables = report["tables"].as_array().expect("tables").iter();
    let of = |table: &Value| {
        let problems = table["problems"].as_array().expect("problems").clone();
        let table = table["table"].as_str().expect("a name").to_owned();
        problems
            .into_iter()
            .map(move |problem| format!("{table} {}: {}", problem["id"], problem["text"].as_str().expect("text")))
    };
    tables.flat_map(of).collect()
}

/// Runs a test with a house on SQLite and with one on PostgreSQL.
macro_rules! on_both {
    ($(async fn $name:ident($house:ident: &House) $body:block)*) => {
        $(mod $name {
            use super::*;

            async fn check($house: &House) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                with_database(async |source| check(&House::build(source, None).await).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                with_database(async |source| {
                    with_database(async |ours| check(&House::build(source, Some(ours)).await).await).await;
                })
                .await;
            }
        })*
    };
}

on_both! {
    async fn a_trial_changes_nothing_an_import_does_what_it_said_and_a_second_one_nothing(house: &House) {
        let before = house.rows().await;
        let trial = house.import(&[]);
        assert_eq!(house.rows().await, before);
        assert_eq!(numbers(&trial), numbers(&house.import(&["--dry-run"])));
        let done = house.import(&["--apply"]);
        assert_eq!((&trial["applied"], &done["applied"]), (&json!(false), &json!(true)));
        assert_eq!(done["tables"], trial["tables"]);
        let expected = [
            ("sys_dept", [8, 6, 1, 0, 0, 2]),
            ("sys_role", [4, 3, 1, 0, 0, 1]),
            ("sys_menu", [11, 4, 0, 1, 3, 3]),
            ("sys_data_rule", [4, 3, 1, 0, 0, 1]),
            ("sys_data_scope", [2, 1, 1, 0, 1, 0]),
            ("sys_user", [709, 705, 0, 0, 0, 4]),
            ("sys_user_password_history", [3, 1, 0, 0, 0, 2]),
            ("sys_user_role", [5, 3, 0, 0, 0, 2]),
            ("sys_role_menu", [8, 5, 0, 0, 1, 2]),
            ("sys_role_data_scope", [2, 2, 0, 0, 0, 0]),
            ("sys_data_scope_rule", [3, 2, 0, 0, 0, 1]),
            ("sys_dict_type", [2, 1, 0, 0, 1, 0]),
            ("sys_dict_data", [3, 1, 1, 1, 0, 1]),
            ("sys_config", [3, 1, 1, 1, 1, 0]),
            ("sys_notice", [2, 1, 0, 0, 0, 1]),
            ("sys_login_log", [623, 620, 0, 0, 3, 0]),
            ("sys_opera_log", [1302, 1301, 0, 0, 0, 1]),
        ];
        let found = numbers(&done);
        for (table, expected) in expected {
            assert_eq!(found[table], expected, "{table}: {:#?}", problems(&done));
        }
        let samples = |report: &Value| {
            let tables = report["tables"].as_array().expect("tables").iter();
            tables.map(|table| table["samples_removed"].as_u64().expect("a number")).sum::<u64>()
        };
        assert_eq!((samples(&trial), samples(&done), samples(&house.import(&[]))), (2, 2, 0));
        let after = house.rows().await;
        for ([read, added, _, changed, skipped, left_out], again) in numbers(&house.import(&["--apply"])).values().zip(found.values()) {
            assert_eq!((*added, *changed, skipped + left_out, *read), (0, 0, again[0], again[0]));
        }
        assert_eq!(house.rows().await, after);
    }

    async fn moved_people_log_in_with_their_passwords_and_have_what_they_had(house: &House) {
        house.import(&["--apply"]);
        let mut server = house.server().await;
        let admin = server.user("admin", OLD_PASSWORD).await;
        let amy = server.user("amy", OLD_PASSWORD).await;
        assert!(server.anonymous().post_json("/api/v1/auth/login", &json!({"username": "admin", "password": PASSWORD})).await.status != 200);
        let me = amy.get("/api/v1/sys/users/me").await.ok()["data"].take();
        assert_eq!((&me["id"], &me["uuid"], &me["username"]), (&json!(2), &json!("uuid-of-amy"), &json!("amy")));
        assert_eq!((&me["avatar"], &me["join_time"]), (&Value::Null, &json!("2025-01-02 11:04:05")));
        assert_eq!((&me["dept"], &me["roles"]), (&json!("Team"), &json!(["测试", "Operators"])));
        let codes = amy.get("/api/v1/auth/codes").await.ok()["data"].take();
        assert_eq!(codes, json!(["shop:order:add", "sys:user:del"]));
        let sidebar = amy.get("/api/v1/sys/menus/sidebar").await.ok().to_string();
        assert!(sidebar.contains("\"/shop/order\"") && !sidebar.contains("/plugins/games"), "{sidebar}");
        let users = admin.get("/api/v1/sys/users?page=1&size=1").await.ok();
        assert_eq!(users["data"]["total"], 705);
        let depts = admin.get("/api/v1/sys/depts").await.ok()["data"].take();
        assert_eq!((&depts[0]["name"], &depts[0]["children"][0]["children"][0]["name"]), (&json!("总部"), &json!("Team")));
        let log = admin.get("/api/v1/logs/opera?ip=203.0.113.9&username=amy&page=1&size=1").await.ok()["data"].take();
        assert_eq!(log["items"][0]["args"], json!({"query_params": {"page": 1}}), "{log}");
        // Whoever comes next gets an id that is free.
        let user = json!({"username": "next", "password": "abc12345", "nickname": "Next", "email": null, "dept_id": 1, "roles": [1]});
        admin.post_json("/api/v1/sys/users", &user).await.ok();
        assert!(server.terminate().await.success());
        let hashes = house.ask("SELECT id, password FROM sys_user WHERE id IN (2, 1000) ORDER BY id").await;
        assert!(hashes[0].1.starts_with("$argon2id$") && hashes[1].1.starts_with("$2b$"), "{hashes:?}");
        // What has happened here since is not undone.
        let after = house.rows().await;
        house.import(&["--apply"]);
        assert_eq!(house.rows().await, after);
    }

    async fn links_follow_rows_that_got_another_id(house: &House) {
        house.import(&["--apply"]);
        let all = |sql: &'static str| async move { house.ask(sql).await };
        let snowflake = all("SELECT r.id, u.username FROM sys_role r JOIN sys_user_role l ON l.role_id = r.id JOIN sys_user u ON u.id = l.user_id WHERE r.name = 'Snowflake'").await;
        assert_eq!(snowflake, [(5, "user1000".to_owned())]);
        let scopes = all("SELECT s.id, s.name FROM sys_data_scope s JOIN sys_role_data_scope l ON l.data_scope_id = s.id WHERE l.role_id = 1 ORDER BY s.id").await;
        assert_eq!(scopes, [(3, "Only oneself".to_owned()), (6, "本部门数据权限".to_owned())]);
        let rules = all("SELECT r.id, r.column_name FROM sys_data_rule r JOIN sys_data_scope_rule l ON l.data_rule_id = r.id WHERE l.data_scope_id = 6 ORDER BY r.id").await;
        assert_eq!(rules, [(11, "id".to_owned()), (12, "__dept_id__".to_owned())]);
        // A value that names a row follows it, too.
        let values = all("SELECT id, value FROM sys_data_rule WHERE name IN ('These', 'Lost') ORDER BY name").await;
        assert_eq!(values, [(10, "0".to_owned()), (11, "9,12".to_owned())]);
        let menus = all("SELECT m.id, m.name FROM sys_menu m JOIN sys_role_menu l ON l.menu_id = m.id WHERE l.role_id = 1 ORDER BY m.id").await;
        let named = |id, name: &str| (id, name.to_owned());
        assert_eq!(menus, [named(1, "Dashboard"), named(10, "DeleteSysUser"), named(61, "Order"), named(62, "AddOrder")]);
        let parts = all("SELECT sort, title FROM sys_menu WHERE id = 1").await;
        assert_eq!(parts, [named(5, "page.dashboard.title")]);
        let config = all("SELECT 0, value FROM sys_config WHERE key IN ('EMAIL_HOST', 'EMAIL_PORT', 'OWN') ORDER BY key").await;
        assert_eq!(config, [named(0, "smtp.moved.example"), named(0, "465"), named(0, "o")]);
        let colours = all("SELECT type_id, type_code FROM sys_dict_data WHERE label = 'Red'").await;
        assert_eq!(colours, [named(20, "colours")]);
        let times = all("SELECT created_time, name FROM sys_dept WHERE id = 8 AND del_flag").await;
        assert_eq!(times, [named(1_735_787_045_678, "Gone")]);
    }

    async fn every_row_that_does_not_fit_is_named_and_no_secret_is(house: &House) {
        let report = house.import(&[]);
        let found = problems(&report);
        for expected in [
            "sys_dept 9: parent_id: 999 is not there; moved to the top",
            "sys_dept 10: parent_id: it stands below itself; left out",
            "sys_role 4: status: 7 is not from 0 to 1; left out",
            "sys_menu 63: component: \"/plugins/games/views/index\" is a plugin's page; install the plugin, then import again; left out",
            "sys_menu 64: parent_id: the entry above it is not there; left out",
            "sys_menu 65: type: 9 is not from 0 to 4; left out",
            "sys_menu 66: link: \"javascript:alert(1)\" is neither http(s) nor a path; moved without it",
            "sys_data_rule 2: expression: 12 is not from 0 to 7; left out",
            "sys_data_rule 10: value: department 10 is not there; moved with 0, which nothing has",
            "sys_user 2: avatar: \"x\" is neither http(s) nor a path; moved without it",
            "sys_user 3: password: no bcrypt hash of a cost up to 15; moved without it",
            "sys_user 3: email: \"Amy Example\" is no e-mail address; moved without it",
            "sys_user 3: dept_id: department 11 is not there; moved without it",
            "sys_user 4: email: \"amy@example.com\" is the address of another user here; moved without it",
            "sys_user 5: username: longer than 64 characters; left out",
            "sys_user 6: status: 3 is not from 0 to 1; left out",
            "sys_user 7: join_time: no time between 1900 and 9999; left out",
            "sys_user 8: username: \"amy\" is the name of another user here; left out",
            "sys_user_password_history 2: password: no bcrypt hash of a cost up to 15; left out",
            "sys_user_password_history 3: user_id: user 5 is not there; left out",
            "sys_user_role 3: user_id: there is no 5 to link; left out",
            "sys_role_menu 7: menu_id: there is no 4711 to link; left out",
            "sys_dict_data 3: type_id: dictionary 21 is not there; left out",
            "sys_notice 2: type: 5 is not from 0 to 1; left out",
            "sys_opera_log 1301: args: longer than 65536 characters; moved without it",
            "sys_opera_log 1302: cost_time: \"NaN\" is no number; left out",
        ] {
            assert!(found.iter().any(|problem| problem == expected), "{expected} in {found:#?}");
        }
        let text = house.says(&["import", "fba", "--url", &house.source, "--schema", "fba_source"]);
        assert!(text.contains("Nothing has been changed"), "{text}");
        assert!(!text.contains("$2b$") && !text.contains('\u{1b}') && !text.contains("smtp.moved"), "{text}");
    }

    async fn a_failure_in_the_middle_leaves_nothing(house: &House) {
        // The last table to be read can't be, when everything else has been moved.
        house.change_source("ALTER TABLE fba_source.sys_opera_log ALTER COLUMN opera_time TYPE INTERVAL USING INTERVAL '1 day'").await;
        let before = house.rows().await;
        for options in [&[] as &[&str], &["--apply"]] {
            let words = [&["import", "fba", "--url", &house.source, "--schema", "fba_source"], options].concat();
            let output = house.run(&words);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{errors}");
            assert!(errors.contains("sys_opera_log") && errors.contains("nothing was changed"), "{errors}");
            assert_eq!(house.rows().await, before);
        }
    }

    async fn a_source_can_not_even_change_itself(house: &House) {
        // What looks like a table is a view that writes.
        house.change_source(
            "CREATE TABLE fba_source.changed (at TIMESTAMPTZ);\n\
             CREATE FUNCTION fba_source.change() RETURNS INTEGER LANGUAGE sql VOLATILE AS \
             $$ INSERT INTO fba_source.changed VALUES (now()) RETURNING 1 $$;\n\
             ALTER TABLE fba_source.sys_role RENAME TO roles;\n\
             CREATE VIEW fba_source.sys_role AS SELECT id, name, fba_source.change() AS status, is_filter_scopes, remark, \
             created_time, updated_time FROM fba_source.roles"
        ).await;
        let output = house.run(&["import", "fba", "--url", &house.source, "--schema", "fba_source", "--apply"]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains("sys_role") && errors.contains("read-only"), "{errors}");
    }

    async fn names_that_are_taken_here_stay_with_their_owners(house: &House) {
        // The first start creates our own admin, who has another uuid.
        assert!(house.server().await.terminate().await.success());
        let report = house.import(&["--apply"]);
        let found = problems(&report);
        let taken = "sys_user 1: username: \"admin\" is the name of another user here; left out";
        assert!(found.iter().any(|problem| problem == taken), "{found:#?}");
        let server = house.server().await;
        server.admin().await;
        server.user("amy", OLD_PASSWORD).await;
        // Its id was free for the first one here, and amy keeps her own.
        let ids = house.ask("SELECT id, username FROM sys_user WHERE id < 3 ORDER BY id").await;
        assert_eq!(ids, [(1, "admin".to_owned()), (2, "amy".to_owned())]);
        let output = house.run(&["import", "fba", "--url", &house.source, "--schema", "fba_source"]);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains("in use by another backplane"), "{errors}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sources_that_are_none_are_refused_without_their_password() {
    with_database(async |source| {
        let folder = tempfile::tempdir().expect("a folder");
        let house = House { database: "sqlite://{data}/backplane.db".to_owned(), source: source.to_owned(), folder };
        let refused = |url: &str, schema: &str| {
            let output = house.run(&["import", "fba", "--url", url, "--schema", schema]);
            assert_eq!(output.status.code(), Some(1));
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!errors.contains("geheim"), "{errors}");
            errors
        };
        assert!(refused(source, "public").contains("backplane migrate"));
        assert!(!house.data().exists());
        house.says(&["migrate"]);
        assert!(refused("sqlite:///geheim", "public").contains("postgres://"));
        assert!(refused("postgres://me:geheim@127.0.0.1:1/x", "public").contains("127.0.0.1:1"));
        assert!(refused("postgres://me:geheim@127.0.0.1:none/x", "public").contains("URL"));
        assert!(refused(source, "public").contains("no table sys_dept"));
        assert!(refused(source, "x\"; DROP").contains("no table sys_dept"));
        house.change_source("CREATE TABLE sys_dept (id BIGINT, name TEXT)").await;
        assert!(refused(source, "public").contains("a table sys_dept without parent_id"));
    })
    .await;
}
