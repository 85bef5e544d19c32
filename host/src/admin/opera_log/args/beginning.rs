//! What can be read of a body that may be cut off anywhere.

use serde_json::Value;

/// The JSON value in `bytes` or, if they end early, as much of it as is complete.
pub(super) fn of_json(bytes: &[u8]) -> Option<Value> {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Some(value);
    }
    let (cut, open) = complete(bytes)?;
    let mut text = bytes[..cut].to_vec();
    text.extend(open.iter().rev());
    serde_json::from_slice(&text).ok()
}

/// The pairs of a form; of one that is cut off the last pair is not told.
pub(super) fn of_form(bytes: &[u8], whole: bool) -> &[u8] {
    if whole {
        return bytes;
    }
    let end = bytes.iter().rposition(|byte| *byte == b'&').unwrap_or(0);
    &bytes[..end]
}

/// Where the last complete member ends, and the brackets that are open there.
fn complete(bytes: &[u8]) -> Option<(usize, Vec<u8>)> {
    let mut open: Vec<u8> = Vec::new();
    let mut best = None;
    let (mut in_text, mut escaped) = (false, false);
    for (at, byte) in bytes.iter().enumerate() {
        if in_text {
            (in_text, escaped) = (escaped || *byte != b'"', !escaped && *byte == b'\\');
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' | b'[' => {
                open.push(if *byte == b'{' { b'}' } else { b']' });
                best = Some((at + 1, open.clone()));
            }
            b'}' | b']' => {
                open.pop()?;
                best = Some((at + 1, open.clone()));
            }
            // What stands before a comma is complete.
            b',' => best = Some((at, open.clone())),
            _ => {}
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_complete_of_cut_off_json_is_read() {
        let cases = [
            (r#"{"a": 1, "b": "x,y}", "pass"#, Some(json!({"a": 1, "b": "x,y}"}))),
            (r#"{"a": {"b": [1, 2, {"c": "\"#, Some(json!({"a": {"b": [1, 2, {}]}}))),
            (r#"[1, 2"#, Some(json!([1]))),
            (r#"{"a": tru, "b": 1"#, None),
            ("\"text", None),
            ("}", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(of_json(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(of_form(b"a=1&b=2&passw", false), b"a=1&b=2");
        assert_eq!(of_form(b"passw", false), b"");
    }
}
