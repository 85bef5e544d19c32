//! The host under load.

use crate::bundle::{self, Parts};
use backplane::app::Core;
use backplane::config::Config;
use backplane::http::dispatch::Dispatcher;
use backplane::http::{Cors, Edge, Language, Site, TrustedProxies, routes};
use backplane::plugin::AfterInstall;
use poem::endpoint::make_sync;
use poem::{Route, get};
use poem_openapi::OpenApi;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    install(&core, data, bundle::of("bench")).await;
    for number in 0..many {
        let many = Parts::of("many").replaced("many_000", &format!("many_{number:03}"));
        install(&core, data, many.zip()).await;
    }
    let published = core.supervisor.published().clone();
    let authenticator = Arc::clone(core.admin.authenticator());
    let document = published.clone();
    let site = Site {
        name: "bench".to_owned(),
        version: "0".to_owned(),
        time_zone: "UTC".to_owned(),
        docs: false,
        frame_policy: Cors::new(&[]).frame_policy(&[]),
        console: None,
        uploads: core.uploads(),
        published: published.clone(),
        openapi: Arc::new(move || document.load().openapi().clone()),
        ready: Arc::new(|| Box::pin(async { Ok(std::collections::BTreeMap::new()) })),
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

async fn install(core: &Core, data: &Path, bundle: Vec<u8>) {
    let file = data.join("bundle.zip");
    std::fs::write(&file, bundle).expect("a file");
    let workplace = core.supervisor.workplace();
    let staged = workplace.store.stage_file(&file, u64::MAX).await.expect("staged");
    let installed = core.supervisor.install(staged, AfterInstall::Enable).await;
    assert!(installed.is_ok(), "{:?}", installed.err());
}
