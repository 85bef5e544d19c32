//! A row of the source, checked.

use super::column::Column;
use super::report::TableReport;
use super::tables::Table;
use plugin_api::db::{DbError, DbErrorKind, Row, Value, ValueRef};

/// A row whose values fit our columns.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its id in the source.
    pub(super) id: i64,
    columns: &'static [Column],
    values: Vec<Value>,
}

impl Entry {
    /// Reads a row of `id` and the table's columns. What does not fit is told to `report`; None if the
    /// row can't be moved without it.
    ///
    /// # Errors
    /// Of kind `Decode` for a row without an id.
    pub(super) fn read(
        table: &'static Table,
        row: &Row<'_>,
        report: &mut TableReport,
    ) -> Result<(i64, Option<Self>), DbError> {
        let Some((ValueRef::Int(id), found)) = row.values().split_first().map(|(id, found)| (*id, found)) else {
            return Err(DbError::new(DbErrorKind::Decode, "the column id is no whole number"));
        };
        let mut values = Vec::with_capacity(found.len());
        for (column, found) in table.columns.iter().zip(found) {
            match column.read(*found) {
                Ok(value) => values.push(value),
                Err(why) if column.is_required() => {
                    report.leave_out(id, why);
                    return Ok((id, None));
                }
                Err(why) => {
                    report.problem(id, format!("{why}; moved without it"));
                    values.push(Value::Null);
                }
            }
        }
        Ok((id, Some(Self { id, columns: table.columns, values })))
    }

    /// The values, in the order of the table's columns.
    pub(super) fn values(&self) -> &[Value] {
        &self.values
    }

    /// The value of a column by its name in the source; NULL if there is no such column.
    pub(super) fn value(&self, column: &str) -> &Value {
        let at = self.columns.iter().position(|known| known.name == column);
        at.and_then(|at| self.values.get(at)).unwrap_or(&Value::Null)
    }

    /// A text; empty for NULL.
    pub(super) fn text(&self, column: &str) -> &str {
        match self.value(column) {
            Value::Text(text) => text,
            _ => "",
        }
    }

    /// A whole number.
    pub(super) fn int(&self, column: &str) -> Option<i64> {
        match self.value(column) {
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn set(&mut self, column: &str, value: Value) {
        let at = self.columns.iter().position(|known| known.name == column);
        if let Some(place) = at.and_then(|at| self.values.get_mut(at)) {
            *place = value;
        }
    }
}
