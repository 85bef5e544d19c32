//! The answers about plugins, in words for people.

use plugin_api::descriptor::{Access, Descriptor, Menu};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    cli::{admin::Leavings, check::Checked, output::table, pack::Packed, scaffold::Scaffold},
    plugin::{Manifest, PluginId, dependencies::wanted},
};

/// What the texts need of the API's answer about one plugin.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct View {
    id: String,
    version: String,
    state: String,
    reason: Option<String>,
    summary: String,
    required: bool,
    versions: Vec<Value>,
    dependencies: Vec<DependencyView>,
    dependents: Vec<DependencyView>,
    abi: Option<String>,
    routes: Vec<RouteView>,
    menus: Vec<Value>,
    permissions: Vec<Value>,
    models: Vec<Value>,
    migrations: Vec<Value>,
    jobs: Vec<Value>,
    events: Vec<Value>,
    services: Vec<Value>,
    capabilities: Vec<CapabilityView>,
    calls: Option<u64>,
    errors: Option<u64>,
    panics: Option<u64>,
    timeouts: Option<u64>,
    strikes: Option<u64>,
    memory_mapped: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RouteView {
    method: String,
    path: String,
    access: String,
    permission: Option<String>,
    summary: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DependencyView {
    id: String,
    version: String,
    optional: bool,
    met: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CapabilityView {
    capability: String,
    detail: String,
    asked: bool,
    granted: bool,
}

/// Who may call a public route.
const EVERYBODY: &str = "everybody";
/// Who may call a route without a permission.
const USERS: &str = "users";
/// The state of the API that means: it should run, but does not.
const FAILED_STATE: &str = "failed";

/// A table of plugins.
pub(super) fn list(plugins: &Value) -> String {
    let views: Vec<View> = serde_json::from_value(plugins.clone()).unwrap_or_default();
    if views.is_empty() {
        return "no plugins are installed; `backplane plugin install BUNDLE` installs one".to_owned();
    }
    let rows: Vec<Vec<String>> = views
        .into_iter()
        .map(|view| {
            let about = view.reason.unwrap_or(view.summary);
            vec![view.id, view.version, view.state, about]
        })
        .collect();
    table(&["ID", "VERSION", "STATE", "ABOUT"], &rows)
}

/// Everything about one plugin.
pub(super) fn detail(plugin: &Value) -> String {
    let view = view(plugin);
    let mut text = format!("{} {}: {}\n", view.id, view.version, state(&view));
    if !view.summary.is_empty() {
        text.push_str(&format!("{}\n", view.summary));
    }
    if view.required {
        text.push_str("required: it can't be disabled or uninstalled (setting plugins.required)\n");
    }
    text.push_str(&facts(&view));
    if !view.routes.is_empty() {
        let rows: Vec<Vec<String>> = view.routes.iter().map(RouteView::row).collect();
        text.push('\n');
        text.push_str(&table(&["METHOD", "PATH", "ACCESS", "SUMMARY"], &rows));
    }
    text
}

fn facts(view: &View) -> String {
    let named = [
        ("versions", names(&view.versions, "version")),
        ("needs", needs(view)),
        ("needed by", listed(&view.dependents)),
        ("menu entries", names(&view.menus, "name")),
        ("permissions", names(&view.permissions, "code")),
        ("models", names(&view.models, "name")),
        ("migrations", names(&view.migrations, "name")),
        ("jobs", names(&view.jobs, "name")),
        ("handles events", names(&view.events, "name")),
        ("offers services", names(&view.services, "name")),
        ("may use", capabilities(view, |one| one.asked && one.granted)),
        ("asks for and is not granted", capabilities(view, |one| one.asked && !one.granted)),
    ];
    let counted = [
        ("calls", view.calls),
        ("errors", view.errors),
        ("panics", view.panics),
        ("timeouts", view.timeouts),
        ("strikes", view.strikes),
        ("bytes of memory mapped", view.memory_mapped),
    ];
    let mut text = String::new();
    for (what, names) in named.iter().filter(|(_, names)| !names.is_empty()) {
        text.push_str(&format!("{what}: {names}\n"));
    }
    let counts: Vec<String> =
        counted.iter().filter_map(|(what, count)| count.map(|count| format!("{count} {what}"))).collect();
    if !counts.is_empty() {
        text.push_str(&format!("{}\n", counts.join(", ")));
    }
    text
}

/// What it needs of the server and of other plugins.
fn needs(view: &View) -> String {
    let abi = view.abi.iter().map(|range| format!("ABI {range}"));
    let others = Some(listed(&view.dependencies)).filter(|words| !words.is_empty());
    abi.chain(others).collect::<Vec<_>>().join(", ")
}

fn listed(dependencies: &[DependencyView]) -> String {
    let words = |one: &DependencyView| {
        let note = match (one.optional, one.met) {
            (true, Some(false)) => " (optional, not met)",
            (true, _) => " (optional)",
            (false, Some(false)) => " (not met)",
            (false, _) => "",
        };
        format!("{} {}{note}", one.id, one.version)
    };
    dependencies.iter().map(words).collect::<Vec<_>>().join(", ")
}

fn capabilities(view: &View, wanted: fn(&CapabilityView) -> bool) -> String {
    let chosen = view.capabilities.iter().filter(|one| wanted(one));
    let words = chosen.map(|one| format!("{} {}", one.capability, one.detail).trim_end().to_owned());
    words.collect::<Vec<_>>().join(", ")
}

/// The values of one field, or the values themselves where they are texts.
fn names(items: &[Value], field: &str) -> String {
    let names: Vec<&str> = items.iter().filter_map(|item| item.get(field).unwrap_or(item).as_str()).collect();
    names.join(", ")
}

impl RouteView {
    fn row(&self) -> Vec<String> {
        let access = match (self.access.as_str(), &self.permission) {
            (_, Some(code)) => format!("permission {code}"),
            ("public", None) => EVERYBODY.to_owned(),
            (_, None) => USERS.to_owned(),
        };
        vec![self.method.clone(), self.path.clone(), access, self.summary.clone()]
    }
}

fn access_words(access: &Access) -> String {
    match access {
        Access::Public => EVERYBODY.to_owned(),
        Access::Authenticated => USERS.to_owned(),
        Access::Permission(code) => format!("permission {code}"),
    }
}

/// What a change led to, with the routes that answer now.
pub(super) fn changed(done: &str, plugin: &Value, place: &str) -> String {
    let view = view(plugin);
    let mut text = format!("{done} {} {}", view.id, view.version);
    if done != view.state {
        text.push_str(&format!(", now {}", state(&view)));
    }
    text.push('\n');
    if view.state == "enabled" && place.starts_with("http") {
        for route in &view.routes {
            text.push_str(&format!("  {} {place}{}\n", route.method, route.path));
        }
    }
    text
}

/// Why the plugin does not run although it should.
pub(super) fn failure(plugin: &Value) -> Option<String> {
    let view = view(plugin);
    (view.state == FAILED_STATE).then(|| format!("{} {} is {}", view.id, view.version, state(&view)))
}

fn state(view: &View) -> String {
    match &view.reason {
        Some(reason) if !reason.is_empty() => format!("{}: {reason}", view.state),
        _ => view.state.clone(),
    }
}

/// A removed plugin.
pub(super) fn uninstalled(id: &PluginId, leavings: Leavings) -> String {
    match leavings {
        Leavings::Keep => format!("removed {id}; its tables and settings stay for a later install"),
        Leavings::Purge => format!("removed {id} with its tables and settings"),
    }
}

/// A written bundle.
pub(super) fn packed(packed: &Packed) -> String {
    let routes = packed.descriptor.as_ref().map(|it| it.routes.len());
    let routes = routes.map_or_else(String::new, |count| match count {
        1 => ", 1 route".to_owned(),
        count => format!(", {count} routes"),
    });
    format!(
        "wrote {} ({} {}{routes}, {} bytes, for {})\nsha256 {}",
        packed.bundle.display(),
        packed.id,
        packed.version,
        packed.bytes,
        packed.targets.join(", "),
        packed.sha256
    )
}

/// A bundle that the server would accept.
pub(super) fn checked(checked: &Checked) -> String {
    let Manifest { id, version, summary, .. } = &checked.manifest;
    let mut text =
        format!("{id} {version}: the server would accept it\n{summary}\n{}", descriptor(&checked.descriptor));
    let abi = checked.manifest.abi.iter().map(|range| format!("  ABI {range}"));
    let others = checked.manifest.all_dependencies().into_iter().map(|(id, dependency)| {
        let note = if dependency.optional { " (optional)" } else { "" };
        format!("  {}{note}", wanted(&id, &dependency.version))
    });
    section(&mut text, "needs", abi.chain(others).collect());
    let asked = checked.manifest.capabilities.list();
    section(&mut text, "asks for", asked.iter().map(|one| format!("  {one}")).collect());
    text
}

fn descriptor(descriptor: &Descriptor) -> String {
    let mut text = format!("built against plugin-api {}\n", descriptor.api);
    if !descriptor.routes.is_empty() {
        let rows: Vec<Vec<String>> = descriptor
            .routes
            .iter()
            .map(|route| {
                let path = format!("/api/v1{}", route.path);
                let access = access_words(&route.access);
                vec![route.method.clone(), path, access, route.summary.clone()]
            })
            .collect();
        text.push('\n');
        text.push_str(&table(&["METHOD", "PATH", "ACCESS", "SUMMARY"], &rows));
    }
    section(&mut text, "menu entries", menu_lines(&descriptor.menus, 1));
    let migrations = descriptor.migrations.iter();
    let lines = migrations.map(|step| format!("  {} {}", step.version, step.name));
    section(&mut text, "migrations", lines.collect());
    let permissions = descriptor.permissions.iter();
    let lines = permissions.map(|one| format!("  {}  {}", one.code, one.title));
    section(&mut text, "permissions", lines.collect());
    let models = descriptor.models.iter();
    let lines = models.map(|one| format!("  {}  {}", one.name, one.table));
    section(&mut text, "models of data rules", lines.collect());
    let settings = descriptor.settings.iter();
    let lines = settings.map(|one| format!("  {}  {}", one.key, one.title));
    section(&mut text, "settings", lines.collect());
    let jobs = descriptor.jobs.iter();
    section(&mut text, "jobs", jobs.map(|one| format!("  {}  {}  {}", one.name, one.schedule, one.title)).collect());
    let events = descriptor.events.iter();
    section(&mut text, "handles events", events.map(|one| format!("  {}", one.event)).collect());
    let services = descriptor.services.iter();
    section(&mut text, "offers services", services.map(|one| format!("  {}", one.name)).collect());
    text
}

fn section(text: &mut String, head: &str, lines: Vec<String>) {
    if !lines.is_empty() {
        text.push_str(&format!("\n{head}:\n{}\n", lines.join("\n")));
    }
}

fn menu_lines(menus: &[Menu], depth: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for menu in menus {
        let path = menu.path.as_deref().or(menu.perms.as_deref());
        let indent = "  ".repeat(depth);
        let line = format!("{indent}{}  {}", menu.name, path.unwrap_or_default());
        lines.push(line.trim_end().to_owned());
        lines.extend(menu_lines(&menu.children, depth + 1));
    }
    lines
}

/// A new crate, and what to do with it.
pub(super) fn written(written: &Scaffold) -> String {
    let path = written.path.display();
    format!(
        "wrote the plugin {} to {path}\n\n  cd {path}\n  cargo test\n  \
         backplane plugin install .",
        written.id
    )
}

fn view(plugin: &Value) -> View {
    serde_json::from_value(plugin.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn notice() -> Value {
        json!({
            "id": "notice", "version": "1.0.0", "state": "enabled", "reason": null,
            "routes": [
                {"method": "GET", "path": "/api/v1/sys/notices", "access": "authenticated",
                 "summary": "Lists"},
                {"method": "POST", "path": "/api/v1/sys/notices",
                 "access": "permission", "permission": "sys:notice:add", "summary": ""},
            ],
            "versions": [{"version": "1.0.0"}], "calls": 3, "abi": "^1.1",
            "dependencies": [
                {"id": "dict", "version": "^1", "optional": false, "met": true},
                {"id": "config", "version": "*", "optional": true, "met": false},
            ],
            "dependents": [{"id": "shop", "version": ">=1", "optional": true, "enabled": true}],
        })
    }

    #[test]
    fn a_plugin_is_told_in_words() {
        let text = detail(&notice());
        for part in [
            "notice 1.0.0: enabled",
            "versions: 1.0.0",
            "needs: ABI ^1.1, dict ^1, config * (optional, not met)",
            "needed by: shop >=1 (optional)",
            "3 calls",
            "permission sys:notice:add",
            "GET     /api/v1/sys/notices  users",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let text = changed("installed", &notice(), "http://127.0.0.1:1");
        assert!(text.contains("GET http://127.0.0.1:1/api/v1/sys/notices"), "{text}");
        assert_eq!(failure(&notice()), None);
    }

    #[test]
    fn a_failed_plugin_is_a_failure_with_its_reason() {
        let broken = json!({"id": "a", "version": "1.0.0", "state": "failed", "reason": "no"});
        assert_eq!(failure(&broken).as_deref(), Some("a 1.0.0 is failed: no"));
        assert!(list(&json!([broken])).contains("failed"));
        assert!(list(&json!([])).contains("no plugins"));
    }
}
