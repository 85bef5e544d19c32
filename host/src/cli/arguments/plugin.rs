//! The words of `plugin …`.

use super::{Listing, Server};
use crate::cli::admin::Start;
use crate::plugin::{PluginId, Tables, Way};
use clap::{Args, Subcommand, ValueEnum};
use semver::Version;
use std::path::PathBuf;

const SYNC_EXIT_CODES: &str = "Exit codes: 0 the plugins are what the file says, 1 failed, 2 wrong usage,\n\
    3 --plan found differences, 4 --locked and plugins.lock does not fit.";

/// The commands about plugins.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PluginCommand {
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
    /// What a plugin does by a timetable: list its jobs, run one now
    #[command(subcommand)]
    Job(JobCommand),
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

/// A command about one installed plugin.
#[derive(Debug, Args)]
pub(in crate::cli) struct Named {
    /// The plugin's id, as `plugin list` shows it
    pub(in crate::cli) id: PluginId,
    /// Which server.
    #[command(flatten)]
    pub(in crate::cli) server: Server,
}

/// What to disable.
#[derive(Debug, Args)]
pub(in crate::cli) struct Disable {
    /// The plugin's id, as `plugin list` shows it
    pub(in crate::cli) id: PluginId,
    /// Disable the plugins that need it, too, before it
    #[arg(long)]
    pub(in crate::cli) cascade: bool,
    /// Which server.
    #[command(flatten)]
    pub(in crate::cli) server: Server,
}

/// What to install.
#[derive(Debug, Args)]
pub(in crate::cli) struct Install {
    /// A bundle (.zip), or the directory of a plugin crate
    #[arg(value_name = "BUNDLE|DIR")]
    pub(in crate::cli) source: PathBuf,
    /// Install it without enabling it
    #[arg(long)]
    pub(in crate::cli) disabled: bool,
    /// Which server.
    #[command(flatten)]
    pub(in crate::cli) server: Server,
}

/// What to upgrade to.
#[derive(Debug, Args)]
pub(in crate::cli) struct Upgrade {
    /// A bundle (.zip), or the directory of a plugin crate; it names the plugin
    #[arg(value_name = "BUNDLE|DIR")]
    pub(in crate::cli) source: PathBuf,
    /// Stop the old version first, for changes of the tables that it could not go on with
    #[arg(long)]
    pub(in crate::cli) drain: bool,
    /// Grant what the new version asks for beyond what is granted
    #[arg(long)]
    pub(in crate::cli) accept_capabilities: bool,
    /// Which server.
    #[command(flatten)]
    pub(in crate::cli) server: Server,
}

/// What to go back to.
#[derive(Debug, Args)]
pub(in crate::cli) struct Rollback {
    /// The plugin's id, as `plugin list` shows it
    pub(in crate::cli) id: PluginId,
    /// A kept version, as `plugin info` shows them, instead of the one before
    #[arg(long, value_name = "VERSION")]
    pub(in crate::cli) to: Option<Version>,
    /// Take the tables back as well, with what the newer version has stored in what is its own
    #[arg(long)]
    pub(in crate::cli) revert: bool,
    /// Which server.
    #[command(flatten)]
    pub(in crate::cli) server: Server,
}

/// Whose settings, and what to do with them.
#[derive(Debug, Args)]
pub(in crate::cli) struct SettingsOf {
    /// The plugin's id, as `plugin list` shows it
    pub(in crate::cli) id: PluginId,
    /// What to do; without it, all settings are shown
    #[command(subcommand)]
    pub(in crate::cli) order: Option<SettingsOrder>,
    /// Which server.
    #[command(flatten)]
    pub(in crate::cli) server: Server,
}

/// What to do with settings.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SettingsOrder {
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
pub(in crate::cli) struct Uninstall {
    /// The plugin's id, as `plugin list` shows it
    pub(in crate::cli) id: PluginId,
    /// Also delete its tables and settings; without it they stay for a later install
    #[arg(long)]
    pub(in crate::cli) purge: bool,
    /// Disable the plugins that need it with it
    #[arg(long)]
    pub(in crate::cli) cascade: bool,
    /// First write its tables, settings and bundle to a zip, then delete its tables and settings
    #[arg(long, value_name = "FILE", conflicts_with = "purge")]
    pub(in crate::cli) export: Option<PathBuf>,
    /// Which server.
    #[command(flatten)]
    pub(in crate::cli) server: Server,
}

/// Which plugins there should be.
#[derive(Debug, Args)]
#[command(after_help = SYNC_EXIT_CODES)]
pub(in crate::cli) struct Sync {
    /// Show what differs from the file, and change nothing
    #[arg(long, required_unless_present = "apply", conflicts_with = "apply")]
    pub(in crate::cli) plan: bool,
    /// Install, change, set, enable and disable what differs, and write plugins.lock beside the file
    #[arg(long)]
    pub(in crate::cli) apply: bool,
    /// The file that says which plugins there should be
    #[arg(long, value_name = "FILE", default_value = "plugins.toml")]
    pub(in crate::cli) file: PathBuf,
    /// The directory with the bundles (.zip) to choose from [default: bundles beside the file]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) bundles: Option<PathBuf>,
    /// Take exactly what plugins.lock says, or refuse
    #[arg(long)]
    pub(in crate::cli) locked: bool,
    /// Which server.
    #[command(flatten)]
    pub(in crate::cli) server: Server,
}

/// What a plan is about.
#[derive(Debug, Args)]
pub(in crate::cli) struct Subject {
    /// A bundle (.zip) or the directory of a plugin crate; with --action the id of an installed plugin
    #[arg(value_name = "BUNDLE|DIR|ID")]
    pub(in crate::cli) subject: String,
    /// What to do with an installed plugin
    #[arg(long, value_enum)]
    pub(in crate::cli) action: Option<Action>,
    /// Install it without enabling it
    #[arg(long, conflicts_with = "action")]
    pub(in crate::cli) disabled: bool,
    /// With --action uninstall: also delete its tables and settings
    #[arg(long, requires = "action")]
    pub(in crate::cli) purge: bool,
    /// For disable and uninstall: disable the plugins that need it with it
    #[arg(long, requires = "action")]
    pub(in crate::cli) cascade: bool,
    /// With --action rollback: a kept version instead of the one before
    #[arg(long = "to", value_name = "VERSION", requires = "action")]
    pub(in crate::cli) version: Option<Version>,
    /// With --action rollback: take the tables back as well
    #[arg(long, requires = "action")]
    pub(in crate::cli) revert: bool,
    /// Stop the installed version before another one takes its place
    #[arg(long, conflicts_with = "action")]
    pub(in crate::cli) drain: bool,
    /// Which server.
    #[command(flatten)]
    pub(in crate::cli) server: Server,
}

/// What can be done with an installed plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Action {
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
pub(in crate::cli) struct Apply {
    /// What it is about.
    #[command(flatten)]
    pub(in crate::cli) subject: Subject,
    /// Don't ask
    #[arg(long, short)]
    pub(in crate::cli) yes: bool,
}

impl Upgrade {
    /// How the old version goes.
    pub(in crate::cli) fn way(&self) -> Way {
        if self.drain { Way::DrainFirst } else { Way::SideBySide }
    }
}

impl Rollback {
    /// What becomes of the tables.
    pub(in crate::cli) fn tables(&self) -> Tables {
        if self.revert { Tables::Revert } else { Tables::Stay }
    }
}

impl Subject {
    /// How the installed version goes.
    pub(in crate::cli) fn way(&self) -> Way {
        if self.drain { Way::DrainFirst } else { Way::SideBySide }
    }

    /// What becomes of the tables.
    pub(in crate::cli) fn tables(&self) -> Tables {
        if self.revert { Tables::Revert } else { Tables::Stay }
    }

    /// What a new plugin does first.
    pub(in crate::cli) fn start(&self) -> Start {
        if self.disabled { Start::Disabled } else { Start::Enabled }
    }
}

/// The commands about a plugin's jobs.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum JobCommand {
    /// List the jobs: when each is due, and what became of its last run
    List(Named),
    /// Run a job now and wait for its end; leaves with 1 if it fails
    Run(NamedJob),
}

/// One job.
#[derive(Debug, Args)]
pub(in crate::cli) struct NamedJob {
    /// The plugin's id, as `plugin list` shows it
    pub(in crate::cli) id: PluginId,
    /// The job's name, as `plugin job list` shows it
    pub(in crate::cli) job: String,
    /// Which server.
    #[command(flatten)]
    pub(in crate::cli) server: Server,
}

/// The commands about copies of a plugin's tables.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum SnapshotCommand {
    /// List the copies, the newest first
    List(Named),
    /// Copy the tables now; the oldest copies go that are too many
    Take(TakeSnapshot),
    /// Bring the tables back, after a copy of what they are; a plugin that serves stops meanwhile
    Restore(NamedSnapshot),
    /// Delete a copy
    Delete(NamedSnapshot),
}

/// What to copy, and why.
#[derive(Debug, Args)]
pub(in crate::cli) struct TakeSnapshot {
    /// The plugin's id, as `plugin list` shows it
    pub(in crate::cli) id: PluginId,
    /// Why, for whoever reads the list
    #[arg(long, value_name = "TEXT", default_value = "asked for")]
    pub(in crate::cli) reason: String,
    /// Which server.
    #[command(flatten)]
    pub(in crate::cli) server: Server,
}

/// One copy.
#[derive(Debug, Args)]
pub(in crate::cli) struct NamedSnapshot {
    /// The plugin's id, as `plugin list` shows it
    pub(in crate::cli) id: PluginId,
    /// The copy's number, as `plugin snapshot list` shows it
    pub(in crate::cli) snapshot: i64,
    /// Which server.
    #[command(flatten)]
    pub(in crate::cli) server: Server,
}

/// What to export, and where to.
#[derive(Debug, Args)]
pub(in crate::cli) struct Export {
    /// The plugin's id, as `plugin list` shows it
    pub(in crate::cli) id: PluginId,
    /// The zip to write [default: ./<id>-export.zip]
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Which server.
    #[command(flatten)]
    pub(in crate::cli) server: Server,
}

/// What to build, and where to write the bundle.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Pack {
    /// The directory of the plugin crate
    #[arg(value_name = "DIR", default_value = ".")]
    pub(in crate::cli) directory: PathBuf,
    /// The bundle to write, or a directory for it [default: ./<id>-<version>.zip]
    #[arg(long, short, value_name = "FILE")]
    pub(in crate::cli) output: Option<PathBuf>,
    /// Build for this target instead of this machine
    #[arg(long, value_name = "TRIPLE")]
    pub(in crate::cli) target: Option<String>,
    /// Put an already built library in, too; may be given several times
    #[arg(long = "library", value_name = "TRIPLE=FILE", value_parser = built_library)]
    pub(in crate::cli) libraries: Vec<BuiltLibrary>,
}

/// A library that was built elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct BuiltLibrary {
    /// The target triple it was built for.
    pub(in crate::cli) target: String,
    /// The file.
    pub(in crate::cli) file: PathBuf,
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
pub(in crate::cli) struct Check {
    /// A bundle (.zip), or the directory of a plugin crate, which is packed first
    #[arg(value_name = "BUNDLE|DIR")]
    pub(in crate::cli) source: PathBuf,
}

/// What to write.
#[derive(Debug, Args)]
pub(in crate::cli) struct New {
    /// The crate's name; the plugin's id is the same with `_` for `-`
    pub(in crate::cli) name: String,
    /// The directory to write the crate into [default: ./<NAME>]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) path: Option<PathBuf>,
    /// The directory of the plugin-api crate [default: the checkout around, else crates.io]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) api_path: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

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
