//! Country, region and city of an address, in both logs.

use crate::mmdb::{self, Data};
use crate::server::{DATABASE_VARIABLE, PASSWORD, Server, eventually, with_database};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

const FILE_VARIABLE: &str = "APP__LOCATION__DATABASE";

fn named(english: &'static str, chinese: Option<&'static str>) -> Data {
    let chinese = chinese.map(|chinese| ("zh-CN", Data::Text(chinese)));
    Data::Map(vec![("names", Data::Map([("en", Data::Text(english))].into_iter().chain(chinese).collect()))])
}

fn write(file: &Path) {
    let city = Data::Map(vec![
        ("country", named("Japan", Some("日本"))),
        ("subdivisions", Data::List(vec![named("Tokyo", Some("东京都")), named("Inner", None)])),
        ("city", named("Chiyoda", None)),
    ]);
    let networks = [
        ("203.0.113.0", 24, city),
        ("198.51.100.0", 25, Data::Map(vec![("country", named("France", Some("法国")))])),
        ("198.51.100.128", 25, Data::Map(vec![("country", Data::Text("not as it should be"))])),
        // Whatever a file says of it, it is nowhere.
        ("10.0.0.0", 8, Data::Map(vec![("country", named("Nowhere", None))])),
    ];
    let networks = networks.map(|(address, length, data)| (address.parse().expect("an address"), length, data));
    std::fs::write(file, mmdb::file(&networks)).expect("a file");
}

/// The entries of a log, each with its place, by address.
async fn places(server: &Server, log: &str, address: &str) -> Value {
    let admin = server.admin().await;
    let path = format!("/api/v1/logs/{log}?ip={address}&page=1&size=1");
    let mut entry = Value::Null;
    eventually("the entry is written", async || {
        entry = admin.get(&path).await.ok().pointer_mut("/data/items/0").map_or(Value::Null, Value::take);
        !entry.is_null()
    })
    .await;
    json!([entry["country"], entry["region"], entry["city"]])
}

async fn check(settings: &[(&str, &str)], language: &str, cases: &[(&str, Value)]) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("city.mmdb");
    write(&file);
    let file = file.to_str().expect("text");
    let server =
        Server::start_with(&[&[(FILE_VARIABLE, file), ("APP__SERVER__LANGUAGE", language)], settings].concat()).await;
    for (address, expected) in cases {
        let login = json!({"username": "admin", "password": PASSWORD});
        let request = server.anonymous().request(reqwest::Method::POST, "/api/v1/auth/login").json(&login);
        assert_eq!(request.header("x-real-ip", *address).send().await.expect("an answer").status(), 200);
        for log in ["login", "opera"] {
            assert_eq!(places(&server, log, address).await, *expected, "{log} {address}");
        }
    }
}

fn chinese() -> Vec<(&'static str, Value)> {
    vec![
        ("203.0.113.9", json!(["日本", "东京都", "Chiyoda"])),
        ("198.51.100.1", json!(["法国", null, null])),
        ("198.51.100.200", json!([null, null, null])),
        ("10.1.2.3", json!([null, null, null])),
        ("192.0.2.1", json!([null, null, null])),
        ("2001:db8::1", json!([null, null, null])),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_logs_say_where_an_address_is_on_sqlite() {
    check(&[], "zh-CN", &chinese()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_logs_say_where_an_address_is_on_postgres() {
    with_database(async |url| check(&[(DATABASE_VARIABLE, url)], "zh-CN", &chinese()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_are_in_the_servers_language() {
    check(&[], "en-US", &[("203.0.113.9", json!(["Japan", "Tokyo", "Chiyoda"]))]).await;
}

#[test]
fn a_file_that_is_missing_or_broken_is_named_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let broken = folder.path().join("broken.mmdb");
    std::fs::write(&broken, "rubbish").expect("a file");
    for file in [broken, folder.path().join("missing.mmdb")] {
        let mut program = Command::new(env!("CARGO_BIN_EXE_backplane"));
        program.args(["serve", "--port", "0", "--data"]).arg(folder.path().join("data")).env(FILE_VARIABLE, &file);
        let output = program.output().expect("the program runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
        assert!(errors.contains("location.database") && errors.contains(name), "{errors}");
    }
}
