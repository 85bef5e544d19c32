//! Running a library where it can do no harm: in a child process of the same program.
//!
//! The child opens it, checks its ABI, starts it, asks for its descriptor, stops it, and says what it
//! saw as one line of JSON. If it crashes or hangs, only the child does.

use super::{Image, LoadError, Loader, LoaderSettings, UnloadPolicy};
use plugin_api::descriptor::Descriptor;
use plugin_api::services::HostServices;
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::io::Write;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::process::Command;

/// The hidden subcommand of the child.
pub const SUBCOMMAND: &str = "__preflight";

/// The child gives a plugin this long to start and to stop; the parent's deadline ends it sooner.
const CHILD_DEADLINE: Duration = Duration::from_secs(600);
/// More than any descriptor; a child that writes more is cut off.
const REPORT_BYTES_MAX: usize = 16 << 20;

/// Why a library was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// It brought its process down.
    #[error("the library crashed its process (signal {signal}{})", name_of(*.signal))]
    Crashed {
        /// The signal.
        signal: i32,
    },
    /// It hung.
    #[error("the library did not finish its trial start within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// It was refused, or it refused to start; the text says why.
    #[error("{message}")]
    Refused {
        /// Why.
        message: String,
    },
    /// Its code ended the process, or wrote no report.
    #[error("the library ended its process ({status}) without a report")]
    Unreadable {
        /// How the child ended.
        status: String,
    },
    /// No child could be made.
    #[error("start the trial process")]
    Spawn(#[source] std::io::Error),
}

/// What the child says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Report {
    Accepted(Box<Descriptor>),
    Refused(String),
}

/// Runs `library` in a child of `executable`; it is ended after `deadline`.
///
/// # Errors
/// [`PreflightError`]
pub async fn check(executable: &Path, library: &Path, deadline: Duration) -> Result<Descriptor, PreflightError> {
    let mut command = Command::new(executable);
    command.arg(SUBCOMMAND).arg(library).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    // The server's environment holds secrets; a library on trial gets none of it. What the child
    // leaves among temporary files goes with this directory, however the child ends.
    let scratch = tempfile::tempdir().map_err(PreflightError::Spawn)?;
    command.env_clear().env("TMPDIR", scratch.path()).kill_on_drop(true);
    let child = command.spawn().map_err(PreflightError::Spawn)?;
    let output = match tokio::time::timeout(deadline, child.wait_with_output()).await {
        Ok(output) => output.map_err(PreflightError::Spawn)?,
        Err(_) => return Err(PreflightError::TimedOut(deadline)),
    };
    match last_report(&output.stdout) {
        Some(Report::Accepted(descriptor)) if output.status.success() => Ok(*descriptor),
        Some(Report::Refused(message)) => Err(PreflightError::Refused { message }),
        _ => Err(ended(output.status)),
    }
}

fn last_report(output: &[u8]) -> Option<Report> {
    let output = output.get(..output.len().min(REPORT_BYTES_MAX))?;
    serde_json::from_slice(output).ok()
}

fn ended(status: ExitStatus) -> PreflightError {
    match status.signal() {
        Some(signal) => PreflightError::Crashed { signal },
        None => PreflightError::Unreadable { status: status.to_string() },
    }
}

fn name_of(signal: i32) -> &'static str {
    match signal {
        libc::SIGSEGV => ", segmentation fault",
        libc::SIGABRT => ", abort",
        libc::SIGBUS => ", bus error",
        libc::SIGILL => ", illegal instruction",
        libc::SIGFPE => ", arithmetic error",
        _ => "",
    }
}

/// The child's part: tries `library` and writes the report to standard output.
///
/// `prepare` makes the services with which the plugin is started (a scratch database with its
/// migrations, say); None means that it can't be started here, and is only asked for its descriptor.
pub fn child<F, S>(library: &Path, prepare: F) -> ExitCode
where
    F: FnOnce(Arc<Descriptor>) -> S,
    S: Future<Output = Result<Option<Arc<dyn HostServices>>, String>>,
{
    let Some(mut output) = claim_stdout() else { return ExitCode::FAILURE };
    let report = match trial(library, prepare) {
        Ok(descriptor) => Report::Accepted(Box::new(descriptor)),
        Err(message) => Report::Refused(message),
    };
    let written = serde_json::to_vec(&report).map(|json| output.write_all(&json).and_then(|()| output.flush()));
    // Left-over threads of the plugin must not keep the child: end it here.
    std::process::exit(i32::from(!matches!(written, Ok(Ok(())))));
}

fn trial<F, S>(library: &Path, prepare: F) -> Result<Descriptor, String>
where
    F: FnOnce(Arc<Descriptor>) -> S,
    S: Future<Output = Result<Option<Arc<dyn HostServices>>, String>>,
{
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let settings = LoaderSettings { copies_dir: scratch.path().to_owned(), unload: UnloadPolicy::Never };
    let loader = Loader::new(settings).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let image = loader.open(library).map_err(|error: LoadError| error.to_string())?;
    let descriptor = Arc::clone(image.descriptor());
    runtime.block_on(start_and_stop(image, prepare))?;
    Ok(Descriptor::clone(&descriptor))
}

async fn start_and_stop<F, S>(image: Image, prepare: F) -> Result<(), String>
where
    F: FnOnce(Arc<Descriptor>) -> S,
    S: Future<Output = Result<Option<Arc<dyn HostServices>>, String>>,
{
    let Some(services) = prepare(Arc::clone(image.descriptor())).await? else { return Ok(()) };
    let generation = image.start(services, CHILD_DEADLINE).await.map_err(|error| error.to_string())?;
    generation.stop(CHILD_DEADLINE).await.map_err(|error| error.to_string())
}

/// Keeps standard output for the report; what the plugin prints goes to standard error.
fn claim_stdout() -> Option<std::fs::File> {
    // SAFETY: no memory is touched; 1 is open or the call fails.
    let copy = unsafe { libc::dup(libc::STDOUT_FILENO) };
    if copy < 0 {
        return None;
    }
    // SAFETY: no memory is touched.
    if unsafe { libc::dup2(libc::STDERR_FILENO, libc::STDOUT_FILENO) } < 0 {
        return None;
    }
    // SAFETY: `copy` has just been made and belongs to nobody else.
    Some(unsafe { OwnedFd::from_raw_fd(copy) }.into())
}
