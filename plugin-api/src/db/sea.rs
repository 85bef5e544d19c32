//! Statements built by sea-query.
//!
//! The PostgreSQL builder serves both databases: SQLite takes its `$1` and its quoting.

use super::{DbError, DbErrorKind, Executor, Query, Statements, Value};
use crate::permitted::Permitted;
use sea_query::{Expr, PostgresQueryBuilder, QueryStatementWriter, SelectStatement, SubQueryStatement};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;

pub(super) fn query(executor: Arc<dyn Executor>, tx: u64, statement: &impl QueryStatementWriter) -> Query<'static> {
    let (sql, values) = statement.build(PostgresQueryBuilder);
    let parameters = values.0.into_iter().map(convert).collect();
    Query::new(executor, tx, Cow::Owned(sql)).with_parameters(parameters)
}

impl Permitted {
    /// The condition as an expression, for `and_where` and the like.
    pub fn expr(&self) -> Expr {
        Expr::cust_with_values(self.sql(1), self.parameters().into_iter().map(sea_value))
    }
}

fn sea_value(value: Value) -> sea_query::Value {
    match value {
        Value::Null => sea_query::Value::String(None),
        Value::Bool(value) => value.into(),
        Value::Int(value) => value.into(),
        Value::Float(value) => value.into(),
        Value::Text(value) => value.into(),
        Value::Bytes(value) => value.into(),
    }
}

/// The column with the number of rows on all pages.
#[derive(Deserialize)]
struct Total {
    rows_on_all_pages: u64,
}

pub(super) fn page<T: DeserializeOwned>(
    db: &impl Statements,
    select: &SelectStatement,
    limit: u64,
    offset: u64,
) -> impl Future<Output = Result<(Vec<T>, u64), DbError>> + Send {
    let mut count = select.clone();
    count.clear_selects().clear_order_by().expr(Expr::cust("COUNT(*)"));
    let mut page = select.clone();
    let total = Expr::SubQuery(None, Box::new(SubQueryStatement::SelectStatement(count.clone())));
    page.expr_as(total, "rows_on_all_pages").limit(limit).offset(offset);
    let (page, count) = (db.statement(&page), db.statement(&count));
    async move {
        let rows = page.rows().await?;
        let total = match rows.first::<Total>()? {
            Some(total) => total.rows_on_all_pages,
            None if offset == 0 => 0,
            None => count.fetch_scalar().await?,
        };
        Ok((rows.deserialize()?, total))
    }
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
    fn what_is_permitted_stands_among_other_conditions_with_its_numbers() {
        let permitted = Permitted::when("\"t\".\"a\" IN (").value(7).then(", ").value("$1 ? '").then(")");
        let mut select = sea_query::Query::select();
        select.expr(Expr::cust("1")).and_where(Expr::cust_with_values("b = $1", ["x"])).and_where(permitted.expr());
        let (sql, values) = select.limit(3).build(PostgresQueryBuilder);
        assert_eq!(sql, "SELECT 1 WHERE (b = $1) AND ((\"t\".\"a\" IN ($2, $3))) LIMIT $4");
        let values: Vec<Value> = values.0.into_iter().take(3).map(|value| convert(value).expect("carried")).collect();
        assert_eq!(values, ["x".into(), Value::Int(7), "$1 ? '".into()]);
        assert_eq!(convert(sea_value(Value::Null)), Ok(Value::Null));
    }

    #[test]
    fn values_convert_or_are_refused() {
        assert_eq!(convert(sea_query::Value::BigUnsigned(Some(7))), Ok(Value::Int(7)));
        assert_eq!(convert(sea_query::Value::String(None)), Ok(Value::Null));
        let error = convert(sea_query::Value::BigUnsigned(Some(u64::MAX))).expect_err("too large");
        assert_eq!(error.kind, DbErrorKind::Refused);
    }
}
