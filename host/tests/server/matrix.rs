//! Role × route × method: every operation of the document, the core's and the plugins', is open only
//! to those it names. An operation that is in neither list below needs a permission or a super-user.

use crate::bundle;
use crate::server::{Answer, Role, Server};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// For everybody.
const PUBLIC: [&str; 6] = [
    "GET /api/v1/auth/captcha",
    "POST /api/v1/auth/login",
    "POST /api/v1/auth/login/swagger",
    "POST /api/v1/auth/logout",
    "POST /api/v1/auth/refresh",
    "GET /api/v1/hello",
];

/// For everybody who is logged in, without a permission.
const AUTHENTICATED: [&str; 38] = [
    "GET /api/v1/auth/codes",
    "GET /api/v1/plugins/changes/events",
    "GET /api/v1/sys/configs",
    "GET /api/v1/sys/configs/all",
    "GET /api/v1/sys/configs/{pk}",
    "GET /api/v1/sys/data-rules",
    "GET /api/v1/sys/data-rules/all",
    "GET /api/v1/sys/data-rules/models",
    "GET /api/v1/sys/data-rules/models/{model}/columns",
    "GET /api/v1/sys/data-rules/value-template-variables",
    "GET /api/v1/sys/data-rules/{pk}",
    "GET /api/v1/sys/data-scopes",
    "GET /api/v1/sys/data-scopes/all",
    "GET /api/v1/sys/data-scopes/{pk}",
    "GET /api/v1/sys/data-scopes/{pk}/rules",
    "GET /api/v1/sys/depts",
    "GET /api/v1/sys/depts/{pk}",
    "GET /api/v1/sys/dict-datas",
    "GET /api/v1/sys/dict-datas/all",
    "GET /api/v1/sys/dict-datas/type-codes/{code}",
    "GET /api/v1/sys/dict-datas/{pk}",
    "GET /api/v1/sys/dict-types",
    "GET /api/v1/sys/dict-types/all",
    "GET /api/v1/sys/dict-types/{pk}",
    "GET /api/v1/sys/menus",
    "GET /api/v1/sys/menus/sidebar",
    "GET /api/v1/sys/menus/{pk}",
    "GET /api/v1/sys/notices",
    "GET /api/v1/sys/notices/{pk}",
    "GET /api/v1/sys/roles",
    "GET /api/v1/sys/roles/all",
    "GET /api/v1/sys/roles/{pk}",
    "GET /api/v1/sys/roles/{pk}/menus",
    "GET /api/v1/sys/roles/{pk}/scopes",
    "GET /api/v1/sys/users/me",
    "PUT /api/v1/sys/users/me/avatar",
    "PUT /api/v1/sys/users/me/nickname",
    "PUT /api/v1/sys/users/me/password",
];

/// An operation with a body that has the documented form.
struct Operation {
    method: Method,
    path: String,
    body: Option<Value>,
}

impl Operation {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    async fn call(&self, role: &Role) -> Answer {
        let request = self.request(role);
        Answer::of(match &self.body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    /// With a body that is no JSON: who may not call it must not hear what is wrong with it.
    async fn call_badly(&self, role: &Role) -> Answer {
        Answer::of(self.request(role).header("content-type", "application/json").body("{")).await
    }

    fn request(&self, role: &Role) -> RequestBuilder {
        let filled = self.path.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
        let path = filled.collect::<Vec<_>>().join("/");
        // Whoever asks for more in the query than this is tested by its own tests.
        role.request(self.method.clone(), &format!("{path}?session_uuid=x&type=zip"))
    }
}

/// Every operation of the document.
async fn operations(role: &Role) -> Vec<Operation> {
    let document = role.get("/openapi.json").await.ok();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            operations.push(Operation {
                method: method.to_uppercase().parse().expect("a method"),
                path: path.clone(),
                body: (!schema.is_null()).then(|| sample(schema, &document)),
            });
        }
    }
    operations
}

/// The least that fits a schema.
fn sample(schema: &Value, document: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return sample(document.pointer(&reference[1..]).expect("a schema"), document);
    }
    if let Some(first) = schema["allOf"].as_array().and_then(|all| all.first()) {
        return sample(first, document);
    }
    if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        Some("string") => json!("x"),
        _ => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            required.map(|name| (name.to_owned(), sample(&schema["properties"][name], document))).collect()
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_is_open_only_to_those_it_names() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for name in ["hello", "notice", "dict", "config"] {
        admin.install(bundle::of(name)).await.ok();
    }
    // One permission, so that the roles have menus and the codes decide.
    let member = server.member(&["sys:notice:add"]).await;
    let anonymous = server.anonymous();
    let operations = operations(&admin).await;
    let listed = PUBLIC.iter().chain(&AUTHENTICATED);
    let names: BTreeSet<String> = operations.iter().map(Operation::name).collect();
    let gone: Vec<&&str> = listed.filter(|name| !names.contains(**name)).collect();
    assert!(gone.is_empty(), "listed, but not in the document: {gone:?}");

    let mut faults = Vec::new();
    let mut judge = |who: &str, operation: &str, answer: &Answer, expected: Option<u16>| {
        let right = match expected {
            Some(status) => answer.status == status,
            None => answer.status != 401 && answer.status != 403 && answer.status < 500,
        };
        if !right {
            faults.push(format!("{who} {operation}: {} instead of {expected:?}: {}", answer.status, answer.text));
        }
    };
    for operation in &operations {
        let name = operation.name();
        let public = PUBLIC.contains(&name.as_str());
        let authenticated = AUTHENTICATED.contains(&name.as_str());
        // A login is refused for its own reasons, and a session is needed below.
        if public && name.contains("/auth/") {
            continue;
        }
        judge("anonymous", &name, &operation.call(&anonymous).await, (!public).then_some(401));
        let granted = public || authenticated || name == "POST /api/v1/sys/notices";
        // Events have no end.
        if granted && name.ends_with("/events") {
            continue;
        }
        judge("member", &name, &operation.call(&member).await, (!granted).then_some(403));
        if operation.body.is_some() && !public {
            judge("anonymous, badly", &name, &operation.call_badly(&anonymous).await, Some(401));
        }
        if operation.body.is_some() && !granted {
            judge("member, badly", &name, &operation.call_badly(&member).await, Some(403));
        }
    }
    println!("{} operations × 2 roles", operations.len());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    let me: Value = admin.get("/api/v1/sys/users/me").await.ok();
    assert_eq!(me["data"]["username"], "admin");
}
