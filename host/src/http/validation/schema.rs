//! Finds every fault of a JSON body by the schema of the type it should have been.
//!
//! Runs only after parsing has failed: a valid request pays nothing for it.

use super::{FieldError, Part};
use crate::http::Message;
use plugin_api::ID_FORMAT;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::Type;
use serde_json::{Value, json};

/// Deepest nesting that is looked into; a schema may refer to itself.
const DEPTH_MAX: usize = 16;

/// Every fault of `value`, were it a `T`; empty if the schema alone shows none.
pub fn check<T: Type>(value: &Value) -> Vec<FieldError> {
    let mut registry = Registry::new();
    T::register(&mut registry);
    let mut search = Search { registry, path: Vec::new(), faults: Vec::new() };
    search.reference(&T::schema_ref(), value);
    search.faults
}

struct Search {
    registry: Registry,
    path: Vec<String>,
    faults: Vec<FieldError>,
}

impl Search {
    fn reference(&mut self, reference: &MetaSchemaRef, value: &Value) {
        if self.path.len() > DEPTH_MAX {
            return;
        }
        match reference {
            MetaSchemaRef::Inline(schema) => self.schema(schema, value),
            MetaSchemaRef::Reference(name) => {
                if let Some(schema) = self.registry.schemas.get(name).cloned() {
                    self.schema(&schema, value);
                }
            }
        }
    }

    fn schema(&mut self, schema: &MetaSchema, value: &Value) {
        for part in &schema.all_of {
            self.reference(part, value);
        }
        match (schema.ty, value) {
            ("object", Value::Object(_)) => self.object(schema, value),
            ("array", Value::Array(items)) => self.array(schema, items),
            ("integer", Value::String(text)) if schema.format == Some(ID_FORMAT) && text.parse::<i64>().is_ok() => {}
            ("string", Value::String(text)) => self.string(schema, text),
            ("integer", Value::Number(number)) if number.is_i64() || number.is_u64() => {
                self.number(schema, number.as_f64());
            }
            ("number", Value::Number(number)) => self.number(schema, number.as_f64()),
            ("boolean", Value::Bool(_)) | ("", _) => {}
            (expected, _) => self.wrong_type(expected),
        }
    }

    fn object(&mut self, schema: &MetaSchema, value: &Value) {
        for (name, property) in &schema.properties {
            self.path.push((*name).to_owned());
            match value.get(name) {
                None if schema.required.contains(name) => {
                    self.fault("missing", Message::fixed("Field required", "字段为必填项"), None);
                }
                None => {}
                Some(Value::Null) if !schema.required.contains(name) => {}
                Some(inner) => self.reference(property, inner),
            }
            self.path.pop();
        }
    }

    fn array(&mut self, schema: &MetaSchema, items: &[Value]) {
        let Some(of) = &schema.items else { return };
        for (index, item) in items.iter().enumerate() {
            self.path.push(index.to_string());
            self.reference(of, item);
            self.path.pop();
        }
    }

    fn string(&mut self, schema: &MetaSchema, text: &str) {
        let length = text.chars().count();
        if let Some(most) = schema.max_length.filter(|most| length > *most) {
            let message = Message::new(
                format!("String should have at most {most} characters"),
                format!("字符串长度不能超过 {most} 个字符"),
            );
            self.fault("string_too_long", message, Some(json!({"max_length": most})));
        }
        if let Some(least) = schema.min_length.filter(|least| length < *least) {
            let message = Message::new(
                format!("String should have at least {least} characters"),
                format!("字符串长度不能少于 {least} 个字符"),
            );
            self.fault("string_too_short", message, Some(json!({"min_length": least})));
        }
        if let Some(pattern) = schema.pattern.as_deref().filter(|pattern| misses(pattern, text)) {
            let message = Message::new(
                format!("String should match pattern '{pattern}'"),
                format!("字符串应匹配模式 '{pattern}'"),
            );
            self.fault("string_pattern_mismatch", message, Some(json!({"pattern": pattern})));
        }
        if !schema.enum_items.is_empty() && !schema.enum_items.iter().any(|item| item == text) {
            let accepted = schema.enum_items.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
            let message =
                Message::new(format!("Input should be one of {accepted}"), format!("输入应为 {accepted} 之一"));
            self.fault("enum", message, None);
        }
    }

    fn number(&mut self, schema: &MetaSchema, value: Option<f64>) {
        let Some(value) = value else { return };
        if let Some(most) = schema.maximum.filter(|most| value > *most) {
            let message = Message::new(
                format!("Input should be less than or equal to {most}"),
                format!("输入应小于或等于 {most}"),
            );
            self.fault("less_than_equal", message, Some(json!({"le": most})));
        }
        if let Some(least) = schema.minimum.filter(|least| value < *least) {
            let message = Message::new(
                format!("Input should be greater than or equal to {least}"),
                format!("输入应大于或等于 {least}"),
            );
            self.fault("greater_than_equal", message, Some(json!({"ge": least})));
        }
    }

    fn wrong_type(&mut self, expected: &str) {
        let (kind, message) = match expected {
            "string" => ("string_type", Message::fixed("Input should be a valid string", "输入应为有效的字符串")),
            "integer" => ("int_type", Message::fixed("Input should be a valid integer", "输入应为有效的整数")),
            "number" => ("float_type", Message::fixed("Input should be a valid number", "输入应为有效的数字")),
            "boolean" => ("bool_type", Message::fixed("Input should be a valid boolean", "输入应为有效的布尔值")),
            "array" => ("list_type", Message::fixed("Input should be a valid list", "输入应为有效的列表")),
            _ => ("dict_type", Message::fixed("Input should be a valid object", "输入应为有效的对象")),
        };
        self.fault(kind, message, None);
    }

    fn fault(&mut self, kind: &'static str, message: Message, bounds: Option<Value>) {
        let mut error = FieldError::new(kind, Part::Body, self.path.clone(), message);
        if let Some(bounds) = bounds {
            error = error.with_bounds(bounds);
        }
        self.faults.push(error);
    }
}

/// The parser checks the same pattern with the same crate.
fn misses(pattern: &str, text: &str) -> bool {
    regex::Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem_openapi::Object;

    #[derive(Object)]
    struct Login {
        #[oai(validator(max_length = 5))]
        username: String,
        #[oai(validator(pattern = "^1[0-9]*$"))]
        phone: Option<String>,
        password: String,
        uuid: Option<String>,
        tags: Option<Vec<i64>>,
    }

    #[test]
    fn every_fault_is_named_and_no_value_is_echoed() {
        let body = json!({"username": "toolong", "phone": "secret", "uuid": null, "tags": [1, "secret"], "extra": 1});
        let faults: Vec<Value> =
            check::<Login>(&body).iter().map(|fault| fault.to_json(crate::http::Language::English)).collect();
        let kinds: Vec<(&Value, &Value)> = faults.iter().map(|fault| (&fault["type"], &fault["loc"])).collect();
        assert_eq!(
            kinds,
            [
                (&json!("string_too_long"), &json!(["body", "username"])),
                (&json!("string_pattern_mismatch"), &json!(["body", "phone"])),
                (&json!("missing"), &json!(["body", "password"])),
                (&json!("int_type"), &json!(["body", "tags", "1"])),
            ]
        );
        assert!(!json!(faults).to_string().contains("secret"));
    }

    #[test]
    fn a_body_of_another_kind_is_one_fault() {
        let faults = check::<Login>(&json!("text"));
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].kind, "dict_type");
    }
}
