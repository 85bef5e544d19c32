//! No request fails because a plugin comes, goes or changes.
//!
//! A target of its own: it needs the machine to itself.

#![expect(clippy::print_stdout, reason = "what was measured is worth reading")]

#[path = "support/bundle.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod bundle;
#[path = "support/load.rs"]
mod load;
#[path = "swap/memory.rs"]
mod memory;
#[path = "support/server.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod server;
#[path = "swap/traffic.rs"]
mod traffic;
