//! What a click does, and that everything the API says is what is served.

use crate::bundle;
use crate::server::{Role, Server, eventually};
use serde_json::{Value, json};

/// The names of all menu entries that `role` sees.
async fn sidebar(role: &Role) -> Vec<String> {
    fn collect(nodes: &Value, names: &mut Vec<String>) {
        for node in nodes.as_array().into_iter().flatten() {
            names.push(node["name"].as_str().expect("a name").to_owned());
            collect(&node["children"], names);
        }
    }
    let mut names = Vec::new();
    collect(&role.get("/api/v1/sys/menus/sidebar").await.ok()["data"], &mut names);
    names
}

async fn codes(role: &Role) -> Vec<Value> {
    role.get("/api/v1/auth/codes").await.ok()["data"].as_array().expect("codes").clone()
}

async fn document(role: &Role) -> Value {
    role.get("/openapi.json").await.ok()
}

/// Every `$ref` of the document leads somewhere, and no operation has another's id.
fn assert_sound(document: &Value) {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|field| references(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    references(document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let path = reference.strip_prefix('#').expect("a reference inside the document");
        assert!(document.pointer(path).is_some(), "{reference} leads nowhere");
    }
    let paths = document["paths"].as_object().expect("paths").values();
    let operations = paths.flat_map(|methods| methods.as_object().expect("methods").values());
    let mut ids: Vec<&str> = operations.filter_map(|operation| operation["operationId"].as_str()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "operation ids are unique");
}

/// Routes, menus, codes, list, detail and document all tell the same of notice.
async fn assert_notice(admin: &Role, serves: bool) {
    let listed = admin.get("/api/v1/sys/plugins").await.ok();
    assert_eq!(listed["data"][0]["plugin"]["enable"], if serves { "1" } else { "0" });
    let plugin = admin.plugin("notice").await;
    assert_eq!(plugin["state"], if serves { "enabled" } else { "disabled" });
    if !serves {
        eventually("its image is unmapped", async || admin.plugin("notice").await["images"] == json!([])).await;
    }
    assert_eq!(sidebar(admin).await.contains(&"PluginNotice".to_owned()), serves);
    assert_eq!(codes(admin).await.contains(&json!("sys:notice:add")), serves);
    let document = document(admin).await;
    assert_sound(&document);
    assert_eq!(document["paths"].get("/api/v1/sys/notices").is_some(), serves);
    let answer = admin.get("/api/v1/sys/notices").await;
    if serves {
        answer.ok();
    } else {
        assert_eq!(answer.refused(404), "plugin notice is disabled; ask an administrator");
    }
}

async fn notices(role: &Role) -> Value {
    role.get("/api/v1/sys/notices").await.ok()["data"]["total"].clone()
}

async fn a_life(server: &Server) {
    let admin = server.admin().await;
    assert_eq!(admin.get("/api/v1/sys/plugins").await.ok()["data"], json!([]));
    let before = document(&admin).await;
    assert_sound(&before);
    let installed = admin.install(bundle::of("notice")).await.ok();
    assert_eq!(installed["data"], Value::Null);
    assert_notice(&admin, true).await;
    let notice = json!({"title": "t", "type": 0, "status": 1, "content": "c"});
    admin.post_json("/api/v1/sys/notices", &notice).await.ok();

    admin.put("/api/v1/sys/plugins/notice/status").await.ok();
    assert_notice(&admin, false).await;
    assert_eq!(document(&admin).await, before);
    admin.post("/api/v1/plugins/notice/disable").await.ok();
    admin.put("/api/v1/sys/plugins/notice/status").await.ok();
    assert_notice(&admin, true).await;
    admin.post("/api/v1/plugins/notice/enable").await.ok();
    assert_eq!(notices(&admin).await, 1);
    assert_eq!(admin.get("/api/v1/sys/plugins/changed").await.ok()["data"], false);

    // Uninstalled by the contract's route, the data stays; purged, it is gone.
    admin.delete("/api/v1/sys/plugins/notice").await.ok();
    admin.get("/api/v1/sys/notices").await.refused(404);
    admin.get("/api/v1/plugins/notice").await.refused(404);
    assert!(!sidebar(&admin).await.contains(&"PluginNotice".to_owned()));
    admin.install(bundle::of("notice")).await.ok();
    assert_eq!(notices(&admin).await, 1);
    admin.delete("/api/v1/plugins/notice?data=purge").await.ok();
    eventually("no file is left", async || server.plugin_files().is_empty()).await;
    admin.install(bundle::of("notice")).await.ok();
    assert_eq!(notices(&admin).await, 0);
    assert_notice(&admin, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_comes_serves_rests_and_goes_on_sqlite() {
    a_life(&Server::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_comes_serves_rests_and_goes_on_postgres() {
    crate::server::with_postgres(async |server| a_life(server).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_comes_back_as_it_was_sent() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let sent = bundle::of("hello");
    admin.install(sent.clone()).await.ok();
    let response = admin.request(reqwest::Method::GET, "/api/v1/sys/plugins/hello").send().await.expect("an answer");
    assert_eq!(response.headers()["content-type"], "application/x-zip-compressed");
    assert_eq!(response.headers()["content-disposition"], "attachment; filename=hello.zip");
    assert_eq!(response.bytes().await.expect("a body"), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_detail_shows_what_an_administrator_asks_for() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("notice")).await.ok();
    admin.get("/api/v1/sys/notices").await.ok();
    admin.get("/api/v1/sys/notices/7").await.refused(404);
    let plugin = admin.plugin("notice").await;
    assert_eq!(plugin["calls"], 2);
    assert_eq!((&plugin["errors"], &plugin["strikes"], &plugin["reason"]), (&json!(0), &json!(0), &Value::Null));
    assert_eq!(plugin["migrations"][0]["name"], "notice");
    assert!(plugin["migrations"][0]["applied_time"].is_string());
    let routes = plugin["routes"].as_array().expect("routes");
    let add = routes.iter().find(|route| route["method"] == "POST").expect("a route");
    assert_eq!((&add["path"], &add["permission"]), (&json!("/api/v1/sys/notices"), &json!("sys:notice:add")));
    assert_eq!(plugin["menus"][0]["parent"], "System");
    assert_eq!(plugin["permissions"].as_array().expect("codes").len(), 3);
    assert_eq!(plugin["versions"][0]["current"], true);
    assert!(plugin["memory_mapped"].as_u64().expect("a number") > 1 << 20);
    assert_eq!(plugin["images"][0]["state"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_waits_for_what_it_needs() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let needing = || {
        let mut parts = bundle::Parts::of("neighbour");
        let manifest = parts.manifest().replace("[plugin]", "[plugin]\ndepends_on = [\"hello\"]");
        parts.with_manifest(&manifest).zip()
    };
    let message = admin.install(needing()).await.refused(409);
    assert_eq!(message, "plugin neighbour 1.0.0 needs hello, which is not installed; install hello first");
    admin.install(bundle::of("hello")).await.ok();
    admin.install(needing()).await.ok();
    let message = admin.post("/api/v1/plugins/hello/disable").await.refused(409);
    assert_eq!(message, "plugin hello 0.1.0 is needed by neighbour 1.0.0 (needs hello); disable it first, or cascade");
    assert_eq!(admin.delete("/api/v1/plugins/hello?data=purge").await.refused(409), message);
    admin.post("/api/v1/plugins/neighbour/disable").await.ok();
    admin.post("/api/v1/plugins/hello/disable").await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn with_every_plugin_disabled_the_core_works() {
    let server = Server::start().await;
    let admin = server.admin().await;
    let names = ["hello", "notice", "neighbour", "own_runtime"];
    for name in names {
        admin.install(bundle::of(name)).await.ok();
    }
    for name in names {
        admin.post(&format!("/api/v1/plugins/{name}/disable")).await.ok();
    }
    for path in ["/healthz", "/readyz", "/openapi.json", "/docs", "/"] {
        assert_eq!(server.anonymous().get(path).await.status, 200, "{path}");
    }
    server.admin().await.get("/api/v1/sys/users/me").await.ok();
    assert!(!sidebar(&admin).await.is_empty());
}

/// Two answers of a slow upgrade: nobody else waits for it, and the old version serves on.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_start_holds_up_no_request() {
    let server = Server::start().await;
    let admin = server.admin().await;
    admin.install(bundle::of("neighbour")).await.ok();
    let installer = admin.clone();
    let slow = tokio::spawn(async move { installer.install(bundle::of("slow_start")).await.status });
    let mut answered = 0;
    while !slow.is_finished() {
        assert_eq!(admin.get("/api/v1/neighbour").await.text, "neighbour");
        answered += 1;
    }
    assert_eq!(slow.await.expect("an answer"), 200);
    assert!(answered > 10, "{answered} answers while a plugin started");
}

/// An entry by its name, wherever it stands in a tree.
fn entry(nodes: &Value, name: &str) -> Option<Value> {
    nodes.as_array()?.iter().find_map(|node| match node["name"] == name {
        true => Some(node.clone()),
        false => entry(&node["children"], name),
    })
}

async fn an_arranged_entry(server: &Server) {
    let admin = server.admin().await;
    let menus = async || admin.get("/api/v1/sys/menus").await.ok()["data"].take();
    admin.install(bundle::of("notice")).await.ok();
    let mut own = entry(&menus().await, "PluginNotice").expect("an entry");
    let path = format!("/api/v1/sys/menus/{}", own["id"]);
    for (field, value) in [("title", json!("Bulletin")), ("sort", json!(1)), ("display", json!(0))] {
        own[field] = value;
    }
    own["parent_id"] = json!(null);
    let change = admin.request(reqwest::Method::PUT, &path).json(&own);
    crate::server::Answer::of(change).await.ok();
    admin.put("/api/v1/sys/plugins/notice/status").await.ok();
    assert_eq!(entry(&menus().await, "PluginNotice"), None);
    admin.put("/api/v1/sys/plugins/notice/status").await.ok();
    let back = entry(&menus().await, "PluginNotice").expect("an entry");
    for field in ["id", "title", "sort", "display", "parent_id", "path", "component"] {
        assert_eq!(back[field], own[field], "{field}");
    }
    let button = entry(&menus().await, "AddNotice").expect("an entry");
    assert_eq!(button["parent_id"], own["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_arranged_stays_when_a_plugin_comes_back_on_sqlite() {
    an_arranged_entry(&Server::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_administrator_arranged_stays_when_a_plugin_comes_back_on_postgres() {
    crate::server::with_postgres(async |server| an_arranged_entry(server).await).await;
}
