//! DROP: the supervisor over the loader of JSON files.
use super::*;
use crate::loader::{LoaderSettings, UnloadPolicy};
use crate::plugin::{Lookup, Observed};
use crate::store::BundleLimits;
use crate::store::bundle::host_target;
use http::Method;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

const SCHEMA: &str = include_str!("/work/wt/db/migrations/0004_plugins.up.sql");
const MENUS: &str = include_str!("/work/wt/db/migrations/0002_menus.up.sql");

async fn workplace(data: &Path) -> Workplace {
    let pool = Pool::open(&format!("sqlite://{}/x.db", data.display())).await.unwrap();
    let database = pool.database();
    for sql in SCHEMA.split(";\n").chain(MENUS.split(";\n")) {
        let sql: Vec<&str> = sql.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
        if !sql.join("").trim().is_empty() {
            let sql = sql.join("\n").replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS").replace("UNIQUE INDEX", "UNIQUE INDEX IF NOT EXISTS").replace("CREATE INDEX", "CREATE INDEX IF NOT EXISTS");
            database.query(sql).execute().await.unwrap();
        }
    }
    let core = json!({ "paths": { "/api/v1/sys/users": { "get": {} } } });
    let second = Duration::from_secs(1);
    Workplace {
        store: Arc::new(Store::open(data).unwrap()),
        loader: Loader::new(LoaderSettings { copies_dir: data.join("copies"), unload: UnloadPolicy::Verified }).unwrap(),
        core: CoreSurface::new("/api/v1", core, &[]),
        inspection: Inspection {
            executable: "x".into(),
            deadline: second,
            target: host_target(),
            limits: BundleLimits::default(),
            dialect: database.dialect(),
            prefix: "/api/v1".to_owned(),
        },
        pool,
        database_limits: DatabaseLimits::PLUGIN,
        time_zone: TimeZone::UTC,
        deadlines: Deadlines { start: second, drain: second, stop: second },
    }
}

fn bundle(id: &str, version: &str, extra: Value) -> Vec<u8> {
    let mut descriptor = json!({
        "id": id, "version": version, "api": "0.1.0",
        "routes": [{ "method": "GET", "path": format!("/{id}"), "access": "public", "summary": version }],
        "menus": [{ "name": format!("Menu{id}"), "title": id, "kind": "page", "path": format!("/{id}"),
                    "children": [{ "name": format!("Button{id}"), "title": "x", "kind": "button", "perms": format!("{id}:add") }] }],
    });
    for (key, value) in extra.as_object().unwrap() {
        descriptor[key] = value.clone();
    }
    let depends = extra.get("depends").cloned().unwrap_or(json!([]));
    let manifest = format!("[plugin]\nid = {id:?}\nversion = {version:?}\nsummary = \"x\"\ndescription = \"x\"\nauthor = \"x\"\ntags = [\"other\"]\ndatabase = [\"sqlite\"]\ndepends_on = {depends}");
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in [("plugin.toml", manifest), ("README.md", "x".into()), (&format!("lib/{}/x.so", host_target()), descriptor.to_string())] {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

async fn staged(handle: &SupervisorHandle, bytes: &[u8]) -> Staged {
    let mut writer = handle.workplace().store.stage(1 << 20).await.unwrap();
    writer.write(bytes).await.unwrap();
    writer.finish().await.unwrap()
}

async fn install(handle: &SupervisorHandle, bytes: &[u8]) -> Result<Arc<PluginStatus>, String> {
    handle.install(staged(handle, bytes).await, AfterInstall::Enable).await.map_err(|error| error.chain())
}

async fn upgrade(handle: &SupervisorHandle, bytes: &[u8]) -> Result<Arc<PluginStatus>, String> {
    handle.upgrade(None, staged(handle, bytes).await).await.map_err(|error| error.chain())
}

fn serves(handle: &SupervisorHandle, path: &str) -> String {
    match handle.published().load().find(&Method::GET, path) {
        Lookup::Found(matched) => matched.target.plugin.version.to_string(),
        Lookup::Disabled { plugin } => format!("{plugin} off"),
        Lookup::MethodNotAllowed { allow } => allow.to_owned(),
        Lookup::NotFound => "none".to_owned(),
    }
}

fn files(data: &Path) -> usize {
    let count = |path: &str| std::fs::read_dir(data.join(path)).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_file()).count();
    count("store") + count("store/lib") + count("staging")
}

async fn menus(handle: &SupervisorHandle) -> Vec<(i64, String)> {
    handle.workplace().pool.database().query("SELECT id, name FROM sys_menu ORDER BY id").fetch_all().await.unwrap()
}

#[tokio::test]
async fn life_of_a_plugin() {
    let data = tempfile::tempdir().unwrap();
    let handle = supervise(workplace(data.path()).await).await.unwrap();
    let mut events = handle.subscribe();
    let one = bundle("notice", "1.0.0", json!({}));
    install(&handle, &one).await.unwrap();
    assert_eq!(serves(&handle, "/api/v1/notice"), "1.0.0");
    assert_eq!(events.recv().await.unwrap().state, EventState::Starting);
    assert_eq!(events.recv().await.unwrap().state, EventState::Enabled);
    let before = menus(&handle).await;
    assert_eq!(before.len(), 2);
    assert!(handle.published().load().shows_menu("notice", "Buttonnotice"));

    println!("{}", install(&handle, &one).await.unwrap_err());
    println!("{}", upgrade(&handle, &one).await.unwrap_err());
    println!("{}", install(&handle, &bundle("notice", "1.0.0", json!({ "permissions": [] }))).await.unwrap_err());
    println!("{}", upgrade(&handle, &bundle("notice", "0.9.0", json!({}))).await.unwrap_err());
    println!("{}", upgrade(&handle, &bundle("notixe", "0.9.0", json!({}))).await.unwrap_err());
    println!("{}", install(&handle, &bundle("notice", "2.0.0", json!({}))).await.unwrap_err());
    println!("{}", install(&handle, &bundle("other", "2.0.0", json!({"id": "liar"}))).await.unwrap_err());
    let route = |path: &str, summary: &str| json!({ "routes": [{ "method": "GET", "path": path, "access": "public", "summary": summary }] });
    println!("{}", install(&handle, &bundle("other", "2.0.0", route("/notice", ""))).await.unwrap_err());
    println!("{}", install(&handle, &bundle("other", "2.0.0", route("/sys/users", ""))).await.unwrap_err());
    println!("{}", install(&handle, &bundle("other", "2.0.0", route("/x", "panic in start"))).await.unwrap_err());
    println!("{}", install(&handle, &bundle("other", "2.0.0", json!({"menus": [{"name": "Menunotice", "title": "x", "kind": "page"}]}))).await.unwrap_err());
    println!("{}", upgrade(&handle, &bundle("notice", "2.0.0", route("/x", "panic in start"))).await.unwrap_err());
    println!("{}", install(&handle, b"PK").await.unwrap_err());
    assert_eq!(files(data.path()), 2);
    assert_eq!(serves(&handle, "/api/v1/notice"), "1.0.0");
    assert_eq!(menus(&handle).await, before);
    assert_eq!(handle.workplace().loader.images().len(), 1);

    let lease = { let table = handle.published().load(); let Lookup::Found(m) = table.find(&Method::GET, "/api/v1/notice") else { panic!() }; m.target.plugin.generation.lease().unwrap() };
    let status = upgrade(&handle, &bundle("notice", "2.0.0", json!({}))).await.unwrap();
    assert_eq!(status.previous.as_ref().unwrap().to_string(), "1.0.0");
    assert_eq!(serves(&handle, "/api/v1/notice"), "2.0.0");
    assert_eq!(files(data.path()), 4);
    assert_eq!(handle.workplace().loader.images().len(), 2);
    drop(lease);
    while handle.workplace().loader.images().len() > 1 { tokio::time::sleep(Duration::from_millis(1)).await; }

    handle.rollback(&"notice".parse().unwrap()).await.unwrap();
    assert_eq!(serves(&handle, "/api/v1/notice"), "1.0.0");
    println!("{}", handle.rollback(&"notice".parse().unwrap()).await.unwrap_err());
    println!("{}", upgrade(&handle, &bundle("notice", "2.0.0", json!({"permissions": []}))).await.unwrap_err());
    upgrade(&handle, &bundle("notice", "2.0.0", json!({}))).await.unwrap();
    upgrade(&handle, &bundle("notice", "3.0.0", json!({}))).await.unwrap();
    assert_eq!(files(data.path()), 4);
    assert_eq!(menus(&handle).await, before);

    let id = "notice".parse().unwrap();
    install(&handle, &bundle("dep", "1.0.0", json!({"depends": ["notice"]}))).await.unwrap();
    println!("{}", handle.disable(&id).await.unwrap_err());
    handle.disable(&"dep".parse().unwrap()).await.unwrap();
    handle.disable(&id).await.unwrap();
    assert_eq!(serves(&handle, "/api/v1/notice"), "notice off");
    println!("{}", handle.enable(&"dep".parse().unwrap()).await.unwrap_err());
    assert_eq!(handle.installed(&"dep".parse().unwrap()).unwrap().observed, Observed::Failed);
    handle.enable(&id).await.unwrap();
    handle.enable(&"dep".parse().unwrap()).await.unwrap();

    std::fs::write(data.path().join("store").join(format!("{}.zip", crate::store::Sha256::of(b"orphan"))), b"x").unwrap();
    handle.shutdown().await;
    assert_eq!(serves(&handle, "/api/v1/notice"), "notice off");
    assert!(handle.enable(&id).await.is_err());
    assert_eq!(handle.workplace().loader.images().len(), 0);

    let handle = supervise(workplace(data.path()).await).await.unwrap();
    assert_eq!(serves(&handle, "/api/v1/notice"), "3.0.0");
    assert_eq!(serves(&handle, "/api/v1/dep"), "1.0.0");
    assert_eq!(files(data.path()), 6);
    handle.uninstall(&"dep".parse().unwrap(), Data::Purge).await.unwrap();
    handle.uninstall(&id, Data::Keep).await.unwrap();
    assert_eq!(files(data.path()), 0);
    assert_eq!(menus(&handle).await, before);
    assert_eq!(serves(&handle, "/api/v1/notice"), "none");
    install(&handle, &one).await.unwrap();
    assert_eq!(serves(&handle, "/api/v1/notice"), "1.0.0");
    handle.uninstall(&id, Data::Purge).await.unwrap();
    assert!(menus(&handle).await.is_empty());
    println!("{}", handle.enable(&id).await.unwrap_err());
}
