//! Every operation of the server's own document, asked with thousands of requests that Schemathesis
//! makes from the document; answers must be what the document says, and no failure of the server.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::{
    postgres::Postgres,
    service::{Service, free_port},
    step::Steps,
};
use crate::{
    cargo::{program, succeed},
    start,
};

/// Where its configuration and the versions of its packages stand.
const FOLDER: &str = "host/xtask/schemathesis";
/// Fewer requests than this are no test: something kept them from being made.
const REQUESTS_MIN: u64 = 4_000;
/// Fewer changes than this were accepted only if requests came from nobody, or made no sense.
const ACCEPTED_MIN: u64 = 300;
/// Fewer operations than this are no document of a server with the bundled plugins.
const OPERATIONS_MIN: u64 = 90;
const USERNAME: &str = "admin";
const PASSWORD: &str = "hunter22-hunter22";

/// What a run says of itself, as far as it is looked at.
#[derive(Deserialize)]
struct Report {
    operations: Operations,
    test_cases: Cases,
    /// By operation, then by phase.
    valid_rates: BTreeMap<String, BTreeMap<String, Rates>>,
}

#[derive(Deserialize)]
struct Operations {
    tested: u64,
}

#[derive(Deserialize)]
struct Cases {
    generated: u64,
}

#[derive(Deserialize)]
struct Rates {
    accepted: u64,
}

/// The programs of a run.
struct Programs {
    server: PathBuf,
    schemathesis: PathBuf,
}

/// Asks a server with these plugins on either database.
pub(super) fn run(root: &Path, plugins: &[&PathBuf], postgres: &Postgres, steps: &mut Steps) {
    let mut programs = None;
    steps.attempt("Schemathesis, and the server it asks", || {
        programs = Some(Programs { schemathesis: install(root)?, server: start::build(root)? });
        Ok(())
    });
    let Some(programs) = programs else { return };
    steps.attempt("Schemathesis on SQLite", || ask(root, &programs, plugins, None));
    steps.attempt("Schemathesis on PostgreSQL", || {
        let url = postgres.create_database("schemathesis")?;
        ask(root, &programs, plugins, Some(&url))
    });
}

/// Makes a virtual environment with exactly the listed packages, unless it is there.
fn install(root: &Path) -> Result<PathBuf> {
    let listed = root.join(FOLDER).join("requirements.txt");
    let environment = target_directory(root).join("schemathesis");
    let (installed, program) = (environment.join("requirements.txt"), environment.join("bin/schemathesis"));
    let wanted = fs::read(&listed).with_context(|| format!("read {}", listed.display()))?;
    if program.is_file() && fs::read(&installed).is_ok_and(|present| present == wanted) {
        return Ok(program);
    }
    succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
    let mut pip = Command::new(environment.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:", "-r"]);
    succeed(pip.arg(&listed))?;
    fs::write(&installed, wanted).with_context(|| format!("write {}", installed.display()))?;
    Ok(program)
}

fn target_directory(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into)
}

/// Starts a server on an empty directory, and asks it.
fn ask(root: &Path, programs: &Programs, plugins: &[&PathBuf], database: Option<&str>) -> Result<()> {
    let folder = tempfile::tempdir().context("make a temporary directory")?;
    let folder = folder.path();
    let server = || {
        let mut server = program(OsString::from(&programs.server));
        server.current_dir(root).arg("--data").arg(folder.join("data"));
        server.env("APP__ADMIN__PASSWORD", PASSWORD).env("APP__LIMITS__LOGIN_PER_MINUTE", "0");
        server.envs(database.map(|url| ("APP__DATABASE__URL", url)));
        server
    };
    for plugin in plugins {
        succeed(server().args(["plugin", "install"]).arg(plugin))?;
    }
    let (port, log) = (free_port()?, folder.join("log"));
    let mut serve = server();
    serve.args(["serve", "--port", &port.to_string()]);
    let service = Service::start(&mut serve, log.clone(), || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())?;
    let report = folder.join("report.json");
    let asked = succeed(&mut schemathesis(root, programs, folder, port, &report));
    drop(service);
    asked.with_context(|| format!("errors in the server's log: {}", errors(&log)))?;
    judge(&report)
}

/// What it leaves behind (`.hypothesis`) is left in `folder`.
fn schemathesis(root: &Path, programs: &Programs, folder: &Path, port: u16, report: &Path) -> Command {
    let own = root.join(FOLDER);
    let mut command = Command::new(&programs.schemathesis);
    command.current_dir(folder).env("BACKPLANE_USERNAME", USERNAME).env("BACKPLANE_PASSWORD", PASSWORD);
    command.env("PYTHONPATH", &own).env("PYTHONDONTWRITEBYTECODE", "1");
    command.arg("--config-file").arg(own.join("schemathesis.toml")).args(["--no-color", "run"]);
    command.arg(format!("http://127.0.0.1:{port}/openapi.json"));
    command.args(["--report", "json", "--report-json-path"]).arg(report);
    command
}

fn errors(log: &Path) -> String {
    let log = fs::read_to_string(log).unwrap_or_default();
    let errors = log.lines().filter(|line| line.contains("ERROR") || line.contains("panicked"));
    errors.take(20).collect::<Vec<_>>().join("\n")
}

fn judge(report: &Path) -> Result<()> {
    let text = fs::read_to_string(report).with_context(|| format!("read {}", report.display()))?;
    let report: Report = serde_json::from_str(&text).context("understand the report")?;
    let (operations, requests) = (report.operations.tested, report.test_cases.generated);
    let accepted: u64 = report.valid_rates.values().flat_map(BTreeMap::values).map(|rates| rates.accepted).sum();
    if operations < OPERATIONS_MIN || requests < REQUESTS_MIN || accepted < ACCEPTED_MIN {
        bail!(
            "only {requests} requests to {operations} operations, {accepted} of them accepted; \
             at least {REQUESTS_MIN} to {OPERATIONS_MIN}, {ACCEPTED_MIN} accepted, are a test"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(operations: u64, requests: u64, accepted: u64) -> Result<()> {
        let folder = tempfile::tempdir().unwrap();
        let report = folder.path().join("report.json");
        let text = format!(
            r#"{{"operations": {{"total": 200, "tested": {operations}}}, "test_cases": {{"generated": {requests}}},
                "valid_rates": {{"GET /x": {{"coverage": {{"accepted": {accepted}, "rejected": 1}}}}}}}}"#
        );
        fs::write(&report, text).unwrap();
        judge(&report)
    }

    #[test]
    fn a_run_that_asked_too_little_is_none() {
        judged(104, 5_000, 600).unwrap();
        for (operations, requests, accepted) in [(104, 0, 600), (3, 5_000, 600), (104, 5_000, 0)] {
            let error = judged(operations, requests, accepted).unwrap_err().to_string();
            assert!(error.contains(&format!("{requests} requests to {operations} operations")), "{error}");
        }
        judge(Path::new("/nowhere")).unwrap_err();
    }
}
