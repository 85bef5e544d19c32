//! How long the operations take on the product's own binary, and what it takes of memory.

use crate::bundle::{self, Parts};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PASSWORD: &str = "Benchmark-1";
const TOGGLES: usize = 20;
/// Of so many installed plugins the first half serves.
const PLUGINS: usize = 200;
const PLANS: usize = 10;
const STARTS: usize = 3;

pub(crate) async fn report() -> Value {
    let data = tempfile::tempdir().expect("a directory");
    let client = Client::new();
    // The first start makes the schema; the second is what operators see every day.
    let (mut server, first_ms, _) = started(data.path(), &client).await;
    server.end();
    let (server, start_ms, url) = started(data.path(), &client).await;
    let admin = Admin::log_in(&client, &url).await;

    let install_ms = admin.timed_install("hello", "/api/v1/hello").await;
    admin.timed_install("notice", "/api/v1/hello").await;
    let (mut disable, mut enable) = (Vec::new(), Vec::new());
    for _ in 0..TOGGLES {
        disable.push(admin.timed(Method::POST, "/api/v1/plugins/hello/disable").await);
        enable.push(admin.timed(Method::POST, "/api/v1/plugins/hello/enable").await);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let memory = super::rounded(server.resident_mib());
    let mut plans = Vec::new();
    for _ in 0..PLANS {
        plans.push(admin.timed_plan("wide").await);
    }
    json!({
        "first_start_to_first_answer_ms": first_ms,
        "start_to_first_answer_ms": start_ms,
        "install_to_first_200_ms": install_ms,
        "disable_ms": super::rounded(super::median(&mut disable)),
        "enable_ms": super::rounded(super::median(&mut enable)),
        "of_a_toggle_for_the_journal_ms": journal_ms().await,
        "plan_of_20_migrations_and_100_routes_ms": super::rounded(super::median(&mut plans)),
        "start_with_200_plugins_to_ready_ms": start_of_many_ms().await,
        "idle_memory_with_two_plugins_mib": memory,
    })
}

/// The statements on the journal that a toggle runs beside those on the plugin's own rows, each with its commit.
async fn journal_ms() -> f64 {
    let data = tempfile::tempdir().expect("a directory");
    let client = Client::new();
    let log = data.path().join("log");
    let traced = [("APP__LOG__LEVEL", "warn,backplane::db=trace"), ("APP__LOG__FORMAT", "json")];
    let (server, _, url) = started_with(data.path(), &client, &traced, Some(&log)).await;
    let admin = Admin::log_in(&client, &url).await;
    admin.timed_install("hello", "/api/v1/hello").await;
    let before = journal_us(&log);
    for _ in 0..TOGGLES {
        admin.timed(Method::POST, "/api/v1/plugins/hello/disable").await;
        admin.timed(Method::POST, "/api/v1/plugins/hello/enable").await;
    }
    drop(server);
    super::rounded((journal_us(&log) - before) / 1_000.0 / (2 * TOGGLES) as f64)
}

/// What the log says of all of them.
fn journal_us(log: &Path) -> f64 {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let took = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        let is_journal = line["sql"].as_str()?.contains("plugin_operation");
        line["took_us"].as_str().filter(|_| is_journal)?.parse::<f64>().ok()
    };
    text.lines().filter_map(took).sum()
}

/// The median of some starts on the same data.
async fn start_of_many_ms() -> f64 {
    let data = tempfile::tempdir().expect("a directory");
    let client = Client::new();
    let (mut server, _, url) = started(data.path(), &client).await;
    let admin = Admin::log_in(&client, &url).await;
    for number in 0..PLUGINS {
        let bundle = Parts::of("many").replaced("many_000", &format!("many_{number:03}")).zip();
        admin.install_as(bundle, number < PLUGINS / 2).await;
    }
    server.end();
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let (mut server, took, _) = started(data.path(), &client).await;
        server.end();
        starts.push(took);
    }
    super::median(&mut starts)
}

struct Server(Child);

impl Server {
    fn end(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    fn resident_mib(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

async fn started(data: &Path, client: &Client) -> (Server, f64, String) {
    started_with(data, client, &[], None).await
}

async fn started_with(
    data: &Path,
    client: &Client,
    settings: &[(&str, &str)],
    log: Option<&Path>,
) -> (Server, f64, String) {
    let output = log.map_or_else(Stdio::null, |log| std::fs::File::create(log).expect("a file").into());
    let announced = data.join("server.json");
    let _ = std::fs::remove_file(&announced);
    let began = Instant::now();
    let process = Command::new(env!("CARGO_BIN_EXE_backplane"))
        .args(["serve", "--port", "0", "--data"])
        .arg(data)
        .env("APP__ADMIN__PASSWORD", PASSWORD)
        .stdin(Stdio::null())
        .envs(settings.iter().copied())
        .stdout(Stdio::null())
        .stderr(output)
        .spawn()
        .expect("the server starts");
    let server = Server(process);
    loop {
        if let Ok(text) = std::fs::read_to_string(&announced)
            && let Ok(json) = serde_json::from_str::<Value>(&text)
            && let Some(url) = json["url"].as_str()
            && client.get(format!("{url}/readyz")).send().await.is_ok_and(|answer| answer.status().is_success())
        {
            return (server, super::rounded(milliseconds(began)), url.to_owned());
        }
        assert!(began.elapsed() < Duration::from_secs(60), "the server did not start");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

struct Admin<'a> {
    client: &'a Client,
    url: &'a str,
    token: String,
}

impl<'a> Admin<'a> {
    async fn log_in(client: &'a Client, url: &'a str) -> Self {
        let login =
            client.post(format!("{url}/api/v1/auth/login")).json(&json!({ "username": "admin", "password": PASSWORD }));
        let answer: Value = login.send().await.expect("an answer").json().await.expect("JSON");
        let token = answer["data"]["access_token"].as_str().expect("a token").to_owned();
        Self { client, url, token }
    }

    /// From the upload's beginning to the first 200 of the plugin's route.
    async fn timed_install(&self, name: &str, route: &str) -> f64 {
        let form = Form::new().part("file", Part::bytes(bundle::of(name)).file_name(format!("{name}.zip")));
        let began = Instant::now();
        let upload = self
            .client
            .post(format!("{}/api/v1/sys/plugins?type=zip", self.url))
            .bearer_auth(&self.token)
            .multipart(form);
        let installed = upload.send().await.expect("an answer");
        assert!(installed.status().is_success(), "{}", installed.text().await.unwrap_or_default());
        let answer = self.client.get(format!("{}{route}", self.url)).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.status());
        super::rounded(milliseconds(began))
    }

    async fn install_as(&self, bundle: Vec<u8>, enabled: bool) {
        let form = Form::new().part("file", Part::bytes(bundle).file_name("bundle.zip"));
        let path = format!("{}/api/v1/plugins?enable={enabled}", self.url);
        let answer = self.client.post(path).bearer_auth(&self.token).multipart(form).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
    }

    /// From the upload's beginning to the whole plan.
    async fn timed_plan(&self, name: &str) -> f64 {
        let form = Form::new().part("file", Part::bytes(bundle::of(name)).file_name(format!("{name}.zip")));
        let began = Instant::now();
        let upload = self.client.post(format!("{}/api/v1/plugins/plans", self.url)).bearer_auth(&self.token);
        let answer = upload.multipart(form).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.status());
        let plan: Value = answer.json().await.expect("JSON");
        assert_eq!(plan["data"]["migrations"].as_array().map(Vec::len), Some(20));
        milliseconds(began)
    }

    async fn timed(&self, method: Method, path: &str) -> f64 {
        let began = Instant::now();
        let answer = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token).send().await;
        assert!(answer.expect("an answer").status().is_success(), "{path}");
        milliseconds(began)
    }
}

fn milliseconds(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1_000.0
}
