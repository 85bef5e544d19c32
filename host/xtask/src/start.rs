//! `cargo xtask start`: builds the server if it is stale, and becomes it.

use std::{
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{
    cargo::{cargo, program, root, words},
    console,
};

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    executable: Option<PathBuf>,
}

/// Builds, then runs `backplane serve` with these words. The server prints its URL and, at its
/// first start, the administrator's password.
pub(crate) fn run(serve: &[String]) -> Result<ExitCode> {
    let root = root()?;
    build_console(&root);
    let executable = build(&root)?;
    let mut server = program(executable.into_os_string());
    server.arg("serve").args(serve).current_dir(&root);
    become_program(server)
}

/// The server works without it, too.
fn build_console(root: &Path) {
    match console::build(root) {
        Ok(console::Outcome::Built | console::Outcome::Fresh) => {}
        Ok(console::Outcome::NoNode) => {
            eprintln!("there is no Node 20 or newer, so the server gets no console; / will say so");
        }
        Err(error) => eprintln!("the console could not be built, so the server keeps the one it has: {error:#}"),
    }
}

/// Cargo knows what is stale, and says where the program is.
pub(crate) fn build(root: &Path) -> Result<PathBuf> {
    let mut command = cargo(root);
    command
        .args(["build", "--release", "--package", "backplane", "--bin", "backplane"])
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped());
    let words = words(&command);
    let mut child = command.spawn().with_context(|| format!("run {words}"))?;
    let stdout = child.stdout.take().context("read what cargo says")?;
    let executable = BufReader::new(stdout)
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_str::<Message>(&line).ok()?.executable)
        .last();
    let status = child.wait().with_context(|| format!("run {words}"))?;
    if !status.success() {
        bail!("{words} failed with {status}");
    }
    executable.with_context(|| format!("{words} names no program"))
}

/// The server takes this process over: Ctrl-C and exit code are its own.
fn become_program(mut server: Command) -> Result<ExitCode> {
    let words = words(&server);
    let error = server.exec();
    Err(error).with_context(|| format!("run {words}"))
}
