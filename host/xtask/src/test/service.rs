//! A program that runs beside the tests and ends with them.

use std::{
    fs::{self, File},
    io,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::cargo::words;

/// How long a program may take until it answers.
const READY_DEADLINE: Duration = Duration::from_secs(30);
/// How often it is asked.
const PAUSE: Duration = Duration::from_millis(50);

/// A running program; dropping it ends it.
pub(super) struct Service {
    child: Child,
    log: PathBuf,
}

impl Service {
    /// Starts a program whose words go to `log`, and waits until `is_ready`.
    pub(super) fn start(command: &mut Command, log: PathBuf, is_ready: impl Fn() -> bool) -> Result<Self> {
        let words = words(command);
        let file = File::create(&log).with_context(|| format!("create {}", log.display()))?;
        let errors = file.try_clone().context("share the log")?;
        let child = command.stdout(file).stderr(errors).spawn();
        let child = child.with_context(|| format!("run {words}"))?;
        let mut service = Self { child, log };
        service.wait_for(&words, is_ready)?;
        Ok(service)
    }

    fn wait_for(&mut self, words: &str, is_ready: impl Fn() -> bool) -> Result<()> {
        let started = Instant::now();
        while !is_ready() {
            if let Some(status) = self.child.try_wait().context("ask for its state")? {
                bail!("{words} ended with {status}: {}", self.words());
            }
            if started.elapsed() > READY_DEADLINE {
                bail!("{words} does not answer after {READY_DEADLINE:?}: {}", self.words());
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn words(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself; there is nobody to tell if it cannot be ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port of the loopback interface that nobody listens on.
pub(super) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("find a free port")?;
    Ok(listener.local_addr().context("find a free port")?.port())
}

/// A program on the path.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_file(file).unwrap_or(false))
}

fn is_file(path: &Path) -> io::Result<bool> {
    Ok(fs::metadata(path)?.is_file())
}
