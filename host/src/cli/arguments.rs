//! The words of the command line: what may be typed, and the help that explains it.

mod plugin;

use std::{net::IpAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};

pub(super) use plugin::{
    Action, Apply, Check, Export, Install, JobCommand, Named, NamedJob, NamedSnapshot, New, Pack, PluginCommand,
    Rollback, SettingsOf, SettingsOrder, SnapshotCommand, Subject, Sync, TakeSnapshot, Uninstall, Upgrade,
};

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 wrong usage.\n\
    Answers go to stdout, errors and progress to stderr.";

/// An admin server into which features are plugged while it runs.
#[derive(Debug, Parser)]
#[command(name = "backplane", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(super) struct Arguments {
    /// Write the answer, or the error, as one JSON value
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Where the server keeps its files and which settings it reads.
    #[command(flatten)]
    pub(super) place: Place,
    /// What to do.
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Where a server lives on this machine.
#[derive(Debug, Clone, Args)]
pub(super) struct Place {
    /// The directory with everything that the server keeps
    #[arg(long, global = true, value_name = "DIR", env = "BACKPLANE_DATA", default_value = "./data")]
    pub(super) data: PathBuf,
    /// A TOML file that changes the default settings (see config/default.toml)
    #[arg(long, global = true, value_name = "FILE", env = "BACKPLANE_CONFIG")]
    pub(super) config: Option<PathBuf>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the server until Ctrl-C or SIGTERM
    Serve(Serve),
    /// Log in to a running server and keep the token in your own configuration directory
    Login(Login),
    /// Look at, change, build and check plugins
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Create an administrator or reset a password while the server does not run
    #[command(subcommand)]
    User(UserCommand),
    /// Move users, roles, menus and logs of another system in while the server does not run
    #[command(subcommand)]
    Import(ImportCommand),
    /// Add rows to try the server with, while it does not run
    #[command(subcommand)]
    Seed(SeedCommand),
    /// Look for what belongs to no plugin: tables, menu entries, settings, files
    Doctor(Doctor),
    /// Bring the core's tables up to this version of the program
    Migrate,
    /// Show the settings in effect, secrets hidden
    Config,
    /// Open a library and report on it, for the server that is about to load it
    #[command(name = "__preflight", hide = true)]
    Preflight {
        /// The library.
        library: PathBuf,
    },
}

/// What `serve` may change for this one run.
#[derive(Debug, Clone, Args)]
pub(super) struct Serve {
    /// Listen on this address instead of `server.host`
    #[arg(long)]
    pub(super) host: Option<IpAddr>,
    /// Listen on this port instead of `server.port`; 0 takes a free one
    #[arg(long)]
    pub(super) port: Option<u16>,
    /// Run the core alone: no plugin is loaded, and nothing about plugins is changed
    #[arg(long)]
    pub(super) safe_mode: bool,
}

/// Whether what is found is taken away.
#[derive(Debug, Clone, Args)]
pub(super) struct Doctor {
    /// Take away what has no owner
    #[arg(long)]
    pub(super) repair: bool,
    /// Do not ask before
    #[arg(long, requires = "repair")]
    pub(super) yes: bool,
    /// Which server.
    #[command(flatten)]
    pub(super) server: Server,
}

/// Which server, and who asks.
#[derive(Debug, Clone, Args)]
pub(super) struct Server {
    /// A running server, for example http://127.0.0.1:8000. Without it: the server that runs on
    /// the data directory or, when none runs, the data directory itself
    #[arg(long, env = "BACKPLANE_URL", value_name = "URL")]
    pub(super) url: Option<String>,
    /// Believe only servers whose certificate is in this PEM file, or is issued by one in it; for an
    /// https server with a certificate of its own making
    #[arg(long, env = "BACKPLANE_CACERT", value_name = "FILE")]
    pub(super) cacert: Option<PathBuf>,
    /// The token to use instead of the one that `backplane login` stored
    #[arg(long, env = "BACKPLANE_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub(super) token: Option<String>,
}

/// Who logs in, and where.
#[derive(Debug, Args)]
pub(super) struct Login {
    /// The server; without it, the one that runs on the data directory
    #[arg(long, env = "BACKPLANE_URL", value_name = "URL")]
    pub(super) url: Option<String>,
    /// Believe only servers whose certificate is in this PEM file, or is issued by one in it; for an
    /// https server with a certificate of its own making
    #[arg(long, env = "BACKPLANE_CACERT", value_name = "FILE")]
    pub(super) cacert: Option<PathBuf>,
    /// The user; asked for when missing
    #[arg(long, short)]
    pub(super) username: Option<String>,
    /// Read the password from the first line of standard input instead of asking
    #[arg(long)]
    pub(super) password_stdin: bool,
}

/// The commands about accounts; they work on the data directory.
#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Create a super-user who may change everything
    CreateAdmin(Account),
    /// Give a user another password and end the user's sessions
    ResetPassword(Account),
}

/// The commands that add rows; they work on the data directory.
#[derive(Debug, Subcommand)]
pub(super) enum SeedCommand {
    /// Add a small company of nobody: departments, roles, and users whose passwords are printed.
    /// Nothing that is there is changed; a name that is taken refuses all of it
    Demo(Demo),
}

/// How users of the demonstration log in.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Read one password for all of them from the first line of standard input instead of making up
    /// one for each
    #[arg(long)]
    pub(super) password_stdin: bool,
}

/// The systems that can be moved from; they work on the data directory.
#[derive(Debug, Subcommand)]
pub(super) enum ImportCommand {
    /// From FBA 1.13 on PostgreSQL. Without --apply it only tells what it would do
    Fba(ImportFba),
}

/// What is moved from where.
#[derive(Debug, Args)]
pub(super) struct ImportFba {
    /// The database of the other system: postgres://USER:PASSWORD@HOST/NAME. It is only read
    #[arg(long, env = "BACKPLANE_IMPORT_URL", value_name = "URL", hide_env_values = true)]
    pub(super) url: String,
    /// The schema with its tables
    #[arg(long, value_name = "NAME", default_value = "public")]
    pub(super) schema: String,
    /// Do it. Everything is moved, or nothing
    #[arg(long)]
    pub(super) apply: bool,
    /// Only tell what would be done, as without any option
    #[arg(long, conflicts_with = "apply")]
    pub(super) dry_run: bool,
}

/// Whose account.
#[derive(Debug, Args)]
pub(super) struct Account {
    /// The login name
    pub(super) name: String,
    /// Read the password from the first line of standard input instead of making one up
    #[arg(long)]
    pub(super) password_stdin: bool,
}

/// A listing.
#[derive(Debug, Args)]
pub(super) struct Listing {
    /// Which server.
    #[command(flatten)]
    pub(super) server: Server,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
