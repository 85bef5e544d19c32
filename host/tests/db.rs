//! The database room, on both databases.
//!
//! PostgreSQL's half needs `BACKPLANE_TEST_POSTGRES`, the URL of a server on which databases may be
//! created; each test makes one of its own and drops it.

#[path = "db/harness.rs"]
mod harness;
#[path = "db/limits.rs"]
mod limits;
#[path = "db/migrations.rs"]
mod migrations;
#[path = "db/ownership.rs"]
mod ownership;
#[path = "db/snapshots.rs"]
mod snapshots;
#[path = "db/statements.rs"]
mod statements;
#[path = "db/transactions.rs"]
mod transactions;
