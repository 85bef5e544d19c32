//! Reads rows into Rust types by serde.
//!
//! The databases have fewer types than Rust, so a value also fits where nothing is lost: 0 and 1
//! as `bool`, text that spells a number (PostgreSQL's `numeric`) as a number, text as bytes, and
//! text that holds JSON as a list, map or struct.

use super::codec::DecodeError;
use super::reader::{Reader, ValueRef};
use serde::de::value::{BorrowedStrDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}

/// Reads one value.
#[derive(Clone, Copy)]
pub(super) struct ValueDeserializer<'de>(pub(super) ValueRef<'de>);

impl<'de> ValueDeserializer<'de> {
    fn whole_number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            ValueRef::Bool(value) => visitor.visit_i64(i64::from(value)),
            ValueRef::Text(text) => match text.parse() {
                Ok(number) => visitor.visit_i64(number),
                Err(_) => self.deserialize_any(visitor),
            },
            _ => self.deserialize_any(visitor),
        }
    }

    fn number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            ValueRef::Text(text) => match text.parse() {
                Ok(number) => visitor.visit_f64(number),
                Err(_) => self.deserialize_any(visitor),
            },
            _ => self.deserialize_any(visitor),
        }
    }

    fn json(self) -> Result<serde_json::Deserializer<serde_json::de::StrRead<'de>>, DecodeError> {
        match self.0 {
            ValueRef::Text(text) => Ok(serde_json::Deserializer::from_str(text)),
            other => Err(DecodeError::new(format!("{} instead of JSON text", other.kind()))),
        }
    }
}

macro_rules! forward_to {
    ($target:ident: $($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            self.$target(visitor)
        })*
    };
}

fn json_error(error: serde_json::Error) -> DecodeError {
    DecodeError::new(format!("not the JSON that was expected: {error}"))
}

impl<'de> Deserializer<'de> for ValueDeserializer<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            ValueRef::Null => visitor.visit_unit(),
            ValueRef::Bool(value) => visitor.visit_bool(value),
            ValueRef::Int(value) => visitor.visit_i64(value),
            ValueRef::Float(value) => visitor.visit_f64(value),
            ValueRef::Text(value) => visitor.visit_borrowed_str(value),
            ValueRef::Bytes(value) => visitor.visit_borrowed_bytes(value),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            ValueRef::Int(0) => visitor.visit_bool(false),
            ValueRef::Int(1) => visitor.visit_bool(true),
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to! { whole_number:
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
    }

    forward_to! { number: deserialize_f32 deserialize_f64 }

    forward_to! { deserialize_any:
        deserialize_char deserialize_str deserialize_string deserialize_unit deserialize_identifier
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            ValueRef::Text(value) => visitor.visit_borrowed_bytes(value.as_bytes()),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            ValueRef::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            ValueRef::Bytes(bytes) => visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied())),
            _ => self.json()?.deserialize_seq(visitor).map_err(json_error),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            ValueRef::Bytes(_) => self.deserialize_seq(visitor),
            _ => self.json()?.deserialize_tuple(len, visitor).map_err(json_error),
        }
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.json()?.deserialize_map(visitor).map_err(json_error)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.json()?.deserialize_struct(name, fields, visitor).map_err(json_error)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.0 {
            ValueRef::Text(text) if text.starts_with('{') => {
                self.json()?.deserialize_enum(name, variants, visitor).map_err(json_error)
            }
            ValueRef::Text(text) => visitor.visit_enum(BorrowedStrDeserializer::new(text)),
            other => Err(DecodeError::new(format!("{} instead of text", other.kind()))),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }
}

/// Reads one row, and leaves the reader at the next.
pub(super) struct RowDeserializer<'r, 'de> {
    columns: &'r [String],
    reader: &'r mut Reader<'de>,
    /// How many columns of this row have been read.
    read: usize,
}

impl<'r, 'de> RowDeserializer<'r, 'de> {
    pub(super) fn read<T: Deserialize<'de>>(
        columns: &'r [String],
        reader: &'r mut Reader<'de>,
    ) -> Result<T, DecodeError> {
        let mut row = Self { columns, reader, read: 0 };
        let value = T::deserialize(&mut row)?;
        while row.read < columns.len() {
            row.value()?;
        }
        Ok(value)
    }

    fn value(&mut self) -> Result<ValueRef<'de>, DecodeError> {
        self.read += 1;
        self.reader.value()
    }

    fn only_value(&mut self) -> Result<ValueDeserializer<'de>, DecodeError> {
        match self.columns {
            [_] => self.value().map(ValueDeserializer),
            columns => Err(DecodeError::new(format!("a row of {} columns instead of one value", columns.len()))),
        }
    }

    fn next_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, DecodeError> {
        let column = &self.columns[self.read];
        let value = self.value()?;
        seed.deserialize(ValueDeserializer(value)).map_err(|error| error.in_column(column))
    }
}

macro_rules! forward_to_only_value {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            self.only_value()?.$method(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for &mut RowDeserializer<'_, 'de> {
    type Error = DecodeError;

    forward_to_only_value! {
        deserialize_bool
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
    }

    forward_to! { deserialize_map: deserialize_any deserialize_identifier }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_map(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_map(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.columns {
            [_] => self.only_value()?.deserialize_seq(visitor),
            _ => visitor.visit_seq(self),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_seq(self)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_seq(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        // A row is there; whether its only value is NULL is asked by that value.
        match self.columns {
            [_] => self.only_value()?.deserialize_option(visitor),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.only_value()?.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }
}

impl<'de> MapAccess<'de> for &mut RowDeserializer<'_, 'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        match self.columns.get(self.read) {
            Some(column) => seed.deserialize(StrDeserializer::new(column)).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, DecodeError> {
        self.next_seed(seed)
    }
}

impl<'de> SeqAccess<'de> for &mut RowDeserializer<'_, 'de> {
    type Error = DecodeError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, DecodeError> {
        if self.read == self.columns.len() { Ok(None) } else { self.next_seed(seed).map(Some) }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.columns.len() - self.read)
    }
}

#[cfg(test)]
mod tests;
