//! What of a model's rows somebody is permitted to see, as a part of a statement.

use crate::db::{DbError, DbErrorKind, Value};

/// What of a model's rows somebody is permitted to see: a condition, and the values that it compares with.
///
/// It stands in a `WHERE`, beside the statement's own conditions. Its columns are written with the
/// table's name, so the table must not have another name in the statement.
///
/// ```
/// # use plugin_api::{Permitted, RequestInfo, PluginContext};
/// # use plugin_api::db::DbError;
/// # async fn example(context: PluginContext, asking: RequestInfo) -> Result<Vec<String>, DbError> {
/// let permitted = context.permitted(&asking, "Notice").await?;
/// let sql = format!("SELECT title FROM sys_notice WHERE status = $1 AND {}", permitted.sql(2));
/// context.database().query(sql).bind(1).bind_all(permitted.parameters()).fetch_all().await
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Permitted {
    /// The text before the first value.
    text: String,
    /// Each value, with the text that follows it.
    values: Vec<(Value, String)>,
}

impl Permitted {
    /// Every row.
    pub fn everything() -> Self {
        Self::when("1 = 1")
    }

    /// No row.
    pub fn nothing() -> Self {
        Self::when("1 = 0")
    }

    /// The rows for which a condition holds, which begins with `sql`. Values are never part of the
    /// text: they go in with [`value`](Self::value).
    ///
    /// ```
    /// use plugin_api::Permitted;
    ///
    /// let permitted = Permitted::when("type IN (").value(0).then(", ").value(1).then(")");
    /// assert_eq!(permitted.sql(3), "(type IN ($3, $4))");
    /// ```
    pub fn when(sql: &str) -> Self {
        Self { text: sql.to_owned(), values: Vec::new() }
    }

    /// The condition goes on with a value.
    pub fn value(mut self, value: impl Into<Value>) -> Self {
        self.values.push((value.into(), String::new()));
        self
    }

    /// The condition goes on with `sql`.
    pub fn then(mut self, sql: &str) -> Self {
        self.values.last_mut().map_or(&mut self.text, |(_, text)| text).push_str(sql);
        self
    }

    /// The condition in parentheses, its values as `$first` and the numbers that follow.
    pub fn sql(&self, first: usize) -> String {
        let values: String =
            (first..).zip(&self.values).map(|(number, (_, text))| format!("${number}{text}")).collect();
        format!("({}{values})", self.text)
    }

    /// The values, in the order of their numbers; give them to [`bind_all`](crate::db::Query::bind_all).
    pub fn parameters(&self) -> Vec<Value> {
        self.values.iter().map(|(value, _)| value.clone()).collect()
    }

    /// The form in which it crosses the ABI: texts and values in turn.
    pub(crate) fn into_crossing(self) -> Vec<Value> {
        let rest = self.values.into_iter().flat_map(|(value, text)| [value, Value::Text(text)]);
        std::iter::once(Value::Text(self.text)).chain(rest).collect()
    }

    /// Reads what [`into_crossing`](Self::into_crossing) wrote.
    pub(crate) fn from_crossing(crossed: Vec<Value>) -> Result<Self, DbError> {
        let malformed = || DbError::new(DbErrorKind::Decode, "what is permitted came in an unknown form");
        let mut crossed = crossed.into_iter();
        let Some(Value::Text(text)) = crossed.next() else { return Err(malformed()) };
        let mut values = Vec::new();
        while let Some(value) = crossed.next() {
            let Some(Value::Text(text)) = crossed.next() else { return Err(malformed()) };
            values.push((value, text));
        }
        Ok(Self { text, values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_from_any_place_and_never_part_of_the_text() {
        let hostile = "1) OR 1=1; --";
        let permitted = Permitted::when("a = ").value(hostile).then(" AND b <> ").value(2);
        assert_eq!(permitted.sql(1), "(a = $1 AND b <> $2)");
        assert_eq!(permitted.sql(9), "(a = $9 AND b <> $10)");
        assert_eq!(permitted.parameters(), [Value::from(hostile), Value::from(2)]);
        assert_eq!((Permitted::nothing().sql(1), Permitted::nothing().parameters()), ("(1 = 0)".to_owned(), vec![]));
    }

    #[test]
    fn what_crosses_comes_back_or_is_an_error() {
        for permitted in
            [Permitted::everything(), Permitted::when("a = ").value(Value::Null).then(" OR b = ").value("x")]
        {
            assert_eq!(Permitted::from_crossing(permitted.clone().into_crossing()), Ok(permitted));
        }
        for crossed in [vec![], vec![Value::from(1)], vec!["a = ".into(), 1.into()]] {
            assert_eq!(Permitted::from_crossing(crossed).expect_err("malformed").kind, DbErrorKind::Decode);
        }
    }
}
