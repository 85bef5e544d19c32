//! Values, rows and errors of PostgreSQL.

mod decode;

use decode::Decoder;
use plugin_api::db::{DbError, DbErrorKind, RowEncoder, Value};
use plugin_api::sqlite::too_large;
use sqlx::encode::IsNull;
use sqlx::error::{BoxDynError, DatabaseError, ErrorKind};
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgConnection, PgRow, PgTypeInfo, Postgres};
use sqlx::{Arguments, AssertSqlSafe, Column, Encode, Row, Type};
use tokio_stream::StreamExt;

/// NULL of a type that the server infers; a typed one fits only columns of its type.
struct Untyped;

impl Type<Postgres> for Untyped {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl Encode<'_, Postgres> for Untyped {
    fn encode_by_ref(&self, _: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(IsNull::Yes)
    }
}

/// Runs a statement and gives its rows, encoded while they come.
pub(super) async fn query(
    connection: &mut PgConnection,
    sql: &str,
    parameters: Vec<Value>,
    bytes_max: usize,
) -> Result<bytes::Bytes, DbError> {
    let arguments = arguments(parameters)?;
    let mut rows = sqlx::query_with(AssertSqlSafe(sql), arguments).fetch(connection);
    let mut answer: Option<Answer> = None;
    while let Some(row) = rows.next().await {
        let row = row.map_err(error)?;
        let answer = match &mut answer {
            Some(answer) => answer,
            None => answer.insert(Answer::new(&row)?),
        };
        answer.push(&row)?;
        if answer.encoder.size() > bytes_max {
            return Err(too_large(bytes_max));
        }
    }
    let encoder = answer.map_or_else(|| RowEncoder::new([]), |answer| answer.encoder);
    Ok(encoder.finish())
}

/// Runs a statement and gives the number of rows it touched.
pub(super) async fn execute(connection: &mut PgConnection, sql: &str, parameters: Vec<Value>) -> Result<u64, DbError> {
    let arguments = arguments(parameters)?;
    let done = sqlx::query_with(AssertSqlSafe(sql), arguments).execute(connection).await.map_err(error)?;
    Ok(done.rows_affected())
}

/// Runs several statements without parameters.
pub(super) async fn script(connection: &mut PgConnection, sql: &str) -> Result<(), DbError> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map_err(error)?;
    Ok(())
}

/// Tells PostgreSQL's errors apart.
pub(super) fn error(error: sqlx::Error) -> DbError {
    match error {
        sqlx::Error::Database(error) => database_error(error.as_ref()),
        sqlx::Error::PoolTimedOut => DbError::new(DbErrorKind::Timeout, error.to_string()),
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            DbError::new(DbErrorKind::Unavailable, error.to_string())
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            DbError::new(DbErrorKind::Decode, error.to_string())
        }
        other => DbError::new(DbErrorKind::Other, other.to_string()),
    }
}

/// By SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn database_error(error: &dyn DatabaseError) -> DbError {
    let code = error.code().unwrap_or_default();
    let kind = match (error.kind(), code.as_ref()) {
        (ErrorKind::UniqueViolation | ErrorKind::ExclusionViolation, _) => DbErrorKind::Unique,
        (ErrorKind::ForeignKeyViolation, _) => DbErrorKind::ForeignKey,
        (ErrorKind::NotNullViolation, _) => DbErrorKind::NotNull,
        (ErrorKind::CheckViolation, _) => DbErrorKind::Check,
        // Cancelled by its deadline, and a lock that was not to be had in time.
        (_, "57014" | "55P03") => DbErrorKind::Timeout,
        (_, code) if ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class)) => DbErrorKind::Unavailable,
        _ => DbErrorKind::Other,
    };
    DbError::new(kind, error.message())
}

/// True for the error of a cached statement whose columns a migration has changed.
pub(super) fn is_stale_plan(error: &DbError) -> bool {
    error.kind == DbErrorKind::Other && error.message.contains("cached plan must not change result type")
}

fn arguments(parameters: Vec<Value>) -> Result<PgArguments, DbError> {
    let mut arguments = PgArguments::default();
    for parameter in parameters {
        let added = match parameter {
            Value::Null => arguments.add(Untyped),
            Value::Bool(value) => arguments.add(value),
            Value::Int(value) => arguments.add(value),
            Value::Float(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
        };
        added.map_err(|error| DbError::new(DbErrorKind::Other, error.to_string()))?;
    }
    Ok(arguments)
}

/// An answer that is being written, with the way to read each of its columns.
struct Answer {
    encoder: RowEncoder,
    decoders: Vec<Decoder>,
}

impl Answer {
    fn new(row: &PgRow) -> Result<Self, DbError> {
        let encoder = RowEncoder::new(row.columns().iter().map(Column::name));
        let decoders = row.columns().iter().map(Decoder::of).collect::<Result<_, _>>()?;
        Ok(Self { encoder, decoders })
    }

    fn push(&mut self, row: &PgRow) -> Result<(), DbError> {
        for (index, decoder) in self.decoders.iter().enumerate() {
            let value = row.try_get_raw(index).map_err(error)?;
            decoder.push(&mut self.encoder, value).map_err(|source| {
                let column = row.columns()[index].name();
                DbError::new(DbErrorKind::Decode, format!("column {column}: {source}"))
            })?;
        }
        Ok(())
    }
}
