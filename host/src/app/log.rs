//! The operator's log: lines on standard error.

use crate::config::{Log, LogFormat};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::util::TryInitError;

/// Says at the level of information what it thinks, step by step; `log.level` may name it all the same.
const QUIET: &str = "pubgrub=warn";

/// Begins to write the log of this process.
///
/// # Errors
/// If a log is written already.
pub fn start(settings: &Log) -> Result<(), TryInitError> {
    use tracing_subscriber::util::SubscriberInitExt;

    // The configuration has refused directives that can't be read.
    let filter = EnvFilter::try_new(format!("{QUIET},{}", settings.level)).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match settings.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).finish().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init(),
    }
}
