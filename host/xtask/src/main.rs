//! The two commands of a newcomer, `cargo xtask start` and `cargo xtask test`.
//!
//! Both work on a fresh clone with nothing else done before.

mod bench;
mod cargo;
mod console;
mod start;
mod test;

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

/// Runs and tests Backplane from its source.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build what is stale and start the server on SQLite
    Start(Start),
    /// Install what the tests need and run all of them
    Test(Test),
    /// Compare plugins with compiled-in code and print the ratios as JSON
    Bench,
}

/// What to start with.
#[derive(Debug, Args)]
struct Start {
    /// Handed on to `backplane serve`, for example `-- --port 9000`
    #[arg(last = true)]
    serve: Vec<String>,
}

/// What to test.
#[derive(Debug, Args)]
struct Test {
    /// Run only the tests with this in their names, without the checks around them
    filter: Option<String>,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Start(order) => start::run(&order.serve),
        Command::Test(order) => test::run(order.filter.as_deref()),
        Command::Bench => bench::run(),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
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
    fn what_follows_the_dashes_is_handed_on() {
        let words = ["cargo xtask", "start", "--", "--port", "9000"];
        let Command::Start(start) = Arguments::parse_from(words).command else {
            panic!("start is start");
        };
        assert_eq!(start.serve, ["--port", "9000"]);
    }
}
