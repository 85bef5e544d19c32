//! The character NUL, which one of the databases can't store and the other cuts texts at: refused
//! with the field's name, whatever route it is sent to.

use crate::server::{Answer, Role};
use reqwest::Method;
use serde_json::{Value, json};

/// An operation of the document, with the names of its parameters.
struct Operation {
    method: Method,
    path: String,
    parameters: Vec<(String, String)>,
    takes_json: bool,
}

impl Operation {
    /// Its address with NUL as the value of one parameter.
    fn address(&self, part: &str, name: &str) -> String {
        let fill = |segment: &str| match segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}')) {
            Some(parameter) if part == "path" && parameter == name => "a%00b".to_owned(),
            Some(_) => "1".to_owned(),
            None => segment.to_owned(),
        };
        let path = self.path.split('/').map(fill).collect::<Vec<_>>().join("/");
        if part == "query" { format!("{path}?{name}=a%00b") } else { path }
    }
}

async fn operations(role: &Role) -> Vec<Operation> {
    let document = role.get("/openapi.json").await.ok();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            operations.push(Operation {
                method: method.to_uppercase().parse().expect("a method"),
                path: path.clone(),
                parameters: parameters.map(|parameter| (text(&parameter["in"]), text(&parameter["name"]))).collect(),
                takes_json: operation["requestBody"]["content"].get("application/json").is_some(),
            });
        }
    }
    operations
}

/// A 422 that names the field in its text and in its list of faults.
fn assert_named(answer: &Answer, location: &Value, what: &str) {
    assert_eq!(answer.status, 422, "{what}: {}", answer.text);
    answer.refused(422);
    let body = answer.json();
    assert_eq!(&body["data"]["errors"][0]["loc"], location, "{what}");
    let field = location.as_array().and_then(|path| path.last()).and_then(Value::as_str).expect("a name");
    assert_eq!(body["msg"], format!("Invalid request: {field} must not contain the character NUL"), "{what}");
}

on_both! {
    async fn every_parameter_of_every_route_refuses_it(server: &Server) {
        let admin = server.admin().await;
        let mut asked = 0;
        for operation in operations(&admin).await {
            // HTTP has no way to write it in a header.
            for (part, name) in operation.parameters.iter().filter(|(part, _)| part != "header") {
                let address = operation.address(part, name);
                let request = admin.request(operation.method.clone(), &address);
                let answer = Answer::of(request.json(&json!({}))).await;
                assert_named(&answer, &json!([part, name]), &format!("{} {address}", operation.method));
                asked += 1;
            }
        }
        assert!(asked > 60, "{asked} parameters");
    }

    async fn every_json_body_refuses_it(server: &Server) {
        let admin = server.admin().await;
        let mut asked = 0;
        for operation in operations(&admin).await.iter().filter(|operation| operation.takes_json) {
            let address = operation.address("", "");
            for (body, location) in [
                (json!({"name": "a\0b"}), json!(["body", "name"])),
                (json!({"list": ["a", {"deep": "\0"}]}), json!(["body", "list", "1", "deep"])),
            ] {
                let answer = Answer::of(admin.request(operation.method.clone(), &address).json(&body)).await;
                assert_named(&answer, &location, &format!("{} {address} {body}", operation.method));
                asked += 1;
            }
        }
        assert!(asked > 40, "{asked} bodies");
    }

    async fn a_login_with_it_is_refused_without_a_trace(server: &Server) {
        let anonymous = server.anonymous();
        for (body, field) in [
            (json!({"username": "ad\0min", "password": "x"}), "username"),
            (json!({"username": "admin", "password": "x\0"}), "password"),
            (json!({"username": "admin", "password": "x", "captcha": "\0"}), "captcha"),
        ] {
            let answer = anonymous.post_json("/api/v1/auth/login", &body).await;
            assert_named(&answer, &json!(["body", field]), field);
            assert!(!answer.text.contains("admin"), "{}", answer.text);
        }
        for (query, field) in [("username=a%00&password=x", "username"), ("username=a&password=%00", "password")] {
            let answer = anonymous.post(&format!("/api/v1/auth/login/swagger?{query}")).await;
            assert_named(&answer, &json!(["query", field]), field);
        }
        // Nobody stores it anywhere else either.
        let request = anonymous.request(Method::GET, "/api/v1/nowhere%00?x=%00").header("user-agent", "x%00");
        assert_eq!(Answer::of(request).await.status, 404);
        server.admin().await.get("/api/v1/logs/opera?size=1").await.ok();
    }
}
