//! Pools, dialects, migrations, and the database service that plugins get.
//!
//! Everything above this room speaks [`plugin_api::db`]: the core through [`Pool::database`], a
//! plugin through [`PluginDatabase`]. Both run the same way, under limits: an answer's size, a
//! statement's time, a transaction's idleness.
//!
//! Invariants: a connection goes back to its pool only if no statement and no transaction is open
//! on it, whatever was cancelled; a transaction ends with its first failing statement, on SQLite as
//! PostgreSQL demands it.

pub mod catalogue;
mod exclusive;
mod ids;
mod lease;
pub mod migrate;
mod plugin;
mod pool;
mod postgres;
mod runner;
pub mod snapshot;
mod sql;
mod sqlite;
pub mod statement;
mod touches;
mod transactions;
mod with_names;

pub use exclusive::Exclusive;
pub use ids::{Ids, PART_MAX};
pub use plugin::PluginDatabase;
pub use pool::{OpenError, Pool};
pub use runner::Limits;
pub use touches::{Touches, touches};
