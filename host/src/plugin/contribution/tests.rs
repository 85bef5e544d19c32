//! What a library may say of itself, and what a refusal says.

use super::Contribution;
use plugin_api::descriptor::Descriptor;
use serde_json::{Value, json};

fn check(part: Value) -> Result<Contribution, String> {
    let mut descriptor = json!({ "id": "notice", "version": "1.0.0", "api": "0.1.0", "routes": [] });
    for (key, value) in part.as_object().unwrap() {
        descriptor[key] = value.clone();
    }
    let descriptor: Descriptor = serde_json::from_value(descriptor).unwrap();
    Contribution::of(&"notice".parse().unwrap(), &descriptor, "/api/v1").map_err(|error| error.to_string())
}

fn route(method: &str, path: &str) -> Value {
    json!({ "routes": [{ "method": method, "path": path, "access": "public" }] })
}

fn menu(name: &str) -> Value {
    json!({ "name": name, "title": name, "kind": "page" })
}

#[test]
fn paths_become_absolute_and_menus_are_counted_with_those_below() {
    let contribution = check(route("GET", "/sys/notices/{pk}")).unwrap();
    assert_eq!(contribution.routes[0].pattern.as_str(), "/api/v1/sys/notices/{pk}");
    let mut tree = menu("Above");
    tree["children"] = json!([menu("Below")]);
    assert_eq!(check(json!({ "menus": [tree] })).unwrap().menu_names, ["Above", "Below"]);
}

fn model() -> Value {
    json!({ "name": "Thing", "table": "thing" })
}

fn models(changes: Value) -> Value {
    let mut model = model();
    for (key, value) in changes.as_object().unwrap() {
        model[key] = value.clone();
    }
    json!({ "models": [model] })
}

fn column(name: &str, kind: &str) -> Value {
    json!({ "name": name, "english": "x", "chinese": "x", "kind": kind })
}

#[test]
fn a_model_may_keep_its_columns_of_ids_to_itself() {
    let contribution = check(models(json!({ "dept": "dept_id", "columns": [column("title", "text")] }))).unwrap();
    assert_eq!(contribution.models[0].dept.as_deref(), Some("dept_id"));
}

#[test]
fn faults_are_named() {
    let migration = |version: i64| json!({ "version": version, "name": "x", "up": "SELECT 1" });
    for (part, words) in [
        (route("GET", "sys"), "route GET sys can't be served: it must begin with /"),
        (route("GET", "/{a}.json"), "whole segment"),
        (route("FETCH", "/sys"), "its method must be GET"),
        (route("get", "/sys"), "its method must be GET"),
        (json!({ "menus": [menu("A"), menu("A")] }), "menu entry A stands twice"),
        (json!({ "menus": [menu("")] }), "menu entry \"\""),
        (json!({ "permissions": [{ "code": "a,b", "title": "" }] }), "permission \"a,b\""),
        (
            json!({ "permissions": [{ "code": "a", "title": "" }, { "code": "a", "title": "" }] }),
            "permission a stands twice",
        ),
        (json!({ "migrations": [migration(2), migration(1)] }), "migration 1 stands after migration 2"),
        (json!({ "migrations": [migration(0)] }), "must be positive"),
        (json!({ "settings": [{ "key": "Page-Size", "title": "", "default": 1 }] }), "snake_case"),
        (models(json!({ "name": "__ALL__" })), "model \"__ALL__\""),
        (models(json!({ "name": "A; DROP" })), "model \"A; DROP\""),
        (models(json!({ "table": "t\" WHERE 1" })), "table \"t\\\" WHERE 1\""),
        (models(json!({ "table": "Table" })), "snake_case"),
        (models(json!({ "columns": [column("a", "text"), column("a", "text")] })), "column a stands twice"),
        (models(json!({ "columns": [column("a\" = \"a", "text")] })), "column \"a"),
        (models(json!({ "columns": [column("__dept_id__", "integer")] })), "column \"__dept_id__\""),
        (models(json!({ "columns": [column("x".repeat(33).as_str(), "text")] })), "1 to 32 characters"),
        (models(json!({ "dept": "a b" })), "column \"a b\""),
        (models(json!({ "creator": "a", "columns": [column("a", "text")] })), "a column of whole numbers"),
        (json!({ "models": [model(), model()] }), "model Thing stands twice"),
    ] {
        let message = check(part).expect_err(words);
        assert!(message.contains(words), "{message:?} does not say {words:?}");
    }
}
