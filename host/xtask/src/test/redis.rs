//! A Redis of the tests' own: on a free port, in memory only.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::service::{Service, free_port};

const ANSWER_DEADLINE: Duration = Duration::from_secs(1);

/// A running Redis; dropping it ends it and removes its directory.
pub(super) struct Redis {
    // Ends before its directory goes.
    _service: Service,
    _directory: TempDir,
    port: u16,
}

impl Redis {
    /// Starts it and waits until it answers.
    pub(super) fn start() -> Result<Self> {
        let directory = tempfile::tempdir().context("make a temporary directory")?;
        let port = free_port()?;
        let mut command = Command::new("redis-server");
        command
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(directory.path());
        let log = directory.path().join("log");
        Ok(Self { _service: Service::start(&mut command, log, || answers(port))?, _directory: directory, port })
    }

    /// Where it answers.
    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

fn answers(port: u16) -> bool {
    ping(port).is_ok_and(|answer| answer == *b"+PONG")
}

fn ping(port: u16) -> std::io::Result<[u8; 5]> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(ANSWER_DEADLINE))?;
    stream.write_all(b"PING\r\n")?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_redis_answers_and_leaves_nothing() {
        let redis = Redis::start().unwrap();
        let (port, directory) = (redis.port, redis._directory.path().to_owned());
        assert!(answers(port), "{}", redis.url());
        drop(redis);
        assert!(!answers(port));
        assert!(!directory.exists());
    }
}
