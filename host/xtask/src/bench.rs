//! `cargo xtask bench`: what plugins cost, as ratios, printed as JSON.

use std::{
    path::Path,
    process::{Command, ExitCode},
};

use anyhow::Result;

use crate::cargo::{cargo, root, succeed};

/// What the benchmarks load.
const PLUGINS: [&str; 5] =
    ["plugins/hello", "plugins/notice", "plugins/fixtures/bench", "plugins/fixtures/many", "plugins/fixtures/wide"];

/// Builds the plugins, one by one, then the benchmarks, and runs them.
pub(crate) fn run() -> Result<ExitCode> {
    let root = root()?;
    for plugin in PLUGINS {
        let mut build = cargo(&root);
        build.args(["build", "--release", "--manifest-path"]).arg(root.join(plugin).join("Cargo.toml"));
        succeed(&mut build)?;
    }
    succeed(&mut ratios(&root))?;
    Ok(ExitCode::SUCCESS)
}

fn ratios(root: &Path) -> Command {
    let mut bench = cargo(root);
    bench.args(["bench", "--package", "backplane", "--bench", "ratios"]);
    bench
}
