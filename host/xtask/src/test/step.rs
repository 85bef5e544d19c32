//! The steps: a heading for each, and what failed at the end.

use std::{
    io::{self, BufRead, BufReader, Write},
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};

use super::tally::Tally;
use crate::cargo::{succeed, words};

/// What was run so far.
#[derive(Debug, Default)]
pub(super) struct Steps {
    tally: Tally,
    failed: Vec<String>,
}

impl Steps {
    /// Announces what comes.
    pub(super) fn heading(&self, name: &str) {
        say(&format!("\n==== {name} ===="));
    }

    /// A line below a heading.
    pub(super) fn note(&self, text: &str) {
        say(text);
    }

    /// A check that is one command.
    pub(super) fn run(&mut self, name: &str, command: &mut Command) {
        self.attempt(name, || succeed(command));
    }

    /// A check that is one function.
    pub(super) fn attempt(&mut self, name: &str, check: impl FnOnce() -> Result<()>) {
        self.heading(name);
        let started = Instant::now();
        match check() {
            Ok(()) => self.note(&format!("{name}: ok in {:.1?}", started.elapsed())),
            Err(error) => self.failure(name, &format!("{error:#}")),
        }
    }

    /// A `cargo test`, whose results are counted.
    pub(super) fn test(&mut self, name: &str, command: &mut Command) {
        self.heading(name);
        let mut tally = Tally::default();
        let outcome = count(command, &mut tally);
        self.tally.add(tally);
        match outcome {
            Ok(()) => {}
            // The tests that failed are counted already.
            Err(_) if tally.failed > 0 => self.failed.push(name.to_owned()),
            Err(error) => self.failure(name, &format!("{error:#}")),
        }
    }

    /// A step that failed as a whole counts as one failure.
    fn failure(&mut self, name: &str, why: &str) {
        self.note(&format!("{name}: FAILED: {why}"));
        self.failed.push(name.to_owned());
        self.tally.failed += 1;
    }

    /// Says what failed, then the count as the last line.
    pub(super) fn finish(self) -> ExitCode {
        self.heading("Result");
        for name in &self.failed {
            say(&format!("failed: {name}"));
        }
        say(&self.tally.to_string());
        if self.failed.is_empty() && self.tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// Runs a `cargo test`, shows what it writes and counts its results.
fn count(command: &mut Command, tally: &mut Tally) -> Result<()> {
    let words = words(command);
    let running = || format!("run {words}");
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(running)?;
    let stdout = child.stdout.take().with_context(running)?;
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line.with_context(running)?;
        let line = String::from_utf8_lossy(&line);
        say(&line);
        tally.read(&line);
    }
    let status = child.wait().with_context(running)?;
    if !status.success() {
        bail!("{words} failed with {status}");
    }
    Ok(())
}

/// One line on stdout; a reader who went away does not end the tests.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
