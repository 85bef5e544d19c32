//! Whatever is asked of plugins that need each other, in whatever order: what is told is what is served, nobody
//! serves without what it needs, and what is refused changes nothing.

use crate::bundle::Parts;
use crate::server::{Answer, Role, Server};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;
use tokio::runtime::Runtime;

/// Folder, id, route, and the id of the plugin that it needs.
const PLUGINS: [(&str, &str, &str, Option<&str>); 3] = [
    ("hello", "hello", "/api/v1/hello", None),
    ("neighbour", "neighbour", "/api/v1/neighbour", Some("hello")),
    ("shelf", "shelf", "/api/v1/shelf", Some("neighbour")),
];
const CASES: u32 = 10;
const COMMANDS_MAX: usize = 24;

#[derive(Debug, Clone, Copy)]
enum Command {
    Install(usize),
    InstallDisabled(usize),
    Enable(usize),
    Disable(usize),
    DisableWithDependents(usize),
    Upgrade,
    UpgradeDrained,
    Rollback,
    RollbackWithTables,
    Uninstall(usize),
    Purge(usize),
    /// The job that the first version of `shelf` has.
    RunJob,
}

fn command() -> impl Strategy<Value = Command> {
    let plugin = || 0..PLUGINS.len();
    prop_oneof![
        3 => plugin().prop_map(Command::Install),
        1 => plugin().prop_map(Command::InstallDisabled),
        3 => plugin().prop_map(Command::Enable),
        2 => plugin().prop_map(Command::Disable),
        1 => plugin().prop_map(Command::DisableWithDependents),
        2 => Just(Command::Upgrade),
        1 => Just(Command::UpgradeDrained),
        1 => Just(Command::Rollback),
        1 => Just(Command::RollbackWithTables),
        1 => plugin().prop_map(Command::Uninstall),
        1 => plugin().prop_map(Command::Purge),
        2 => Just(Command::RunJob),
    ]
}

#[test]
fn no_sequence_of_commands_breaks_what_holds() {
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let sequences = prop::collection::vec(command(), 1..COMMANDS_MAX);
    let outcome = runner.run(&sequences, |commands| {
        let runtime = Runtime::new().expect("a runtime");
        runtime.block_on(follow(&commands));
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

async fn follow(commands: &[Command]) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let mut before = truth(&server, &admin).await;
    for command in commands {
        let answer = send(&admin, *command).await;
        let after = truth(&server, &admin).await;
        match answer.status {
            200 => {}
            400 | 404 | 409 => assert_eq!(after, before, "{command:?} was refused: {}", answer.text),
            other => panic!("{command:?}: {other} {}", answer.text),
        }
        before = after;
    }
    let running = admin.get("/api/v1/plugins/operations?state=running").await.ok();
    assert_eq!(running["data"]["total"], 0);
}

async fn send(admin: &Role, command: Command) -> Answer {
    let path = |plugin: usize, rest: &str| format!("/api/v1/plugins/{}{rest}", PLUGINS[plugin].1);
    match command {
        Command::Install(plugin) => admin.upload("/api/v1/plugins", bundle(plugin)).await,
        Command::InstallDisabled(plugin) => admin.upload("/api/v1/plugins?enable=false", bundle(plugin)).await,
        Command::Enable(plugin) => admin.post(&path(plugin, "/enable")).await,
        Command::Disable(plugin) => admin.post(&path(plugin, "/disable")).await,
        Command::DisableWithDependents(plugin) => admin.post(&path(plugin, "/disable?cascade=true")).await,
        Command::Upgrade => admin.upload(&path(2, "/upgrade"), needing("shelf_later", "neighbour")).await,
        Command::UpgradeDrained => {
            admin.upload(&path(2, "/upgrade?drain=true"), needing("shelf_later", "neighbour")).await
        }
        Command::Rollback => admin.post(&path(2, "/rollback")).await,
        Command::RollbackWithTables => admin.post(&path(2, "/rollback?revert=true")).await,
        Command::Uninstall(plugin) => admin.delete(&path(plugin, "")).await,
        Command::Purge(plugin) => admin.delete(&path(plugin, "?data=purge")).await,
        Command::RunJob => admin.post(&path(2, "/jobs/dust/run")).await,
    }
}

fn bundle(plugin: usize) -> Vec<u8> {
    let (folder, _, _, needs) = PLUGINS[plugin];
    needs.map_or_else(|| Parts::of(folder).zip(), |needs| needing(folder, needs))
}

fn needing(folder: &str, needs: &str) -> Vec<u8> {
    let mut parts = Parts::of(folder);
    let manifest = format!("{}\n[dependencies]\n{needs} = \"*\"\n", parts.manifest());
    parts.with_manifest(&manifest).zip()
}

/// Version and state of what is installed, after a look whether it is so.
async fn truth(server: &Server, admin: &Role) -> BTreeMap<&'static str, (String, String)> {
    let mut told = BTreeMap::new();
    let listed = admin.get("/api/v1/plugins").await.ok();
    for plugin in listed["data"].as_array().expect("plugins") {
        let text = |key: &str| plugin[key].as_str().expect("a text").to_owned();
        let known = PLUGINS.iter().find(|(_, id, ..)| *id == text("id")).expect("one of ours");
        told.insert(known.1, (text("version"), text("state")));
    }
    let serves = |id: &str| told.get(id).is_some_and(|(_, state)| state == "enabled");
    for (_, id, route, needs) in PLUGINS {
        let answer = admin.get(route).await;
        assert_eq!(answer.status == 200, serves(id), "{id}: {} {told:?}", answer.text);
        assert!(!serves(id) || needs.is_none_or(serves), "{id} serves without {needs:?}: {told:?}");
    }
    if let Some((version, _)) = told.get("shelf").filter(|_| serves("shelf")) {
        let answer = admin.get("/api/v1/shelf").await;
        assert!(answer.text.starts_with(version.as_str()), "{version}: {}", answer.text);
    }
    let jobs = admin.get("/api/v1/plugins/shelf/jobs").await;
    assert_eq!(jobs.status == 200, told.contains_key("shelf"));
    if jobs.status == 200 {
        let job = &jobs.ok()["data"][0];
        assert_eq!(job["next_time"].is_string(), serves("shelf"), "{job}");
    }
    let faults = admin.get("/api/v1/plugins/doctor").await.ok()["data"]["faults"].take();
    assert_eq!(faults, serde_json::json!([]), "something has no owner");
    let sidebar = admin.get("/api/v1/sys/menus/sidebar").await.ok()["data"].to_string();
    assert_eq!(sidebar.contains("\"Shelf\""), serves("shelf"));
    let staged = server.plugin_files().into_iter().filter(|file| file.starts_with("staging/")).count();
    assert_eq!(staged, 0);
    told
}
