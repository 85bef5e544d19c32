//! Values, rows and errors of SQLite, shared by the host and by the testing harness.
//!
//! Statements run on a connection of the caller's, who owns pooling, transactions and deadlines.

use crate::db::{DbError, DbErrorKind, RowEncoder, Value};
use bytes::Bytes;
use futures_util::TryStreamExt;
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Column, Row, TypeInfo, ValueRef};

/// Runs a statement and gives its rows in the encoding of [`Rows`](crate::db::Rows).
///
/// Rows are encoded while they come, so that no second copy of the answer is held. A column declared
/// `BOOLEAN` answers truth values, as PostgreSQL does.
///
/// # Errors
/// The database's, or of kind [`DbErrorKind::TooLarge`] as soon as the answer is longer than
/// `bytes_max`.
pub async fn query(
    connection: &mut SqliteConnection,
    sql: &str,
    parameters: Vec<Value>,
    bytes_max: usize,
) -> Result<Bytes, DbError> {
    let arguments = arguments(parameters)?;
    let mut rows = sqlx::query_with(AssertSqlSafe(sql), arguments).fetch(connection);
    let mut answer: Option<Answer> = None;
    while let Some(row) = rows.try_next().await.map_err(error)? {
        let answer = answer.get_or_insert_with(|| Answer::new(&row));
        answer.push(&row)?;
        if answer.encoder.size() > bytes_max {
            return Err(too_large(bytes_max));
        }
    }
    let encoder = answer.map_or_else(|| RowEncoder::new([]), |answer| answer.encoder);
    Ok(encoder.finish())
}

/// Runs a statement and gives the number of rows it touched.
///
/// # Errors
/// The database's.
pub async fn execute(connection: &mut SqliteConnection, sql: &str, parameters: Vec<Value>) -> Result<u64, DbError> {
    let arguments = arguments(parameters)?;
    let done = sqlx::query_with(AssertSqlSafe(sql), arguments).execute(connection).await.map_err(error)?;
    Ok(done.rows_affected())
}

/// Runs several statements, separated by `;`, without parameters.
///
/// # Errors
/// The database's; the statements before the failing one have run.
pub async fn script(connection: &mut SqliteConnection, sql: &str) -> Result<(), DbError> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map_err(error)?;
    Ok(())
}

/// The error for an answer that is longer than a limit.
pub fn too_large(bytes_max: usize) -> DbError {
    DbError::new(DbErrorKind::TooLarge, format!("the answer is larger than {bytes_max} bytes; ask for fewer rows"))
}

/// Tells SQLite's errors apart.
pub fn error(error: sqlx::Error) -> DbError {
    match error {
        sqlx::Error::Database(error) => database_error(error.as_ref()),
        sqlx::Error::Io(_) | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            DbError::new(DbErrorKind::Unavailable, error.to_string())
        }
        sqlx::Error::PoolTimedOut => DbError::new(DbErrorKind::Timeout, error.to_string()),
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            DbError::new(DbErrorKind::Decode, error.to_string())
        }
        other => DbError::new(DbErrorKind::Other, other.to_string()),
    }
}

/// By SQLite's extended result codes: <https://www.sqlite.org/rescode.html>.
fn database_error(error: &dyn DatabaseError) -> DbError {
    let code: i32 = error.code().and_then(|code| code.parse().ok()).unwrap_or(0);
    let kind = match (error.kind(), code, code & 0xff) {
        (ErrorKind::UniqueViolation, ..) | (_, 2579, _) => DbErrorKind::Unique,
        (ErrorKind::ForeignKeyViolation, ..) => DbErrorKind::ForeignKey,
        (ErrorKind::NotNullViolation, ..) => DbErrorKind::NotNull,
        (ErrorKind::CheckViolation, ..) | (_, 3091, _) => DbErrorKind::Check,
        // Busy, locked, interrupted.
        (_, _, 5 | 6 | 9) => DbErrorKind::Timeout,
        // Input or output failed, corrupt, disk full, can't be opened, not a database.
        (_, _, 10 | 11 | 13 | 14 | 26) => DbErrorKind::Unavailable,
        _ => DbErrorKind::Other,
    };
    DbError::new(kind, error.message())
}

fn arguments(parameters: Vec<Value>) -> Result<SqliteArguments, DbError> {
    let mut arguments = SqliteArguments::default();
    for parameter in parameters {
        let added = match parameter {
            Value::Null => Arguments::add(&mut arguments, None::<i64>),
            Value::Bool(value) => Arguments::add(&mut arguments, value),
            Value::Int(value) => Arguments::add(&mut arguments, value),
            Value::Float(value) => Arguments::add(&mut arguments, value),
            Value::Text(value) => Arguments::add(&mut arguments, value),
            Value::Bytes(value) => Arguments::add(&mut arguments, value),
        };
        added.map_err(|error| DbError::new(DbErrorKind::Other, error.to_string()))?;
    }
    Ok(arguments)
}

/// An answer that is being written, and which of its columns are declared `BOOLEAN`.
struct Answer {
    encoder: RowEncoder,
    boolean: Vec<bool>,
}

impl Answer {
    fn new(row: &SqliteRow) -> Self {
        let encoder = RowEncoder::new(row.columns().iter().map(Column::name));
        let boolean = row.columns().iter().map(|column| column.type_info().name() == "BOOLEAN").collect();
        Self { encoder, boolean }
    }

    fn push(&mut self, row: &SqliteRow) -> Result<(), DbError> {
        for (index, &boolean) in self.boolean.iter().enumerate() {
            push_value(&mut self.encoder, row, index, boolean).map_err(error)?;
        }
        Ok(())
    }
}

fn push_value(encoder: &mut RowEncoder, row: &SqliteRow, index: usize, boolean: bool) -> sqlx::Result<()> {
    let value = row.try_get_raw(index)?;
    if value.is_null() {
        encoder.push_null();
        return Ok(());
    }
    match value.type_info().name() {
        "INTEGER" if boolean => encoder.push_bool(row.try_get_unchecked(index)?),
        "INTEGER" => encoder.push_int(row.try_get_unchecked(index)?),
        "REAL" => encoder.push_float(row.try_get_unchecked(index)?),
        "TEXT" => encoder.push_text(row.try_get_unchecked(index)?),
        _ => encoder.push_bytes(row.try_get_unchecked(index)?),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::Rows;
    use sqlx::Connection;

    const LARGE: usize = 1 << 20;

    async fn memory() -> SqliteConnection {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.expect("in memory");
        let sql = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, shown BOOLEAN, ratio REAL, raw BLOB, \
                   CHECK (ratio < 10))";
        execute(&mut connection, sql, vec![]).await.expect("creates");
        connection
    }

    fn row(name: &str, ratio: f64) -> Vec<Value> {
        vec![name.into(), true.into(), ratio.into(), vec![1u8, 2].into()]
    }

    const INSERT: &str = "INSERT INTO t (name, shown, ratio, raw) VALUES ($1, $2, $3, $4)";

    #[tokio::test]
    async fn values_go_in_and_come_out() {
        let mut connection = memory().await;
        assert_eq!(execute(&mut connection, INSERT, row("a", 0.5)).await, Ok(1));
        let nulls = vec!["b".into(), Value::Null, Value::Null, Value::Null];
        assert_eq!(execute(&mut connection, INSERT, nulls).await, Ok(1));
        let sql = "SELECT name, shown, ratio, raw FROM t WHERE name <> $1 AND name <> $1 ORDER BY id";
        let buffer = query(&mut connection, sql, vec!["z".into()], LARGE).await.expect("selects");
        let rows = Rows::decode(buffer).expect("encoded");
        assert_eq!(rows.columns(), ["name", "shown", "ratio", "raw"]);
        let found: Vec<Vec<Value>> =
            rows.iter().map(|row| row.expect("row").values().iter().map(|value| value.to_value()).collect()).collect();
        assert_eq!(found, [row("a", 0.5), vec!["b".into(), Value::Null, Value::Null, Value::Null]]);
    }

    #[tokio::test]
    async fn answers_are_limited() {
        let mut connection = memory().await;
        let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT i FROM n";
        let error = query(&mut connection, sql, vec![], 1_000).await.expect_err("too large");
        assert_eq!(error.kind, DbErrorKind::TooLarge);
        assert!(query(&mut connection, "SELECT 1", vec![], 1_000).await.is_ok());
    }

    #[tokio::test]
    async fn violations_are_told_apart() {
        let mut connection = memory().await;
        execute(&mut connection, INSERT, row("a", 0.5)).await.expect("inserts");
        let null_name = vec![Value::Null, Value::Null, Value::Null, Value::Null];
        for (parameters, kind) in [
            (row("a", 0.5), DbErrorKind::Unique),
            (row("b", 11.0), DbErrorKind::Check),
            (null_name, DbErrorKind::NotNull),
        ] {
            assert_eq!(execute(&mut connection, INSERT, parameters).await.expect_err("violates").kind, kind);
        }
        let error = execute(&mut connection, "INSERT INTO absent VALUES (1)", vec![]).await.expect_err("no table");
        assert_eq!(error, DbError::new(DbErrorKind::Other, "no such table: absent"));
    }
}
