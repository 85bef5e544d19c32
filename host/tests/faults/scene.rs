//! For each operation: what is there before it, what is asked for, and what is true before and after.

use crate::bundle::{self, Parts};
use crate::fault::{Fault, Point};
use crate::server::{Answer, Role, Server, eventually};
use backplane::plugin::Operation;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::Value;
use std::time::Duration;

/// The plugin of all scenes: a table with a row, a menu entry, a permission, a model, a route, a job, a handler of events.
pub(crate) const PLUGIN: &str = "shelf";
const OLD: &str = "shelf";
const NEW: &str = "shelf_later";

/// A plugin that needs it, where an operation switches that off as well.
const READER: &str = "reader";

/// What is true of the plugin at one moment, wherever one looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Truth {
    /// Version and state.
    plugin: Option<(&'static str, &'static str)>,
    /// Versions in the store.
    versions: usize,
    /// Migrations that are applied.
    ledger: &'static [i64],
    /// Rows of menu entries.
    menus: i64,
    /// What stands in its table, if it is there.
    books: &'static [&'static str],
}

/// One operation with its surroundings.
pub(crate) struct Scene {
    operation: Operation,
    pub(crate) old: Truth,
    pub(crate) new: Truth,
}

/// What its first migration brings.
const ONE: &[&str] = &["Moby Dick"];
/// With one that came later.
const TWO: &[&str] = &["Moby Dick", "Emma"];
const NOTHING: Truth = Truth { plugin: None, versions: 0, ledger: &[], menus: 0, books: &[] };
const WAITING: Truth = Truth { plugin: Some(("1.0.0", "disabled")), versions: 1, ..NOTHING };
const SERVING: Truth = Truth { plugin: Some(("1.0.0", "enabled")), versions: 1, ledger: &[1], menus: 2, books: ONE };
const OFF: Truth = Truth { plugin: Some(("1.0.0", "disabled")), ..SERVING };
const TAKEN_OUT: Truth = Truth { plugin: Some(("1.0.0", "quarantined")), ..SERVING };
const UPGRADED: Truth = Truth { plugin: Some(("1.1.0", "enabled")), versions: 2, ledger: &[1, 2], ..SERVING };
const UPGRADED_OFF: Truth = Truth { plugin: Some(("1.1.0", "disabled")), ..UPGRADED };

impl Scene {
    pub(crate) fn of(operation: Operation) -> Self {
        let (old, new) = match operation {
            Operation::Install => (NOTHING, SERVING),
            Operation::InstallWaiting => (NOTHING, WAITING),
            Operation::Enable => (WAITING, SERVING),
            Operation::Disable => (SERVING, OFF),
            Operation::Upgrade | Operation::UpgradeDrained => (SERVING, UPGRADED),
            Operation::UpgradeWaiting => (OFF, Truth { ledger: &[1], ..UPGRADED_OFF }),
            Operation::Rollback => (UPGRADED, Truth { plugin: Some(("1.0.0", "enabled")), ..UPGRADED }),
            Operation::RollbackReverting => {
                (UPGRADED, Truth { plugin: Some(("1.0.0", "enabled")), ledger: &[1], ..UPGRADED })
            }
            Operation::RollbackWaiting => (UPGRADED_OFF, Truth { plugin: Some(("1.0.0", "disabled")), ..UPGRADED }),
            Operation::Uninstall => (SERVING, Truth { plugin: None, versions: 0, ..SERVING }),
            Operation::Purge => (SERVING, NOTHING),
            Operation::Restore => (Truth { books: TWO, ..SERVING }, SERVING),
            Operation::RestoreWaiting => (Truth { books: TWO, ..OFF }, OFF),
            Operation::Quarantine => (SERVING, TAKEN_OUT),
        };
        Self { operation, old, new }
    }

    /// Brings about what is there before the operation.
    pub(crate) async fn set(&self, server: &Server) {
        let admin = server.admin().await;
        clear(&admin).await;
        let (version, state) = match self.old.plugin {
            None => return,
            Some(plugin) => plugin,
        };
        let enable = !self.old.ledger.is_empty();
        admin.upload(&format!("/api/v1/plugins?enable={enable}"), bundle::of(OLD)).await.ok();
        if version == "1.1.0" {
            admin.upload("/api/v1/plugins/shelf/upgrade", bundle::of(NEW)).await.ok();
        }
        if self.is_used() {
            use_it(server, &admin, job_of(version)).await;
        }
        if self.old.books == TWO {
            admin.post(SNAPSHOTS).await.ok();
            add_book(server).await;
        }
        if self.has_reader() {
            admin.upload("/api/v1/plugins", reader()).await.ok();
        }
        if enable && state == "disabled" {
            admin.post("/api/v1/plugins/shelf/disable").await.ok();
        }
        std::fs::create_dir_all(kept(server)).expect("a folder");
        std::fs::write(kept(server).join("a"), "a").expect("a file");
        assert_eq!(truth(server, &admin).await, self.told(&self.old));
    }

    /// Asks for the operation; gives the status of the answer, if one came.
    pub(crate) async fn act(&self, server: &Server) -> Option<u16> {
        let admin = server.admin().await;
        let request = |method: Method, path: &str| admin.request(method, &format!("/api/v1/plugins{path}"));
        let upload = |path: &str, name: &str| {
            let form = Form::new().part("file", Part::bytes(bundle::of(name)).file_name("bundle.zip"));
            request(Method::POST, path).multipart(form)
        };
        let request = match self.operation {
            Operation::Install => upload("?enable=true", OLD),
            Operation::InstallWaiting => upload("?enable=false", OLD),
            Operation::Enable => request(Method::POST, "/shelf/enable"),
            Operation::Disable => request(Method::POST, "/shelf/disable?cascade=true"),
            Operation::Upgrade | Operation::UpgradeWaiting => upload("/shelf/upgrade", NEW),
            Operation::UpgradeDrained => upload("/shelf/upgrade?drain=true", NEW),
            Operation::Rollback | Operation::RollbackWaiting => request(Method::POST, "/shelf/rollback"),
            Operation::RollbackReverting => request(Method::POST, "/shelf/rollback?revert=true"),
            Operation::Uninstall => request(Method::DELETE, "/shelf?data=keep&cascade=true"),
            Operation::Purge => request(Method::DELETE, "/shelf?data=purge&cascade=true"),
            Operation::Restore | Operation::RestoreWaiting => {
                let newest = admin.get(SNAPSHOTS).await.ok()["data"][0]["id"].take();
                request(Method::POST, &format!("/shelf/snapshots/{newest}/restore"))
            }
            Operation::Quarantine => return misbehave(&admin).await,
        };
        request.send().await.ok().map(|answer| answer.status().as_u16())
    }

    /// What must be found where `truth` is.
    fn told(&self, truth: &Truth) -> Told {
        let told = truth.told();
        let files = told.files + if self.has_reader() { 2 } else { 0 };
        if !self.is_used() {
            return Told { files, ..told };
        }
        // What is known of a job goes with the version that has it, an event that waits with the plugin.
        let versions = [self.old, *truth].map(|truth| truth.plugin.map(|(version, _)| version));
        let jobs = versions[1].filter(|_| versions[0] == versions[1]).map(job_of).into_iter();
        let jobs = jobs.map(str::to_owned).collect();
        Told { files, jobs, events: i64::from(truth.plugin.is_some()), ..told }
    }

    /// Whether the plugin has served before the operation.
    fn is_used(&self) -> bool {
        self.old.plugin.is_some() && !self.old.ledger.is_empty()
    }

    fn has_reader(&self) -> bool {
        matches!(self.operation, Operation::Disable | Operation::Uninstall | Operation::Purge)
    }

    /// Looks everywhere whether `expected` is true.
    pub(crate) async fn check(&self, server: &mut Server, expected: &Truth, point: &Point, answer: Option<u16>) {
        let answered = match point.fault {
            Fault::Kill => None,
            _ if point.is_settled() => Some(200),
            _ => Some(500),
        };
        assert_eq!(answer, answered, "{point}: {}", server.log());
        let mut admin = server.admin().await;
        let mut found = truth(server, &admin).await;
        // The host takes a plugin out even where it can't write it down: until the next start.
        if self.operation == Operation::Quarantine && found != self.told(expected) && point.fault != Fault::Kill {
            assert_eq!(found, self.told(&self.new), "{point}: {}", server.log());
            server.kill();
            server.start_again().await;
            admin = server.admin().await;
            found = truth(server, &admin).await;
        }
        // A plugin that could not be enabled says so.
        if self.operation == Operation::Enable && found.state() == Some("failed") {
            found.plugin = Some(("1.0.0".to_owned(), "disabled".to_owned()));
        }
        assert_eq!(found, self.told(expected), "{point}: {}", server.log());
        let keeps = self.old.plugin.is_some() && !(self.operation == Operation::Purge && point.is_settled());
        assert_eq!(kept(server).join("a").exists(), keeps, "{point}: what it keeps in files");
        let last = admin.get("/api/v1/plugins/operations?plugin=shelf&size=1").await.ok()["data"]["items"][0].take();
        let state = if point.is_settled() { "done" } else { "undone" };
        assert_eq!(last["state"], state, "{point}: {last}");
        if self.has_reader() {
            let (state, status) = if point.is_settled() { ("disabled", 404) } else { ("enabled", 200) };
            assert_eq!(admin.plugin(READER).await["state"], state, "{point}: {}", server.log());
            assert_eq!(server.anonymous().get("/api/v1/reader").await.status, status, "{point}");
        }
        let running = admin.get("/api/v1/plugins/operations?state=running").await.ok();
        assert_eq!(running["data"]["total"], 0, "{point}");
    }
}

/// What was found, as an owned twin of [`Truth`] with what must follow from it.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    plugin: Option<(String, String)>,
    versions: usize,
    ledger: Vec<i64>,
    menus: i64,
    books: Option<Vec<String>>,
    /// What the route answers.
    route: Option<String>,
    /// Whether sidebar, permission and document show it.
    shown: [bool; 2],
    /// Bundles and libraries in the store, files in staging.
    files: usize,
    /// The jobs of which something is known.
    jobs: Vec<String>,
    /// How many events wait for it.
    events: i64,
}

impl Told {
    fn state(&self) -> Option<&str> {
        self.plugin.as_ref().map(|(_, state)| state.as_str())
    }
}

impl Truth {
    fn told(&self) -> Told {
        let serves = self.plugin.filter(|(_, state)| *state == "enabled");
        Told {
            plugin: self.plugin.map(|(version, state)| (version.to_owned(), state.to_owned())),
            versions: self.versions,
            ledger: self.ledger.to_vec(),
            menus: self.menus,
            books: (!self.ledger.is_empty()).then(|| self.books.iter().map(|title| (*title).to_owned()).collect()),
            route: serves.map(|(version, _)| format!("{version} {}", self.books.join(","))),
            shown: [serves.is_some(); 2],
            files: 2 * self.versions,
            jobs: Vec::new(),
            events: 0,
        }
    }
}

async fn truth(server: &Server, admin: &Role) -> Told {
    let detail = admin.get("/api/v1/plugins/shelf").await;
    let detail = (detail.status == 200).then(|| detail.ok()["data"].take());
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let route = server.anonymous().get("/api/v1/shelf").await;
    let sidebar = admin.get("/api/v1/sys/menus/sidebar").await.ok()["data"].to_string();
    let document = admin.get("/openapi.json").await.text;
    let (ledger, menus, books) = rows(server, detail.is_some()).await;
    let (jobs, events) = errands(server).await;
    let files = server.plugin_files().into_iter().filter(|file| !file.starts_with("images/")).count();
    Told {
        versions: detail.as_ref().map_or(0, |detail| detail["versions"].as_array().expect("versions").len()),
        plugin: detail.map(|detail| (text(&detail["version"]), text(&detail["state"]))),
        ledger,
        menus,
        books,
        route: (route.status == 200).then_some(route.text),
        shown: [sidebar.contains("\"Shelf\""), document.contains("/api/v1/shelf\"")],
        files,
        jobs,
        events,
    }
}

/// The jobs of which something is known, and how many events wait.
async fn errands(server: &Server) -> (Vec<String>, i64) {
    let pool = server.pool().await;
    let database = pool.database();
    let jobs = database.query("SELECT name FROM plugin_job WHERE plugin_id = 'shelf'").fetch_all().await;
    let events = database.query("SELECT COUNT(*) FROM plugin_event WHERE plugin_id = 'shelf'").fetch_scalar().await;
    pool.close().await;
    (jobs.expect("names"), events.expect("a number"))
}

/// What is applied, how many menu entries there are, and the books; and that every table, row and entry has an owner.
async fn rows(server: &Server, is_installed: bool) -> (Vec<i64>, i64, Option<Vec<String>>) {
    let pool = server.pool().await;
    let database = pool.database();
    let has =
        async |table: &str| database.query(format!("SELECT COUNT(*) FROM {table}")).fetch_scalar::<i64>().await.ok();
    let ledger = database.query("SELECT version FROM _migrations_shelf ORDER BY version");
    let ledger: Vec<i64> = ledger.fetch_all().await.unwrap_or_default();
    let books: Option<Vec<String>> = database.query("SELECT title FROM shelf_book ORDER BY id").fetch_all().await.ok();
    assert_eq!(books.is_some(), ledger.contains(&1), "the first table fits the ledger");
    assert_eq!(has("shelf_loan").await, ledger.contains(&2).then_some(0), "the second table fits the ledger");
    assert_eq!(has("_migrations_shelf").await.is_some(), !ledger.is_empty(), "no ledger without a migration");
    let count = async |sql: &'static str| database.query(sql).fetch_scalar::<i64>().await.expect("a number");
    assert_eq!(count("SELECT COUNT(*) FROM plugin WHERE id = 'shelf'").await, i64::from(is_installed));
    if !is_installed {
        assert_eq!(count("SELECT COUNT(*) FROM plugin_version WHERE plugin_id = 'shelf'").await, 0);
    }
    let menus = count("SELECT COUNT(*) FROM sys_menu WHERE plugin_id = 'shelf'").await;
    pool.close().await;
    (ledger, menus, books)
}

const SNAPSHOTS: &str = "/api/v1/plugins/shelf/snapshots";

fn reader() -> Vec<u8> {
    let mut parts = Parts::of("steady_one").replaced("steady", READER);
    let manifest = format!("{}\n[dependencies]\nshelf = \"*\"\n", parts.manifest());
    parts.with_manifest(&manifest).zip()
}

/// The job that a version has.
fn job_of(version: &str) -> &'static str {
    if version == "1.0.0" { "dust" } else { "polish" }
}

/// Has a job run, and an event wait.
async fn use_it(server: &Server, admin: &Role, job: &str) {
    admin.post(&format!("/api/v1/plugins/shelf/jobs/{job}/run")).await.ok();
    let ended = async || admin.get("/api/v1/plugins/shelf/jobs").await.ok()["data"][0]["last_run"].is_object();
    eventually("the job has run", ended).await;
    let pool = server.pool().await;
    let insert = "INSERT INTO plugin_event (plugin_id, source, name, data, created_time, attempts, due_time) \
                  VALUES ('shelf', 'core', 'user_deleted', '{}', 0, 0, 9000000000000000)";
    pool.database().query(insert).execute().await.expect("writes");
    pool.close().await;
}

async fn add_book(server: &Server) {
    let pool = server.pool().await;
    let insert = pool.database().query("INSERT INTO shelf_book (title) VALUES ('Emma')");
    insert.execute().await.expect("writes");
    pool.close().await;
}

/// Panics until the host does something about it. Gives what became of that as a status; none if the server is gone.
async fn misbehave(admin: &Role) -> Option<u16> {
    let ask = async |path: &str| admin.request(Method::GET, path).send().await.ok();
    while ask("/api/v1/shelf/fall").await?.status() == 500 {}
    let path = "/api/v1/plugins/operations?plugin=shelf&operation=quarantine&size=1";
    loop {
        let told: Value = ask(path).await?.json().await.ok()?;
        match told["data"]["items"][0]["state"].as_str() {
            Some("done") => return Some(200),
            Some("undone") => return Some(500),
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// The folder with the plugin's files.
fn kept(server: &Server) -> std::path::PathBuf {
    server.data().join("files").join(PLUGIN)
}

/// Removes the plugin and whatever of it was kept.
async fn clear(admin: &Role) {
    let _ = admin.delete("/api/v1/plugins/reader?data=purge").await;
    // What was kept belongs to a plugin that is installed.
    let _ = admin.upload("/api/v1/plugins?enable=false", bundle::of(OLD)).await;
    let gone: Answer = admin.delete("/api/v1/plugins/shelf?data=purge").await;
    gone.ok();
}
