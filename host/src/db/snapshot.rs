//! Copies of a plugin's tables, and the ways back from them (ADR 15).
//!
//! A copy is a zip: what creates the tables, their rows, the plugin's ledger of migrations, and a manifest
//! with checksums. It is written and read as a stream, a page of rows at a time. It is taken in one
//! transaction that only reads, and brought back in one that replaces everything: of another state of the
//! tables nothing is left, and after an error nothing has changed.

mod archive;
mod catalog;
mod copied;
mod portable;
mod restore;
mod rows;
mod scratch;
mod session;
mod take;
mod value;

pub use archive::Sealed;
pub use portable::export_tables;
pub use restore::restore;
pub use scratch::{Unproven, prove_down};
pub use take::{Subject, Taken, take};

pub use archive::ArchiveWriter;

use super::migrate::MigrateError;
use plugin_api::db::DbError;

/// Why a copy could not be taken or brought back. The tables are as they were.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The database said no.
    #[error("copy the tables")]
    Database(#[from] DbError),
    /// The ledger or the registry of tables could not be kept.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The file could not be written or read.
    #[error("keep the copy's file")]
    File(#[from] std::io::Error),
    /// The file is not what was written.
    #[error("the copy is damaged: {0}")]
    Damaged(String),
    /// It was taken of something else.
    #[error("the copy is of {found}, not of {wanted}")]
    Other {
        /// What it was taken of.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// The server ends.
    #[error("the server is shutting down")]
    ShuttingDown,
}

/// A name in quotes, for either database.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
