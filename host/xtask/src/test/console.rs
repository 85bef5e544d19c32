//! The console in Debian's Chromium, at a real server with real plugins.

use std::{
    ffi::OsString,
    fs,
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::{
    service::{Service, free_port},
    step::Steps,
};
use crate::{
    cargo::{program, succeed},
    console, start,
};

const PASSWORD: &str = "hunter22-hunter22";
/// What is installed and uploaded: crates below `plugins`.
const PLUGINS: [&str; 16] = [
    "notice",
    "dict",
    "config",
    "hello",
    "fixtures/steady_one",
    "fixtures/steady_two",
    "fixtures/errands",
    "fixtures/error_in_init",
    "fixtures/capable",
    "fixtures/failing_migration",
    "fixtures/shaky",
    "fixtures/shelf",
    "fixtures/shelf_later",
    "fixtures/slow_start",
    "fixtures/talkative",
    "fixtures/tunable",
];
/// Where the screenshots of all pages are left.
const SHOTS: &str = "target/console-shots";

/// Builds the console and looks at its packages' licences; the server that is built afterwards has it
/// inside.
pub(super) fn build(root: &Path, steps: &mut Steps) {
    steps.attempt("Build the console", || console::require(root));
    steps.attempt("Licences of the console's packages", || {
        let mut check = Command::new("node");
        succeed(check.arg(root.join("host/console/scripts/licences.mjs")))
    });
}

/// Works with it as administrators do.
pub(super) fn run(root: &Path, steps: &mut Steps) {
    steps.attempt("The console in a browser", || browse(root));
}

fn browse(root: &Path) -> Result<()> {
    let (workplace, executable) = (console::prepare(root)?, start::build(root)?);
    let folder = tempfile::tempdir().context("make a temporary directory")?;
    let bundles = folder.path().join("bundles");
    pack(root, &executable, &bundles)?;
    let (port, log) = (free_port()?, folder.path().join("log"));
    let url = format!("http://127.0.0.1:{port}");
    let mut serve = server(root, &executable);
    serve.arg("--data").arg(folder.path().join("data")).args(["serve", "--port", &port.to_string()]);
    serve.env("APP__ADMIN__PASSWORD", PASSWORD);
    serve.envs([("APP__LIMITS__LOGIN_PER_MINUTE", "0"), ("APP__LIMITS__CAPTCHA_PER_HALF_MINUTE", "0")]);
    // A setting that nobody can change on the page.
    serve.env("APP__PLUGINS__SHAKY__KEY", "of-the-environment");
    // A test shows the console's pages in a frame of a page there.
    let framing = format!("http://127.0.0.1:{}", free_port()?);
    serve.env("APP__SERVER__FRAME_ORIGINS", &framing);
    let service = Service::start(&mut serve, log, || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())?;
    succeed(Command::new("node").current_dir(&workplace).args(["scripts/api.mjs", &url]))?;
    let mut tests = Command::new("node");
    tests.current_dir(&workplace).args(["--test", "--test-concurrency=1", "--test-reporter=spec"]);
    tests.args(test_files(&workplace)?);
    tests.env("CONSOLE_FRAMING", &framing);
    tests.env("CONSOLE_URL", &url).env("CONSOLE_PASSWORD", PASSWORD);
    tests.env("CONSOLE_BUNDLES", &bundles).env("CONSOLE_SHOTS", root.join(SHOTS));
    let outcome = succeed(&mut tests);
    drop(service);
    outcome
}

/// They share the server, so they run one after the other.
fn test_files(workplace: &Path) -> Result<Vec<PathBuf>> {
    let folder = workplace.join("tests");
    let listed = fs::read_dir(&folder).with_context(|| format!("list {}", folder.display()))?;
    let mut files = listed.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|file| file.to_string_lossy().ends_with(".test.mjs"));
    files.sort();
    Ok(files)
}

/// Each as a bundle with the name of its crate.
fn pack(root: &Path, executable: &Path, bundles: &Path) -> Result<()> {
    fs::create_dir_all(bundles).with_context(|| format!("make {}", bundles.display()))?;
    for plugin in PLUGINS {
        let crate_name = plugin.rsplit('/').next().unwrap_or(plugin);
        let mut pack = server(root, executable);
        pack.args(["plugin", "pack"]).arg(root.join("plugins").join(plugin));
        succeed(pack.arg("--output").arg(bundles.join(format!("{crate_name}.zip"))))?;
    }
    Ok(())
}

fn server(root: &Path, executable: &Path) -> Command {
    let mut command = program(OsString::from(PathBuf::from(executable)));
    command.current_dir(root);
    command
}
