//! The cargo that builds a plugin: `CARGO`, `RUSTC` and `CARGO_TARGET_DIR` are the author's.

use std::{
    collections::HashSet,
    ffi::OsString,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use indicatif::ProgressBar;
use serde::{Deserialize, de::DeserializeOwned};

use super::{PackError, crate_count::count_crates, source_crate::SourceCrate};
use crate::cli::progress::Progress;

/// Set by an outer cargo for the program that it runs. Handed on, they would make build scripts
/// that watch them run again each time.
const OUTER_CARGO: [&str; 6] =
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_NAME", "CARGO_BIN_", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"];

/// How to call cargo and rustc.
#[derive(Debug)]
pub(super) struct Cargo {
    cargo: OsString,
    rustc: OsString,
}

/// A fresh library.
#[derive(Debug)]
pub(super) struct Built {
    /// The target triple that it is for.
    pub(super) target: String,
    /// The library.
    pub(super) file: PathBuf,
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    package_id: String,
    #[serde(default)]
    target: ArtifactTarget,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Default, Deserialize)]
struct ArtifactTarget {
    #[serde(default)]
    name: String,
    #[serde(default)]
    crate_types: Vec<String>,
}

impl Cargo {
    /// `CARGO` and `RUSTC`, else the ones on the path.
    pub(super) fn from_environment() -> Self {
        let program = |name, default: &str| {
            let set = std::env::var_os(name).filter(|value| !value.is_empty());
            set.unwrap_or_else(|| default.into())
        };
        Self { cargo: program("CARGO", "cargo"), rustc: program("RUSTC", "rustc") }
    }

    /// `cargo metadata` of the crate with this Cargo.toml, without its dependencies.
    pub(super) fn metadata<T: DeserializeOwned>(&self, manifest: &Path) -> Result<T, PackError> {
        self.ask_metadata(manifest, &["--no-deps"])
    }

    /// `cargo metadata` with all dependencies; it may download and write a Cargo.lock, as the
    /// build would.
    pub(super) fn metadata_of_all<T: DeserializeOwned>(&self, manifest: &Path, target: &str) -> Result<T, PackError> {
        self.ask_metadata(manifest, &["--filter-platform", target])
    }

    fn ask_metadata<T: DeserializeOwned>(&self, manifest: &Path, arguments: &[&str]) -> Result<T, PackError> {
        const COMMAND: &str = "cargo metadata";
        let mut command = self.command();
        command.args(["metadata", "--format-version", "1", "--manifest-path"]).arg(manifest).args(arguments);
        let output = command.output().map_err(not_started(&self.cargo))?;
        if !output.status.success() {
            return Err(PackError::Cargo {
                command: COMMAND,
                status: output.status,
                words: format!(": {}", String::from_utf8_lossy(&output.stderr).trim()),
            });
        }
        serde_json::from_slice(&output.stdout)
            .map_err(|error| PackError::Unexpected { command: COMMAND, reason: error.to_string() })
    }

    /// `cargo build --release` of this crate alone: features of its neighbours in a workspace
    /// stay out of it.
    pub(super) fn build(
        &self,
        source: &SourceCrate,
        target: Option<&str>,
        progress: Progress,
    ) -> Result<Built, PackError> {
        let mut command = self.command();
        command
            .args(["build", "--release", "--lib", "--package", source.name()])
            .arg("--message-format=json-render-diagnostics")
            .arg("--manifest-path")
            .arg(source.manifest())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        if let Some(target) = target {
            command.args(["--target", target]);
        }
        let bar = self.bar(source, progress);
        let file = self.watch(command, source, progress, &bar);
        bar.finish_and_clear();
        let file = file?;
        let named = target.map(str::to_owned);
        let target = match named.or_else(|| target_in(&file, source.target_directory())) {
            Some(target) => target,
            None => self.host_target()?,
        };
        Ok(Built { target, file })
    }

    /// The number of crates is asked for only when somebody sees it.
    fn bar(&self, source: &SourceCrate, progress: Progress) -> ProgressBar {
        let what = format!("building {}", source.name());
        let total = progress.is_drawn().then(|| count_crates(self, source)).flatten();
        match total {
            Some(total) => progress.steps(what, total),
            None => progress.waiting(what),
        }
    }

    fn watch(
        &self,
        mut command: Command,
        source: &SourceCrate,
        progress: Progress,
        bar: &ProgressBar,
    ) -> Result<PathBuf, PackError> {
        const COMMAND: &str = "cargo build";
        if progress.is_drawn() {
            command.env("CARGO_TERM_COLOR", "always").stderr(Stdio::piped());
        }
        let mut child = command.spawn().map_err(not_started(&self.cargo))?;
        let diagnostics = show_diagnostics(&mut child, bar);
        let library = read_messages(&mut child, source, bar);
        let status = child.wait().map_err(not_started(&self.cargo))?;
        if let Some(thread) = diagnostics {
            // It ends with the pipe; a panic in it has already been printed.
            let _ = thread.join();
        }
        if !status.success() {
            return Err(PackError::Cargo { command: COMMAND, status, words: "; what it says is above".to_owned() });
        }
        library.ok_or_else(|| PackError::Unexpected {
            command: COMMAND,
            reason: format!("it names no cdylib of {}", source.name()),
        })
    }

    pub(super) fn host_target(&self) -> Result<String, PackError> {
        const COMMAND: &str = "rustc -vV";
        let output = Command::new(&self.rustc).arg("-vV").output().map_err(not_started(&self.rustc))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let host = text.lines().find_map(|line| line.strip_prefix("host: "));
        host.map(str::to_owned)
            .ok_or_else(|| PackError::Unexpected { command: COMMAND, reason: "it names no host".to_owned() })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.cargo);
        for (name, _) in std::env::vars_os() {
            let outer = name.to_str().is_some_and(is_of_outer_cargo);
            if outer {
                command.env_remove(name);
            }
        }
        command
    }
}

fn is_of_outer_cargo(name: &str) -> bool {
    OUTER_CARGO.iter().any(|prefix| name.starts_with(prefix))
}

fn not_started(program: &OsString) -> impl FnOnce(io::Error) -> PackError {
    move |source| PackError::Program { program: program.to_string_lossy().into_owned(), source }
}

/// Reads cargo's messages to their end and returns the crate's own library.
fn read_messages(child: &mut Child, source: &SourceCrate, bar: &ProgressBar) -> Option<PathBuf> {
    let stdout = child.stdout.take()?;
    let mut crates = HashSet::new();
    let mut library = None;
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        let Ok(message) = serde_json::from_str::<Message>(&line) else {
            continue;
        };
        if message.reason != "compiler-artifact" {
            continue;
        }
        bar.set_message(message.target.name.clone());
        if crates.insert(message.package_id.clone()) {
            bar.inc(1);
        }
        if message.package_id == source.package_id() {
            library = loadable(message).or(library);
        }
    }
    library
}

fn loadable(message: Message) -> Option<PathBuf> {
    let mut types = message.target.crate_types.iter();
    if !types.any(|kind| kind == "cdylib") {
        return None;
    }
    message.filenames.into_iter().find(|file| {
        let extension = file.extension().and_then(|extension| extension.to_str());
        matches!(extension, Some("so" | "dylib" | "dll"))
    })
}

/// With a bar on the terminal, cargo's status lines go into nothing and its diagnostics above
/// the bar.
fn show_diagnostics(child: &mut Child, bar: &ProgressBar) -> Option<thread::JoinHandle<()>> {
    let stderr = child.stderr.take()?;
    let bar = bar.clone();
    Some(thread::spawn(move || print_above(stderr, &bar)))
}

fn print_above(stderr: impl Read, bar: &ProgressBar) {
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        if !is_status(&line) {
            bar.println(line);
        }
    }
}

/// Cargo's status lines start with one right-aligned verb in a column of 12.
fn is_status(line: &str) -> bool {
    let plain = without_colours(line);
    let verb = plain.trim_start();
    let indent = plain.len() - verb.len();
    let verb = verb.split(' ').next().unwrap_or_default();
    verb.starts_with(|first: char| first.is_ascii_uppercase()) && indent + verb.len() == 12
}

fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(letter) = rest.next() {
        if letter == '\u{1b}' {
            // A colour is ESC [ digits and ; and ends with a letter.
            rest.by_ref().skip(1).find(char::is_ascii_alphabetic);
        } else {
            plain.push(letter);
        }
    }
    plain
}

/// With a target, be it from a configuration file of the author, the library lies in
/// `<triple>/release` of the target directory, else in `release`.
fn target_in(library: &Path, target_directory: &Path) -> Option<String> {
    let below = library.strip_prefix(target_directory).ok()?;
    let folder = below.components().next()?.as_os_str().to_str()?;
    (folder != "release").then(|| folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_lines_are_told_from_diagnostics() {
        for status in [
            "   Compiling syn v2.0.1",
            "\u{1b}[1m\u{1b}[32m   Compiling\u{1b}[0m syn v2.0.1",
            "    Finished `release` profile",
        ] {
            assert!(is_status(status), "{status}");
        }
        for other in ["error[E0425]: cannot find", "  --> src/lib.rs:1:1", "", "1 | fn a"] {
            assert!(!is_status(other), "{other}");
        }
    }

    #[test]
    fn the_target_is_read_from_the_librarys_place() {
        let target = |path: &str| target_in(Path::new(path), Path::new("/my-own-target"));
        assert_eq!(
            target("/my-own-target/x86_64-unknown-linux-musl/release/liba.so"),
            Some("x86_64-unknown-linux-musl".into())
        );
        assert_eq!(target("/my-own-target/release/liba.so"), None);
    }

    #[test]
    fn an_outer_cargos_variables_stay_outside() {
        assert!(is_of_outer_cargo("CARGO_PKG_NAME"));
        assert!(!is_of_outer_cargo("CARGO_TARGET_DIR"));
        assert!(!is_of_outer_cargo("CARGO_HOME"));
    }
}
