//! The character NUL in what a client sends to the core: refused here, before any handler runs.
//!
//! PostgreSQL has no text that holds it, and SQLite ends some of them at it: neither stores nor
//! finds what was meant.

use super::validation::{self, FieldError, Part};
use super::{ApiError, Message};
use poem::Request;
use serde_json::Value;

/// The only way to write it in an address.
const IN_ADDRESS: &str = "%00";
/// The only way to write it in JSON.
const IN_JSON: &[u8] = b"\\u0000";

const REFUSAL: Message = Message::fixed("must not contain the character NUL", "不能包含 NUL 字符");

/// Refuses a request that has it in a parameter of its path or query, of which names are not looked
/// at: one that has it is no parameter of ours. To be called once a route is found; `names` are the
/// path's parameters in their order.
///
/// # Errors
/// 422, naming the parameter.
pub(super) fn refuse_in_parameters(request: &Request, names: &[String]) -> Result<(), ApiError> {
    // Looked for in the text first: hardly any has it.
    if !request.uri().path_and_query().is_some_and(|address| address.as_str().contains(IN_ADDRESS)) {
        return Ok(());
    }
    let path = request.path_params::<Vec<String>>().unwrap_or_default();
    let path = names.iter().zip(path).map(|(name, value)| (Part::Path, name.clone(), value));
    let query = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
    let query = query.map(|(name, value)| (Part::Query, name.into_owned(), value.into_owned()));
    let faults: Vec<FieldError> = path
        .chain(query)
        .filter(|(_, _, value)| value.contains('\0'))
        .map(|(part, name, _)| fault(part, vec![name]))
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(validation::invalid(&faults)) }
}

/// Refuses a body that has it in a text or in a name. `text` is what `body` was parsed from.
///
/// # Errors
/// 422, naming the first field.
pub(super) fn refuse_in_json(text: &[u8], body: &Value) -> Result<(), ApiError> {
    if !text.windows(IN_JSON.len()).any(|window| window == IN_JSON) {
        return Ok(());
    }
    let mut path = Vec::new();
    if find(body, &mut path) { Err(validation::invalid(&[fault(Part::Body, path)])) } else { Ok(()) }
}

fn fault(part: Part, path: Vec<String>) -> FieldError {
    FieldError::new("value_error", part, path, REFUSAL)
}

/// Whether it is in `value`; `path` leads there then.
fn find(value: &Value, path: &mut Vec<String>) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().enumerate().any(|(at, item)| find_below(at.to_string(), item, path)),
        Value::Object(fields) => fields.iter().any(|(name, field)| {
            // The name itself would only be repeated.
            name.contains('\0') || find_below(name.clone(), field, path)
        }),
        _ => false,
    }
}

fn find_below(name: String, value: &Value, path: &mut Vec<String>) -> bool {
    path.push(name);
    let found = find(value, path);
    if !found {
        path.pop();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_is_found_wherever_it_stands() {
        let cases = [
            (json!({"a": "x", "b": "y\0"}), Some(vec!["b"])),
            (json!({"a": [{"b": "x"}, {"c": "\0"}]}), Some(vec!["a", "1", "c"])),
            (json!({"a": {"b\0": 1}}), Some(vec!["a"])),
            (json!("\0"), Some(vec![])),
            (json!({"a": ["x", 1, null]}), None),
        ];
        for (body, expected) in cases {
            let mut path = Vec::new();
            let found = find(&body, &mut path).then_some(path);
            assert_eq!(found, expected.map(|path| path.into_iter().map(str::to_owned).collect()), "{body}");
        }
    }

    #[test]
    fn only_values_of_parameters_are_looked_at() {
        let cases = [
            ("/x?name=a%00b", false),
            ("/x?one=1&two=%00", false),
            ("/x?name=%2500", true),
            ("/x?na%00me=a", true),
            ("/x?name=a%20b", true),
        ];
        for (address, fine) in cases {
            let request = Request::builder().uri_str(address).finish();
            assert_eq!(refuse_in_parameters(&request, &[]).is_ok(), fine, "{address}");
        }
    }
}
