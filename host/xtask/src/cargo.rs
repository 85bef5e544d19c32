//! The cargo that runs this program, called again from the root of the source tree.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

/// Set by the outer cargo for this program. Handed on, they would make build scripts that watch
/// them run again each time.
const OUTER_CARGO: [&str; 6] =
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_NAME", "CARGO_BIN_", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"];

/// The root of the source tree.
pub(crate) fn root() -> Result<PathBuf> {
    let own = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let own = own.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    let root = own.ancestors().nth(2).map(Path::to_owned);
    root.context("find the root of the source tree two levels above host/xtask")
}

/// `cargo`, run at the root.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = program(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(root);
    command
}

/// A program that does not see that a cargo runs around it.
pub(crate) fn program(program: OsString) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        let outer = |name: &str| OUTER_CARGO.iter().any(|prefix| name.starts_with(prefix));
        if name.to_str().is_some_and(outer) {
            command.env_remove(name);
        }
    }
    command
}

/// Runs a command to its end; its words go where ours go.
///
/// # Errors
/// When it cannot be started, or fails.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let words = words(command);
    let status = command.status().with_context(|| format!("run {words}"))?;
    if !status.success() {
        bail!("{words} failed with {status}");
    }
    Ok(())
}

/// A command as one would type it.
pub(crate) fn words(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let mut words = vec![name.to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}
