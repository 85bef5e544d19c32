//! How settings are declared: by a type with a JSON schema, or one by one.

use super::secret::KEYWORD;
use crate::descriptor::Setting;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// What a plugin declares, as it is collected.
#[derive(Default)]
pub(crate) struct Declaration {
    single: Vec<Setting>,
    schema: Option<Value>,
}

impl Declaration {
    pub(crate) fn add(&mut self, setting: Setting) {
        self.single.push(setting);
    }

    /// The last type counts.
    pub(crate) fn set_type<T: JsonSchema>(&mut self) {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        });
        self.schema = Some(settings.into_generator().into_root_schema_for::<T>().to_value());
    }

    /// The list of all settings, and the schema of all if a type has declared some.
    pub(crate) fn into_parts(self) -> (Vec<Setting>, Option<Value>) {
        let Some(mut schema) = self.schema else { return (self.single, None) };
        let mut settings = list_of(&schema);
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            for setting in &self.single {
                properties.insert(setting.key.clone(), property(setting));
            }
        }
        settings.extend(self.single);
        (settings, Some(schema))
    }
}

/// The settings that a schema declares, without what only the schema can say.
fn list_of(schema: &Value) -> Vec<Setting> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return Vec::new() };
    let setting = |(key, property): (&String, &Value)| Setting {
        key: key.clone(),
        title: title(key, property),
        default: property.get("default").cloned().unwrap_or_default(),
        secret: is_secret(property),
    };
    properties.iter().map(setting).collect()
}

/// The schema of settings that are declared one by one: the default gives the type.
pub(crate) fn schema_of(settings: &[Setting]) -> Value {
    let properties: Map<String, Value> =
        settings.iter().map(|setting| (setting.key.clone(), property(setting))).collect();
    json!({"type": "object", "properties": properties})
}

/// Whether the value, or a part of it, is secret.
pub(crate) fn is_secret(schema: &Value) -> bool {
    match schema {
        Value::Object(fields) => fields.get(KEYWORD) == Some(&Value::Bool(true)) || fields.values().any(is_secret),
        Value::Array(items) => items.iter().any(is_secret),
        _ => false,
    }
}

fn title(key: &str, property: &Value) -> String {
    let text = |name: &str| property.get(name).and_then(Value::as_str);
    text("title").or_else(|| text("description")).unwrap_or(key).lines().next().unwrap_or_default().to_owned()
}

fn property(setting: &Setting) -> Value {
    let mut property = json!({"title": setting.title, "default": setting.default});
    let kind = match &setting.default {
        Value::Null => None,
        Value::Bool(_) => Some("boolean"),
        Value::Number(_) => Some("number"),
        Value::String(_) => Some("string"),
        Value::Array(_) => Some("array"),
        Value::Object(_) => Some("object"),
    };
    if let Some(kind) = kind {
        property["type"] = kind.into();
    }
    if setting.secret {
        property[KEYWORD] = true.into();
    }
    property
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Tuned {
        /// Rows of a page
        #[serde(default = "twenty")]
        #[schemars(range(min = 1, max = 100))]
        page_size: u32,
        address: String,
        #[serde(default)]
        token: Secret<String>,
        #[serde(default)]
        #[schemars(extend("x-secret" = true))]
        pin: String,
    }

    fn twenty() -> u32 {
        20
    }

    #[test]
    fn a_type_declares_defaults_bounds_and_secrets() {
        let mut declaration = Declaration::default();
        declaration.set_type::<Tuned>();
        declaration.add(Setting::new("color", "The colour", "red"));
        let (settings, schema) = declaration.into_parts();
        let schema = schema.expect("a schema");
        assert_eq!(schema["properties"]["page_size"]["default"], 20);
        assert_eq!(schema["properties"]["page_size"]["maximum"], 100);
        assert_eq!(schema["properties"]["color"], json!({"title": "The colour", "default": "red", "type": "string"}));
        assert_eq!(schema["required"], json!(["address"]));
        let told: Vec<_> =
            settings.iter().map(|setting| (setting.key.as_str(), setting.title.as_str(), setting.secret)).collect();
        let expected = [
            ("page_size", "Rows of a page", false),
            ("address", "address", false),
            ("token", "token", true),
            ("pin", "pin", true),
            ("color", "The colour", false),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn settings_one_by_one_have_a_schema_too() {
        let schema = schema_of(&[Setting::new("token", "The token", "").secret()]);
        let property = json!({"title": "The token", "default": "", "type": "string", "x-secret": true});
        assert_eq!(schema, json!({"type": "object", "properties": {"token": property}}));
    }
}
