//! What a request brought, as JSON without secrets.

mod beginning;

use super::operation::{Operation, PAYLOAD_BYTES_MAX, Payload, Route};
use super::redaction::{is_secret, redact_fields, redact_named};
use futures_util::stream;
use multer::Multipart;
use serde_json::{Map, Value, json};
use std::convert::Infallible;

/// How much of a long payload is shown, in characters.
const PREVIEW_CHARACTERS: usize = 1_000;
/// What bodies are called, by their kind.
const BODIES: [&str; 3] = ["json", "x-www-form-urlencoded", "form-data"];
/// Fields of a form that are looked at.
const FIELDS_MAX: usize = 200;

/// What `operation` brought: parameters and body. None if that is nothing.
pub(super) async fn of(operation: &Operation) -> Option<Value> {
    let mut all = Map::new();
    let (path, query) = split(&operation.target);
    put(&mut all, "query_params", pairs(query.as_bytes()));
    if let Some(route) = &operation.route {
        put(&mut all, "path_params", path_params(route, path));
    }
    if let Some(payload) = &operation.payload {
        put_payload(&mut all, payload).await;
    }
    redact_fields(&mut all);
    redact_settings(operation, path, &mut all);
    let sent = operation.payload.as_ref().map_or(0, |payload| payload.bytes);
    let all = (!all.is_empty()).then_some(Value::Object(all));
    match all.as_ref().map(Value::to_string) {
        Some(text) if sent > PAYLOAD_BYTES_MAX as u64 || text.len() > PAYLOAD_BYTES_MAX => {
            Some(truncated(&text, sent.max(text.len() as u64)))
        }
        None if sent > PAYLOAD_BYTES_MAX as u64 => Some(truncated("", sent)),
        _ => all,
    }
}

/// Settings of a plugin are hidden unless it was found out which of them are secret.
fn redact_settings(operation: &Operation, path: &str, all: &mut Map<String, Value>) {
    let pattern = operation.route.as_ref().map_or("", |route| &route.pattern);
    let is_of_settings = |path: &str| path.contains("/plugins/") && path.trim_end_matches('/').ends_with("/settings");
    let is_settings = is_of_settings(path) || is_of_settings(pattern);
    match &operation.secrets {
        Some(secrets) => {
            if let Some(fields) = all.get_mut("json").and_then(Value::as_object_mut) {
                redact_named(fields, secrets);
            }
        }
        None if is_settings => BODIES.into_iter().for_each(|kind| drop(all.remove(kind))),
        None => {}
    }
}

/// Path and query of a target.
fn split(target: &str) -> (&str, &str) {
    target.split_once('?').unwrap_or((target, ""))
}

/// The path as it may be shown: one with a secret in it is told by its pattern.
pub(super) fn path(operation: &Operation) -> &str {
    let name = |segment: &str| segment.trim_matches(['{', '}', '*']).to_owned();
    let pattern = operation.route.as_ref().map_or("", |route| &route.pattern);
    let is_secret = |segment: &str| segment.starts_with('{') && is_secret(&name(segment));
    if pattern.split('/').any(is_secret) { pattern } else { split(&operation.target).0 }
}

fn put(all: &mut Map<String, Value>, name: &str, fields: Map<String, Value>) {
    if !fields.is_empty() {
        all.insert(name.to_owned(), Value::Object(fields));
    }
}

async fn put_payload(all: &mut Map<String, Value>, payload: &Payload) {
    let whole = payload.bytes == payload.beginning.len() as u64;
    let kind = payload.content_type.as_deref().unwrap_or("application/json");
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/x-www-form-urlencoded" => {
            put(all, "x-www-form-urlencoded", pairs(beginning::of_form(&payload.beginning, whole)));
        }
        "multipart/form-data" => put(all, "form-data", parts(kind, &payload.beginning).await),
        json if json == "application/json" || json.ends_with("+json") => {
            // What can't be read is not shown: it could not be looked through for secrets.
            match beginning::of_json(&payload.beginning) {
                None | Some(Value::Null) => {}
                Some(value) => drop(all.insert("json".to_owned(), value)),
            }
        }
        _ => {}
    }
}

/// A name that is sent several times has a list of values.
fn pairs(text: &[u8]) -> Map<String, Value> {
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(text).take(FIELDS_MAX) {
        add(&mut fields, name.into_owned(), Value::from(value.into_owned()));
    }
    fields
}

fn add(fields: &mut Map<String, Value>, name: String, value: Value) {
    match fields.get_mut(&name) {
        None => drop(fields.insert(name, value)),
        Some(Value::Array(values)) => values.push(value),
        Some(first) => *first = json!([first.take(), value]),
    }
}

fn path_params(route: &Route, path: &str) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut rest = path.split('/');
    for segment in route.pattern.split('/') {
        let Some(name) = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}')) else {
            rest.next();
            continue;
        };
        let value = match name.strip_prefix('*') {
            Some(_) => rest.by_ref().collect::<Vec<_>>().join("/"),
            None => rest.next().unwrap_or_default().to_owned(),
        };
        // An encoded text is a form's value but for the plus.
        let value =
            form_urlencoded::parse(value.replace('+', "%2B").replace('&', "%26").replace('=', "%3D").as_bytes())
                .next()
                .map_or(String::new(), |(value, _)| value.into_owned());
        fields.insert(name.trim_start_matches('*').to_owned(), Value::from(value));
    }
    fields
}

/// Names of a form's files, values of its other fields.
async fn parts(content_type: &str, bytes: &[u8]) -> Map<String, Value> {
    let mut fields = Map::new();
    let Ok(boundary) = multer::parse_boundary(content_type) else { return fields };
    let body = stream::iter([Ok::<_, Infallible>(bytes::Bytes::copy_from_slice(bytes))]);
    let mut parts = Multipart::new(body, boundary);
    // The last part may be cut off: its name is known, its text is not.
    while let Ok(Some(part)) = parts.next_field().await {
        let name = part.name().unwrap_or_default().to_owned();
        let file = part.file_name().map(str::to_owned);
        let value = match file {
            Some(file) => file,
            None => match part.text().await {
                Ok(text) => text,
                Err(_) => break,
            },
        };
        add(&mut fields, name, Value::from(value));
        if fields.len() >= FIELDS_MAX {
            break;
        }
    }
    fields
}

fn truncated(text: &str, bytes: u64) -> Value {
    json!({
        "_truncated": true,
        "_original_size": bytes,
        "_max_size": PAYLOAD_BYTES_MAX,
        "_message": format!("{bytes} bytes are more than the {PAYLOAD_BYTES_MAX} that are kept"),
        "data_preview": text.chars().take(PREVIEW_CHARACTERS).collect::<String>(),
    })
}

#[cfg(test)]
mod tests;
