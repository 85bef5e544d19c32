//! What a plugin costs, as ratios of runs in pairs: `cargo xtask bench`.
//!
//! The host under load is this program again, started with `--serve`: the real dispatcher, edge,
//! supervisor and loader, and beside the plugin the same API compiled in. One worker thread on one
//! core, the load generator on the other. The variants of a comparison take turns, and what is
//! reported is the median of the rounds' ratios, since these machines are noisy.

#[path = "../../tests/support/bundle.rs"]
#[expect(dead_code, reason = "the tests use all of it")]
mod bundle;
#[path = "../../tests/support/load.rs"]
#[expect(dead_code, reason = "the tests use all of it")]
mod load;
mod operations;
mod serve;

use load::Load;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

const ROUNDS: usize = 11;
const WINDOW: Duration = Duration::from_millis(700);
const CONNECTIONS: usize = 32;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == backplane::loader::preflight::SUBCOMMAND) {
        // The host under load tries libraries in children of this very program.
        return backplane::cli::run();
    }
    if arguments.first().is_some_and(|first| first == "--serve") {
        serve::run(&arguments[1..]);
        return ExitCode::SUCCESS;
    }
    rustls::crypto::ring::default_provider().install_default().expect("the first provider of this process");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let report = runtime.block_on(report());
    let text = serde_json::to_string_pretty(&report).expect("JSON");
    std::io::Write::write_all(&mut std::io::stdout(), format!("{text}\n").as_bytes()).expect("stdout");
    ExitCode::SUCCESS
}

async fn report() -> Value {
    let few = serve::Child::start(1).await;
    let raw = compared(few.address, "/api/v1/bench/bytes", few.address, "/native/bytes").await;
    let openapi =
        compared(few.address, "/api/v1/bench/items/7?q=x", few.address, "/api/v1/native/bench/items/7?q=x").await;
    let many = serve::Child::start(100).await;
    let path = "/api/v1/many/many_000/route7/x";
    let routes = compared(many.address, path, few.address, path).await;
    drop((few, many));
    json!({
        "raw_handler_over_native_bytes_route": raw,
        "openapi_plugin_over_compiled_in": openapi,
        "routes_1000_over_10": routes,
        "operations": operations::report().await,
    })
}

/// Runs both in turns; the ratio of their rates, and the rates.
async fn compared(one: SocketAddr, one_path: &str, other: SocketAddr, other_path: &str) -> Value {
    let (mut ratios, mut ones, mut others) = (Vec::new(), Vec::new(), Vec::new());
    rate(one, one_path).await;
    rate(other, other_path).await;
    for round in 0..ROUNDS {
        // The order alternates, so that a drift of the machine's speed favours neither.
        let (first, second) = if round % 2 == 0 {
            let first = rate(one, one_path).await;
            (first, rate(other, other_path).await)
        } else {
            let second = rate(other, other_path).await;
            (rate(one, one_path).await, second)
        };
        ratios.push(first / second);
        ones.push(first);
        others.push(second);
    }
    json!({
        "ratio": rounded(median(&mut ratios)),
        "lowest": rounded(ratios[0]),
        "highest": rounded(ratios[ratios.len() - 1]),
        "requests_per_second": [median(&mut ones).round(), median(&mut others).round()],
    })
}

async fn rate(address: SocketAddr, path: &str) -> f64 {
    let path_shown = path.to_owned();
    let judge: load::Judge = Arc::new(move |answer| match answer.status {
        200 => Ok(()),
        status => Err(format!("{path_shown}: {status}")),
    });
    let load = Load::start(address, path, CONNECTIONS, judge);
    tokio::time::sleep(WINDOW).await;
    let outcome = load.stop().await;
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    outcome.answers as f64 / outcome.took.as_secs_f64()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}
