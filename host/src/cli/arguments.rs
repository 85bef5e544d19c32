//! The words of the command line: what may be typed, and the help that explains it.

use std::{net::IpAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use semver::Version;

use super::admin::Start;
use crate::plugin::{PluginId, Tables, Way};

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 wrong usage.\n\
    Answers go to stdout, errors and progress to stderr.";

const SYNC_EXIT_CODES: &str = "Exit codes: 0 the plugins are what the file says, 1 failed, 2 wrong usage,\n\
    3 --plan found differences, 4 --locked and plugins.lock does not fit.";

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

/// The commands about plugins.
#[derive(Debug, Subcommand)]
pub(super) enum PluginCommand {
    /// Every installed plugin with its state
    List(Listing),
    /// Everything that is known of one plugin
    Info(Named),
    /// Install a bundle, or a crate, which is packed first
    Install(Install),
    /// Let a plugin's routes and menus appear
    Enable(Named),
    /// Take a plugin's routes and menus away; its data stays
    Disable(Disable),
    /// Put another version in the place of the running one
    Upgrade(Upgrade),
    /// Go back to the version before the last upgrade, or to another one that is kept
    Rollback(Rollback),
    /// Let a plugin serve again that the server has taken out
    Release(Named),
    /// Show or change a plugin's settings
    Settings(SettingsOf),
    /// Remove a plugin
    Uninstall(Uninstall),
    /// Show what a change would come to, and change nothing
    Plan(Subject),
    /// Do what a plan says, after a look at it
    Apply(Apply),
    /// Make the plugins of a server what a file says
    Sync(Sync),
    /// Copies of a plugin's tables: list, take, restore, delete
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// Write a plugin's tables, settings and bundle to a zip
    Export(Export),
    /// Build a plugin crate and write its bundle
    Pack(Pack),
    /// Check a bundle or a crate as the server would, and print what is inside
    Check(Check),
    /// Write a new plugin crate that builds and answers
    New(New),
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

/// A command about one installed plugin.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// The plugin's id, as `plugin list` shows it
    pub(super) id: PluginId,
    /// Which server.
    #[command(flatten)]
    pub(super) server: Server,
}

/// What to disable.
#[derive(Debug, Args)]
pub(super) struct Disable {
    /// The plugin's id, as `plugin list` shows it
    pub(super) id: PluginId,
    /// Disable the plugins that need it, too, before it
    #[arg(long)]
    pub(super) cascade: bool,
    /// Which server.
    #[command(flatten)]
    pub(super) server: Server,
}

/// What to install.
#[derive(Debug, Args)]
pub(super) struct Install {
    /// A bundle (.zip), or the directory of a plugin crate
    #[arg(value_name = "BUNDLE|DIR")]
    pub(super) source: PathBuf,
    /// Install it without enabling it
    #[arg(long)]
    pub(super) disabled: bool,
    /// Which server.
    #[command(flatten)]
    pub(super) server: Server,
}

/// What to upgrade to.
#[derive(Debug, Args)]
pub(super) struct Upgrade {
    /// A bundle (.zip), or the directory of a plugin crate; it names the plugin
    #[arg(value_name = "BUNDLE|DIR")]
    pub(super) source: PathBuf,
    /// Stop the old version first, for changes of the tables that it could not go on with
    #[arg(long)]
    pub(super) drain: bool,
    /// Grant what the new version asks for beyond what is granted
    #[arg(long)]
    pub(super) accept_capabilities: bool,
    /// Which server.
    #[command(flatten)]
    pub(super) server: Server,
}

/// What to go back to.
#[derive(Debug, Args)]
pub(super) struct Rollback {
    /// The plugin's id, as `plugin list` shows it
    pub(super) id: PluginId,
    /// A kept version, as `plugin info` shows them, instead of the one before
    #[arg(long, value_name = "VERSION")]
    pub(super) to: Option<Version>,
    /// Take the tables back as well, with what the newer version has stored in what is its own
    #[arg(long)]
    pub(super) revert: bool,
    /// Which server.
    #[command(flatten)]
    pub(super) server: Server,
}

/// Whose settings, and what to do with them.
#[derive(Debug, Args)]
pub(super) struct SettingsOf {
    /// The plugin's id, as `plugin list` shows it
    pub(super) id: PluginId,
    /// What to do; without it, all settings are shown
    #[command(subcommand)]
    pub(super) order: Option<SettingsOrder>,
    /// Which server.
    #[command(flatten)]
    pub(super) server: Server,
}

/// What to do with settings.
#[derive(Debug, Subcommand)]
pub(super) enum SettingsOrder {
    /// Show all settings; secrets show only whether they are set
    Get,
    /// Change settings; a plugin that runs has them at once, and may refuse
    Set {
        /// For example page_size=50; what is no JSON is a text
        #[arg(required = true, value_name = "KEY=VALUE")]
        values: Vec<String>,
    },
    /// Return settings to their defaults
    Unset {
        /// For example page_size
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
    },
}

/// What to remove.
#[derive(Debug, Args)]
pub(super) struct Uninstall {
    /// The plugin's id, as `plugin list` shows it
    pub(super) id: PluginId,
    /// Also delete its tables and settings; without it they stay for a later install
    #[arg(long)]
    pub(super) purge: bool,
    /// Disable the plugins that need it before it is removed
    #[arg(long)]
    pub(super) cascade: bool,
    /// Which server.
    #[command(flatten)]
    pub(super) server: Server,
}

/// Which plugins there should be.
#[derive(Debug, Args)]
#[command(after_help = SYNC_EXIT_CODES)]
pub(super) struct Sync {
    /// Show what differs from the file, and change nothing
    #[arg(long, required_unless_present = "apply", conflicts_with = "apply")]
    pub(super) plan: bool,
    /// Install, change, set, enable and disable what differs, and write plugins.lock beside the file
    #[arg(long)]
    pub(super) apply: bool,
    /// The file that says which plugins there should be
    #[arg(long, value_name = "FILE", default_value = "plugins.toml")]
    pub(super) file: PathBuf,
    /// The directory with the bundles (.zip) to choose from [default: bundles beside the file]
    #[arg(long, value_name = "DIR")]
    pub(super) bundles: Option<PathBuf>,
    /// Take exactly what plugins.lock says, or refuse
    #[arg(long)]
    pub(super) locked: bool,
    /// Which server.
    #[command(flatten)]
    pub(super) server: Server,
}

/// What a plan is about.
#[derive(Debug, Args)]
pub(super) struct Subject {
    /// A bundle (.zip) or the directory of a plugin crate; with --action the id of an installed plugin
    #[arg(value_name = "BUNDLE|DIR|ID")]
    pub(super) subject: String,
    /// What to do with an installed plugin
    #[arg(long, value_enum)]
    pub(super) action: Option<Action>,
    /// Install it without enabling it
    #[arg(long, conflicts_with = "action")]
    pub(super) disabled: bool,
    /// With --action uninstall: also delete its tables and settings
    #[arg(long, requires = "action")]
    pub(super) purge: bool,
    /// With --action rollback: a kept version instead of the one before
    #[arg(long = "to", value_name = "VERSION", requires = "action")]
    pub(super) version: Option<Version>,
    /// With --action rollback: take the tables back as well
    #[arg(long, requires = "action")]
    pub(super) revert: bool,
    /// Stop the installed version before another one takes its place
    #[arg(long, conflicts_with = "action")]
    pub(super) drain: bool,
    /// Which server.
    #[command(flatten)]
    pub(super) server: Server,
}

/// What can be done with an installed plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Action {
    /// Make it serve
    Enable,
    /// Make it stop
    Disable,
    /// Return to a version before
    Rollback,
    /// Remove it
    Uninstall,
}

/// Which plan to apply: the id of one that waits, or what one is to be made of.
#[derive(Debug, Args)]
pub(super) struct Apply {
    /// What it is about.
    #[command(flatten)]
    pub(super) subject: Subject,
    /// Don't ask
    #[arg(long, short)]
    pub(super) yes: bool,
}

impl Upgrade {
    /// How the old version goes.
    pub(super) fn way(&self) -> Way {
        if self.drain { Way::DrainFirst } else { Way::SideBySide }
    }
}

impl Rollback {
    /// What becomes of the tables.
    pub(super) fn tables(&self) -> Tables {
        if self.revert { Tables::Revert } else { Tables::Stay }
    }
}

impl Subject {
    /// How the installed version goes.
    pub(super) fn way(&self) -> Way {
        if self.drain { Way::DrainFirst } else { Way::SideBySide }
    }

    /// What becomes of the tables.
    pub(super) fn tables(&self) -> Tables {
        if self.revert { Tables::Revert } else { Tables::Stay }
    }

    /// What a new plugin does first.
    pub(super) fn start(&self) -> Start {
        if self.disabled { Start::Disabled } else { Start::Enabled }
    }
}

/// The commands about copies of a plugin's tables.
#[derive(Debug, Subcommand)]
pub(super) enum SnapshotCommand {
    /// List the copies, the newest first
    List(Named),
    /// Copy the tables now; the oldest copies go that are too many
    Take(TakeSnapshot),
    /// Bring the tables of a disabled plugin back; what came later is lost
    Restore(NamedSnapshot),
    /// Delete a copy
    Delete(NamedSnapshot),
}

/// What to copy, and why.
#[derive(Debug, Args)]
pub(super) struct TakeSnapshot {
    /// The plugin's id, as `plugin list` shows it
    pub(super) id: PluginId,
    /// Why, for whoever reads the list
    #[arg(long, value_name = "TEXT", default_value = "asked for")]
    pub(super) reason: String,
    /// Which server.
    #[command(flatten)]
    pub(super) server: Server,
}

/// One copy.
#[derive(Debug, Args)]
pub(super) struct NamedSnapshot {
    /// The plugin's id, as `plugin list` shows it
    pub(super) id: PluginId,
    /// The copy's number, as `plugin snapshot list` shows it
    pub(super) snapshot: i64,
    /// Which server.
    #[command(flatten)]
    pub(super) server: Server,
}

/// What to export, and where to.
#[derive(Debug, Args)]
pub(super) struct Export {
    /// The plugin's id, as `plugin list` shows it
    pub(super) id: PluginId,
    /// The zip to write [default: ./<id>-export.zip]
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Which server.
    #[command(flatten)]
    pub(super) server: Server,
}

/// What to build, and where to write the bundle.
#[derive(Debug, Clone, Args)]
pub(super) struct Pack {
    /// The directory of the plugin crate
    #[arg(value_name = "DIR", default_value = ".")]
    pub(super) directory: PathBuf,
    /// The bundle to write, or a directory for it [default: ./<id>-<version>.zip]
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Build for this target instead of this machine
    #[arg(long, value_name = "TRIPLE")]
    pub(super) target: Option<String>,
    /// Put an already built library in, too; may be given several times
    #[arg(long = "library", value_name = "TRIPLE=FILE", value_parser = built_library)]
    pub(super) libraries: Vec<BuiltLibrary>,
}

/// A library that was built elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BuiltLibrary {
    /// The target triple it was built for.
    pub(super) target: String,
    /// The file.
    pub(super) file: PathBuf,
}

fn built_library(text: &str) -> Result<BuiltLibrary, String> {
    match text.split_once('=') {
        Some((target, file)) if !target.is_empty() && !file.is_empty() => {
            Ok(BuiltLibrary { target: target.to_owned(), file: PathBuf::from(file) })
        }
        _ => Err("write it as TRIPLE=FILE, for example \
                  aarch64-unknown-linux-gnu=target/libhello.so"
            .to_owned()),
    }
}

/// What to check.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// A bundle (.zip), or the directory of a plugin crate, which is packed first
    #[arg(value_name = "BUNDLE|DIR")]
    pub(super) source: PathBuf,
}

/// What to write.
#[derive(Debug, Args)]
pub(super) struct New {
    /// The crate's name; the plugin's id is the same with `_` for `-`
    pub(super) name: String,
    /// The directory to write the crate into [default: ./<NAME>]
    #[arg(long, value_name = "DIR")]
    pub(super) path: Option<PathBuf>,
    /// The directory of the plugin-api crate [default: the checkout around, else crates.io]
    #[arg(long, value_name = "DIR")]
    pub(super) api_path: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_library_needs_a_triple_and_a_file() {
        assert_eq!(
            built_library("x86_64-unknown-linux-gnu=a=b.so"),
            Ok(BuiltLibrary { target: "x86_64-unknown-linux-gnu".into(), file: "a=b.so".into() })
        );
        for wrong in ["a.so", "=a.so", "x86_64-unknown-linux-gnu="] {
            assert!(built_library(wrong).is_err(), "{wrong}");
        }
    }
}
