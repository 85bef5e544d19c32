//! Which tables there are.

use plugin_api::db::{Database, DbError, Dialect};
use std::collections::BTreeSet;

/// The names of all tables in the schema in use, in the database's own spelling.
///
/// # Errors
/// The database's.
pub async fn tables(db: &Database) -> Result<BTreeSet<String>, DbError> {
    let sql = match db.dialect() {
        Dialect::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
        Dialect::Postgres => {
            "SELECT CAST(table_name AS TEXT) FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'"
        }
    };
    Ok(db.query(sql).fetch_all::<String>().await?.into_iter().collect())
}
