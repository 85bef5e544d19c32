//! Values of statements and rows, and what converts into them.

use std::borrow::Cow;

/// A value of a statement or a row.
///
/// `u64` and `usize` don't convert: a database's largest whole number is [`i64::MAX`].
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// SQL's NULL.
    Null,
    /// A truth value; 0 or 1 on SQLite.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

macro_rules! from_lossless {
    ($($from:ty => $variant:ident),* $(,)?) => {
        $(impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

from_lossless! {
    bool => Bool,
    i8 => Int, i16 => Int, i32 => Int, i64 => Int,
    u8 => Int, u16 => Int, u32 => Int,
    f32 => Float, f64 => Float,
    &str => Text, String => Text, &String => Text, Cow<'_, str> => Text, Box<str> => Text, char => Text,
    Vec<u8> => Bytes, &[u8] => Bytes, bytes::Bytes => Bytes,
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// JSON is stored as its text.
impl From<&serde_json::Value> for Value {
    fn from(value: &serde_json::Value) -> Self {
        Self::Text(value.to_string())
    }
}

/// JSON is stored as its text.
impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        Self::from(&value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_values_convert() {
        assert_eq!(Value::from(7u32), Value::Int(7));
        assert_eq!(Value::from(true), Value::Bool(true));
        assert_eq!(Value::from("a"), Value::Text("a".to_owned()));
        assert_eq!(Value::from(None::<String>), Value::Null);
        assert_eq!(Value::from(Some(vec![1u8])), Value::Bytes(vec![1]));
        assert_eq!(Value::from(serde_json::json!({"a": 1})), Value::Text(r#"{"a":1}"#.to_owned()));
    }
}
