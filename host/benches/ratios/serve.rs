//! The host under load.

use backplane::app::Core;
use backplane::config::Config;
use backplane::http::dispatch::Dispatcher;
use backplane::http::{Cors, Edge, Language, Site, TrustedProxies, routes};
use backplane::plugin::AfterInstall;
use poem::endpoint::make_sync;
use poem::{Route, get};
use poem_openapi::OpenApi;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use zip::write::SimpleFileOptions;

#[path = "../../../plugins/fixtures/bench/src/api.rs"]
mod api;

/// A running host; ended when it is dropped.
pub(crate) struct Child {
    pub(crate) address: SocketAddr,
    _process: Process,
    _data: tempfile::TempDir,
}

impl Child {
    /// Starts a host with the benchmark's plugin and `many` others of ten routes each.
    pub(crate) async fn start(many: usize) -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let announced = data.path().join("address");
        let process = Process::start(data.path(), many);
        let began = Instant::now();
        loop {
            if let Ok(text) = std::fs::read_to_string(&announced)
                && let Ok(address) = text.parse()
            {
                return Self { address, _process: process, _data: data };
            }
            assert!(began.elapsed() < Duration::from_secs(120), "the host did not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

struct Process(std::process::Child);

impl Process {
    fn start(data: &Path, many: usize) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).arg(program).arg("--serve").arg(data).arg(many.to_string());
        Self(command.stdin(Stdio::null()).spawn().expect("taskset (util-linux) starts the host"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn run(arguments: &[String]) {
    let [data, many] = arguments else { panic!("--serve DATA MANY") };
    let many = many.parse().expect("a number");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    runtime.block_on(serve(Path::new(data), many));
}

async fn serve(data: &Path, many: usize) {
    // The preflight child is the product's own binary: this program has no such command.
    let core = Core::open(Config::load(None, std::iter::empty()).expect("the defaults"), data).await.expect("a core");
    install(&core, data, "bench", bundle("bench", None)).await;
    for number in 0..many {
        install(&core, data, "many", bundle("many", Some(number))).await;
    }
    let published = core.supervisor.published().clone();
    let authenticator = Arc::clone(core.admin.authenticator());
    let document = published.clone();
    let site = Site {
        name: "bench".to_owned(),
        version: "0".to_owned(),
        docs: false,
        console: None,
        uploads: core.uploads(),
        openapi: Arc::new(move || document.load().openapi().clone()),
        ready: Arc::new(|| Box::pin(async { Ok(()) })),
    };
    let compiled_in = routes::routes((core.admin.apis(), Native(api::Api)), Arc::clone(&authenticator), site);
    let core_routes = Route::new()
        .at(
            "/native/bytes",
            get(make_sync(|_| poem::Response::builder().content_type("application/octet-stream").body("hello, world"))),
        )
        .nest_no_strip("/", compiled_in);
    let core_routes = poem::EndpointExt::map_to_response(core_routes);
    let dispatcher = Dispatcher::new(core_routes, published, authenticator, TrustedProxies::default());
    let acceptor = backplane::http::listener::Listener::bind(([127, 0, 0, 1], 0).into()).await.expect("a port");
    std::fs::write(data.join("address.new"), acceptor.address().to_string()).expect("a file");
    std::fs::rename(data.join("address.new"), data.join("address")).expect("a file");
    let edge = Edge::new(dispatcher, Cors::new(&[]), Language::default());
    backplane::http::serve::serve(acceptor, edge, std::future::pending(), Duration::ZERO).await;
}

/// The same API below another path, so that both stand in one host.
struct Native(api::Api);

impl OpenApi for Native {
    fn meta() -> Vec<poem_openapi::registry::MetaApi> {
        let mut apis = api::Api::meta();
        for path in apis.iter_mut().flat_map(|api| &mut api.paths) {
            path.path.insert_str(0, "/native");
        }
        apis
    }

    fn register(registry: &mut poem_openapi::registry::Registry) {
        api::Api::register(registry);
    }

    fn add_routes(
        self,
        table: &mut std::collections::HashMap<
            String,
            std::collections::HashMap<poem::http::Method, poem::endpoint::BoxEndpoint<'static>>,
        >,
    ) {
        let mut own = std::collections::HashMap::new();
        self.0.add_routes(&mut own);
        table.extend(own.into_iter().map(|(path, methods)| (format!("/native{path}"), methods)));
    }
}

async fn install(core: &Core, data: &Path, name: &str, bundle: Vec<u8>) {
    let file = data.join("bundle.zip");
    std::fs::write(&file, bundle).expect("a file");
    let workplace = core.supervisor.workplace();
    let staged = workplace.store.stage_file(&file, u64::MAX).await.expect("staged");
    let installed = core.supervisor.install(staged, AfterInstall::Enable).await;
    assert!(installed.is_ok(), "{name}: {:?}", installed.err());
}

/// A bundle of the fixture `name`; with another number written over the digits of its id.
pub(crate) fn bundle(name: &str, number: Option<usize>) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = ["plugins", "plugins/fixtures"]
        .iter()
        .map(|folder| root.join(folder).join(name))
        .find(|folder| folder.exists());
    let folder = folder.expect("a plugin of that name");
    let digits = number.map(|number| format!("many_{number:03}"));
    let patched = |bytes: Vec<u8>| match &digits {
        Some(id) => replaced(bytes, b"many_000", id.as_bytes()),
        None => bytes,
    };
    let library = std::fs::read(release_folder(&root).join(format!("lib{name}.so")))
        .expect("the plugin is built: cargo xtask bench");
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    let mut add = |path: String, bytes: &[u8]| {
        zip.start_file(path, options).expect("an entry");
        zip.write_all(bytes).expect("an entry");
    };
    add("plugin.toml".to_owned(), &patched(std::fs::read(folder.join("plugin.toml")).expect("a manifest")));
    add("README.md".to_owned(), &std::fs::read(folder.join("README.md")).expect("a README"));
    add(format!("lib/{}/lib{name}.so", backplane::store::host_target()), &patched(library));
    zip.finish().expect("a zip").into_inner()
}

fn release_folder(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from).join("release")
}

fn replaced(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    let places: Vec<usize> =
        bytes.windows(from.len()).enumerate().filter(|(_, window)| *window == from).map(|(at, _)| at).collect();
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}
