//! Unloading is real: images are gone from the process's maps, or listed with the reason.
//!
//! In process, so that rounds are cheap; the same through HTTP is in `swap.rs`.

#![expect(clippy::print_stdout, reason = "what was measured is worth reading")]

use backplane::loader::{
    CallBody, CallHead, Caller, Generation, ImageState, Loader, LoaderSettings, ResponseBody, UnloadPolicy,
};
use futures_util::future::BoxFuture;
use plugin_api::Permitted;
use plugin_api::db::{DbError, DbErrorKind, Dialect, Executor, Value};
use plugin_api::services::{HostServices, Level};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(10);

struct NoDatabase;

fn none<T: Send + 'static>() -> BoxFuture<'static, Result<T, DbError>> {
    Box::pin(std::future::ready(Err(DbError { kind: DbErrorKind::Unavailable, message: String::new() })))
}

impl Executor for NoDatabase {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }
    fn query(&self, _: u64, _: &str, _: Vec<Value>) -> BoxFuture<'static, Result<bytes::Bytes, DbError>> {
        none()
    }
    fn execute(&self, _: u64, _: &str, _: Vec<Value>) -> BoxFuture<'static, Result<u64, DbError>> {
        none()
    }
    fn begin(&self) -> BoxFuture<'static, Result<u64, DbError>> {
        none()
    }
    fn commit(&self, _: u64) -> BoxFuture<'static, Result<(), DbError>> {
        none()
    }
    fn rollback(&self, _: u64) -> BoxFuture<'static, Result<(), DbError>> {
        none()
    }
    fn abandon(&self, _: u64) {}
    fn new_id(&self) -> Option<i64> {
        None
    }
}

impl HostServices for NoDatabase {
    fn log(&self, _: Level, _: &str, _: &str, _: &str) {}
    fn now_ms(&self) -> i64 {
        0
    }
    fn format_time(&self, _: i64) -> String {
        String::new()
    }
    fn sleep(&self, ms: u64) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(Duration::from_millis(ms)))
    }
    fn settings(&self) -> String {
        "{}".to_owned()
    }
    fn id_form(&self) -> plugin_api::IdForm {
        plugin_api::IdForm::Number
    }
    fn permitted(&self, _: i64, _: &str) -> BoxFuture<'static, Result<Permitted, DbError>> {
        none()
    }
    fn panicked(&self, _: &str) {}
}

fn library(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"), PathBuf::from);
    let path = target.join("release").join(format!("lib{name}.so"));
    assert!(path.exists(), "{} is missing: cargo xtask test builds it", path.display());
    path
}

fn loader(directory: &Path) -> Arc<Loader> {
    let settings = LoaderSettings { copies_dir: directory.join("images"), unload: UnloadPolicy::Verified };
    Loader::new(settings).expect("a loader")
}

async fn start(loader: &Arc<Loader>, name: &str) -> Arc<Generation> {
    let image = loader.open(&library(name)).expect("the library opens");
    image.start(Arc::new(NoDatabase), DEADLINE).await.expect("the plugin starts")
}

async fn call(generation: &Arc<Generation>, route: u32) -> String {
    let headers = http::HeaderMap::new();
    let head = CallHead {
        route,
        method: "GET",
        uri: "/x",
        original_uri: "/api/v1/x",
        headers: &headers,
        params: &[],
        caller: Caller::default(),
    };
    let answer = generation.lease().expect("a lease").call(&head, CallBody::Empty).await.expect("an answer");
    match answer.body {
        ResponseBody::Full(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        ResponseBody::Empty => String::new(),
        ResponseBody::Stream(_) => "(stream)".to_owned(),
    }
}

async fn retire(generation: Arc<Generation>) {
    generation.drain(DEADLINE).await.expect("drained");
    let _ = generation.stop(DEADLINE).await;
    generation.retire();
}

fn unloaded(loader: &Loader) -> bool {
    let began = Instant::now();
    while !loader.images().is_empty() && began.elapsed() < DEADLINE {
        std::thread::sleep(Duration::from_millis(1));
    }
    loader.images().is_empty()
}

/// Private anonymous memory in KiB.
fn anonymous_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/smaps_rollup").expect("smaps");
    let line = text.lines().find(|line| line.starts_with("Anonymous:")).expect("a line");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("fds").count()
}

async fn round(loader: &Arc<Loader>, name: &str) {
    let generation = start(loader, name).await;
    let calls = (0..4).map(|_| {
        let generation = Arc::clone(&generation);
        tokio::spawn(async move {
            for _ in 0..16 {
                call(&generation, 0).await;
            }
        })
    });
    for task in calls.collect::<Vec<_>>() {
        task.await.expect("the calls");
    }
    retire(generation).await;
    assert!(unloaded(loader), "{name}: {:?}", loader.images());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_rounds_leave_nothing_behind() {
    let directory = tempfile::tempdir().expect("a directory");
    let loader = loader(directory.path());
    let names = ["steady_one", "hello", "tls_destructor", "thread_current", "own_runtime"];
    for round_number in 0..100 {
        round(&loader, names[round_number % names.len()]).await;
    }
    let (memory, files) = (anonymous_kib(), descriptors());
    const ROUNDS: usize = 1_000;
    for round_number in 0..ROUNDS {
        round(&loader, names[round_number % names.len()]).await;
    }
    let growth = (anonymous_kib() as f64 - memory as f64) / ROUNDS as f64;
    println!("growth: {growth:.2} KiB a round, file descriptors {files} -> {}", descriptors());
    assert!(growth <= 4.0, "{growth} KiB a round");
    assert!(descriptors() <= files + 2, "{files} -> {}", descriptors());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_left_running_is_told() {
    let directory = tempfile::tempdir().expect("a directory");
    let loader = loader(directory.path());
    let generation = start(&loader, "thread_left_running").await;
    retire(generation).await;
    let began = Instant::now();
    loop {
        if let [image] = loader.images().as_slice()
            && let ImageState::Retained { reason } = &image.state
        {
            assert!(reason.contains("left 1 threads running"), "{reason}");
            break;
        }
        assert!(began.elapsed() < DEADLINE, "{:?}", loader.images());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
