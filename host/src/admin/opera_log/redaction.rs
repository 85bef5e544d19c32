//! Takes secrets out of what was sent, at any depth.

use serde_json::{Map, Value};

/// Stands in a secret's place.
const REDACTED: &str = "[REDACTED]";
/// Fields that end so, in any case, are secret: `new_password`, `accessToken`.
const SECRETS: [&str; 10] =
    ["password", "passwd", "pwd", "token", "secret", "captcha", "authorization", "apikey", "privatekey", "credentials"];

/// Whether a field of this name must not be kept.
pub(super) fn is_secret(name: &str) -> bool {
    let name: String =
        name.chars().filter(|c| !matches!(c, '_' | '-' | '.' | ' ')).flat_map(char::to_lowercase).collect();
    SECRETS
        .iter()
        .any(|secret| name.ends_with(secret) || name.strip_suffix('s').is_some_and(|one| one.ends_with(secret)))
}

/// Replaces every secret in `value`.
pub(super) fn redact(value: &mut Value) {
    match value {
        Value::Object(fields) => redact_fields(fields),
        Value::Array(items) => items.iter_mut().for_each(redact),
        Value::String(text) => redact_text(text),
        _ => {}
    }
}

/// Replaces every secret in `fields`.
pub(super) fn redact_fields(fields: &mut Map<String, Value>) {
    // A setting is sent as its name and its value.
    let names_secret =
        ["key", "name"].iter().any(|name| fields.get(*name).and_then(Value::as_str).is_some_and(is_secret));
    for (name, value) in fields.iter_mut() {
        if (is_secret(name) || names_secret && name == "value") && !value.is_null() {
            *value = Value::from(REDACTED);
        } else {
            redact(value);
        }
    }
}

/// Puts something else in the place of what is at these names.
pub(super) fn redact_named(fields: &mut Map<String, Value>, names: &[String]) {
    for (name, value) in fields.iter_mut() {
        if names.contains(name) {
            *value = Value::from(REDACTED);
        }
    }
}

/// JSON inside a text is looked into.
fn redact_text(text: &mut String) {
    if !text.trim_start().starts_with(['{', '[']) {
        return;
    }
    let Ok(inner) = serde_json::from_str::<Value>(text) else { return };
    let mut redacted = inner.clone();
    redact(&mut redacted);
    if redacted != inner {
        *text = redacted.to_string();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_taken_out_at_any_depth_and_the_rest_stays() {
        let cases = [
            (json!({"password": "x", "username": "amy"}), json!({"password": "[REDACTED]", "username": "amy"})),
            (json!({"a": [{"b": {"New_Password": 1}}]}), json!({"a": [{"b": {"New_Password": "[REDACTED]"}}]})),
            (json!({"accessToken": {"x": 1}}), json!({"accessToken": "[REDACTED]"})),
            (
                json!({"x-api-key": "k", "client_secret": "s"}),
                json!({"x-api-key": "[REDACTED]", "client_secret": "[REDACTED]"}),
            ),
            (json!({"kwargs": "{\"password\":\"x\"}"}), json!({"kwargs": "{\"password\":\"[REDACTED]\"}"})),
            (
                json!([{"key": "EMAIL_PASSWORD", "value": "x"}]),
                json!([{"key": "EMAIL_PASSWORD", "value": "[REDACTED]"}]),
            ),
            (json!({"captcha": null, "tokens": ["t"]}), json!({"captcha": null, "tokens": "[REDACTED]"})),
            (json!({"title": "my password", "tokenised": 1}), json!({"title": "my password", "tokenised": 1})),
        ];
        for (mut sent, expected) in cases {
            redact(&mut sent);
            assert_eq!(sent, expected);
        }
    }
}
