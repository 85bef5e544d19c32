//! What belongs to nobody is found and taken away; what was kept on purpose is told apart, and stays.

use crate::bundle;
use crate::server::{Role, Server, with_postgres_and};
use backplane::db::Pool;
use serde_json::{Value, json};
use std::process::{Command, Output, Stdio};

/// Remains of plugins that nobody knows.
const REMAINS: [&str; 11] = [
    "CREATE TABLE _migrations_ghost (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, \
     down TEXT, applied_at BIGINT NOT NULL)",
    "INSERT INTO _migrations_ghost (version, name, checksum, down, applied_at) \
     VALUES (1, 'things', 'x', 'DROP TABLE ghost_thing', 0)",
    "CREATE TABLE ghost_thing (id BIGINT)",
    "INSERT INTO sys_menu (id, title, name, type, plugin_id, created_time) VALUES (9001, 'Ghost', 'PluginGhost', 1, 'ghost', 0)",
    "INSERT INTO sys_role_menu (role_id, menu_id) SELECT MIN(id), 9001 FROM sys_role",
    "INSERT INTO sys_role_menu (role_id, menu_id) SELECT MIN(id), 9002 FROM sys_role",
    "INSERT INTO plugin_setting (plugin_id, key, value, updated_time) VALUES ('ghost', 'colour', '1', 0)",
    "INSERT INTO plugin_version (plugin_id, version, sha256, library_sha256, manifest, descriptor, installed_at) \
     VALUES ('ghost', '1.0.0', 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', '{}', '{}', 0)",
    "INSERT INTO sys_data_rule (id, name, model, column_name, operator, expression, value, created_time) \
     VALUES (9001, 'ghosts', 'GhostThing', 'id', 0, 0, '1', 0)",
    "INSERT INTO sys_data_scope_rule (data_scope_id, data_rule_id) VALUES (1, 9001)",
    "INSERT INTO sys_data_rule (id, name, model, column_name, operator, expression, value, created_time) \
     VALUES (9002, 'mine', '__ALL__', '__created_by__', 0, 0, '1', 0)",
];

/// Subject, name and problem of what is to be found.
const FOUND: [[&str; 3]; 10] = [
    ["bundle", HASH, "no_owner"],
    ["data_rule", "ghosts (GhostThing)", "dangling"],
    ["files", "files/ghost", "no_owner"],
    ["grant", "menu_id 9002", "dangling"],
    ["ledger", "_migrations_ghost", "no_owner"],
    ["library", HASH, "no_owner"],
    ["menu", "PluginGhost", "no_owner"],
    ["setting", "colour", "no_owner"],
    ["snapshot", "ghost/1.zip", "no_owner"],
    ["version", "1.0.0", "no_owner"],
];

const HASH: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// `[subject, name, problem]` of each finding, sorted.
fn summary(findings: &Value) -> Vec<[String; 3]> {
    let text = |finding: &Value, key: &str| finding[key].as_str().expect("text").to_owned();
    let findings = findings.as_array().expect("findings").iter();
    let mut summary: Vec<_> =
        findings.map(|found| ["subject", "name", "problem"].map(|key| text(found, key))).collect();
    summary.sort();
    summary
}

async fn run(pool: &Pool, statements: &[&str]) {
    for statement in statements {
        pool.database().query(*statement).execute().await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
}

async fn haunt(server: &Server) {
    let pool = server.pool().await;
    run(&pool, &REMAINS).await;
    pool.close().await;
    let stored = [format!("store/{HASH}.zip"), format!("store/lib/{HASH}.so")];
    for file in stored.into_iter().chain(["snapshots/ghost/1.zip", "files/ghost/a/b"].map(str::to_owned)) {
        let path = server.data().join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, "").expect("a file");
    }
}

async fn examined(admin: &Role) -> Value {
    admin.get("/api/v1/plugins/doctor").await.ok()["data"].take()
}

/// Plugins that are there, and one that went and left its data.
async fn with_plugins(server: &Server) -> Role {
    let admin = server.admin().await;
    for name in ["hello", "notice", "dict"] {
        admin.install(bundle::of(name)).await.ok();
    }
    assert_eq!(examined(&admin).await, json!({"faults": [], "kept": [], "repaired": []}));
    admin.delete("/api/v1/plugins/notice?data=keep").await.ok();
    admin
}

async fn found_and_taken_away(server: &mut Server) {
    let admin = with_plugins(server).await;
    let kept = examined(&admin).await["kept"].take();
    assert!(summary(&kept).contains(&["ledger", "_migrations_notice", "kept"].map(str::to_owned)), "{kept}");
    assert!(summary(&kept).contains(&["menu", "PluginNotice", "kept"].map(str::to_owned)), "{kept}");
    haunt(server).await;
    let diagnosis = examined(&admin).await;
    assert_eq!(summary(&diagnosis["faults"]), FOUND.map(|found| found.map(str::to_owned)));
    assert_eq!(diagnosis["kept"], kept);
    assert_eq!(examined(&admin).await, diagnosis, "looking changes nothing");

    let repaired = admin.post("/api/v1/plugins/doctor/repair").await.ok();
    assert_eq!(summary(&repaired["data"]["repaired"]), FOUND.map(|found| found.map(str::to_owned)));
    for one in repaired["data"]["repaired"].as_array().expect("findings") {
        assert_eq!((&one["done"], &one["failure"]), (&json!(true), &Value::Null), "{one}");
    }
    let again = admin.post("/api/v1/plugins/doctor/repair").await.ok();
    assert_eq!(again["data"], json!({"faults": [], "kept": kept, "repaired": []}));
    let pool = server.pool().await;
    let counted = "SELECT (SELECT COUNT(*) FROM sys_menu WHERE plugin_id = 'ghost') + (SELECT COUNT(*) FROM sys_role_menu \
                   WHERE menu_id > 9000) + (SELECT COUNT(*) FROM sys_data_scope_rule WHERE data_rule_id = 9001)";
    assert_eq!(pool.database().query(counted).fetch_scalar::<i64>().await.expect("a count"), 0);
    assert!(pool.database().query("SELECT 1 FROM ghost_thing").execute().await.is_err(), "the table is gone");
    let rules: i64 = pool.database().query("SELECT COUNT(*) FROM sys_data_rule").fetch_scalar().await.expect("a count");
    assert!(rules >= 1, "a rule about every model stays");
    pool.close().await;
    // What was kept serves again.
    admin.install(bundle::of("notice")).await.ok();
    admin.get("/api/v1/sys/notices").await.ok();
    assert_eq!(examined(&admin).await["kept"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_nobody_is_found_and_taken_away_on_sqlite() {
    found_and_taken_away(&mut Server::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_nobody_is_found_and_taken_away_on_postgres() {
    with_postgres_and(&[], async |server| found_and_taken_away(server).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_super_users_may_look_and_repair() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("notice")).await.ok();
    let member = server.member(&["sys:notice:add"]).await;
    for (role, status) in [(&server.anonymous(), 401), (&member, 403)] {
        role.get("/api/v1/plugins/doctor").await.refused(status);
        role.post("/api/v1/plugins/doctor/repair").await.refused(status);
    }
}

fn backplane(server: &Server, words: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_backplane"));
    program.args(words).arg("--data").arg(server.data()).stdin(Stdio::null()).env_remove("BACKPLANE_URL");
    program.envs(server.settings().iter().map(|(key, value)| (key, value)));
    program.output().expect("the program runs")
}

fn answer(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_works_on_a_directory_at_rest_and_says_by_its_code_what_it_found() {
    let mut server = Server::start().await;
    with_plugins(&server).await;
    assert!(server.terminate().await.success());
    let healthy = backplane(&server, &["doctor"]);
    assert_eq!(healthy.status.code(), Some(0), "{healthy:?}");
    let text = String::from_utf8_lossy(&healthy.stdout).into_owned();
    assert!(text.contains("_migrations_notice") && text.contains("everything has an owner"), "{text}");

    haunt(&server).await;
    let sick = backplane(&server, &["doctor", "--json"]);
    assert_eq!(sick.status.code(), Some(1));
    assert_eq!(summary(&answer(&sick)["faults"]), FOUND.map(|found| found.map(str::to_owned)));
    let unasked = backplane(&server, &["doctor", "--repair"]);
    assert_eq!(unasked.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unasked.stderr).contains("--yes"), "{unasked:?}");
    assert_eq!(backplane(&server, &["doctor", "--json"]).stdout, sick.stdout, "nothing was changed");
    let mended = backplane(&server, &["doctor", "--repair", "--yes", "--json"]);
    assert_eq!(mended.status.code(), Some(0), "{mended:?}");
    assert_eq!(summary(&answer(&mended)["repaired"]), FOUND.map(|found| found.map(str::to_owned)));
    assert_eq!(backplane(&server, &["doctor"]).status.code(), Some(0));

    // What no repair can bring back is told, and stays a fault.
    let library = server.plugin_files().into_iter().find(|file| file.starts_with("store/lib/")).expect("a library");
    std::fs::remove_file(server.data().join(library)).expect("removed");
    let missing = backplane(&server, &["doctor", "--repair", "--yes", "--json"]);
    assert_eq!(missing.status.code(), Some(1));
    let faults = answer(&missing)["faults"].take();
    assert_eq!(
        (&faults[0]["subject"], &faults[0]["problem"], &faults[0]["repairable"]),
        (&json!("library"), &json!("missing"), &json!(false))
    );
}

/// Nobody knows which files a row means that can't be read: they are left alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_can_not_be_read_costs_no_file() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("hello")).await.ok();
    let pool = server.pool().await;
    run(&pool, &["UPDATE plugin_version SET sha256 = 'nonsense'"]).await;
    pool.close().await;
    let files = server.plugin_files();
    let repaired = admin.post("/api/v1/plugins/doctor/repair").await.ok();
    assert_eq!(server.plugin_files(), files);
    assert_eq!(summary(&repaired["data"]["faults"])[0][0], "plugin");
    assert_eq!(repaired["data"]["repaired"], json!([]));
}

/// From before uninstalled plugins were recorded: their data is kept data.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_by_an_older_version_is_no_fault() {
    let mut server = Server::start().await;
    with_plugins(&server).await;
    assert!(server.terminate().await.success());
    let pool = server.pool().await;
    backplane::db::migrate::revert_core(&pool, 23).await.expect("reverted");
    pool.close().await;
    let unmigrated = backplane(&server, &["doctor"]);
    assert_eq!(unmigrated.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unmigrated.stderr).contains("backplane migrate"), "{unmigrated:?}");
    assert!(backplane(&server, &["migrate"]).status.success());
    let healthy = backplane(&server, &["doctor", "--json"]);
    assert_eq!(healthy.status.code(), Some(0), "{healthy:?}");
    let kept = answer(&healthy)["kept"].take();
    assert!(summary(&kept).contains(&["ledger", "_migrations_notice", "kept"].map(str::to_owned)), "{kept}");
}
