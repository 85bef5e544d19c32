//! The answer of a query, read where it is used.

use super::codec::DecodeError;
use super::de::{RowDeserializer, ValueDeserializer};
use super::reader::{Reader, ValueRef};
use super::{DbError, DbErrorKind};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use std::fmt;

/// Rows as they came from the host: one buffer, decoded while it is read.
#[derive(Clone)]
pub struct Rows {
    columns: Vec<String>,
    count: usize,
    values: Bytes,
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("columns", &self.columns).field("count", &self.count).finish_non_exhaustive()
    }
}

impl Rows {
    /// Reads the head of an answer: its columns and the number of its rows.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are not an answer. The values themselves are checked later,
    /// while they are read.
    pub fn decode(buffer: Bytes) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(&buffer);
        let count = reader.count()?;
        let width = reader.count()?;
        let mut columns = Vec::with_capacity(width.min(reader.remaining()));
        for _ in 0..width {
            columns.push(reader.text()?.to_owned());
        }
        // A value takes a byte at least; this bounds every loop below by the bytes that came.
        let least = count.checked_mul(width).ok_or_else(DecodeError::cut_short)?;
        if least > reader.remaining() || (width == 0 && count > 0) {
            return Err(DecodeError::cut_short());
        }
        let values = buffer.slice(buffer.len() - reader.remaining()..);
        Ok(Self { columns, count, values })
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.count
    }

    /// True without a row.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The columns' names. Empty if there is no row.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Reads every row as a `T`: a struct by the columns' names, a tuple by their order, a
    /// number or text if there is one column.
    ///
    /// # Errors
    /// Of kind [`DbErrorKind::Decode`], naming the column that doesn't fit.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<Vec<T>, DbError> {
        let mut reader = Reader::new(&self.values);
        let mut rows = Vec::with_capacity(self.count);
        for _ in 0..self.count {
            rows.push(RowDeserializer::read(&self.columns, &mut reader)?);
        }
        Ok(rows)
    }

    /// Reads the first row as a `T`, if there is one.
    ///
    /// # Errors
    /// Of kind [`DbErrorKind::Decode`], naming the column that doesn't fit.
    pub fn first<T: DeserializeOwned>(&self) -> Result<Option<T>, DbError> {
        if self.is_empty() {
            return Ok(None);
        }
        let row = RowDeserializer::read(&self.columns, &mut Reader::new(&self.values))?;
        Ok(Some(row))
    }

    /// Reads the first value of the first row as a `T`; an `Option` takes NULL.
    ///
    /// # Errors
    /// Of kind [`DbErrorKind::RowNotFound`] without a row, [`DbErrorKind::Decode`] if the value
    /// doesn't fit.
    pub fn scalar<T: DeserializeOwned>(&self) -> Result<T, DbError> {
        if self.is_empty() {
            return Err(row_not_found());
        }
        let value = Reader::new(&self.values).value()?;
        T::deserialize(ValueDeserializer(value)).map_err(|error| match self.columns.first() {
            Some(column) => error.in_column(column).into(),
            None => error.into(),
        })
    }

    /// Every row by itself, for columns that are only known at run time.
    pub fn iter(&self) -> impl Iterator<Item = Result<Row<'_>, DbError>> {
        let mut reader = Reader::new(&self.values);
        (0..self.count).map(move |_| {
            let mut values = Vec::with_capacity(self.columns.len());
            for _ in &self.columns {
                values.push(reader.value()?);
            }
            Ok(Row { columns: &self.columns, values })
        })
    }
}

pub(super) fn row_not_found() -> DbError {
    DbError::new(DbErrorKind::RowNotFound, "the statement answered no row")
}

/// One row of [`Rows`].
#[derive(Debug, Clone)]
pub struct Row<'a> {
    columns: &'a [String],
    values: Vec<ValueRef<'a>>,
}

impl<'a> Row<'a> {
    /// The columns' names.
    pub fn columns(&self) -> &'a [String] {
        self.columns
    }

    /// The values, in the order of the columns.
    pub fn values(&self) -> &[ValueRef<'a>] {
        &self.values
    }

    /// The value of a column; None if there is no such column.
    pub fn value(&self, column: &str) -> Option<ValueRef<'a>> {
        let at = self.columns.iter().position(|name| name == column)?;
        self.values.get(at).copied()
    }

    /// The value of a column as a `T`.
    ///
    /// # Errors
    /// Of kind [`DbErrorKind::Decode`] if there is no such column or its value doesn't fit.
    pub fn get<T: serde::Deserialize<'a>>(&self, column: &str) -> Result<T, DbError> {
        let value = self.value(column).ok_or_else(|| {
            let columns = self.columns.join(", ");
            DbError::new(DbErrorKind::Decode, format!("no column {column}; there are: {columns}"))
        })?;
        T::deserialize(ValueDeserializer(value)).map_err(|error| error.in_column(column).into())
    }
}
