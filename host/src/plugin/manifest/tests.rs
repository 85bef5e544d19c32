//! What a manifest may say, and what a refusal says.

use super::{App, Limits, Manifest};

const GOOD: &str = r#"
[plugin]
id = "notice"
version = "1.0.0"
summary = "Notices"
description = "Notices for everybody"
author = "Somebody"
tags = ["other"]
database = ["sqlite", "postgresql"]
license = "MIT"

[app]
extend = "admin"

[api.notice]
prefix = "/notices"
tags = "Notices"
"#;

#[track_caller]
fn refused(text: &str, words: &str) {
    let message = Manifest::parse(text).expect_err("must be refused").to_string();
    assert!(message.contains(words), "{message:?} does not say {words:?}");
}

#[test]
fn a_whole_manifest_is_read() {
    let manifest = Manifest::parse(GOOD).unwrap();
    assert_eq!(manifest.id.as_str(), "notice");
    assert_eq!(manifest.app, Some(App::Extend("admin".to_owned())));
    assert_eq!(manifest.api["notice"].prefix, "/notices");
    assert_eq!(manifest.limits, Limits::default());
    let json = serde_json::to_string(&manifest).unwrap();
    assert_eq!(serde_json::from_str::<Manifest>(&json).unwrap(), manifest);
}

#[test]
fn limits_are_read_and_bounded() {
    let with = |limits: &str| format!("{GOOD}\n[limits]\n{limits}");
    let manifest = Manifest::parse(&with("deadline_ms = 100\nconcurrency_max = 1")).unwrap();
    assert_eq!(manifest.limits, Limits { deadline_ms: 100, concurrency_max: 1, ..Limits::default() });
    refused(&with("deadline_ms = 0"), "limits.deadline_ms is 0: a whole number from 1 to 600000");
    refused(&with("deadline_ms = -1"), "limits.deadline_ms is -1");
    refused(&with("body_bytes_max = 2000000000"), "1 to 1073741824");
    refused(&with("concurency_max = 1"), "did you mean limits.concurrency_max?");
}

#[test]
fn the_module_of_pages_is_a_javascript_file_of_the_bundle() {
    let with = |module: &str| format!("{GOOD}\n[ui]\nmodule = {module}");
    assert_eq!(Manifest::parse(GOOD).unwrap().ui, None);
    assert_eq!(Manifest::parse(&with("\"ui/a/b.mjs\"")).unwrap().ui.unwrap().module, "ui/a/b.mjs");
    for wrong in ["\"notice.js\"", "\"ui/notice.ts\"", "\"/ui/notice.js\"", "\"https://example.com/ui/x.js\""] {
        refused(&with(wrong), "a JavaScript file of the bundle such as \"ui/page.js\" is accepted");
    }
    refused(&format!("{GOOD}\n[ui]"), "ui.module is missing");
    refused(&with("\"ui/x.js\"\nmodul = 1"), "did you mean ui.module?");
}

#[test]
fn a_missing_key_is_named_with_what_is_accepted() {
    for key in ["id", "version", "summary", "description", "author", "tags", "database"] {
        let text: Vec<&str> = GOOD.lines().filter(|line| !line.starts_with(&format!("{key} ="))).collect();
        refused(&text.join("\n"), &format!("plugin.{key} is missing"));
    }
    refused("", "section [plugin]");
}

#[test]
fn a_wrong_value_is_named_with_what_is_accepted() {
    for (from, to, words) in [
        (r#"id = "notice""#, r#"id = "No-tice""#, "plugin.id is \"No-tice\": a lowercase letter"),
        (r#"version = "1.0.0""#, r#"version = "1""#, "a version such as 1.0.0"),
        (r#"version = "1.0.0""#, "version = 1.0", "a version such as 1.0.0"),
        (r#"summary = "Notices""#, r#"summary = """#, "a text of 1 to 100 characters"),
        (r#"tags = ["other"]"#, r#"tags = ["misc"]"#, "one or more of ai, mcp"),
        (r#"tags = ["other"]"#, "tags = []", "one or more of ai, mcp"),
        (r#"["sqlite", "postgresql"]"#, r#"["mysql"]"#, "one or more of sqlite, postgresql"),
        (r#"prefix = "/notices""#, r#"prefix = "notices""#, "api.notice.prefix"),
        (r#"extend = "admin""#, "", "either extend"),
        (r#"license = "MIT""#, r#"licence = "MIT""#, "did you mean plugin.license?"),
        (r#"license = "MIT""#, r#"depends_on = ["notice"]"#, "notice itself"),
        ("[app]", "[application]", "unknown key application"),
        ("[plugin]", "[plugin", "not TOML"),
    ] {
        refused(&GOOD.replace(from, to), words);
    }
}

fn with_dependencies(text: &str) -> String {
    format!("{GOOD}\n[dependencies]\n{text}")
}

#[test]
fn dependencies_have_ranges_and_may_be_optional() {
    let text = with_dependencies("dict = \"^1.0\"\nconfig = { version = \">=1, <3\", optional = true }\nlog = {}");
    let text = text.replace("license", "depends_on = [\"user\"]\nabi = \"^1.1\"\nlicense");
    let manifest = Manifest::parse(&text).unwrap();
    let said: Vec<String> = manifest
        .all_dependencies()
        .iter()
        .map(|(id, dependency)| format!("{id} {} {}", dependency.version, dependency.optional))
        .collect();
    assert_eq!(said, ["config >=1, <3 true", "dict ^1.0 false", "log * false", "user * false"]);
    let needed: Vec<&str> = manifest.needed().map(|id| id.as_str()).collect();
    assert_eq!(needed, ["user", "dict", "log"]);
    assert_eq!(manifest.abi, Some("^1.1".parse().unwrap()));
    let json = serde_json::to_string(&manifest).unwrap();
    assert_eq!(serde_json::from_str::<Manifest>(&json).unwrap(), manifest);
}

#[test]
fn a_wrong_dependency_is_named_with_what_is_accepted() {
    for (text, words) in [
        ("dict = \"one\"", "dependencies.dict is \"one\": a range of versions such as \"^1.0\" or \">=1.2, <3\""),
        ("dict = \"\"", "dependencies.dict is \"\": a range"),
        ("dict = 1.0", "dependencies.dict is 1.0: a range of versions such as \"^1.0\", or { version"),
        ("Dict = \"1\"", "dependencies.Dict is \"Dict\": the id of a plugin"),
        ("notice = \"1\"", "dependencies is a list with notice itself"),
        ("dict = { version = \"one\" }", "dependencies.dict.version is \"one\""),
        ("dict = { optional = 1 }", "dependencies.dict.optional is 1: true or false"),
        ("dict = { optinal = true }", "did you mean dependencies.dict.optional?"),
    ] {
        refused(&with_dependencies(text), words);
    }
    let twice = with_dependencies("dict = \"1\"").replace("license", "depends_on = [\"dict\"]\nlicense");
    refused(&twice, "plugin.depends_on is a list with dict, which [dependencies] names too: each plugin in one of");
    refused(&GOOD.replace("license = \"MIT\"", "abi = \"1.x.y\""), "plugin.abi is \"1.x.y\": a range of versions");
}

/// A row that was written before there were ranges.
#[test]
fn a_stored_manifest_without_ranges_is_read() {
    let old = r#"{"id":"notice","version":"1.0.0","summary":"s","description":"d","author":"a","tags":["other"],
        "database":["sqlite"],"license":null,"icon":null,"homepage":null,"depends_on":["dict"],"app":null,"api":{},
        "limits":{"deadline_ms":1,"body_bytes_max":1,"concurrency_max":1}}"#;
    let manifest: Manifest = serde_json::from_str(old).unwrap();
    assert_eq!((manifest.dependencies.len(), &manifest.abi), (0, &None));
    assert_eq!(manifest.all_dependencies().len(), 1);
}

#[test]
fn capabilities_are_read_and_without_the_section_there_are_own_tables() {
    let listed = |text: &str| {
        let all = Manifest::parse(text).unwrap().capabilities.list();
        all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(listed(GOOD), "database own");
    let with = |lines: &str| format!("{GOOD}\n[capabilities]\n{lines}");
    assert_eq!(listed(&with("files = true\nevents = false")), "database own, files");
    let all = "database = \"read\"\nhttp = [\"*.a.example\"]\njobs = true\nservices = [\"dict\"]";
    assert_eq!(listed(&with(all)), "database read, http *.a.example, jobs, services dict");
    for host in ["", "a b", "https://a", "*", "*.", "A.example", "a..b"] {
        refused(&with(&format!("http = [\"{host}\"]")), "capabilities.http is");
    }
    // Manifests that were stored before there were capabilities.
    let mut stored = serde_json::to_value(Manifest::parse(GOOD).unwrap()).unwrap();
    stored.as_object_mut().unwrap().remove("capabilities");
    assert_eq!(serde_json::from_value::<Manifest>(stored).unwrap(), Manifest::parse(GOOD).unwrap());
}
