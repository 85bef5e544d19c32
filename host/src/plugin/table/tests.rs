//! What the table says without a running plugin: the core's routes and those that are switched off.

use super::{Lookup, Plugins, RouteTable};
use crate::plugin::contribution::Contribution;
use crate::plugin::core_surface::CoreSurface;
use crate::plugin::manifest::Manifest;
use crate::plugin::release::Release;
use crate::plugin::status::PluginStatus;
use crate::store::Sha256;
use http::Method;
use plugin_api::descriptor::{Access, Descriptor, RouteSpec};
use serde_json::json;
use std::sync::Arc;

fn core() -> CoreSurface {
    let openapi =
        json!({ "paths": { "/api/v1/sys/users/{pk}": { "get": { "summary": "Read a user" }, "parameters": [] } } });
    CoreSurface::new("/api/v1", openapi, &[(Method::GET, "/healthz"), (Method::GET, "/api/v1/sys/users/{id}")])
}

fn switched_off(id: &str, routes: &[(&str, &str)]) -> (crate::plugin::PluginId, Arc<PluginStatus>) {
    let text = format!(
        "[plugin]\nid = {id:?}\nversion = \"1.0.0\"\nsummary = \"x\"\ndescription = \"x\"\nauthor = \"x\"\ntags = [\"other\"]\ndatabase = [\"sqlite\"]"
    );
    let manifest = Manifest::parse(&text).unwrap();
    let routes = routes.iter().map(|(method, path)| RouteSpec {
        method: (*method).to_owned(),
        path: (*path).to_owned(),
        access: Access::Public,
        summary: String::new(),
    });
    let descriptor = Descriptor {
        id: id.to_owned(),
        version: "1.0.0".to_owned(),
        api: "0.1.0".to_owned(),
        routes: routes.collect(),
        openapi: None,
        migrations: vec![],
        menus: vec![],
        permissions: vec![],
        settings: vec![],
        settings_schema: None,
        models: vec![],
        jobs: Vec::new(),
        events: Vec::new(),
        services: Vec::new(),
    };
    let contribution = Contribution::of(&manifest.id, &descriptor, "/api/v1").unwrap();
    let hash = Sha256::of(id.as_bytes());
    let release = Release {
        manifest,
        descriptor: Arc::new(descriptor),
        bundle: hash,
        library: hash,
        installed_at_ms: 0,
        contribution,
    };
    (release.id().clone(), Arc::new(PluginStatus::disabled(Arc::new(release), crate::plugin::LogLimits::NONE)))
}

fn say(table: &RouteTable, method: Method, path: &str) -> String {
    match table.find(&method, path) {
        Lookup::Found(_) => "found".to_owned(),
        Lookup::MethodNotAllowed { allow } => allow.to_owned(),
        Lookup::Disabled { plugin } => format!("{plugin} is off"),
        Lookup::Core(target) => format!("core: {}", target.title),
        Lookup::NotFound => "not found".to_owned(),
    }
}

#[test]
fn routes_of_a_plugin_that_is_off_say_so_and_leave_the_core_alone() {
    let off =
        switched_off("notice", &[("GET", "/sys/notices/{pk}"), ("GET", "/sys/{*rest}"), ("POST", "/sys/users/{pk}")]);
    let table = RouteTable::build(&core(), &Plugins::from([off])).unwrap();
    assert_eq!(say(&table, Method::GET, "/api/v1/sys/notices/7"), "notice is off");
    assert_eq!(say(&table, Method::DELETE, "/api/v1/sys/notices/7"), "notice is off");
    assert_eq!(say(&table, Method::GET, "/api/v1/sys/users/7"), "core: Read a user");
    assert_eq!(say(&table, Method::POST, "/api/v1/sys/users/7"), "notice is off");
    assert_eq!(say(&table, Method::PUT, "/api/v1/sys/users/7"), "not found");
    assert_eq!(say(&table, Method::GET, "/healthz"), "core: ");
    assert_eq!(say(&table, Method::GET, "/elsewhere"), "not found");
}

#[test]
fn what_is_off_claims_nothing() {
    let plugins = Plugins::from([switched_off("a", &[("GET", "/x")]), switched_off("b", &[("GET", "/x")])]);
    let table = RouteTable::build(&core(), &plugins).unwrap();
    assert_eq!(say(&table, Method::GET, "/api/v1/x"), "a is off");
    assert!(!table.shows_menu("a", "A"));
    assert_eq!(table.plugins().len(), 2);
}
