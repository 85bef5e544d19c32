//! `cargo xtask test`: everything that must hold, in one command, the same on every machine.
//!
//! Each step runs even when an earlier one failed; the last line counts.

mod compilers;
mod console;
mod licences;
mod postgres;
mod redis;
mod requirements;
mod schemathesis;
mod service;
mod step;
mod tally;

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};

use self::{postgres::Postgres, redis::Redis, step::Steps};
use crate::cargo::{cargo, root};

/// The tests find their PostgreSQL here.
const POSTGRES_VARIABLE: &str = "BACKPLANE_TEST_POSTGRES";
/// The tests find their Redis here.
const REDIS_VARIABLE: &str = "BACKPLANE_TEST_REDIS";

/// Runs everything, or only the tests whose names hold `filter`.
pub(crate) fn run(filter: Option<&str>) -> Result<ExitCode> {
    let root = root()?;
    let mut steps = Steps::default();
    steps.heading("What the tests need");
    requirements::provide()?;
    if filter.is_none() {
        console::build(&root, &mut steps);
        check(&root, &mut steps);
    }
    let plugins = plugins(&root)?;
    for plugin in &plugins {
        let mut build = cargo(&root);
        build.args(["build", "--release", "--manifest-path"]);
        build.arg(plugin.join("Cargo.toml"));
        steps.run(&format!("Build {}", below(&root, plugin)), &mut build);
    }
    compilers::build(&root, &mut steps);
    test(&root, &plugins, filter, &mut steps)?;
    if filter.is_none() {
        document(&root, &mut steps);
        console::run(&root, &mut steps);
    }
    Ok(steps.finish())
}

fn check(root: &Path, steps: &mut Steps) {
    steps.run("Format", cargo(root).args(["fmt", "--all", "--check"]));
    let lints = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
    steps.run("Lints", cargo(root).args(lints));
    steps.attempt("Licences of the dependencies", || licences::check(root));
}

/// PostgreSQL and Redis run while the tests do, and end with this function.
fn test(root: &Path, plugins: &[PathBuf], filter: Option<&str>, steps: &mut Steps) -> Result<()> {
    steps.heading("Private PostgreSQL and Redis");
    let postgres = Postgres::start().context("start a private PostgreSQL")?;
    let redis = Redis::start().context("start a private Redis")?;
    steps.note(&format!("{POSTGRES_VARIABLE}={}", postgres.url()));
    steps.note(&format!("{REDIS_VARIABLE}={}", redis.url()));
    let command = |arguments: &[&str]| {
        let mut command = cargo(root);
        command
            .args(["test", "--release", "--no-fail-fast"])
            .args(arguments)
            .args(filter)
            .env(POSTGRES_VARIABLE, postgres.url())
            .env(REDIS_VARIABLE, redis.url());
        command
    };
    let crates: [(&str, &[&str]); 3] = [("backplane", &[]), ("plugin-api", &["--all-features"]), ("xtask", &[])];
    for (name, more) in crates {
        let mut tests = command(&[&["--package", name], more].concat());
        steps.test(&format!("Tests of {name}"), &mut tests);
    }
    let bundled: Vec<&PathBuf> = plugins.iter().filter(|plugin| !is_fixture(root, plugin)).collect();
    for plugin in &bundled {
        let manifest = plugin.join("Cargo.toml");
        let mut tests = command(&["--manifest-path", &manifest.to_string_lossy()]);
        steps.test(&format!("Tests of {}", below(root, plugin)), &mut tests);
    }
    if filter.is_none() {
        schemathesis::run(root, &bundled, &postgres, steps);
    }
    Ok(())
}

fn document(root: &Path, steps: &mut Steps) {
    let mut document = cargo(root);
    document.args(["doc", "--no-deps", "--workspace"]).env("RUSTDOCFLAGS", "-D warnings");
    steps.run("Documentation", &mut document);
}

/// Every plugin crate, the bundled ones first.
fn plugins(root: &Path) -> Result<Vec<PathBuf>> {
    let mut found = crates_in(&root.join("plugins"))?;
    found.extend(crates_in(&root.join("plugins/fixtures"))?);
    Ok(found)
}

fn is_fixture(root: &Path, plugin: &Path) -> bool {
    plugin.starts_with(root.join("plugins/fixtures"))
}

fn crates_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let reading = || format!("read {}", folder.display());
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(reading),
    };
    let mut crates = Vec::new();
    for entry in entries {
        let path = entry.with_context(reading)?.path();
        if path.join("Cargo.toml").is_file() {
            crates.push(path);
        }
    }
    crates.sort();
    Ok(crates)
}

fn below(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}
