//! Finds every fault of a JSON body by the schema of the type that it should have been.
//!
//! Runs only after parsing has failed: a request that fits pays nothing for it.

use crate::ID_FORMAT;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use serde_json::{Value, json};

/// Deepest nesting that is looked into; a schema may refer to itself.
const DEPTH_MAX: usize = 16;

/// One fault.
#[derive(Debug, Clone, PartialEq)]
pub struct SchemaFault {
    /// `missing`, `string_type`, `less_than_equal`, …
    pub kind: &'static str,
    /// The way to the field.
    pub path: Vec<String>,
    /// What is wrong, without the value.
    pub english: String,
    /// The same.
    pub chinese: String,
    /// The limits that the value is outside of, for example `{"ge": 1}`.
    pub bounds: Option<Value>,
}

/// Every fault of `value`, were it what `schema` says; empty if the schema alone shows none. `registry` knows the
/// schemas that are referred to.
#[must_use]
pub fn check(registry: &Registry, schema: &MetaSchemaRef, value: &Value) -> Vec<SchemaFault> {
    let mut search = Search { registry, path: Vec::new(), faults: Vec::new() };
    search.reference(schema, value);
    search.faults
}

struct Search<'a> {
    registry: &'a Registry,
    path: Vec<String>,
    faults: Vec<SchemaFault>,
}

impl Search<'_> {
    fn reference(&mut self, reference: &MetaSchemaRef, value: &Value) {
        if self.path.len() > DEPTH_MAX {
            return;
        }
        let registry = self.registry;
        match reference {
            MetaSchemaRef::Inline(schema) => self.schema(schema, value),
            MetaSchemaRef::Reference(name) => {
                if let Some(schema) = registry.schemas.get(name) {
                    self.schema(schema, value);
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
            let required = schema.required.contains(name);
            match value.get(name) {
                None if required => self.fault("missing", "Field required", "字段为必填项", None),
                None => {}
                Some(Value::Null) if !required => {}
                Some(inner) => self.reference(property, inner),
            }
            self.path.pop();
        }
    }

    fn array(&mut self, schema: &MetaSchema, items: &[Value]) {
        let length = items.len();
        if let Some(most) = schema.max_items.filter(|most| length > *most) {
            let english = format!("List should have at most {most} items");
            let chinese = format!("列表最多包含 {most} 项");
            self.fault("too_long", &english, &chinese, Some(json!({ "max_length": most })));
        }
        if let Some(least) = schema.min_items.filter(|least| length < *least) {
            let english = format!("List should have at least {least} items");
            let chinese = format!("列表至少包含 {least} 项");
            self.fault("too_short", &english, &chinese, Some(json!({ "min_length": least })));
        }
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
            let english = format!("String should have at most {most} characters");
            let chinese = format!("字符串长度不能超过 {most} 个字符");
            self.fault("string_too_long", &english, &chinese, Some(json!({ "max_length": most })));
        }
        if let Some(least) = schema.min_length.filter(|least| length < *least) {
            let english = format!("String should have at least {least} characters");
            let chinese = format!("字符串长度不能少于 {least} 个字符");
            self.fault("string_too_short", &english, &chinese, Some(json!({ "min_length": least })));
        }
        if let Some(pattern) = schema.pattern.as_deref().filter(|pattern| misses(pattern, text)) {
            let english = format!("String should match pattern '{pattern}'");
            let chinese = format!("字符串应匹配模式 '{pattern}'");
            self.fault("string_pattern_mismatch", &english, &chinese, Some(json!({ "pattern": pattern })));
        }
        if !schema.enum_items.is_empty() && !schema.enum_items.iter().any(|item| item == text) {
            let accepted = schema.enum_items.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
            let english = format!("Input should be one of {accepted}");
            let chinese = format!("输入应为 {accepted} 之一");
            self.fault("enum", &english, &chinese, None);
        }
    }

    fn number(&mut self, schema: &MetaSchema, value: Option<f64>) {
        let Some(value) = value else { return };
        if let Some(most) = schema.maximum.filter(|most| value > *most) {
            let english = format!("Input should be less than or equal to {most}");
            let chinese = format!("输入应小于或等于 {most}");
            self.fault("less_than_equal", &english, &chinese, Some(json!({ "le": most })));
        }
        if let Some(least) = schema.minimum.filter(|least| value < *least) {
            let english = format!("Input should be greater than or equal to {least}");
            let chinese = format!("输入应大于或等于 {least}");
            self.fault("greater_than_equal", &english, &chinese, Some(json!({ "ge": least })));
        }
    }

    fn wrong_type(&mut self, expected: &str) {
        let (kind, english, chinese) = match expected {
            "string" => ("string_type", "Input should be a valid string", "输入应为有效的字符串"),
            "integer" => ("int_type", "Input should be a valid integer", "输入应为有效的整数"),
            "number" => ("float_type", "Input should be a valid number", "输入应为有效的数字"),
            "boolean" => ("bool_type", "Input should be a valid boolean", "输入应为有效的布尔值"),
            "array" => ("list_type", "Input should be a valid list", "输入应为有效的列表"),
            _ => ("dict_type", "Input should be a valid object", "输入应为有效的对象"),
        };
        self.fault(kind, english, chinese, None);
    }

    fn fault(&mut self, kind: &'static str, english: &str, chinese: &str, bounds: Option<Value>) {
        let (path, english, chinese) = (self.path.clone(), english.to_owned(), chinese.to_owned());
        self.faults.push(SchemaFault { kind, path, english, chinese, bounds });
    }
}

/// The parser checks the same pattern with the same crate.
fn misses(pattern: &str, text: &str) -> bool {
    regex::Regex::new(pattern).is_ok_and(|pattern| !pattern.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::{SchemaFault, check, json};
    use poem_openapi::Object;
    use poem_openapi::registry::Registry;
    use poem_openapi::types::Type;

    #[derive(Object)]
    #[allow(dead_code, reason = "only its schema is looked at")]
    struct Login {
        #[oai(validator(max_length = 5))]
        username: String,
        password: String,
        #[oai(validator(pattern = "^1[0-9]*$"))]
        phone: Option<String>,
        uuid: Option<String>,
        #[oai(validator(max_items = 2))]
        tags: Option<Vec<i64>>,
    }

    fn faults(value: &serde_json::Value) -> Vec<SchemaFault> {
        let mut registry = Registry::new();
        Login::register(&mut registry);
        check(&registry, &Login::schema_ref(), value)
    }

    #[test]
    fn every_fault_is_named_and_no_value_is_repeated() {
        let found = faults(
            &json!({ "username": "toolong", "phone": "secret", "uuid": null, "tags": [1, "secret", 3], "extra": 1 }),
        );
        let kinds: Vec<_> = found.iter().map(|fault| (fault.kind, fault.path.join("."))).collect();
        let expected = [
            ("string_too_long", "username"),
            ("missing", "password"),
            ("string_pattern_mismatch", "phone"),
            ("too_long", "tags"),
            ("int_type", "tags.1"),
        ];
        assert_eq!(kinds, expected.map(|(kind, path)| (kind, path.to_owned())));
        assert!(!format!("{found:?}").contains("secret"));
    }

    #[test]
    fn a_body_of_another_kind_is_one_fault() {
        let found = faults(&json!("text"));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].kind, "dict_type");
    }
}
