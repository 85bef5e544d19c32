//! The command line of `backplane`: what may be typed, and what is answered.
//!
//! Answers go to stdout, as text or (`--json`) as one JSON value; errors and progress go to
//! stderr. A command leaves with 0 when it is done, 1 when it failed, 2 when it was not understood.

mod admin;
mod arguments;
mod check;
mod credentials;
mod doctor;
mod error;
mod import;
mod login;
mod migrate;
mod offline;
mod output;
mod pack;
mod place;
mod plugin;
mod progress;
mod remote;
mod scaffold;
mod seed;
mod serve;
mod settings;
mod trial;
mod trust;
mod user;

use std::{future::Future, process::ExitCode};

use clap::Parser;
use tokio::runtime::Runtime;

use self::{
    arguments::{Arguments, Command, Place},
    error::CliError,
    output::{Format, Output},
    progress::Progress,
};

/// What every command needs.
struct Context {
    output: Output,
    progress: Progress,
    place: Place,
}

/// Does what the process's arguments ask for.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    if let Command::Preflight { library } = &arguments.command {
        return trial::run(library);
    }
    let format = if arguments.json { Format::Json } else { Format::Human };
    let context =
        Context { output: Output::new(format), progress: Progress::for_reader(format), place: arguments.place };
    match dispatch(arguments.command, &context) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(format),
    }
}

fn dispatch(command: Command, context: &Context) -> Result<(), CliError> {
    match command {
        Command::Login(order) => block_on(login::run(&order, context)),
        Command::User(order) => block_on(user::run(order, context)),
        Command::Seed(order) => block_on(seed::run(order, context)),
        Command::Plugin(order) => block_on(plugin::run(order, context)),
        Command::Config => settings::run(context),
        Command::Serve(order) => block_on(serve::run(&order, context)),
        Command::Import(order) => block_on(import::run(order, context)),
        Command::Doctor(order) => block_on(doctor::run(&order, context)),
        Command::Migrate => block_on(migrate::run(context)),
        // Done before anything else, in `run`.
        Command::Preflight { .. } => Ok(()),
    }
}

fn block_on(work: impl Future<Output = Result<(), CliError>>) -> Result<(), CliError> {
    let runtime = Runtime::new().map_err(|source| CliError::Terminal { what: "start the runtime", source })?;
    runtime.block_on(work)
}
