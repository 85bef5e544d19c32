//! Plugins built once more by other compilers, for the tests that load them.

use std::{
    ffi::OsString,
    path::Path,
    process::{Command, Stdio},
};

use super::step::Steps;
use crate::cargo::program;

/// One plugin with the whole framework in it, one without.
const PLUGINS: [&str; 2] = ["plugins/hello", "plugins/fixtures/steady_one"];

/// Builds [`PLUGINS`] with each compiler, below a target directory of its own, where the tests
/// look for them.
pub(super) fn build(root: &Path, steps: &mut Steps) {
    for plugin in PLUGINS {
        for (name, mut command) in [("debian", debian()), ("randomized-layout", randomized_layout())] {
            command.current_dir(root).args(["build", "--release", "--manifest-path"]);
            command.arg(root.join(plugin).join("Cargo.toml"));
            command.arg("--target-dir").arg(target_directory(root).join("compilers").join(name));
            steps.run(&format!("Build {plugin} with the compiler {name}"), &mut command);
        }
    }
}

fn target_directory(root: &Path) -> std::path::PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into)
}

/// The distribution's compiler, which has another version than rustup's.
fn debian() -> Command {
    let mut cargo = outside_of_rustup("/usr/bin/cargo".into());
    cargo.env("RUSTC", "/usr/bin/rustc");
    cargo
}

/// A compiler that lays every structure out anew that promises no layout: the nightly one or, where
/// rustup has none, this one with the nightly's options. The difference in layout is what matters.
fn randomized_layout() -> Command {
    let mut cargo = if has_nightly() {
        let mut rustup = outside_of_rustup("rustup".into());
        rustup.args(["run", "nightly", "cargo"]);
        rustup
    } else {
        let mut cargo = program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.env("RUSTC_BOOTSTRAP", "1");
        cargo
    };
    cargo.env("RUSTFLAGS", "-Zrandomize-layout");
    cargo
}

fn has_nightly() -> bool {
    let mut rustup = outside_of_rustup("rustup".into());
    rustup.args(["run", "nightly", "rustc", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    rustup.status().is_ok_and(|status| status.success())
}

/// Without the variables by which rustup hands its choice of a compiler on.
fn outside_of_rustup(name: OsString) -> Command {
    let mut command = program(name);
    for variable in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "RUSTDOC", "LD_LIBRARY_PATH"] {
        command.env_remove(variable);
    }
    command
}
