//! The character NUL: PostgreSQL stores no text that holds it, so no request brings it to a handler.

use crate::ApiError;

/// Whether a text of the path or the query would hold one.
pub(super) fn in_uri(uri: &str) -> bool {
    uri.contains("%00")
}

/// Whether a text of a JSON document would hold one; unescaped it is no JSON.
pub(super) fn in_json(json: &[u8]) -> bool {
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let escaped = &rest[at + 1..];
        if escaped.starts_with(b"u0000") {
            return true;
        }
        // The escaped character may be a backslash itself.
        rest = escaped.get(1..).unwrap_or_default();
    }
    false
}

/// The answer to such a request.
pub(super) fn refusal() -> ApiError {
    ApiError::invalid("Text must not hold the character NUL", "文本不能包含 NUL 字符")
}

#[cfg(test)]
mod tests {
    use super::in_json;

    #[test]
    fn escapes_are_told_apart() {
        for (json, holds) in [
            (r#"{"a":"\u0000"}"#, true),
            (r#"{"\\a\u0000":1}"#, true),
            (r#""\\u0000""#, false),
            (r#""\\\u0000""#, true),
            (r#""\u00001""#, true),
            (r#""\u0001 u0000 \n""#, false),
            ("\\", false),
            ("", false),
        ] {
            assert_eq!(in_json(json.as_bytes()), holds, "{json}");
        }
    }
}
