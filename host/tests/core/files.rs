//! Uploaded files: what is accepted, and how it comes back.

use crate::server::{Answer, Role, Server};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::json;

const UPLOAD: &str = "/api/v1/sys/files/upload";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n00000000000000000000";
const MIB: usize = 1024 * 1024;

async fn upload(role: &Role, name: &str, content: Vec<u8>) -> Answer {
    // The client writes a name as it is given, so that hostile ones arrive as such.
    let form = Form::new().text("note", "ignored").part("file", Part::bytes(content).file_name(name.to_owned()));
    Answer::of(role.request(Method::POST, UPLOAD).multipart(form)).await
}

/// `head` and so many bytes in all.
fn filled(head: &[u8], bytes: usize) -> Vec<u8> {
    let mut content = head.to_vec();
    content.resize(bytes, b'0');
    content
}

/// What lies in the folder of uploaded files.
fn stored(server: &Server) -> Vec<String> {
    let Ok(folder) = std::fs::read_dir(server.data().join("upload")) else { return Vec::new() };
    folder.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

on_both! {
    async fn a_picture_comes_back_as_it_was_sent_and_can_not_be_run(server: &Server) {
        let member = server.member(&["sys:file:upload"]).await;
        let answer = upload(&member, "A b.png", PNG.to_vec()).await.ok();
        let url = answer["data"]["url"].as_str().expect("a URL");
        assert!(url.starts_with("/static/upload/a-b_") && url.ends_with(".png"), "{url}");
        let read = server.anonymous().get(url).await;
        assert_eq!((read.status, read.text.as_str()), (200, &*String::from_utf8_lossy(PNG)));
        for (header, value) in [
            ("content-type", "image/png"),
            ("x-content-type-options", "nosniff"),
            ("content-disposition", "inline"),
            ("cache-control", "public, max-age=31536000, immutable"),
            ("content-security-policy", "default-src 'none'; sandbox"),
        ] {
            assert_eq!(read.headers[header], value, "{header}");
        }
        let head = Answer::of(member.request(Method::HEAD, url)).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""));
        let part = Answer::of(member.request(Method::GET, url).header("range", "bytes=1-3")).await;
        assert_eq!((part.status, part.text.as_str()), (206, "PNG"));
        let again = Answer::of(member.request(Method::GET, url).header("if-none-match", read.headers["etag"].clone()));
        assert_eq!(again.await.status, 304);
        Answer::of(member.request(Method::DELETE, url)).await.refused(405);
        let second = upload(&member, "A b.png", PNG.to_vec()).await.ok();
        assert_ne!(second["data"]["url"], json!(url));
        assert_eq!(stored(server).len(), 2);
    }

    async fn each_accepted_kind_is_served_as_what_it_is(server: &Server) {
        let admin = server.admin().await;
        let cases: [(&str, &[u8], &str); 9] = [
            ("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
            ("a.JPEG", b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
            ("a.png", PNG, "image/png"),
            ("a.gif", b"GIF89a<script>alert(1)</script>", "image/gif"),
            ("a.webp", b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
            ("a.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video/mp4"),
            ("a.mov", b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "video/quicktime"),
            ("a.avi", b"RIFF\0\0\0\0AVI LIST", "video/x-msvideo"),
            ("a.flv", b"FLV\x01\x05\0\0\0\x09", "video/x-flv"),
        ];
        for (name, content, kind) in cases {
            let url = upload(&admin, name, filled(content, 2000)).await.ok()["data"]["url"].take();
            let read = admin.get(url.as_str().expect("a URL")).await;
            assert_eq!((read.status, read.headers["content-type"].as_bytes()), (200, kind.as_bytes()), "{name}");
        }
    }

    async fn what_is_no_picture_is_refused_and_leaves_nothing_behind(server: &Server) {
        let admin = server.admin().await;
        let cases: [(&str, Vec<u8>); 17] = [
            ("a.exe", b"MZ".to_vec()),
            ("a.svg", b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>".to_vec()),
            ("a.html", PNG.to_vec()),
            ("a.png.html", PNG.to_vec()),
            ("a.png.svg", PNG.to_vec()),
            ("a.php", PNG.to_vec()),
            ("a.zip", PNG.to_vec()),
            ("a.png", b"<html><script>alert(1)</script>".to_vec()),
            ("a.png", b"<svg onload=\"alert(1)\"/>".to_vec()),
            ("a.png", b"GIF89a".to_vec()),
            ("a.jpg", PNG.to_vec()),
            ("a.mp4", PNG.to_vec()),
            ("a.png", Vec::new()),
            ("png", PNG.to_vec()),
            ("a.", PNG.to_vec()),
            ("a.png", filled(PNG, 5 * MIB + 1)),
            ("a.mp4", filled(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", 20 * MIB + 1)),
        ];
        for (name, content) in cases {
            let start = String::from_utf8_lossy(&content[..content.len().min(12)]).into_owned();
            let answer = upload(&admin, name, content).await;
            assert_eq!(answer.status, 400, "{name} {start}: {}", answer.text);
        }
        admin.post(UPLOAD).await.refused(400);
        admin.post_json(UPLOAD, &json!({"file": "x"})).await.refused(400);
        let unnamed = Form::new().part("other", Part::bytes(PNG.to_vec()).file_name("a.png"));
        Answer::of(admin.request(Method::POST, UPLOAD).multipart(unnamed)).await.refused(400);
        assert_eq!(stored(server), Vec::<String>::new());
        upload(&admin, "a.png", filled(PNG, 5 * MIB)).await.ok();
    }

    async fn hostile_names_stay_in_the_folder(server: &Server) {
        let admin = server.admin().await;
        for name in [
            "../../../escape.png",
            "..\\..\\escape.png",
            "/etc/cron.d/escape.png",
            "%2e%2e%2fescape.png",
            ".htaccess.png",
            "a\u{202e}gnp.png",
            "头像.png",
            "'; DROP TABLE sys_user; --.png",
            "<script>.png",
            "con.png",
        ] {
            let url = upload(&admin, name, PNG.to_vec()).await.ok()["data"]["url"].take();
            let url = url.as_str().expect("a URL");
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
            assert!(url.trim_start_matches("/static/upload/").chars().all(plain), "{name}: {url}");
            assert_eq!(server.anonymous().get(url).await.status, 200, "{name}: {url}");
        }
        let long = format!("{}.png", "x".repeat(3000));
        upload(&admin, &long, PNG.to_vec()).await.ok();
        assert_eq!(stored(server).len(), 11);
    }

    async fn nothing_but_stored_files_is_served(server: &Server) {
        let admin = server.admin().await;
        upload(&admin, "a.png", PNG.to_vec()).await.ok();
        let folder = server.data().join("upload");
        std::fs::write(folder.join("page.html"), "<script>").expect("written");
        std::fs::write(folder.join(".incoming-abc"), "half").expect("written");
        for path in [
            "", "/", "/.", "/..", "/page.html", "/.incoming-abc", "/missing.png", "/../server.json", "/%2e%2e/server.json",
            "/..%2fserver.json", "/..%5cserver.json", "//etc/passwd", "/a.png%00", "/sub/a.png",
        ] {
            let answer = admin.get(&format!("/static/upload{path}")).await;
            assert_eq!(answer.status, 404, "{path}: {}", answer.text);
        }
    }

    async fn files_are_uploaded_by_those_with_the_code(server: &Server) {
        let member = server.member(&["sys:dept:add"]).await;
        upload(&member, "a.png", PNG.to_vec()).await.refused(403);
        upload(&server.anonymous(), "a.png", PNG.to_vec()).await.refused(401);
        assert_eq!(stored(server), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_server_had_half_received_is_gone_after_the_next_start() {
    let mut server = Server::start().await;
    let url = upload(&server.admin().await, "a.png", PNG.to_vec()).await.ok()["data"]["url"].take();
    std::fs::write(server.data().join("upload/.incoming-abc"), "half").expect("written");
    server.kill();
    server.start_again().await;
    assert_eq!(stored(&server).len(), 1);
    assert_eq!(server.anonymous().get(url.as_str().expect("a URL")).await.status, 200);
}
