//! Several servers over one PostgreSQL database and one Redis.

use crate::server::{DATABASE_VARIABLE, DEADLINE, Server, with_database};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where `cargo xtask test` says which Redis the tests may use.
const REDIS_VARIABLE: &str = "BACKPLANE_TEST_REDIS";

/// The settings that servers have in common.
pub(crate) struct Shared {
    settings: Vec<(String, String)>,
}

impl Shared {
    /// One more server.
    pub(crate) async fn node(&self) -> Server {
        let settings: Vec<(&str, &str)> = self.settings.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        Server::start_with(&settings).await
    }

    /// What a setting is.
    pub(crate) fn setting(&self, key: &str) -> &str {
        &self.settings.iter().find(|(known, _)| known == key).expect("a setting").1
    }

    /// With another setting.
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.settings.push((key.to_owned(), value.to_owned()));
        self
    }
}

/// Runs a test with settings for servers that share everything. Their keys and channels in the Redis
/// of all tests are their own, by the product's name.
pub(crate) async fn with_shared(test: impl AsyncFnOnce(Shared)) {
    let redis = std::env::var(REDIS_VARIABLE)
        .unwrap_or_else(|_| panic!("{REDIS_VARIABLE} is not set: cargo xtask test starts a Redis and sets it"));
    with_redis(&redis, test).await;
}

/// The same over the Redis at `url`.
pub(crate) async fn with_redis(url: &str, test: impl AsyncFnOnce(Shared)) {
    with_database(async |database| {
        let name = uuid::Uuid::new_v4().simple().to_string();
        let settings = [
            (DATABASE_VARIABLE, database),
            ("APP__REDIS__URL", url),
            ("APP__SERVER__NAME", &name),
            ("APP__AUTH__JWT_SECRET", "the nodes of a test have one secret"),
        ];
        let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        test(Shared { settings }).await;
    })
    .await;
}

/// A Redis of the test's own, to be stopped and started.
pub(crate) struct OwnRedis {
    process: Child,
    port: u16,
}

impl OwnRedis {
    pub(crate) fn start() -> Self {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|any| any.local_addr()).expect("a port").port();
        Self { process: Self::run(port), port }
    }

    /// Where it answers.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends it at once.
    pub(crate) fn stop(&mut self) {
        self.process.kill().expect("killed");
        self.process.wait().expect("ended");
    }

    /// Starts it again at the same place, empty.
    pub(crate) fn start_again(&mut self) {
        self.process = Self::run(self.port);
    }

    fn run(port: u16) -> Child {
        let mut program = Command::new("redis-server");
        program.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        let process = program.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("redis-server starts");
        let began = Instant::now();
        while !answers(port) {
            assert!(began.elapsed() < DEADLINE, "Redis does not answer");
            std::thread::sleep(Duration::from_millis(5));
        }
        process
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn answers(port: u16) -> bool {
    let ping = || -> std::io::Result<[u8; 5]> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.write_all(b"PING\r\n")?;
        let mut answer = [0; 5];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    };
    ping().is_ok_and(|answer| answer == *b"+PONG")
}
