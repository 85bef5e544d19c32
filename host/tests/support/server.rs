//! The real program on a data directory of its own, and people who use it through HTTP.

use backplane::db::Pool;
use futures_util::FutureExt;
use reqwest::header::{ACCEPT_LANGUAGE, HeaderMap, HeaderValue};
use reqwest::multipart::{Form, Part};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Nothing here takes longer unless it hangs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);
/// Where `cargo xtask test` says which PostgreSQL the tests may use.
const POSTGRES_VARIABLE: &str = "BACKPLANE_TEST_POSTGRES";
/// Says which database a server uses.
pub(crate) const DATABASE_VARIABLE: &str = "APP__DATABASE__URL";
/// Says, as a setting of a server, that it is the test program itself, which can be one.
pub(crate) const PROGRAM_VARIABLE: &str = "BACKPLANE_TEST_PROGRAM";
/// The password of `admin` in every test.
pub(crate) const PASSWORD: &str = "hunter22-hunter22";

/// A running server. It is killed when it is dropped.
pub(crate) struct Server {
    process: Process,
    _log: Log,
    data: PathBuf,
    settings: Vec<(String, String)>,
    url: String,
    client: Client,
    _folder: Option<tempfile::TempDir>,
}

/// Somebody who sends requests.
#[derive(Clone)]
pub(crate) struct Role {
    client: Client,
    url: String,
    token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body, as far as it is text.
    pub(crate) text: String,
}

impl Server {
    /// Starts on an empty directory.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with settings, as `("APP__SECTION__KEY", "value")`.
    pub(crate) async fn start_with(settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        Self { _folder: Some(folder), ..Self::start_in(data, settings).await }
    }

    /// Starts on a directory that is somebody else's.
    pub(crate) async fn start_on(data: PathBuf) -> Self {
        Self::start_in(data, &[]).await
    }

    /// The same with settings.
    pub(crate) async fn start_in(data: PathBuf, settings: &[(&str, &str)]) -> Self {
        let settings: Vec<_> = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        // The process chooses its provider of cryptography once; here every test may be the first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let english = [(ACCEPT_LANGUAGE, HeaderValue::from_static("en-US"))].into_iter().collect();
        let client = Client::builder().timeout(DEADLINE).default_headers(english).build().expect("a client");
        let process = Process(spawn(&data, &settings));
        let _log = Log(log_file(&data));
        let mut server = Self { process, _log, data, settings, url: String::new(), client, _folder: None };
        server.wait().await;
        server
    }

    /// Starts again on the same directory, after [`Server::kill`] or [`Server::terminate`].
    pub(crate) async fn start_again(&mut self) {
        self.process = Process(spawn(&self.data, &self.settings));
        self.wait().await;
    }

    async fn wait(&mut self) {
        let file = self.data.join("server.json");
        let pid = u64::from(self.process.0.id());
        let began = Instant::now();
        loop {
            let announced = std::fs::read(&file).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
            // A server that was killed leaves its own file behind.
            if let Some(announced) = announced.filter(|announced| announced["pid"] == pid) {
                announced["url"].as_str().expect("a URL").clone_into(&mut self.url);
                return;
            }
            if let Some(status) = self.process.0.try_wait().expect("a process") {
                panic!("the server ended with {status}: {}", self.log());
            }
            assert!(began.elapsed() < DEADLINE, "the server does not answer: {}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.process.0.kill().expect("killed");
        self.process.0.wait().expect("ended");
    }

    /// Asks it to end, and waits.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        self.signal("TERM");
        let began = Instant::now();
        loop {
            if let Some(status) = self.process.0.try_wait().expect("a process") {
                return status;
            }
            assert!(began.elapsed() < DEADLINE, "the server does not end: {}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Stops it where it stands, or lets it go on: `STOP` or `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let kill = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.process.0.id())]).status();
        assert!(kill.expect("a shell").success());
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// Lets its users believe a certificate, in PEM form.
    pub(crate) fn trust(&mut self, certificate: &str) {
        let certificate = reqwest::Certificate::from_pem(certificate.as_bytes()).expect("a certificate");
        let english = [(ACCEPT_LANGUAGE, HeaderValue::from_static("en-US"))].into_iter().collect();
        let client = Client::builder().timeout(DEADLINE).default_headers(english).add_root_certificate(certificate);
        self.client = client.build().expect("a client");
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.url.rsplit('/').next().expect("a URL").parse().expect("an address")
    }

    /// Its data directory.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// The settings that it was started with, as environment variables.
    pub(crate) fn settings(&self) -> &[(String, String)] {
        &self.settings
    }

    /// Has the next start find another value of a setting.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        self.settings.retain(|(known, _)| known != key);
        self.settings.push((key.to_owned(), value.to_owned()));
    }

    /// What it wrote so far, answers and log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(log_file(&self.data)).unwrap_or_default()
    }

    /// Somebody without a token.
    pub(crate) fn anonymous(&self) -> Role {
        Role { client: self.client.clone(), url: self.url.clone(), token: None }
    }

    /// The super-user.
    pub(crate) async fn admin(&self) -> Role {
        self.user("admin", PASSWORD).await
    }

    /// Whoever logs in by this name.
    pub(crate) async fn user(&self, username: &str, password: &str) -> Role {
        let body = serde_json::json!({"username": username, "password": password});
        let answer = self.anonymous().post_json("/api/v1/auth/login", &body).await.ok();
        let token = answer["data"]["access_token"].as_str().expect("a token").to_owned();
        Role { token: Some(token), ..self.anonymous() }
    }

    /// The same person, asking this server.
    pub(crate) fn known(&self, role: &Role) -> Role {
        Role { token: role.token.clone(), ..self.anonymous() }
    }

    /// The server's database, opened a second time.
    pub(crate) async fn pool(&self) -> Pool {
        let configured = self.settings().iter().find(|(key, _)| key == DATABASE_VARIABLE);
        let url = match configured {
            Some((_, url)) => url.clone(),
            None => format!("sqlite://{}", self.data.join("backplane.db").display()),
        };
        Pool::open(&url).await.expect("the database opens")
    }

    /// An ordinary user with the permission codes `perms`, written into the database itself.
    pub(crate) async fn member(&self, perms: &[&str]) -> Role {
        let pool = self.pool().await;
        let database = pool.database();
        let statements = [
            "INSERT INTO sys_role (id, name, status, created_time) VALUES (70, 'members', 1, 0)",
            "INSERT INTO sys_user (id, uuid, username, nickname, password, status, is_staff, is_multi_login, join_time, \
             created_time) SELECT 70, 'member-uuid', 'member', 'member', password, 1, TRUE, TRUE, 0, 0 FROM sys_user \
             WHERE username = 'admin'",
            "INSERT INTO sys_user_role (user_id, role_id) VALUES (70, 70)",
        ];
        for statement in statements {
            database.query(statement).execute().await.expect("a row");
        }
        for perm in perms {
            let grant = "INSERT INTO sys_role_menu (role_id, menu_id) SELECT 70, id FROM sys_menu WHERE perms = $1";
            let granted = database.query(grant).bind(*perm).execute().await.expect("a row");
            assert_eq!(granted, 1, "a menu entry grants {perm}");
        }
        pool.close().await;
        self.user("member", PASSWORD).await
    }

    /// Every file in the data directory's folders for bundles, libraries, uploads and images.
    pub(crate) fn plugin_files(&self) -> Vec<String> {
        let mut files = Vec::new();
        let mut folders = ["store", "staging", "images"].map(|folder| self.data.join(folder)).to_vec();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(path.strip_prefix(&self.data).expect("inside").display().to_string());
                }
            }
        }
        files.sort();
        files
    }
}

/// Ended when it is dropped.
struct Process(Child);

/// Printed when its test fails.
struct Log(PathBuf);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = std::fs::read_to_string(&self.0).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            tail.iter().rev().for_each(|line| eprintln!("server: {line}"));
        }
    }
}

fn log_file(data: &Path) -> PathBuf {
    data.with_extension("log")
}

fn spawn(data: &Path, settings: &[(String, String)]) -> Child {
    let log = std::fs::File::options().create(true).append(true).open(log_file(data)).expect("a log file");
    let errors = log.try_clone().expect("a log file");
    let is_this_test = settings.iter().any(|(key, _)| key == PROGRAM_VARIABLE);
    let mut program = match std::env::current_exe() {
        Ok(this_test) if is_this_test => Command::new(this_test),
        _ => Command::new(env!("CARGO_BIN_EXE_backplane")),
    };
    program.args(["serve", "--port", "0", "--data"]).arg(data).env("APP__ADMIN__PASSWORD", PASSWORD);
    // Tests log in often; those about the limit set it.
    program.env("APP__LIMITS__LOGIN_PER_MINUTE", "0");
    program.envs(settings.iter().map(|(key, value)| (key, value)));
    program.stdin(Stdio::null()).stdout(log).stderr(errors).spawn().expect("the server starts")
}

impl Role {
    /// One request, with the role's token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::POST, path)).await
    }

    pub(crate) async fn put(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::PUT, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    /// Sends a file as the field `file`.
    pub(crate) async fn upload(&self, path: &str, bundle: Vec<u8>) -> Answer {
        let form = Form::new().part("file", Part::bytes(bundle).file_name("bundle.zip"));
        Answer::of(self.request(Method::POST, path).multipart(form)).await
    }

    /// Installs by the contract's route.
    pub(crate) async fn install(&self, bundle: Vec<u8>) -> Answer {
        self.upload("/api/v1/sys/plugins?type=zip", bundle).await
    }

    /// What the fuller interface says of a plugin.
    pub(crate) async fn plugin(&self, id: &str) -> Value {
        self.get(&format!("/api/v1/plugins/{id}")).await.ok()["data"].take()
    }
}

impl Answer {
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.expect("a whole body");
        Self { status, headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    /// The body of a 200, as JSON.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The message of a refusal in the envelope, after a look at the envelope.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        let body = self.json();
        let keys: Vec<&str> = body.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, ["code", "msg", "data", "trace_id"], "{body}");
        assert_eq!(body["code"], status);
        body["msg"].as_str().expect("a message").to_owned()
    }
}

/// Runs a test on a server with a PostgreSQL database of its own.
pub(crate) async fn with_postgres(test: impl AsyncFnOnce(&Server)) {
    with_postgres_and(&[], async |server| test(server).await).await;
}

/// The same with further settings, for a test that restarts or stops the server as well.
pub(crate) async fn with_postgres_and(settings: &[(&str, &str)], test: impl AsyncFnOnce(&mut Server)) {
    with_database(async |url| {
        let mut server = Server::start_with(&[&[(DATABASE_VARIABLE, url)], settings].concat()).await;
        test(&mut server).await;
    })
    .await;
}

/// Runs a test with the URL of an empty PostgreSQL database, which is dropped afterwards.
pub(crate) async fn with_database(test: impl AsyncFnOnce(&str)) {
    let admin_url = std::env::var(POSTGRES_VARIABLE)
        .unwrap_or_else(|_| panic!("{POSTGRES_VARIABLE} is not set: cargo xtask test starts a PostgreSQL and sets it"));
    let name = format!("backplane_test_{}", uuid::Uuid::new_v4().simple());
    let admin = Pool::open(&admin_url).await.expect("PostgreSQL answers");
    admin.database().query(format!("CREATE DATABASE {name}")).execute().await.expect("creates");
    let (place, _) = admin_url.rsplit_once('/').expect("a URL with a database");
    let outcome = AssertUnwindSafe(test(&format!("{place}/{name}"))).catch_unwind().await;
    admin.database().query(format!("DROP DATABASE {name} WITH (FORCE)")).execute().await.expect("drops");
    admin.close().await;
    if let Err(panic) = outcome {
        resume_unwind(panic);
    }
}

/// Waits until `condition` holds.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < DEADLINE, "it did not come to this: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
