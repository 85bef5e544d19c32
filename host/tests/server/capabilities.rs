//! What plugins may do is declared, granted with their installation, and looked at with each statement.

use crate::bundle::Parts;
use crate::server::{Role, Server, with_postgres};
use reqwest::Method;
use serde_json::{Value, json};

const READ: &str = "database = \"read\"";

/// The fixture in `version`, with these lines in `[capabilities]`; none without any.
fn capable(version: &str, lines: &[&str]) -> Vec<u8> {
    let mut parts = Parts::of("capable").replaced("1.0.0", version);
    let manifest = parts.manifest();
    let section = if lines.is_empty() { String::new() } else { format!("\n[capabilities]\n{}\n", lines.join("\n")) };
    parts.with_manifest(&format!("{manifest}{section}")).zip()
}

async fn capabilities(admin: &Role) -> Value {
    let listed = admin.plugin("capable").await["capabilities"].take();
    let told = |one: &Value| json!([one["capability"], one["detail"], one["asked"], one["granted"]]);
    listed.as_array().expect("capabilities").iter().map(told).collect()
}

async fn tried(admin: &Role, method: Method, what: &str) -> (u16, String) {
    let answer = crate::server::Answer::of(admin.request(method, &format!("/api/v1/capable/{what}"))).await;
    (answer.status, answer.text)
}

async fn assert_own_tables_only(admin: &Role) {
    for what in ["core", "mixed"] {
        let (status, text) = tried(admin, Method::GET, what).await;
        assert_eq!(status, 409, "{what}: {text}");
        assert!(text.contains("Refused: plugin capable may not read table sys_user"), "{text}");
        assert!(text.contains("database = \"read\""), "{text}");
    }
}

async fn assert_writes_nothing_else(admin: &Role) {
    for (what, words) in [
        ("core", "may not write table sys_user"),
        ("table", "only SELECT, INSERT, UPDATE and DELETE"),
        ("gone", "only SELECT, INSERT, UPDATE and DELETE"),
    ] {
        let (status, text) = tried(admin, Method::POST, what).await;
        assert!(status == 409 && text.contains(words), "{what}: {text}");
    }
    assert!(!admin.get("/api/v1/sys/users/me").await.text.contains("\"nickname\":\"capable\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_word_a_plugin_has_its_own_tables() {
    let test = async |server: &Server| {
        let admin = server.admin().await;
        admin.install(capable("1.0.0", &[])).await.ok();
        assert_eq!(capabilities(&admin).await, json!([["database", "own", true, true]]));
        assert_eq!(tried(&admin, Method::POST, "own").await, (200, "1".to_owned()));
        assert_eq!(tried(&admin, Method::GET, "own").await, (200, "1".to_owned()));
        assert_eq!(tried(&admin, Method::GET, "named").await, (200, "1".to_owned()));
        assert_own_tables_only(&admin).await;
        assert_eq!(tried(&admin, Method::POST, "copied").await.0, 409);
        assert_writes_nothing_else(&admin).await;
    };
    test(&Server::start().await).await;
    with_postgres(test).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_read_reads_the_tables_of_others_and_writes_its_own() {
    let test = async |server: &Server| {
        let admin = server.admin().await;
        admin.install(capable("1.0.0", &[READ])).await.ok();
        assert_eq!(capabilities(&admin).await, json!([["database", "read", true, true]]));
        assert_eq!(tried(&admin, Method::GET, "core").await, (200, "1".to_owned()));
        assert_eq!(tried(&admin, Method::POST, "copied").await, (200, "1".to_owned()));
        assert_eq!(tried(&admin, Method::GET, "mixed").await, (200, "1".to_owned()));
        assert_writes_nothing_else(&admin).await;
    };
    test(&Server::start().await).await;
    with_postgres(test).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_asks_for_more_is_refused_until_that_is_accepted() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    admin.install(capable("1.0.0", &[])).await.ok();
    let next = || capable("1.0.1", &[READ, "http = [\"api.example.com\", \"*.example.org\"]", "jobs = true"]);
    let told = admin.upload("/api/v1/plugins/capable/upgrade", next()).await.refused(409);
    let words = "plugin capable 1.0.1 asks for more than is granted: database read, http api.example.com, \
                 http *.example.org, jobs; upgrade it with accept_capabilities=true to grant that";
    assert_eq!(told, words);
    assert_eq!(admin.plugin("capable").await["version"], "1.0.0");
    assert_own_tables_only(&admin).await;

    admin.upload("/api/v1/plugins/capable/upgrade?accept_capabilities=true", next()).await.ok();
    let granted = json!([
        ["database", "read", true, true],
        ["http", "api.example.com", true, true],
        ["http", "*.example.org", true, true],
        ["jobs", "", true, true],
        ["database", "own", false, true],
    ]);
    assert_eq!(capabilities(&admin).await, granted);
    assert_eq!(tried(&admin, Method::GET, "core").await.0, 200);

    // What is granted need not be accepted again; what is no longer asked for is no longer had.
    admin.upload("/api/v1/plugins/capable/upgrade", capable("1.0.2", &["jobs = true"])).await.ok();
    assert_own_tables_only(&admin).await;
    admin.upload("/api/v1/plugins/capable/upgrade", capable("1.0.3", &[READ])).await.ok();
    assert_eq!(tried(&admin, Method::GET, "core").await.0, 200);

    // What the rows take back is gone with the next start.
    let pool = server.pool().await;
    pool.database().query("DELETE FROM plugin_capability WHERE detail = 'read'").execute().await.expect("no row");
    pool.close().await;
    server.kill();
    server.start_again().await;
    let admin = server.admin().await;
    assert_own_tables_only(&admin).await;
    assert_eq!(capabilities(&admin).await[0], json!(["database", "read", true, false]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_goes_with_the_plugin() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(capable("1.0.0", &[READ])).await.ok();
    admin.delete("/api/v1/plugins/capable?data=keep").await.ok();
    admin.install(capable("1.0.1", &[])).await.ok();
    assert_eq!(capabilities(&admin).await, json!([["database", "own", true, true]]));
    admin.upload("/api/v1/plugins/capable/upgrade", capable("1.0.2", &[READ])).await.refused(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capability_that_does_not_exist_is_refused_with_those_that_do() {
    let server = Server::start().await;
    let admin = server.admin().await;
    for (line, words) in [
        ("database = \"all\"", "capabilities.database is \"all\": \"own\" or \"read\" is accepted"),
        ("http = [\"https://a.example\"]", "a list of hosts such as \"api.example.com\""),
        ("files = 1", "capabilities.files is 1: true or false is accepted"),
        ("service = [\"x\"]", "unknown key capabilities.service, did you mean capabilities.services?"),
        ("services = [\"X\"]", "a list of plugin ids"),
    ] {
        let told = admin.install(capable("1.0.0", &[line])).await.refused(400);
        assert!(told.contains(words), "{line}: {told}");
    }
}

/// Name and granter of everything that the fixture was granted.
async fn granters(admin: &Role) -> Vec<(String, Value)> {
    let listed = admin.plugin("capable").await["capabilities"].take();
    let told = |one: &Value| (one["capability"].as_str().expect("a name").to_owned(), one["granted_by"].clone());
    listed.as_array().expect("capabilities").iter().map(told).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_told_who_has_granted_what() {
    let test = async |server: &Server| {
        let admin = server.admin().await;
        admin.install(capable("1.0.0", &[READ])).await.ok();
        assert_eq!(granters(&admin).await, [("database".to_owned(), json!("admin"))]);
        let next = capable("1.0.1", &[READ, "files = true"]);
        admin.upload("/api/v1/plugins/capable/upgrade?accept_capabilities=true", next).await.ok();
        let (database, files) = (("database".to_owned(), json!("admin")), ("files".to_owned(), json!("admin")));
        assert_eq!(granters(&admin).await, [database, files]);
    };
    test(&Server::start().await).await;
    with_postgres(test).await;
}
