//! A hostile upload ends in a 4xx that names the fault, and leaves nothing on disk.

use crate::bundle::{self, Parts};
use crate::server::{Answer, Role, Server};
use futures_util::stream;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use std::io::{Cursor, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const INSTALL: &str = "/api/v1/sys/plugins?type=zip";

fn hello() -> Parts {
    Parts::of("hello")
}

/// The bundle of hello with one line of its manifest replaced.
fn manifest(from: &str, to: &str) -> Vec<u8> {
    let mut parts = hello();
    let manifest = parts.manifest();
    assert!(manifest.contains(from), "{manifest}");
    let manifest = manifest.replace(from, to);
    parts.with_manifest(&manifest).zip()
}

/// A library cut off in its middle.
fn truncated() -> Vec<u8> {
    let library = std::fs::read(bundle::library("hello")).expect("a library");
    Parts::with_library("hello", library[..library.len() / 2].to_vec()).zip()
}

/// 64 MiB of zeros in a few kilobytes.
fn bomb() -> Vec<u8> {
    hello().with("ui/zeros.bin", &vec![0; 64 << 20]).zip()
}

fn many_entries() -> Vec<u8> {
    let mut parts = hello();
    parts.entries.extend((0..20_000).map(|number| (format!("ui/{number}"), Vec::new())));
    parts.zip()
}

fn with_link() -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in hello().entries {
        zip.start_file(name, SimpleFileOptions::default()).expect("an entry");
        zip.write_all(&bytes).expect("an entry");
    }
    zip.add_symlink("ui/passwd", "/etc/passwd", SimpleFileOptions::default()).expect("a link");
    zip.finish().expect("a zip").into_inner()
}

fn two_of_a_name() -> Vec<u8> {
    let mut bytes = hello().with("ui/a", b"1").with("ui/b", b"2").zip();
    // The writer refuses equal names, a hostile one does not.
    for at in 0..bytes.len() - 4 {
        if bytes[at..].starts_with(b"ui/b") {
            bytes[at + 3] = b'a';
        }
    }
    bytes
}

fn elsewhere() -> Vec<u8> {
    let mut parts = hello();
    parts.entries[2].0 = "lib/sparc-unknown-none/hello.so".to_owned();
    parts.zip()
}

fn cut(bytes: &[u8]) -> Vec<u8> {
    bytes[..bytes.len() / 2].to_vec()
}

/// Each upload with a part of the text that refuses it.
fn uploads() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let whole = hello().zip();
    vec![
        ("nothing", Vec::new(), "the bundle is missing"),
        ("no zip", b"#!/bin/sh\nexit 0\n".to_vec(), "not a zip archive"),
        ("an empty zip", Parts { entries: Vec::new() }.zip(), "the archive is empty"),
        ("half a zip", cut(&whole), "not a zip archive"),
        ("a bomb", bomb(), "unpacks to"),
        ("too many entries", many_entries(), "entries"),
        ("a way out", hello().with("../../evil.so", b"x").zip(), "leads out of the bundle"),
        ("a way out of a folder", hello().with("ui/../../evil", b"x").zip(), "leads out of the bundle"),
        ("a way out for Windows", hello().with("ui\\..\\evil", b"x").zip(), "leads out of the bundle"),
        ("an absolute path", hello().with("/etc/evil", b"x").zip(), "absolute path"),
        ("a symbolic link", with_link(), "symbolic links are not accepted"),
        ("one name twice", two_of_a_name(), "the same name"),
        ("something that does not belong", hello().with("evil.sh", b"x").zip(), "does not belong in a bundle"),
        ("no manifest", hello().without("plugin.toml").zip(), "no plugin.toml"),
        ("no README", hello().without("README.md").zip(), "no README.md"),
        ("no TOML", hello().with_manifest("[plugin\n").zip(), "plugin.toml is not TOML"),
        ("a missing field", manifest("summary", "#"), "plugin.summary is missing"),
        (
            "an unknown field",
            manifest("[plugin]", "[plugin]\nlicence = \"MIT\""),
            "unknown key plugin.licence, did you mean plugin.license?",
        ),
        ("a version that is none", manifest("\"0.1.0\"", "\"newest\""), "plugin.version"),
        ("an id that is none", manifest("\"hello\"", "\"../hello\""), "plugin.id"),
        ("another id than the library's", manifest("\"hello\"", "\"hallo\""), "the library says hello"),
        ("another version than the library's", manifest("\"0.1.0\"", "\"9.9.9\""), "the library says 0.1.0"),
        ("another machine", elsewhere(), "sparc-unknown-none"),
        ("half a library", truncated(), "not a library for this machine"),
        (
            "a text as the library",
            Parts::with_library("hello", b"no ELF".to_vec()).zip(),
            "not a library for this machine",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_uploads_are_refused_by_name_and_leave_nothing() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let empty = server.plugin_files();
    for (what, bytes, reason) in uploads() {
        for path in [INSTALL, "/api/v1/plugins"] {
            let message = admin.upload(path, bytes.clone()).await.refused(400);
            assert!(message.contains(reason), "{what}: {message}");
            assert_eq!(server.plugin_files(), empty, "{what}");
        }
    }
    assert_eq!(admin.get("/api/v1/plugins").await.ok()["data"], serde_json::json!([]));
    admin.install(hello().zip()).await.ok();
    assert_eq!(admin.get("/api/v1/hello").await.text, "Hello, world!");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_uploads_do_not_touch_an_installed_plugin() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(hello().zip()).await.ok();
    let files = server.plugin_files();
    for (what, bytes, reason) in uploads() {
        let message = admin.upload("/api/v1/plugins/hello/upgrade", bytes).await.refused(400);
        assert!(message.contains(reason), "{what}: {message}");
        assert_eq!(admin.get("/api/v1/hello").await.text, "Hello, world!", "{what}");
        assert_eq!(server.plugin_files(), files, "{what}");
    }
    assert_eq!(admin.plugin("hello").await["state"], "enabled");
}

/// A part of `bytes` bytes that is never in memory as a whole.
fn endless(bytes: u64) -> Part {
    const PIECE: usize = 1 << 20;
    let pieces = usize::try_from(bytes).expect("a length") / PIECE;
    let piece = bytes::Bytes::from(vec![7; PIECE]);
    let stream = stream::iter((0..pieces).map(move |_| Ok::<_, std::io::Error>(piece.clone())));
    Part::stream_with_length(reqwest::Body::wrap_stream(stream), bytes).file_name("large.zip")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gibibyte_is_refused_and_not_kept() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let empty = server.plugin_files();
    let form = Form::new().part("file", endless(1 << 30));
    let answer = Answer::of(admin.request(Method::POST, INSTALL).multipart(form)).await;
    let message = answer.refused(413);
    assert!(message.contains("larger than 67108864 bytes"), "{message}");
    assert_eq!(server.plugin_files(), empty);
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("a status");
    let peak = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a line");
    let peak_kib: u64 = peak.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number");
    assert!(peak_kib < 512 << 10, "{peak}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_cut_off_leaves_nothing() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let empty = server.plugin_files();
    let pieces = [Ok(bytes::Bytes::from(vec![7; 4096])), Err(std::io::Error::other("gone"))];
    let part = Part::stream_with_length(reqwest::Body::wrap_stream(stream::iter(pieces)), 1 << 20);
    let form = Form::new().part("file", part.file_name("cut.zip"));
    let outcome = admin.request(Method::POST, INSTALL).multipart(form).send().await;
    assert!(outcome.is_err(), "the client breaks off");
    crate::server::eventually("staging is empty again", async || server.plugin_files() == empty).await;
    admin.install(hello().zip()).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_no_upload_are_refused() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let message = admin.post(INSTALL).await.refused(400);
    assert!(message.contains("send a zip as the multipart field file"), "{message}");
    let json = admin.post_json(INSTALL, &serde_json::json!({"file": "x"})).await;
    json.refused(400);
    let form = Form::new().part("files", Part::bytes(hello().zip()));
    Answer::of(admin.request(Method::POST, INSTALL).multipart(form)).await.refused(400);
    let broken = admin.request(Method::POST, INSTALL).header("content-type", "multipart/form-data; boundary=x");
    Answer::of(broken.body("--x\r\ngarbage")).await.refused(400);
    admin.upload("/api/v1/sys/plugins", hello().zip()).await.refused(422);
    admin.upload("/api/v1/sys/plugins?type=tar", hello().zip()).await.refused(422);
    assert_eq!(admin.get("/api/v1/plugins").await.ok()["data"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_uploads_at_once_install_one() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let (one, other) = tokio::join!(admin.install(hello().zip()), admin.install(hello().zip()));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{} {}", one.text, other.text);
    let refused = if one.status == 409 { one } else { other };
    assert_eq!(refused.refused(409), "plugin hello 0.1.0 is already installed");
    assert_eq!(admin.get("/api/v1/hello").await.text, "Hello, world!");
    assert_eq!(server.plugin_files().len(), 3, "{:?}", server.plugin_files());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_version_is_one_bundle() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(hello().zip()).await.ok();
    let files = server.plugin_files();
    let other = || hello().replaced("Hello, ", "Hallo, ").zip();
    for path in [INSTALL, "/api/v1/plugins/hello/upgrade"] {
        let message = admin.upload(path, other()).await.refused(409);
        assert!(message.contains("already installed from other bytes: sha256"), "{message}");
        assert!(message.contains("give the new build a new version"), "{message}");
        let message = admin.upload(path, hello().zip()).await.refused(409);
        assert_eq!(message, "plugin hello 0.1.0 is already installed");
    }
    assert_eq!(server.plugin_files(), files);
    assert_eq!(admin.get("/api/v1/hello").await.text, "Hello, world!");
}

async fn steady(role: &Role) -> String {
    role.get("/api/v1/steady").await.ok()["version"].as_str().expect("a version").to_owned()
}

/// The dynamic linker answers a known file with the image it has; the host never shows it one.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_version_after_a_newer_one_runs_its_own_code() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("steady_two")).await.ok();
    assert_eq!(steady(&admin).await, "2.0.0");
    let message = admin.install(bundle::of("steady_one")).await.refused(409);
    assert_eq!(message, "plugin steady is already installed in version 2.0.0; to get 1.0.0, upgrade it");
    admin.upload("/api/v1/plugins/steady/upgrade", bundle::of("steady_one")).await.ok();
    assert_eq!(steady(&admin).await, "1.0.0");
    admin.post("/api/v1/plugins/steady/rollback").await.ok();
    assert_eq!(steady(&admin).await, "2.0.0");
    admin.delete("/api/v1/sys/plugins/steady").await.ok();
    admin.install(bundle::of("steady_one")).await.ok();
    assert_eq!(steady(&admin).await, "1.0.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_ids_are_404_and_near_ones_are_suggested() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(hello().zip()).await.ok();
    for id in ["helo", "nothing_like_it", "..%2F..%2Fetc", "HELLO", &"x".repeat(300)] {
        let answers = [
            admin.get(&format!("/api/v1/plugins/{id}")).await,
            admin.post(&format!("/api/v1/plugins/{id}/enable")).await,
            admin.post(&format!("/api/v1/plugins/{id}/disable")).await,
            admin.post(&format!("/api/v1/plugins/{id}/rollback")).await,
            admin.upload(&format!("/api/v1/plugins/{id}/upgrade"), hello().zip()).await,
            admin.delete(&format!("/api/v1/plugins/{id}")).await,
            admin.put(&format!("/api/v1/sys/plugins/{id}/status")).await,
            admin.get(&format!("/api/v1/sys/plugins/{id}")).await,
            admin.delete(&format!("/api/v1/sys/plugins/{id}")).await,
        ];
        for answer in answers {
            let message = answer.refused(404);
            assert!(message.contains("is not installed"), "{id}: {message}");
            assert_eq!(message.contains("did you mean hello?"), ["helo", "HELLO"].contains(&id), "{message}");
        }
    }
    let message = admin.upload("/api/v1/plugins/hello/upgrade", bundle::of("neighbour")).await.refused(400);
    assert_eq!(message, "the bundle is of plugin neighbour, not of hello");
    let message = admin.post("/api/v1/plugins/hello/rollback").await.refused(409);
    assert_eq!(message, "plugin hello 0.1.0 has no earlier version to return to");
    admin.delete("/api/v1/plugins/hello?data=some").await.refused(422);
    assert_eq!(admin.plugin("hello").await["state"], "enabled");
}
