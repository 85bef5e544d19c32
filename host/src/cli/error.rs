//! Why a command failed, and with which exit code and words it says so.

use std::{error::Error, io, process::ExitCode};

use serde_json::json;

use super::{
    check::CheckError, credentials::CredentialsError, output::Format, pack::PackError, place::PlaceError,
    plugin::SyncError, remote::RemoteError, scaffold::ScaffoldError,
};

use crate::{
    admin::{SampleError, user::UserError},
    app::{CoreError, ServeError},
    config::ConfigError,
    import::ImportError,
    plugin::{OperationError, ParseIdError, PluginId},
};

/// The exit code of a command that was understood but failed.
const FAILED: u8 = 1;
/// The exit code of a command that was not understood, the same that clap uses.
const USAGE: u8 = 2;
/// The exit code of `plugin sync --plan` where something differs.
const DRIFT: u8 = 3;
/// The exit code of `plugin sync --locked` where the lock does not fit.
const LOCK: u8 = 4;

/// Everything that can end a command.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// The words do not make a command; the text says which words would.
    #[error("{0}")]
    Usage(String),
    /// Nobody said yes.
    #[error("the plan was not applied: answer y, or give --yes")]
    Unconfirmed,
    /// The word is no plugin's id.
    #[error(transparent)]
    Id(ParseIdError),
    /// Stdout or a prompt failed.
    #[error("cannot {what}")]
    Terminal {
        /// What was tried.
        what: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// The stored logins.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The settings.
    #[error(transparent)]
    Config(Box<ConfigError>),
    /// The server does not run.
    #[error(transparent)]
    Serve(Box<ServeError>),
    /// The data directory cannot be worked on.
    #[error(transparent)]
    Core(Box<CoreError>),
    /// An operation on the data directory.
    #[error(transparent)]
    Operation(Box<OperationError>),
    /// An account.
    #[error("user {name} is as before")]
    User {
        /// The login name.
        name: String,
        /// What is in the way.
        source: Box<UserError>,
    },
    /// The company to try the server with.
    #[error(transparent)]
    Sample(Box<SampleError>),
    /// Moving in.
    #[error(transparent)]
    Import(Box<ImportError>),
    /// The database is not yet what a trial could be made on.
    #[error(
        "the data directory has not the tables of this version yet: run `backplane migrate` first, or import with --apply"
    )]
    NotMigrated,
    /// The database is not yet what could be examined.
    #[error("the data directory has not the tables of this version yet: run `backplane migrate` first")]
    OldTables,
    /// Things were found that are not as they should be.
    #[error("{found} faults {are}; {hint}", are = if *.repaired { "are left" } else { "were found" }, hint = hint(*.repaired))]
    Faults {
        /// How many.
        found: usize,
        /// Whether a repair has been made already.
        repaired: bool,
    },
    /// Looking for a server.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// A running server.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// Building and packing.
    #[error(transparent)]
    Pack(Box<PackError>),
    /// A bundle that the server would refuse.
    #[error(transparent)]
    Check(Box<CheckError>),
    /// The operation ended with a plugin that should run but does not.
    #[error("{0}")]
    NotRunning(String),
    /// A job of a plugin did not do its work.
    #[error("job {job} of plugin {id} failed: {reason}")]
    Job {
        /// The plugin.
        id: PluginId,
        /// The job.
        job: String,
        /// The plugin's words, or what became of it.
        reason: String,
    },
    /// Plugins can't be made what a file says.
    #[error(transparent)]
    Sync(Box<SyncError>),
    /// Plugins are not what a file says.
    #[error("the plugins are not what the file says: {changes} {} needed", if *changes == 1 { "change is" } else { "changes are" })]
    Drift {
        /// How many steps it would take.
        changes: usize,
    },
    /// Writing a new crate.
    #[error(transparent)]
    Scaffold(#[from] ScaffoldError),
}

impl CliError {
    /// Tells the reader on stderr, in one line, and returns the exit code.
    #[must_use]
    pub(super) fn report(&self, format: Format) -> ExitCode {
        let message = self.chain();
        let exit = self.exit_code();
        match format {
            Format::Human => eprintln!("error: {message}"),
            Format::Json => eprintln!("{}", json!({"error": {"message": message, "exit": exit}})),
        }
        ExitCode::from(exit)
    }

    /// 2 when the words were wrong, 3 and 4 as `plugin sync --help` says, else 1.
    fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => USAGE,
            Self::Drift { .. } => DRIFT,
            Self::Sync(error) if error.is_of_lock() => LOCK,
            Self::Scaffold(ScaffoldError::Name { .. } | ScaffoldError::Reserved { .. }) => USAGE,
            _ => FAILED,
        }
    }

    /// The error and its causes, the nearest first.
    fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let words = error.to_string();
            // Some libraries repeat their source in their own words.
            if !text.contains(&words) {
                text.push_str(": ");
                text.push_str(&words);
            }
            cause = error.source();
        }
        text.replace('\n', " ")
    }
}

fn hint(repaired: bool) -> &'static str {
    if repaired { "a repair can't mend them" } else { "`backplane doctor --repair` mends what can be mended" }
}

impl From<io::Error> for CliError {
    fn from(source: io::Error) -> Self {
        Self::Terminal { what: "write the answer", source }
    }
}

/// Errors with many words are kept aside, so that a success is not moved around at their size.
macro_rules! boxed {
    ($($variant:ident($source:ty),)*) => {
        $(impl From<$source> for CliError {
            fn from(source: $source) -> Self {
                Self::$variant(Box::new(source))
            }
        })*
    };
}

boxed! {
    Serve(ServeError),
    Core(CoreError),
    Config(ConfigError),
    Operation(OperationError),
    Sample(SampleError),
    Pack(PackError),
    Check(CheckError),
    Import(ImportError),
    Sync(SyncError),
}
