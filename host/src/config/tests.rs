use super::*;

fn load(file: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("site.toml");
    std::fs::write(&path, file).unwrap();
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(Some(&path), environment)
}

fn refusal(file: &str, environment: &[(&str, &str)]) -> String {
    load(file, environment).unwrap_err().to_string()
}

#[test]
fn the_defaults_are_complete_and_valid() {
    let config = Config::load(None, []).unwrap();
    assert_eq!(config.server.port, 8000);
    assert_eq!(config.plugins.unload, Unload::Verified);
    assert_eq!(config.database_url(Path::new("/d")), "sqlite:///d/backplane.db");
}

#[test]
fn the_production_file_is_valid() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/production.toml");
    Config::load(Some(&path), []).unwrap();
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
    let config = load(
        "[server]\nport = 1\nhost = \"0.0.0.0\"\n[log]\nformat = \"json\"",
        &[
            ("APP__SERVER__PORT", "2"),
            ("APP__SERVER__CORS_ORIGINS", "https://a.example, https://b.example"),
            ("APP__SERVER__DOCS", "false"),
            ("APPLE", "not ours"),
        ],
    )
    .unwrap();
    assert_eq!(config.server.port, 2);
    assert_eq!(config.server.host.to_string(), "0.0.0.0");
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.server.cors_origins, ["https://a.example", "https://b.example"]);
    assert!(!config.server.docs);
    assert_eq!(config.server.time_zone, "Asia/Shanghai");
}

#[test]
fn only_origins_may_show_pages_in_a_frame() {
    assert!(load("", &[]).unwrap().server.frame_origins.is_empty());
    let good = ["https://portal.example.com", "http://127.0.0.1:3000", "https://*.example.com", "http://[::1]:80"];
    for origin in good {
        let config = load("", &[("APP__SERVER__FRAME_ORIGINS", origin)]).unwrap();
        assert_eq!(config.server.frame_origins, [origin]);
    }
    for other in ["*", "example.com", "https://", "https://a.example/page", "https://a.example; script-src *"] {
        let text = refusal("", &[("APP__SERVER__FRAME_ORIGINS", other)]);
        assert!(text.contains("server.frame_origins") && text.contains("https://portal.example.com"), "{text}");
    }
}

#[test]
fn an_unknown_key_is_refused_with_its_place_and_the_nearest_one() {
    let cases = [
        (("[server]\nprot = 1", vec![]), ["server.prot", "site.toml", "did you mean server.port?"]),
        (("[sevrer]\nport = 1", vec![]), ["sevrer", "site.toml", "did you mean server?"]),
        (("port = 1", vec![]), ["key port", "site.toml", ""]),
        (
            ("", vec![("APP__DATABSE__URL", "x")]),
            ["databse.url", "variable APP__DATABSE__URL", "did you mean database.url?"],
        ),
        (("", vec![("APP__PLUGINS__UNLAOD", "x")]), ["plugins.unlaod", "APP__PLUGINS__UNLAOD", "plugins.unload?"]),
        (("", vec![("APP__SERVER", "x")]), ["key server", "APP__SERVER", ""]),
    ];
    for ((file, environment), words) in cases {
        let text = refusal(file, &environment);
        for word in words {
            assert!(text.contains(word), "{text:?} should say {word:?}");
        }
    }
}

#[test]
fn a_value_of_the_wrong_kind_names_key_place_and_what_is_accepted() {
    let cases = [
        ("[server]\nport = \"x\"", vec![], "server.port in"),
        ("[server]\nport = 70000", vec![], "server.port in"),
        ("", vec![("APP__SERVER__PORT", "70000")], "server.port in environment variable APP__SERVER__PORT"),
        ("", vec![("APP__SERVER__PORT", "x")], "must be an integer, not string \"x\""),
        ("", vec![("APP__SERVER__HOST", "nowhere")], "server.host in environment variable"),
        ("", vec![("APP__SERVER__TIME_ZONE", "Mars/Olympus")], "an IANA name"),
        ("", vec![("APP__PLUGINS__UNLOAD", "sometimes")], "plugins.unload in"),
        ("", vec![("APP__PLUGINS__DRAIN_DEADLINE_MS", "0")], "at least 1, not 0"),
        ("", vec![("APP__PLUGINS__REQUIRED", "dict,No Id")], "\"No Id\" is not a plugin id"),
        ("[plugins]\nrequired = [\"changed\"]", vec![], "plugins.required in"),
        ("[plugins.required]\nsize = 5", vec![], "site.toml must be acceptable"),
        ("", vec![("APP__LOGIN__CAPTCHA", "maybe")], "login.captcha in"),
        ("", vec![("APP__AUTH__COOKIE_NAME", "a;b")], "letters, digits, _ and -"),
        ("", vec![("APP__PASSWORD__MAX_LENGTH", "5")], "at least password.min_length"),
        ("", vec![("APP__PASSWORD__HISTORY", "25")], "at most 24"),
        ("", vec![("APP__LOGIN__LOCK_SECONDS", "0")], "at least 1, not 0"),
        ("", vec![("APP__LOG__LEVEL", "a=b=c")], "log.level in"),
        ("", vec![("APP__CONSOLE__DIR", "/nonexistent")], "a directory with an index.html"),
        ("", vec![("APP__DATABASE__URL", "mysql://x")], "sqlite://… or postgres://…"),
    ];
    for (file, environment, words) in cases {
        let text = refusal(file, &environment);
        assert!(text.contains(words), "{text:?} should say {words:?}");
    }
}

#[test]
fn no_error_repeats_a_secret() {
    let text = refusal("", &[("APP__AUTH__JWT_SECRET", "tooshort")]);
    assert!(text.contains("at least 32 characters") && !text.contains("tooshort"), "{text}");
    let text = refusal("[admin]\npassword = [12345]", &[]);
    assert!(!text.contains("12345"), "{text}");
}

#[test]
fn settings_of_plugins_are_kept_by_id() {
    let config = load(
        "[plugins]\nunload = \"never\"\n[plugins.notice]\npage_size = 5\ncolour = \"red\"",
        &[("APP__PLUGINS__NOTICE__PAGE_SIZE", "50"), ("APP__PLUGINS__SMS__TOKEN", "a b")],
    )
    .unwrap();
    assert_eq!(config.plugins.unload, Unload::Never);
    let notice = &config.plugins.settings["notice"];
    assert_eq!(notice["page_size"].as_integer(), Some(50));
    assert_eq!(notice["colour"].as_str(), Some("red"));
    assert_eq!(config.plugins.settings["sms"]["token"].as_str(), Some("a b"));
}

#[test]
fn the_list_of_required_plugins_may_be_another_one_and_empty() {
    let cases = [
        ("", vec![], vec!["dict"]),
        ("[plugins]\nrequired = []", vec![], vec![]),
        ("[plugins]\nrequired = [\"notice\"]\n[plugins.notice]\npage_size = 5", vec![], vec!["notice"]),
        ("", vec![("APP__PLUGINS__REQUIRED", "")], vec![]),
        ("[plugins]\nrequired = []", vec![("APP__PLUGINS__REQUIRED", "notice, config")], vec!["config", "notice"]),
    ];
    for (file, environment, expected) in cases {
        let config = load(file, &environment).unwrap();
        let required: Vec<&str> = config.plugins.required.iter().map(crate::plugin::PluginId::as_str).collect();
        assert_eq!(required, expected, "{file} {environment:?}");
        assert_eq!(config.effective()["plugins"]["required"], serde_json::json!(expected));
    }
}

#[test]
fn what_is_shown_holds_no_secret() {
    let secret = "s".repeat(40);
    let config = load(
        "",
        &[
            ("APP__ADMIN__PASSWORD", "hunter2"),
            ("APP__AUTH__JWT_SECRET", &secret),
            ("APP__DATABASE__URL", "postgres://me:p@ss@db:5432/x?password=other&sslmode=require"),
            ("APP__REDIS__URL", "redis://:swordfish@cache/0"),
            ("APP__PLUGINS__SMS__TOKEN", "t0ken"),
        ],
    )
    .unwrap();
    let shown = config.effective();
    let text = shown.to_string();
    for hidden in ["hunter2", &secret, "p@ss", "ss@", "other", "swordfish", "t0ken"] {
        assert!(!text.contains(hidden), "{text}");
    }
    assert_eq!(shown["database"]["url"], "postgres://me:********@db:5432/x?password=********&sslmode=require");
    assert_eq!(shown["server"]["port"], 8000);
}

#[test]
fn the_cookie_is_named_after_the_product_unless_it_has_a_name() {
    let cases = [
        ("", "backplane_refresh_token"),
        ("[server]\nname = \"Acme Admin (中文) 2\"", "acme_admin_2_refresh_token"),
        ("[server]\nname = \"后台\"", "refresh_token"),
        ("[auth]\ncookie_name = \"house_refresh_token\"", "house_refresh_token"),
    ];
    for (file, expected) in cases {
        assert_eq!(load(file, &[]).unwrap().cookie_name(), expected, "{file}");
    }
}
