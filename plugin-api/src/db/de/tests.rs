use crate::db::{DbErrorKind, RowEncoder, Rows, Value};
use serde::Deserialize;
use std::collections::HashMap;

fn rows(columns: &[&str], values: &[Value]) -> Rows {
    let mut encoder = RowEncoder::new(columns.iter().copied());
    for value in values {
        encoder.push(value);
    }
    Rows::decode(encoder.finish()).expect("just encoded")
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Enabled,
    Disabled,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Plugin {
    id: i64,
    name: String,
    shown: bool,
    reason: Option<String>,
    absent: Option<i32>,
    state: State,
    tags: Vec<String>,
    ratio: f64,
}

#[test]
fn a_struct_is_read_by_column_names() {
    let columns = ["ratio", "id", "name", "shown", "reason", "state", "tags", "unasked"];
    let values = [
        Value::Int(2),
        Value::Int(1),
        text("notice"),
        Value::Int(1),
        Value::Null,
        text("enabled"),
        text(r#"["a","b"]"#),
        text("x"),
    ];
    let second = [
        text("0.5"),
        text("12"),
        text("hello"),
        Value::Bool(false),
        text("why"),
        text("disabled"),
        text("[]"),
        Value::Null,
    ];
    let found: Vec<Plugin> = rows(&columns, &[values, second].concat()).deserialize().expect("fits");
    let expected = Plugin {
        id: 1,
        name: "notice".to_owned(),
        shown: true,
        reason: None,
        absent: None,
        state: State::Enabled,
        tags: vec!["a".to_owned(), "b".to_owned()],
        ratio: 2.0,
    };
    assert_eq!(found[0], expected);
    assert_eq!((found[1].id, found[1].ratio, found[1].shown), (12, 0.5, false));
    assert_eq!((found[1].reason.as_deref(), &found[1].state), (Some("why"), &State::Disabled));
}

#[test]
fn tuples_scalars_and_maps_are_read() {
    let two = rows(&["a", "b", "c"], &[Value::Int(1), text("x"), Value::Null, Value::Int(2), text("y"), Value::Null]);
    let tuples: Vec<(i64, String)> = two.deserialize().expect("the third column is left out");
    assert_eq!(tuples, [(1, "x".to_owned()), (2, "y".to_owned())]);
    let maps: Vec<HashMap<String, serde_json::Value>> = two.deserialize().expect("fits");
    assert_eq!(maps[1]["b"], "y");
    assert_eq!(two.scalar::<i64>(), Ok(1));

    let one = rows(&["n"], &[Value::Int(1), Value::Null]);
    assert_eq!(one.deserialize::<Option<i64>>(), Ok(vec![Some(1), None]));
    assert_eq!(one.first::<i64>(), Ok(Some(1)));
    let bytes = rows(&["b"], &[Value::Bytes(vec![1, 2])]);
    assert_eq!(bytes.deserialize::<Vec<u8>>(), Ok(vec![vec![1, 2]]));
}

#[test]
fn errors_name_the_column() {
    let wrong = rows(&["id", "name"], &[text("seven"), text("x")]);
    let error = wrong.deserialize::<(i32, String)>().expect_err("text is no number");
    assert_eq!(error.kind, DbErrorKind::Decode);
    assert!(error.message.starts_with("column id: invalid type: string \"seven\""), "{error}");

    let large = rows(&["n"], &[Value::Int(1 << 40)]);
    assert!(large.scalar::<i32>().expect_err("too large").message.starts_with("column n: invalid value"));
    assert_eq!(rows(&[], &[]).scalar::<i32>().expect_err("no row").kind, DbErrorKind::RowNotFound);
}

#[test]
fn single_rows_are_read_by_name() {
    let answer = rows(&["id", "name"], &[Value::Int(7), text("x")]);
    let row = answer.iter().next().expect("one row").expect("well encoded");
    assert_eq!(row.get::<i64>("id"), Ok(7));
    assert_eq!(row.get::<&str>("name"), Ok("x"));
    let error = row.get::<i64>("nam").expect_err("no such column");
    assert_eq!(error.message, "no column nam; there are: id, name");
}

#[test]
fn hostile_answers_are_survived() {
    let mut encoder = RowEncoder::new(["id", "name"]);
    for value in [Value::Int(1), text("x"), Value::Null, Value::Bytes(vec![3])] {
        encoder.push(&value);
    }
    let encoded = encoder.finish();
    let read = |bytes: Vec<u8>| -> Result<Vec<(Option<i64>, Vec<u8>)>, _> { Rows::decode(bytes.into())?.deserialize() };
    for end in 0..encoded.len() {
        assert!(read(encoded[..end].to_vec()).is_err(), "cut at {end}");
    }
    for at in 0..encoded.len() {
        for byte in 0..=255 {
            let mut hostile = encoded.to_vec();
            hostile[at] = byte;
            let _survived = read(hostile);
        }
    }
    assert!(Rows::decode(vec![255, 255, 255, 255, 0, 0, 0, 0].into()).is_err());
}
