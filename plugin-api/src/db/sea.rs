//! Statements built by sea-query.
//!
//! The PostgreSQL builder serves both databases: SQLite takes its `$1` and its quoting.

use super::{DbError, DbErrorKind, Executor, Query, Value};
use sea_query::{PostgresQueryBuilder, QueryStatementWriter};
use std::borrow::Cow;
use std::sync::Arc;

pub(super) fn query(executor: Arc<dyn Executor>, tx: u64, statement: &impl QueryStatementWriter) -> Query<'static> {
    let (sql, values) = statement.build(PostgresQueryBuilder);
    let parameters = values.0.into_iter().map(convert).collect();
    Query::new(executor, tx, Cow::Owned(sql)).with_parameters(parameters)
}

#[allow(
    unreachable_patterns,
    reason = "the enum has further variants when another crate of the build switches them on"
)]
fn convert(value: sea_query::Value) -> Result<Value, DbError> {
    use sea_query::Value as Sea;
    Ok(match value {
        Sea::Bool(value) => value.into(),
        Sea::TinyInt(value) => value.into(),
        Sea::SmallInt(value) => value.into(),
        Sea::Int(value) => value.into(),
        Sea::BigInt(value) => value.into(),
        Sea::TinyUnsigned(value) => value.into(),
        Sea::SmallUnsigned(value) => value.into(),
        Sea::Unsigned(value) => value.into(),
        Sea::BigUnsigned(value) => value.map(whole_number).transpose()?.into(),
        Sea::Float(value) => value.into(),
        Sea::Double(value) => value.into(),
        Sea::String(value) => value.into(),
        Sea::Char(value) => value.into(),
        Sea::Bytes(value) => value.into(),
        Sea::Enum(sea_query::OptionEnum::Some(value)) => value.value.into(),
        Sea::Enum(sea_query::OptionEnum::None(_)) => Value::Null,
        other => {
            return Err(refused(format!("values like {other:?} are not carried; bind text or a number")));
        }
    })
}

fn whole_number(value: u64) -> Result<i64, DbError> {
    i64::try_from(value).map_err(|_| refused(format!("{value} is larger than a database's whole numbers")))
}

fn refused(message: String) -> DbError {
    DbError::new(DbErrorKind::Refused, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_convert_or_are_refused() {
        assert_eq!(convert(sea_query::Value::BigUnsigned(Some(7))), Ok(Value::Int(7)));
        assert_eq!(convert(sea_query::Value::String(None)), Ok(Value::Null));
        let error = convert(sea_query::Value::BigUnsigned(Some(u64::MAX))).expect_err("too large");
        assert_eq!(error.kind, DbErrorKind::Refused);
    }
}
