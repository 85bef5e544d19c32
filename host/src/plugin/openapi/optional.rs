//! Optional fields may be null.
//!
//! poem-openapi writes an `Option` as a field that is not required, and no more. Answers have the
//! field with null in it, and requests may; generated clients and validators must know.

use serde_json::{Map, Value, json};

/// Lets the optional fields of every schema in a document be null.
pub(super) fn allow_null(document: &mut Value) {
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        schemas.values_mut().for_each(schema);
    }
    if let Some(paths) = document.get_mut("paths") {
        below(paths);
    }
}

/// The schemas of parameters, bodies and answers, wherever they stand.
fn below(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if name == "schema" { schema(field) } else { below(field) }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(below),
        _ => {}
    }
}

fn schema(value: &mut Value) {
    let Some(fields) = value.as_object_mut() else { return };
    properties(fields);
    for one in ["items", "additionalProperties", "not"] {
        fields.get_mut(one).into_iter().for_each(schema);
    }
    for several in ["allOf", "anyOf", "oneOf"] {
        fields.get_mut(several).and_then(Value::as_array_mut).into_iter().flatten().for_each(schema);
    }
}

fn properties(fields: &mut Map<String, Value>) {
    let required = fields.get("required").cloned().unwrap_or_default();
    let is_required = |name: &str| required.as_array().is_some_and(|names| names.iter().any(|one| one == name));
    let Some(properties) = fields.get_mut("properties").and_then(Value::as_object_mut) else { return };
    for (name, property) in properties {
        schema(property);
        if !is_required(name) {
            nullable(property);
        }
    }
}

/// A field with a default is left out, not null.
fn nullable(property: &mut Value) {
    if property.get("default").is_some() || property.as_object().is_some_and(Map::is_empty) {
        return;
    }
    if property.get("$ref").is_some() {
        // Beside a reference nothing counts.
        *property = json!({ "allOf": [property.take()] });
    }
    if let Some(fields) = property.as_object_mut() {
        fields.insert("nullable".to_owned(), Value::Bool(true));
        if let Some(values) = fields.get_mut("enum").and_then(Value::as_array_mut) {
            values.push(Value::Null);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_optional_may_be_null_wherever_it_stands() {
        let object = json!({
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": { "type": "integer" },
                "name": { "type": "string" },
                "kind": { "type": "string", "enum": ["a"] },
                "size": { "type": "integer", "default": 20 },
                "any": {},
                "dept": { "$ref": "#/components/schemas/Dept" },
                // A field of this name is no map of fields.
                "properties": { "type": "array", "items": { "type": "object", "properties": { "x": { "type": "null" } } } },
            },
        });
        let expected = json!({
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": { "type": "integer" },
                "name": { "type": "string", "nullable": true },
                "kind": { "type": "string", "enum": ["a", null], "nullable": true },
                "size": { "type": "integer", "default": 20 },
                "any": {},
                "dept": { "allOf": [{ "$ref": "#/components/schemas/Dept" }], "nullable": true },
                "properties": {
                    "type": "array", "nullable": true,
                    "items": { "type": "object", "properties": { "x": { "type": "null", "nullable": true } } },
                },
            },
        });
        let document = |schema: &Value| {
            json!({
                "components": { "schemas": { "User": { "allOf": [schema] } } },
                "paths": { "/users": { "get": { "responses": { "200": { "content": { "application/json": { "schema": schema } } } } } } },
            })
        };
        let mut written = document(&object);
        allow_null(&mut written);
        assert_eq!(written, document(&expected));
    }
}
