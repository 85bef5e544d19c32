//! What creates a table, read from the database itself: not from migrations, which may have been repaired by
//! hand, and whose scripts a server has only while the plugin is there.

mod postgres;
mod sqlite;

use super::session::Session;
use crate::db::statement::Kind;
use plugin_api::db::{DbError, Dialect};
use serde::{Deserialize, Serialize};

/// One table or view, and how it comes into being.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shape {
    /// As the database has it.
    pub(super) name: String,
    /// A view has no rows of its own.
    pub(super) is_view: bool,
    pub(super) columns: Vec<Column>,
    /// Run before the rows of any table are there.
    pub(super) create: Vec<String>,
    /// Run when all rows of this table are there: keys, indexes, where numbers go on.
    pub(super) finish: Vec<String>,
    /// Run when all tables are finished: what refers to others, and what would run for each row.
    pub(super) link: Vec<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Column {
    pub(super) name: String,
    /// As PostgreSQL spells it; empty on SQLite, whose values have types of their own.
    pub(super) kind: String,
    /// Its value is computed, so it is not written.
    pub(super) is_computed: bool,
}

impl Shape {
    /// The columns whose values are copied.
    pub(super) fn stored(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| !column.is_computed)
    }
}

/// How a table or view is made. None if it is not there.
pub(super) async fn shape(session: &mut Session<'_>, name: &str, kind: Kind) -> Result<Option<Shape>, DbError> {
    match (session.dialect(), kind) {
        (Dialect::Sqlite, _) => sqlite::shape(session, name).await,
        (Dialect::Postgres, Kind::View) => postgres::view(session, name).await,
        (Dialect::Postgres, _) => postgres::table(session, name).await,
    }
}

pub(super) use sqlite::{key, row_number};
