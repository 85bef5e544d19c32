//! What a JSON schema accepts, in words.

use serde_json::Value;

/// The same in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) english: String,
    pub(super) chinese: String,
}

/// What `schema` accepts, as it stands after "must be".
pub(super) fn accepted(schema: &Value) -> Words {
    if let Some(choices) = choices(schema) {
        return words(format!("one of {choices}"), format!("{choices} 之一"));
    }
    for keyword in ["anyOf", "oneOf"] {
        if let Some(branches) = schema.get(keyword).and_then(Value::as_array) {
            return either(branches.iter().map(accepted).collect());
        }
    }
    match schema.get("type") {
        Some(Value::String(kind)) => of_type(kind, schema),
        Some(Value::Array(kinds)) => {
            either(kinds.iter().filter_map(Value::as_str).map(|kind| of_type(kind, schema)).collect())
        }
        _ => words("what its schema describes", "符合其模式的值"),
    }
}

fn words(english: impl Into<String>, chinese: impl Into<String>) -> Words {
    Words { english: english.into(), chinese: chinese.into() }
}

fn either(branches: Vec<Words>) -> Words {
    let joined = |text: fn(&Words) -> &str, or: &str| branches.iter().map(text).collect::<Vec<_>>().join(or);
    words(joined(|words| &words.english, " or "), joined(|words| &words.chinese, "或"))
}

/// The values of an enumeration, in either of the forms that schemars writes.
fn choices(schema: &Value) -> Option<String> {
    let constants = |branches: &Vec<Value>| {
        let constants: Option<Vec<Value>> = branches
            .iter()
            .map(|branch| branch.get("const").cloned().map(|value| vec![value]).or_else(|| listed(branch)))
            .collect::<Option<Vec<_>>>()
            .map(|lists| lists.concat());
        constants
    };
    let values = listed(schema)
        .or_else(|| schema.get("const").map(|value| vec![value.clone()]))
        .or_else(|| schema.get("oneOf").and_then(Value::as_array).and_then(constants))?;
    Some(values.iter().map(Value::to_string).collect::<Vec<_>>().join(", "))
}

fn listed(schema: &Value) -> Option<Vec<Value>> {
    schema.get("enum").and_then(Value::as_array).cloned()
}

fn of_type(kind: &str, schema: &Value) -> Words {
    match kind {
        "null" => words("null", "null"),
        "boolean" => words("true or false", "true 或 false"),
        "integer" => bounded("a whole number", "整数", schema, ["minimum", "maximum"], ["", ""]),
        "number" => bounded("a number", "数字", schema, ["minimum", "maximum"], ["", ""]),
        "string" => {
            let text = bounded("a text", "文本", schema, ["minLength", "maxLength"], [" characters", " 个字符"]);
            match schema.get("pattern").and_then(Value::as_str) {
                Some(pattern) => words(
                    format!("{} that matches {pattern}", text.english),
                    format!("匹配 {pattern} 的{}", text.chinese),
                ),
                None => text,
            }
        }
        "array" => bounded("a JSON array", "JSON 数组", schema, ["minItems", "maxItems"], [" items", " 项"]),
        "object" => words("a JSON object", "JSON 对象"),
        _ => words("what its schema describes", "符合其模式的值"),
    }
}

fn bounded(english: &str, chinese: &str, schema: &Value, bounds: [&str; 2], units: [&str; 2]) -> Words {
    let bound = |name: &str| schema.get(name).filter(|value| value.is_number());
    let [in_english, in_chinese] = units;
    match (bound(bounds[0]), bound(bounds[1])) {
        (Some(least), Some(most)) => words(
            format!("{english} from {least} to {most}{in_english}").replace("a text from", "a text of"),
            format!("{least} 到 {most}{in_chinese}的{chinese}"),
        ),
        (Some(least), None) => words(
            format!("{english} of at least {least}{in_english}"),
            format!("不小于 {least}{in_chinese}的{chinese}"),
        ),
        (None, Some(most)) => {
            words(format!("{english} of at most {most}{in_english}"), format!("不大于 {most}{in_chinese}的{chinese}"))
        }
        (None, None) => words(english, chinese),
    }
}

#[cfg(test)]
mod tests {
    use super::accepted;
    use serde_json::json;

    #[test]
    fn what_is_accepted_is_told_in_words() {
        for (schema, expected) in [
            (json!({"type": "integer", "minimum": 1, "maximum": 100}), "a whole number from 1 to 100"),
            (json!({"type": ["integer", "null"], "minimum": 0}), "a whole number of at least 0 or null"),
            (json!({"type": "string", "minLength": 1, "maxLength": 9}), "a text of 1 to 9 characters"),
            (json!({"type": "string", "pattern": "^a"}), "a text that matches ^a"),
            (json!({"type": "string", "enum": ["a", "b"]}), "one of \"a\", \"b\""),
            (json!({"oneOf": [{"const": "a"}, {"type": "string", "enum": ["b"]}]}), "one of \"a\", \"b\""),
            (json!({"anyOf": [{"type": "boolean"}, {"type": "null"}]}), "true or false or null"),
            (json!({"title": "any"}), "what its schema describes"),
        ] {
            assert_eq!(accepted(&schema).english, expected);
        }
    }
}
