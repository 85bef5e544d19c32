//! JSON bodies with any method, and rows that no route writes yet.

use crate::server::{Answer, Role, Server};
use reqwest::Method;
use serde_json::Value;

/// Sends a JSON body.
pub(crate) async fn send(role: &Role, method: Method, path: &str, body: &Value) -> Answer {
    Answer::of(role.request(method, path).json(body)).await
}

pub(crate) async fn put(role: &Role, path: &str, body: &Value) -> Answer {
    send(role, Method::PUT, path, body).await
}

pub(crate) async fn delete(role: &Role, path: &str, body: &Value) -> Answer {
    send(role, Method::DELETE, path, body).await
}

/// Runs a statement on the server's database.
pub(crate) async fn sql(server: &Server, statement: &str) {
    let pool = server.pool().await;
    pool.database().query(statement).execute().await.expect("a statement that runs");
    pool.close().await;
}

/// The keys of an object, in order.
pub(crate) fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// The values under a key of each object of a list.
pub(crate) fn each(list: &Value, key: &str) -> Vec<Value> {
    list.as_array().expect("a list").iter().map(|item| item[key].clone()).collect()
}
