//! Every operation on a plugin, cut off at every boundary of every step: by an error, by a panic, by
//! `kill -9`. The boundaries come from the lists of steps, so that a new step is cut off too.
//!
//! This program is the server as well: started with a server's arguments it is one, in which a file
//! says where the next fault happens.

#![expect(clippy::print_stdout, reason = "what was visited is worth reading")]

#[path = "support/bundle.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod bundle;
#[path = "faults/fault.rs"]
mod fault;
#[path = "faults/scene.rs"]
mod scene;
#[path = "support/server.rs"]
#[expect(dead_code, reason = "other tests need more of it")]
mod server;

use backplane::plugin::operation::boundary::Boundary;
use backplane::plugin::{Operation, PluginId};
use fault::{Fault, Point};
use libtest_mimic::{Arguments, Failed, Trial};
use scene::Scene;
use server::Server;
use std::process::ExitCode;

fn main() -> ExitCode {
    if fault::is_server() {
        fault::obey();
        return backplane::cli::run();
    }
    let trials = Operation::ALL.into_iter().flat_map(|operation| {
        let name = |database: &str| format!("{operation:?} on {database}");
        [
            Trial::test(name("SQLite"), move || run(on_sqlite(operation))),
            Trial::test(name("PostgreSQL"), move || run(on_postgres(operation))),
        ]
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn run(test: impl Future<Output = ()>) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.map_err(|error| Failed::from(error.to_string()))?.block_on(test);
    Ok(())
}

async fn on_sqlite(operation: Operation) {
    let folder = tempfile::tempdir().expect("a folder");
    let orders = folder.path().join("fault");
    let mut server = Server::start_with(&fault::settings(&orders)).await;
    visit(operation, &mut server, &orders).await;
}

async fn on_postgres(operation: Operation) {
    let folder = tempfile::tempdir().expect("a folder");
    let orders = folder.path().join("fault");
    server::with_postgres_and(&fault::settings(&orders), async |server| visit(operation, server, &orders).await).await;
}

/// Cuts the operation off at each of its boundaries in each way, and once not at all.
async fn visit(operation: Operation, server: &mut Server, orders: &std::path::Path) {
    let plugin: PluginId = scene::PLUGIN.parse().expect("an id");
    let boundaries = Boundary::all(&plugin).into_iter().filter(|boundary| boundary.operation == operation);
    let mut points = 0;
    for boundary in boundaries {
        for fault in Fault::ALL {
            let point = Point { boundary: boundary.clone(), fault };
            let scene = Scene::of(operation);
            scene.set(server).await;
            point.order(orders);
            let answer = scene.act(server).await;
            assert!(!orders.exists(), "{point} was not reached: {answer:?}");
            if fault == Fault::Kill {
                server.kill();
                server.start_again().await;
            }
            let expected = if point.is_settled() { &scene.new } else { &scene.old };
            scene.check(server, expected, &point, answer).await;
            points += 1;
        }
    }
    println!("{operation:?}: {points} points, 0 failures");
}
