//! Files that plugins keep: within bounds, in a folder of their own that nothing leads out of, as long as their data stays.

use crate::cluster::with_shared;
use crate::outgoing::outgoing;
use crate::server::{Answer, Role, Server, with_postgres_and};
use serde_json::{Value, json};
use std::path::PathBuf;

const SMALL: &[(&str, &str)] = &[
    ("APP__PLUGINS__FILE_BYTES_MAX", "100"),
    ("APP__PLUGINS__FILES_BYTES_MAX", "250"),
    ("APP__PLUGINS__FILES_MAX", "5"),
];
const FILES: &str = "files = true";

async fn ask(role: &Role, what: &str, name: &str, content: &str) -> Answer {
    role.post_json(&format!("/api/v1/outgoing/files/{what}"), &json!({"name": name, "content": content})).await
}

#[track_caller]
fn done(answer: &Answer) -> &str {
    assert_eq!(answer.status, 200, "{}", answer.text);
    &answer.text
}

#[track_caller]
fn refused(answer: &Answer, words: &str) {
    assert!(answer.status == 409 && answer.text.contains(words), "{words}: {} {}", answer.status, answer.text);
}

async fn listed(role: &Role) -> Value {
    ask(role, "list", "", "").await.ok()
}

fn folder(server: &Server) -> PathBuf {
    server.data().join("files/outgoing")
}

/// What a plan of a purge tells of files.
async fn told(admin: &Role) -> Option<String> {
    let order = json!({"id": "outgoing", "action": "uninstall", "data": "purge"});
    let plan = admin.post_json("/api/v1/plugins/plans", &order).await.ok();
    let warnings: Vec<String> = serde_json::from_value(plan["data"]["warnings"].clone()).expect("warnings");
    warnings.into_iter().find(|warning| warning.contains("files go"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_keeps_files_within_bounds() {
    let server = Server::start_with(SMALL).await;
    let admin = server.admin().await;
    admin.install(outgoing("1.0.0", FILES)).await.ok();
    assert_eq!(listed(&admin).await, json!([]));
    refused(&ask(&admin, "read", "a", "").await, "NotFound: there is no file a");
    refused(&ask(&admin, "delete", "a", "").await, "NotFound: there is no file a");
    done(&ask(&admin, "write", "a", "one").await);
    done(&ask(&admin, "write", "b/c d/é.txt", "two").await);
    done(&ask(&admin, "write", "a", "another").await);
    done(&ask(&admin, "append", "a", " one").await);
    assert_eq!(done(&ask(&admin, "read", "a", "").await), "another one");
    assert_eq!(listed(&admin).await, json!([["a", 11, true], ["b/c d/é.txt", 3, true]]));

    let (full, large) = ("x".repeat(100), "x".repeat(101));
    refused(&ask(&admin, "write", "a", &large).await, "TooLarge: a has more than 100 bytes");
    refused(&ask(&admin, "append", "a", &full).await, "TooLarge: a has more than 100 bytes");
    done(&ask(&admin, "write", "c", &full).await);
    done(&ask(&admin, "write", "d", &full).await);
    refused(&ask(&admin, "write", "e", &full).await, "Full: the plugin's files would have 314 bytes, 250 at most");
    done(&ask(&admin, "write", "e", "").await);
    refused(&ask(&admin, "write", "f", "").await, "Full: the plugin has 5 files, 5 at most are kept");
    done(&ask(&admin, "delete", "b/c d/é.txt", "").await);
    assert!(!folder(&server).join("b").exists());
    done(&ask(&admin, "write", "f", "").await);
    assert_eq!(done(&ask(&admin, "read", "a", "").await), "another one");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_name_leads_out_of_the_folder() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(outgoing("1.0.0", FILES)).await.ok();
    done(&ask(&admin, "write", "folder/a", "a").await);
    std::os::unix::fs::symlink(server.data().join("server.json"), folder(&server).join("link")).expect("a link");
    std::os::unix::fs::symlink(server.data(), folder(&server).join("out")).expect("a link");
    let names = [
        "",
        ".",
        "..",
        "/",
        "/etc/passwd",
        "../server.json",
        "../../backplane.db",
        "folder/../../x",
        "folder//a",
        "folder/",
        "./a",
        ".a",
        "folder/.a",
        "a\0b",
        "a\nb",
        "..\\x",
        "a/b/c/d/e/f/g/h/i",
        "folder",
        "link",
        "out/server.json",
        "out",
        "folder/a/b",
    ];
    for name in names {
        for what in ["read", "write", "append", "delete"] {
            let answer = ask(&admin, what, name, "evil").await;
            assert!(answer.status == 409 && answer.text.starts_with("Invalid: "), "{what} {name:?}: {}", answer.text);
        }
    }
    assert_eq!(listed(&admin).await, json!([["folder/a", 1, true]]));
    assert!(!server.data().join("x").exists());
    admin.get("/api/v1/plugins").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_capability_there_are_no_files() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(outgoing("1.0.0", "")).await.ok();
    for what in ["read", "write", "append", "delete", "list"] {
        let words = "Refused: plugin outgoing may not keep files: it would need files = true in [capabilities]";
        refused(&ask(&admin, what, "a", "").await, words);
    }
    assert!(!server.data().join("files").exists());
}

async fn lives_as_long_as_the_data(server: &mut Server) {
    let admin = server.admin().await;
    admin.install(outgoing("1.0.0", FILES)).await.ok();
    assert_eq!(told(&admin).await, None);
    done(&ask(&admin, "write", "a/b", "kept").await);
    let neighbour = server.data().join("files/neighbour");
    std::fs::create_dir_all(&neighbour).expect("a folder");

    admin.upload("/api/v1/plugins/outgoing/upgrade", outgoing("1.0.1", FILES)).await.ok();
    assert_eq!(done(&ask(&admin, "read", "a/b", "").await), "kept");
    admin.post("/api/v1/plugins/outgoing/rollback").await.ok();
    assert_eq!(done(&ask(&admin, "read", "a/b", "").await), "kept");

    let export =
        admin.request(reqwest::Method::GET, "/api/v1/plugins/outgoing/export").send().await.expect("an answer");
    let bytes = export.bytes().await.expect("a body");
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("a zip");
    assert_eq!(std::io::read_to_string(zip.by_name("files/a/b").expect("an entry")).expect("text"), "kept");

    admin.delete("/api/v1/plugins/outgoing?data=keep").await.ok();
    let kept = admin.get("/api/v1/plugins/doctor").await.ok()["data"]["kept"].to_string();
    assert!(kept.contains("\"files/outgoing\""), "{kept}");
    admin.install(outgoing("1.0.1", FILES)).await.ok();
    assert_eq!(done(&ask(&admin, "read", "a/b", "").await), "kept");

    // A plan tells what goes; what is written meanwhile does not make it another one.
    assert_eq!(told(&admin).await.as_deref(), Some("the plugin's files go: 1 with 4 bytes together"));
    let order = json!({"id": "outgoing", "action": "uninstall", "data": "purge"});
    let plan = admin.post_json("/api/v1/plugins/plans", &order).await.ok();
    done(&ask(&admin, "write", "c", "more").await);
    let id = plan["data"]["id"].as_str().expect("an id");
    admin.post(&format!("/api/v1/plugins/plans/{id}/apply")).await.ok();
    assert!(!folder(server).exists() && neighbour.exists());

    // What is left of nobody is found, and goes.
    let found = admin.post("/api/v1/plugins/doctor/repair").await.ok()["data"]["repaired"].take();
    assert_eq!((&found[0]["subject"], &found[0]["name"]), (&json!("files"), &json!("files/neighbour")), "{found}");
    assert!(!neighbour.exists());
    admin.install(outgoing("1.0.0", FILES)).await.ok();
    assert_eq!(listed(&admin).await, json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_stay_and_go_with_a_plugins_data_on_sqlite() {
    lives_as_long_as_the_data(&mut Server::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_stay_and_go_with_a_plugins_data_on_postgres() {
    with_postgres_and(&[], async |server| lives_as_long_as_the_data(server).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_node_removes_its_own_files_with_a_purge() {
    with_shared(async |shared| {
        let (one, two) = (shared.node().await, shared.node().await);
        let here = one.admin().await;
        let there = two.known(&here);
        here.install(outgoing("1.0.0", FILES)).await.ok();
        for (role, content) in [(&here, "here"), (&there, "there")] {
            done(&ask(role, "write", "a", content).await);
        }
        assert_eq!(done(&ask(&here, "read", "a", "").await), "here");
        here.delete("/api/v1/plugins/outgoing?data=purge").await.ok();
        assert!(!folder(&one).exists() && !folder(&two).exists());
    })
    .await;
}
