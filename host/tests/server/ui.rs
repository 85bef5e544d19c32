//! The files that a plugin brings for browsers are served while it serves, as they are in its bundle,
//! and nothing else is.

use crate::bundle::Parts;
use crate::server::{Answer, Role, Server};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn hello() -> Parts {
    Parts::of("hello")
}

/// The same plugin in another version, with other bytes in its module.
fn other(version: &str, module: &str) -> Parts {
    hello().replaced("0.1.0", version).without("ui/hello.js").with("ui/hello.js", module.as_bytes())
}

async fn upgrade(admin: &Role, bundle: Vec<u8>) {
    admin.upload("/api/v1/plugins/hello/upgrade", bundle).await.ok();
}

/// What the sidebar says of the page of hello.
async fn element(admin: &Role) -> Option<Value> {
    let sidebar = admin.get("/api/v1/sys/menus/sidebar").await.ok();
    let entry = sidebar["data"].as_array()?.iter().find(|node| node["name"] == "Hello")?;
    entry["meta"].get("element").cloned()
}

/// Where the module is.
async fn module(admin: &Role) -> String {
    element(admin).await.expect("an element")["module"].as_str().expect("a path").to_owned()
}

/// A request whose path is sent exactly as it is written; gives the status.
async fn raw(server: &Server, path: &str) -> u16 {
    let mut stream = TcpStream::connect(server.address()).await.expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_a_plugin_are_served_for_good_and_as_what_they_are() {
    let server = Server::start().await;
    let (admin, anonymous) = (server.admin().await, server.anonymous());
    admin.install(hello().zip()).await.ok();
    let shown = element(&admin).await.expect("an element");
    assert_eq!(shown["name"], "hello-page");
    let module = module(&admin).await;
    let segments: Vec<&str> = module.split('/').collect();
    assert_eq!((segments[1], segments[2], segments[3].len(), segments[4]), ("plugin-ui", "hello", 64, "hello.js"));
    let picture = module.replace("hello.js", "wave.svg");
    for (path, kind) in [(&module, "text/javascript; charset=utf-8"), (&picture, "image/svg+xml")] {
        let answer = anonymous.get(path).await;
        let header = |name: &str| answer.headers[name].to_str().expect("text").to_owned();
        assert_eq!((answer.status, header("content-type").as_str()), (200, kind));
        assert_eq!(header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("content-security-policy"), "default-src 'none'; sandbox");
        let asked = Answer::of(anonymous.request(Method::HEAD, path)).await;
        assert_eq!((asked.status, asked.text.as_str()), (200, ""));
        assert_eq!(asked.headers["content-length"], answer.text.len().to_string());
        Answer::of(anonymous.request(Method::POST, path)).await.refused(405);
    }
    let source = hello().entries.into_iter().find(|(name, _)| name == "ui/hello.js").expect("a module").1;
    assert_eq!(anonymous.get(&module).await.text.as_bytes(), source);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_menu_entries_are_as_they_were() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(hello().zip()).await.ok();
    let mut open = vec![admin.get("/api/v1/sys/menus/sidebar").await.ok()["data"].take()];
    let mut with_element = Vec::new();
    while let Some(nodes) = open.pop() {
        for node in nodes.as_array().expect("a list") {
            if node["meta"].get("element").is_some() {
                with_element.push(node["name"].clone());
            }
            open.extend(node.get("children").cloned());
        }
    }
    assert_eq!(with_element, [json!("Hello")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_else_is_found_there() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(hello().zip()).await.ok();
    let module = module(&admin).await;
    let (folder, hash) = (module.replace("/hello.js", ""), module.split('/').nth(3).expect("a hash").to_owned());
    let paths = [
        "/plugin-ui".to_owned(),
        "/plugin-ui/".to_owned(),
        "/plugin-ui/hello".to_owned(),
        folder.clone(),
        format!("{folder}/"),
        format!("{folder}/missing.js"),
        format!("{folder}/ui/hello.js"),
        format!("{folder}/plugin.toml"),
        format!("{folder}/../plugin.toml"),
        format!("{folder}/../../../../../etc/passwd"),
        format!("{folder}/..%2fplugin.toml"),
        format!("{folder}/%2e%2e/plugin.toml"),
        format!("{folder}//etc/passwd"),
        format!("{folder}/hello.js%00.css"),
        format!("/plugin-ui/nobody/{hash}/hello.js"),
        format!("/plugin-ui/../hello/{hash}/hello.js"),
        format!("/plugin-ui/hello/{}/hello.js", "0".repeat(64)),
        "/plugin-ui/hello/latest/hello.js".to_owned(),
    ];
    for path in paths {
        assert_eq!(raw(&server, &path).await, 404, "{path}");
    }
    assert_eq!(raw(&server, &module).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_goes_with_its_plugin_and_comes_back_with_it() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    admin.install(hello().zip()).await.ok();
    let module = module(&admin).await;
    admin.post("/api/v1/plugins/hello/disable").await.ok();
    admin.get(&module).await.refused(404);
    assert_eq!(element(&admin).await, None);
    admin.post("/api/v1/plugins/hello/enable").await.ok();
    assert_eq!(admin.get(&module).await.status, 200);
    server.kill();
    server.start_again().await;
    let admin = server.admin().await;
    assert_eq!(admin.get(&module).await.status, 200);
    admin.delete("/api/v1/plugins/hello?purge=true").await.ok();
    admin.get(&module).await.refused(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_module_has_another_address_and_the_same_one_keeps_its_own() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(hello().zip()).await.ok();
    let first = module(&admin).await;
    upgrade(&admin, other("0.1.1", "export default {}").zip()).await;
    let second = module(&admin).await;
    assert_ne!(first, second);
    assert_eq!(admin.get(&second).await.text, "export default {}");
    admin.get(&first).await.refused(404);
    upgrade(&admin, other("0.1.2", "export default {}").zip()).await;
    assert_eq!(module(&admin).await, second);
    // A file beside the module counts as well: the module may import it.
    upgrade(&admin, other("0.1.3", "export default {}").with("ui/more.css", b"a {}").zip()).await;
    assert_ne!(module(&admin).await, second);
    admin.post("/api/v1/plugins/hello/rollback").await.ok();
    assert_eq!(module(&admin).await, second);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_shows_the_files_for_browsers() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let plan = admin.upload("/api/v1/plugins/plans", hello().zip()).await.ok()["data"].take();
    let names: Vec<&str> =
        plan["files"].as_array().expect("files").iter().filter_map(|file| file["name"].as_str()).collect();
    assert!(names.contains(&"ui/hello.js") && names.contains(&"ui/wave.svg"), "{names:?}");
}

/// Each upload with a part of the text that refuses it.
fn uploads() -> Vec<(&'static str, Parts, &'static str)> {
    let manifest = |from: &str, to: &str| {
        let mut parts = hello();
        let text = parts.manifest();
        assert!(text.contains(from), "{text}");
        parts.with_manifest(&text.replace(from, to))
    };
    let many = |count: usize| (0..count).fold(hello(), |parts, number| parts.with(&format!("ui/{number}.js"), b"x"));
    // Letters that don't repeat: a file of zeros is refused as a bomb.
    let noise: Vec<u8> = (0_u32..1_100_000).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let much = (0..5).fold(hello(), |parts, number| parts.with(&format!("ui/{number}.txt"), &noise[..1_000_000]));
    vec![
        (
            "a page of HTML",
            hello().with("ui/index.html", b"<script>"),
            "below ui/ stand files that end in js, mjs, css",
        ),
        ("a program", hello().with("ui/run.sh", b"x"), "below ui/ stand files that end in"),
        ("no ending", hello().with("ui/hello", b"x"), "below ui/ stand files that end in"),
        ("a hidden file", hello().with("ui/.env.json", b"x"), "hidden files are not served"),
        ("a hidden folder", hello().with("ui/.git/config.txt", b"x"), "hidden files are not served"),
        ("a name with a space", hello().with("ui/a b.js", b"x"), "letters, digits, ., _ and -"),
        ("a name with a question mark", hello().with("ui/a?b.js", b"x"), "letters, digits, ., _ and -"),
        ("a name that is encoded", hello().with("ui/%2e%2e.js", b"x"), "letters, digits, ., _ and -"),
        ("a large file", hello().with("ui/large.txt", &noise), "larger than 1048576 bytes"),
        ("large files", much, "larger than 4194304 bytes together"),
        ("many files", many(300), "more than 200 files below ui/"),
        ("no module", hello().without("ui/hello.js"), "which is not in the bundle; below ui/ it brings ui/wave.svg"),
        ("another module", manifest("ui/hello.js", "ui/page.js"), "ui.module is \"ui/page.js\", which is not in the"),
        ("a module elsewhere", manifest("ui/hello.js", "../hello.js"), "a JavaScript file of the bundle such as"),
        ("a module that is none", manifest("ui/hello.js", "ui/wave.svg"), "a JavaScript file of the bundle such as"),
        (
            "no word of a module",
            manifest("[ui]\nmodule", "[app]\nextend"),
            "[ui] with module = \"ui/page.js\" is accepted",
        ),
        ("an unknown key", manifest("[ui]", "[ui]\nmodul = \"ui/hello.js\""), "did you mean ui.module?"),
        (
            "another plugin's element",
            hello().replaced("hello-page", "other-page"),
            "begins with \"hello-\" is accepted",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_served_is_refused_by_name_and_leaves_nothing() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let empty = server.plugin_files();
    for (what, parts, reason) in uploads() {
        let message = admin.upload("/api/v1/plugins", parts.zip()).await.refused(400);
        assert!(message.contains(reason), "{what}: {message}");
        assert_eq!(server.plugin_files(), empty, "{what}");
    }
    admin.install(hello().zip()).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_were_changed_on_disk_are_not_served() {
    let mut server = Server::start().await;
    let admin = server.admin().await;
    admin.install(hello().zip()).await.ok();
    let module = module(&admin).await;
    server.kill();
    let stored = server.plugin_files().into_iter().find(|name| name.ends_with(".zip")).expect("a bundle");
    let path = server.data().join(stored);
    std::fs::remove_file(&path).expect("removed");
    std::fs::write(&path, other("0.1.0", "alert(1)").zip()).expect("written");
    server.start_again().await;
    let admin = server.admin().await;
    let plugin = admin.plugin("hello").await;
    assert_eq!(plugin["state"], "failed");
    assert!(plugin["reason"].as_str().expect("a reason").contains("it was stored as"), "{plugin}");
    admin.get(&module).await.refused(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_compressed_if_answers_are() {
    let server = Server::start_with(&[("APP__SERVER__COMPRESSION", "true")]).await;
    let admin = server.admin().await;
    admin.install(hello().zip()).await.ok();
    let path = module(&admin).await;
    let request = server.anonymous().request(Method::GET, &path).header("accept-encoding", "gzip");
    let answer = Answer::of(request).await;
    assert_eq!(answer.headers["content-encoding"], "gzip");
    assert_eq!(answer.headers["cache-control"], "public, max-age=31536000, immutable");
}
