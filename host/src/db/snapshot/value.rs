//! A row as a line of JSON, exactly: what JSON has no exact form for stands in an object of its own.

use super::SnapshotError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use plugin_api::db::{Value, ValueRef};
use serde_json::{Value as Json, json};

/// A row, ended by a line feed.
pub(super) fn line(values: &[ValueRef<'_>]) -> Vec<u8> {
    let row: Vec<Json> = values.iter().map(to_json).collect();
    let mut line = Json::Array(row).to_string().into_bytes();
    line.push(b'\n');
    line
}

/// The values of a line.
///
/// # Errors
/// [`SnapshotError::Damaged`] if it is not one that [`line`] wrote.
pub(super) fn values(line: &str, width: usize) -> Result<Vec<Value>, SnapshotError> {
    let damaged = || SnapshotError::Damaged("a row is not one that was written".to_owned());
    let row: Vec<Json> = serde_json::from_str(line).map_err(|_| damaged())?;
    if row.len() != width {
        return Err(damaged());
    }
    row.into_iter().map(|value| from_json(value).ok_or_else(damaged)).collect()
}

fn to_json(value: &ValueRef<'_>) -> Json {
    match value {
        ValueRef::Null => Json::Null,
        ValueRef::Bool(value) => json!(value),
        ValueRef::Int(value) => json!(value),
        // Rust prints the shortest text that reads back to the same number, and infinities.
        ValueRef::Float(value) => json!({"float": format!("{value:?}")}),
        ValueRef::Text(value) => json!(value),
        ValueRef::Bytes(value) => json!({"bytes": STANDARD.encode(value)}),
    }
}

fn from_json(value: Json) -> Option<Value> {
    Some(match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(value),
        Json::Number(value) => Value::Int(value.as_i64()?),
        Json::String(value) => Value::Text(value),
        Json::Object(object) => match (object.get("float"), object.get("bytes")) {
            (Some(Json::String(text)), None) => Value::Float(text.parse().ok()?),
            (None, Some(Json::String(text))) => Value::Bytes(STANDARD.decode(text).ok()?),
            _ => return None,
        },
        Json::Array(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_exactly() {
        let row = [
            ValueRef::Null,
            ValueRef::Bool(true),
            ValueRef::Int(i64::MIN),
            ValueRef::Int(i64::MAX),
            ValueRef::Float(0.1),
            ValueRef::Float(-0.0),
            ValueRef::Float(5e-324),
            ValueRef::Float(f64::MAX),
            ValueRef::Float(f64::NEG_INFINITY),
            ValueRef::Text("a\nb\u{0}\u{1f600}\u{2028}\"\\"),
            ValueRef::Text(""),
            ValueRef::Bytes(&[0, 255, 10]),
            ValueRef::Bytes(&[]),
        ];
        let line = line(&row);
        let text = std::str::from_utf8(&line).expect("text");
        assert_eq!(text.matches('\n').count(), 1);
        let back = values(text.trim_end(), row.len()).expect("reads");
        let expected = [
            Value::Null,
            Value::Bool(true),
            Value::Int(i64::MIN),
            Value::Int(i64::MAX),
            Value::Float(0.1),
            Value::Float(-0.0),
            Value::Float(5e-324),
            Value::Float(f64::MAX),
            Value::Float(f64::NEG_INFINITY),
            Value::Text("a\nb\u{0}\u{1f600}\u{2028}\"\\".to_owned()),
            Value::Text(String::new()),
            Value::Bytes(vec![0, 255, 10]),
            Value::Bytes(Vec::new()),
        ];
        assert_eq!(format!("{back:?}"), format!("{expected:?}"));
    }

    #[test]
    fn what_was_not_written_is_damaged() {
        for line in ["", "[1", "{}", "[1, 2]", "[{}]", "[[1]]", "[1.5]", "[{\"bytes\": \"!\"}]", "[{\"float\": \"x\"}]"]
        {
            assert!(matches!(values(line, 1), Err(SnapshotError::Damaged(_))), "{line}");
        }
    }
}
