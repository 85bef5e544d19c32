//! The OpenAPI document of everything that is served: the core's, with a part of each plugin.
//!
//! A plugin writes its document as if it were alone. Its part gets absolute paths, and names of its
//! own for components and operations, so that two plugins may both have an `Item`.

mod optional;

use super::contribution::CheckedRoute;
use super::id::PluginId;
use bytes::Bytes;
use plugin_api::descriptor::{Access, Descriptor};
use plugin_api::{ID_FORMAT, IdForm};
use serde_json::{Map, Value, json};

/// The part of one plugin, ready to be merged.
#[derive(Debug, Clone)]
pub struct Fragment {
    operations: Vec<Operation>,
    components: Vec<Component>,
    tag: Value,
}

#[derive(Debug, Clone)]
struct Operation {
    path: String,
    method: String,
    needs_login: bool,
    body: Value,
}

#[derive(Debug, Clone)]
struct Component {
    kind: String,
    name: String,
    body: Value,
}

impl Fragment {
    /// The part of a plugin: exactly its `routes`, described by its own document where it does.
    pub(super) fn of(id: &PluginId, descriptor: &Descriptor, routes: &[CheckedRoute], prefix: &str) -> Self {
        let namespace = Namespace(id);
        let document = descriptor.openapi.as_ref().unwrap_or(&Value::Null);
        let operation = |route: &CheckedRoute| {
            let path = route.pattern.as_str();
            let item = &document["paths"][path.strip_prefix(prefix).unwrap_or(path)];
            namespace.operation(item, route)
        };
        let components = document["components"].as_object().into_iter().flatten();
        Self {
            operations: routes.iter().map(operation).collect(),
            components: components.flat_map(|(kind, named)| namespace.components(kind, named)).collect(),
            tag: json!({
                "name": id.as_str(),
                "description": document["info"]["description"].as_str().unwrap_or_default(),
            }),
        }
    }
}

/// The core's document with the parts of the plugins that serve, as JSON text.
pub(super) fn merge(core: &Value, fragments: &[&Fragment]) -> Bytes {
    let mut document = core.clone();
    let login = login_scheme(core);
    let refusal = refusal(core);
    for fragment in fragments {
        for operation in &fragment.operations {
            let mut body = operation.body.clone();
            if let (true, Some(login)) = (operation.needs_login && body.get("security").is_none(), &login) {
                body["security"] = json!([{ login.as_str(): [] }]);
            }
            if let Some(refusal) = &refusal {
                let responses = member(&mut body, "responses");
                if responses.get("default").is_none() {
                    responses["default"] = refusal.clone();
                }
            }
            member(member(&mut document, "paths"), &operation.path)[operation.method.as_str()] = body;
        }
        for component in &fragment.components {
            let named = member(member(&mut document, "components"), &component.kind);
            named[component.name.as_str()] = component.body.clone();
        }
        if let Some(fields) = document.as_object_mut() {
            let tags = fields.entry("tags").or_insert_with(|| json!([]));
            if let Some(tags) = tags.as_array_mut() {
                tags.push(fragment.tag.clone());
            }
        }
    }
    type_ids(&mut document, IdForm::current());
    optional::allow_null(&mut document);
    Bytes::from(document.to_string())
}

/// Gives every id the type in which it is shown. Only the host knows it when documents are written.
fn type_ids(value: &mut Value, form: IdForm) {
    match value {
        Value::Object(fields) => {
            if fields.get("format").is_some_and(|format| format == ID_FORMAT) {
                let (kind, format) = match form {
                    IdForm::Number => ("integer", "int64"),
                    IdForm::Text => ("string", "int64"),
                };
                fields["type"] = json!(kind);
                fields["format"] = json!(format);
            }
            fields.values_mut().for_each(|field| type_ids(field, form));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| type_ids(item, form)),
        _ => {}
    }
}

/// The object below `key`, made where it is missing.
fn member<'a>(value: &'a mut Value, key: &str) -> &'a mut Value {
    if !value[key].is_object() {
        value[key] = Value::Object(Map::new());
    }
    &mut value[key]
}

/// How the core's operations describe a refusal. The host refuses requests to plugins in the same words: without a
/// login or a permission, over a limit, past a deadline.
fn refusal(core: &Value) -> Option<Value> {
    let items = core["paths"].as_object()?.values().filter_map(Value::as_object);
    let mut operations = items.flat_map(Map::values);
    operations.find_map(|operation| operation["responses"].get("default").cloned())
}

/// The name of the core's scheme for tokens.
fn login_scheme(core: &Value) -> Option<String> {
    let schemes = core["components"]["securitySchemes"].as_object()?;
    schemes.iter().find(|(_, scheme)| scheme["type"] == "http").map(|(name, _)| name.clone())
}

/// The names of one plugin in the merged document.
struct Namespace<'a>(&'a PluginId);

impl Namespace<'_> {
    fn name(&self, name: &str) -> String {
        format!("{}.{name}", self.0)
    }

    fn operation(&self, item: &Value, route: &CheckedRoute) -> Operation {
        let method = route.method.as_str().to_ascii_lowercase();
        let mut body = match &item[method.as_str()] {
            Value::Object(described) => Value::Object(described.clone()),
            _ => described_by_nothing(route),
        };
        self.rewrite(&mut body);
        self.rename_security(&mut body);
        if let Some(name) = body["operationId"].as_str() {
            body["operationId"] = Value::String(self.name(name));
        }
        if let Value::Array(shared) = &item["parameters"] {
            let mut shared = Value::Array(shared.clone());
            self.rewrite(&mut shared);
            add_parameters(&mut body, &shared);
        }
        body["tags"] = json!([self.0.as_str()]);
        if let Access::Permission(code) = &route.access {
            body["x-permission"] = Value::String(code.clone());
        }
        let path = route.pattern.as_str().to_owned();
        Operation { path, method, needs_login: route.access != Access::Public, body }
    }

    fn components(&self, kind: &str, named: &Value) -> Vec<Component> {
        let named = named.as_object().into_iter().flatten();
        let component = |(name, body): (&String, &Value)| {
            let mut body = body.clone();
            self.rewrite(&mut body);
            Component { kind: kind.to_owned(), name: self.name(name), body }
        };
        named.map(component).collect()
    }

    /// Leads every reference to the plugin's own components.
    fn rewrite(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (key, field) in fields.iter_mut() {
                    match field {
                        Value::String(reference) if key == "$ref" => self.redirect(reference),
                        Value::Object(targets) if key == "mapping" => {
                            targets.values_mut().for_each(|target| {
                                if let Value::String(reference) = target {
                                    self.redirect(reference);
                                }
                            });
                        }
                        field => self.rewrite(field),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.rewrite(item)),
            _ => {}
        }
    }

    /// `#/components/schemas/Item` becomes `#/components/schemas/notice.Item`.
    fn redirect(&self, reference: &mut String) {
        let Some(rest) = reference.strip_prefix("#/components/") else { return };
        if let Some((kind, name)) = rest.split_once('/') {
            *reference = format!("#/components/{kind}/{}", self.name(name));
        }
    }

    fn rename_security(&self, operation: &mut Value) {
        let Some(alternatives) = operation.get_mut("security").and_then(Value::as_array_mut) else { return };
        for alternative in alternatives {
            if let Value::Object(schemes) = alternative {
                *schemes =
                    std::mem::take(schemes).into_iter().map(|(name, scopes)| (self.name(&name), scopes)).collect();
            }
        }
    }
}

/// What is known of a route that the plugin's document does not describe.
fn described_by_nothing(route: &CheckedRoute) -> Value {
    let parameter =
        |name: &str| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } });
    let parameters: Vec<Value> = route.pattern.names().iter().map(|name| parameter(name)).collect();
    json!({
        "summary": route.summary,
        "parameters": parameters,
        "responses": { "default": { "description": "" } },
    })
}

/// Parameters of the whole path, unless the operation has its own of that name and place.
fn add_parameters(operation: &mut Value, shared: &Value) {
    if !operation["parameters"].is_array() {
        operation["parameters"] = json!([]);
    }
    let Some(own) = operation["parameters"].as_array_mut() else { return };
    for parameter in shared.as_array().into_iter().flatten() {
        let same = |known: &Value| known["name"] == parameter["name"] && known["in"] == parameter["in"];
        if !own.iter().any(same) {
            own.push(parameter.clone());
        }
    }
}

#[cfg(test)]
mod tests;
