//! What a plugin's document becomes in the merged one.

use super::{Fragment, merge};
use crate::plugin::contribution::Contribution;
use plugin_api::descriptor::Descriptor;
use serde_json::{Value, json};

fn fragment(id: &str, descriptor: Value) -> Fragment {
    let descriptor: Descriptor = serde_json::from_value(descriptor).unwrap();
    Contribution::of(&id.parse().unwrap(), &descriptor, "/api/v1").unwrap().openapi
}

fn item_plugin(id: &str) -> Fragment {
    fragment(
        id,
        json!({
            "id": id, "version": "1.0.0", "api": "0.1.0",
            "routes": [
                { "method": "GET", "path": format!("/{id}/{{pk}}"), "access": "authenticated" },
                { "method": "POST", "path": format!("/{id}"), "access": { "permission": "x:add" }, "summary": "raw" },
            ],
            "openapi": {
                "info": { "title": id, "description": "Items" },
                "paths": {
                    format!("/{id}/{{pk}}"): {
                        "parameters": [{ "name": "pk", "in": "path", "required": true, "schema": { "type": "integer" } }],
                        "get": {
                            "operationId": "read",
                            "security": [{ "own": [] }],
                            "responses": { "200": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Item" } } } } },
                        },
                    },
                    "/not/served": { "get": { "operationId": "ghost" } },
                },
                "components": { "schemas": { "Item": { "discriminator": { "mapping": { "a": "#/components/schemas/Item" } } } } },
            },
        }),
    )
}

fn core() -> Value {
    json!({
        "openapi": "3.0.0",
        "paths": { "/api/v1/auth/login": { "post": {} } },
        "components": { "securitySchemes": { "bearer": { "type": "http" } }, "schemas": { "Item": {} } },
    })
}

fn merged(fragments: &[&Fragment]) -> Value {
    serde_json::from_slice(&merge(&core(), fragments)).unwrap()
}

#[test]
fn plugins_of_one_component_name_do_not_meet() {
    let document = merged(&[&item_plugin("a"), &item_plugin("b")]);
    let schemas: Vec<&String> = document["components"]["schemas"].as_object().unwrap().keys().collect();
    assert_eq!(schemas, ["Item", "a.Item", "b.Item"]);
    let read = &document["paths"]["/api/v1/b/{pk}"]["get"];
    assert_eq!(read["operationId"], "b.read");
    assert_eq!(
        read["responses"]["200"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/b.Item"
    );
    assert_eq!(read["parameters"][0]["name"], "pk");
    assert_eq!(read["security"], json!([{ "b.own": [] }]));
    assert_eq!(
        document["components"]["schemas"]["a.Item"]["discriminator"]["mapping"]["a"],
        "#/components/schemas/a.Item"
    );
}

#[test]
fn exactly_the_served_routes_are_described() {
    let document = merged(&[&item_plugin("a")]);
    let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    assert_eq!(paths, ["/api/v1/auth/login", "/api/v1/a/{pk}", "/api/v1/a"]);
    let raw = &document["paths"]["/api/v1/a"]["post"];
    assert_eq!(raw["summary"], "raw");
    assert_eq!(raw["security"], json!([{ "bearer": [] }]));
    assert_eq!(raw["x-permission"], "x:add");
}

#[test]
fn without_plugins_the_document_is_the_cores() {
    assert_eq!(merged(&[]), core());
}
