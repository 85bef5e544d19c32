//! Many rows in few statements.

use plugin_api::db::{Database, DbError, Statements, Value};
use std::fmt::Write;

/// Rows of one statement, largest first. Few sizes, so that the database meets few statements and
/// remembers how to run them; small ones, since SQLite looks for each parameter among all that have a
/// name, which costs more than the statements saved.
const SIZES: [usize; 3] = [16, 4, 1];
/// No column of people's text is wider, in characters, but those of type TEXT.
const MESSAGE_CHARACTERS_MAX: usize = 2_000;

/// A column to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::admin) enum Column {
    /// Written as it is.
    Plain(&'static str),
    /// Text of which the empty one is NULL: a parameter that is now text and now NULL would be
    /// another statement each time.
    EmptyIsNull(&'static str),
}

/// Adds `rows`, each with a value per column, all of them or none.
pub(in crate::admin) async fn insert(
    db: &Database,
    table: &str,
    columns: &[Column],
    rows: Vec<Vec<Value>>,
) -> Result<(), DbError> {
    let transaction = db.begin().await?;
    let (columns, rows) = keyed(db, columns, rows);
    let columns = columns.as_slice();
    let mut rows = rows.into_iter();
    for size in SIZES {
        while rows.len() >= size {
            let statement = statement(table, columns, size);
            transaction.query(statement).bind_all(rows.by_ref().take(size).flatten()).execute().await?;
        }
    }
    transaction.commit().await
}

/// With their keys, where the database does not make them.
fn keyed(db: &Database, columns: &[Column], mut rows: Vec<Vec<Value>>) -> (Vec<Column>, Vec<Vec<Value>>) {
    let mut columns = columns.to_vec();
    let ids: Vec<i64> = rows.iter().map_while(|_| db.new_id()).collect();
    if !ids.is_empty() {
        columns.push(Column::Plain("id"));
    }
    for (row, id) in rows.iter_mut().zip(ids) {
        row.push(id.into());
    }
    (columns, rows)
}

fn statement(table: &str, columns: &[Column], rows: usize) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.name()).collect();
    let mut sql = format!("INSERT INTO {table} ({}) VALUES ", names.join(", "));
    let mut parameter = 0;
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        for (position, column) in columns.iter().enumerate() {
            parameter += 1;
            let comma = if position == 0 { "" } else { ", " };
            // Writing into a String never fails.
            let _ = match column {
                Column::Plain(_) => write!(sql, "{comma}${parameter}"),
                Column::EmptyIsNull(_) => write!(sql, "{comma}NULLIF(${parameter}, '')"),
            };
        }
        sql.push(')');
    }
    sql
}

impl Column {
    fn name(self) -> &'static str {
        match self {
            Self::Plain(name) | Self::EmptyIsNull(name) => name,
        }
    }
}

/// The text as a column of so many characters takes it: no longer, and without NUL, which
/// PostgreSQL refuses.
pub(in crate::admin) fn clipped(text: &str, characters_max: usize) -> Value {
    Value::Text(text.chars().filter(|c| *c != '\0').take(characters_max).collect())
}

/// The same for a column without a width.
pub(in crate::admin) fn message(text: &str) -> Value {
    clipped(text, MESSAGE_CHARACTERS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_through_and_empty_texts_are_null() {
        let columns = [Column::Plain("a"), Column::EmptyIsNull("b")];
        let expected = "INSERT INTO t (a, b) VALUES ($1, NULLIF($2, '')), ($3, NULLIF($4, ''))";
        assert_eq!(statement("t", &columns, 2), expected);
    }

    #[test]
    fn texts_are_clipped_by_characters() {
        assert_eq!(clipped("日\0本語", 2), Value::Text("日本".to_owned()));
    }
}
