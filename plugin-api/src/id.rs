//! Keys of rows, as the API shows them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};

/// The format of the schema of an [`Id`]. The host, which knows the form, puts the type in its place.
pub const ID_FORMAT: &str = "id";

/// The key of a row in a request or an answer: a number, or a text with a number where the operator
/// has chosen ids that are too large for a browser's numbers. Read from either.
///
/// ```
/// use plugin_api::Id;
/// assert_eq!(serde_json::to_value(Id::from(7)).unwrap(), 7);
/// assert_eq!(serde_json::from_str::<Id>("\"7\"").unwrap(), Id::from(7));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "serde_json::Value")]
pub struct Id(i64);

/// How answers of this library show ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum IdForm {
    /// `7`
    Number = 0,
    /// `"7"`
    Text = 1,
}

/// Set once for each library, when its host has told it.
static FORM: AtomicU8 = AtomicU8::new(IdForm::Number as u8);

impl IdForm {
    /// The form that every [`Id`] of this library has from now on.
    pub fn set(self) {
        FORM.store(self as u8, Ordering::Relaxed);
    }

    /// The form in force.
    pub fn current() -> Self {
        Self::from_code(FORM.load(Ordering::Relaxed))
    }

    /// The form of a number that crossed the ABI.
    pub(crate) fn from_code(code: u8) -> Self {
        if code == Self::Text as u8 { Self::Text } else { Self::Number }
    }
}

impl Id {
    /// The key.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The keys, in the same order.
    pub fn all(ids: impl IntoIterator<Item = Self>) -> Vec<i64> {
        ids.into_iter().map(Self::get).collect()
    }

    /// As JSON, in the form in force.
    pub fn json(self) -> serde_json::Value {
        match IdForm::current() {
            IdForm::Number => self.0.into(),
            IdForm::Text => self.0.to_string().into(),
        }
    }
}

impl From<i64> for Id {
    fn from(key: i64) -> Self {
        Self(key)
    }
}

impl From<Id> for i64 {
    fn from(id: Id) -> Self {
        id.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Id {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match IdForm::current() {
            IdForm::Number => serializer.serialize_i64(self.0),
            IdForm::Text => serializer.collect_str(&self.0),
        }
    }
}

impl TryFrom<serde_json::Value> for Id {
    type Error = &'static str;

    fn try_from(value: serde_json::Value) -> Result<Self, Self::Error> {
        let key = match &value {
            serde_json::Value::Number(number) => number.as_i64(),
            serde_json::Value::String(text) => text.parse().ok(),
            _ => None,
        };
        key.map(Self).ok_or("expected a whole number, or a text that is one")
    }
}

#[cfg(feature = "openapi")]
mod openapi {
    use super::{ID_FORMAT, Id};
    use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
    use poem_openapi::types::{ParseError, ParseFromJSON, ParseFromParameter, ParseResult, ToJSON, Type};
    use serde_json::Value;
    use std::borrow::Cow;

    impl Type for Id {
        const IS_REQUIRED: bool = true;
        type RawValueType = Self;
        type RawElementValueType = Self;

        fn name() -> Cow<'static, str> {
            "integer_id".into()
        }

        fn schema_ref() -> MetaSchemaRef {
            MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format("integer", ID_FORMAT)))
        }

        fn as_raw_value(&self) -> Option<&Self> {
            Some(self)
        }

        fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
            Box::new(std::iter::once(self))
        }
    }

    impl ParseFromJSON for Id {
        fn parse_from_json(value: Option<Value>) -> ParseResult<Self> {
            Self::try_from(value.unwrap_or_default()).map_err(ParseError::custom)
        }
    }

    impl ParseFromParameter for Id {
        fn parse_from_parameter(value: &str) -> ParseResult<Self> {
            value.parse::<i64>().map(Self).map_err(ParseError::custom)
        }
    }

    impl ToJSON for Id {
        fn to_json(&self) -> Option<Value> {
            Some(self.json())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ids_are_read_from_numbers_and_from_texts() {
        let cases = [
            (json!(7), Some(7)),
            (json!("7"), Some(7)),
            (json!(i64::MAX.to_string()), Some(i64::MAX)),
            (json!("9223372036854775808"), None),
            (json!(""), None),
            (json!("7 "), None),
            (json!(1.5), None),
            (json!(true), None),
            (json!(null), None),
        ];
        for (value, key) in cases {
            assert_eq!(serde_json::from_value::<Id>(value.clone()).ok(), key.map(Id), "{value}");
        }
    }
}
