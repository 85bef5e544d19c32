//! The command line, as authors and administrators type it.

use crate::bundle;
use crate::server::{PASSWORD, Server};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A person at a terminal, in a directory and a home of their own, outside the source tree.
pub(crate) struct Person {
    folder: tempfile::TempDir,
    url: Option<String>,
}

impl Person {
    pub(crate) fn at(url: Option<&str>) -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), url: url.map(str::to_owned) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_backplane"));
        command.args(words).current_dir(self.folder.path());
        // A login is kept in the home; what cargo needs stays where it is. Crates that are written
        // here are built into the source tree's target directory, so that only the first run is cold.
        command.env("XDG_CONFIG_HOME", self.path("config"));
        command.env("CARGO_TARGET_DIR", bundle::target_folder().join("scaffold"));
        command.env_remove("BACKPLANE_URL");
        if let Some(url) = &self.url {
            command.env("BACKPLANE_URL", url);
        }
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().expect("the program runs")
    }

    /// What a command that succeeds writes.
    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) -> String {
        let output = self.run(words);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {errors}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// The same with `--json`.
    #[track_caller]
    pub(crate) fn answers(&self, words: &[&str]) -> Value {
        let text = self.says(&[words, &["--json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{words:?}: {error}: {text}"))
    }

    /// The error of a command that fails with this code.
    #[track_caller]
    pub(crate) fn fails(&self, words: &[&str], code: i32) -> String {
        let output = self.run(words);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).expect("text")
    }

    #[track_caller]
    pub(crate) fn logs_in(&self) {
        let mut command = self.command(&["login", "--username", "admin", "--password-stdin"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the program runs");
        let line = format!("{PASSWORD}\n");
        child.stdin.take().expect("a pipe").write_all(line.as_bytes()).expect("written");
        assert!(child.wait().expect("ended").success());
    }
}

fn replace(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).expect("a file");
    assert!(text.contains(from), "{text}");
    std::fs::write(file, text.replace(from, to)).expect("a file");
}

/// The README's way: new, install, change, upgrade, roll back.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_plugin_is_written_installed_upgraded_and_rolled_back() {
    let server = Server::start().await;
    let url = format!("http://{}", server.address());
    let author = Person::at(Some(&url));
    author.says(&["plugin", "new", "hello-you"]);
    let folder = author.path("hello-you");
    let here = folder.to_str().expect("text");
    let message = author.fails(&["plugin", "install", here], 1);
    assert!(message.contains("backplane login"), "{message}");
    author.logs_in();
    let installed = author.answers(&["plugin", "install", here]);
    assert_eq!((&installed["id"], &installed["state"]), (&json!("hello_you"), &json!("enabled")));
    let greeted = || async { server.anonymous().get("/api/v1/hello_you?name=you").await.text };
    assert_eq!(greeted().await, "Hello, you!");

    replace(&folder.join("src/lib.rs"), "Hello, {name}!", "Good day, {name}!");
    let message = author.fails(&["plugin", "upgrade", here], 1);
    assert!(message.contains("give the new build a new version"), "{message}");
    replace(&folder.join("Cargo.toml"), "0.1.0", "0.2.0");
    let message = author.fails(&["plugin", "upgrade", here], 1);
    assert!(message.contains("0.1.0") && message.contains("0.2.0"), "{message}");
    replace(&folder.join("plugin.toml"), "0.1.0", "0.2.0");
    assert_eq!(author.answers(&["plugin", "upgrade", here])["version"], "0.2.0");
    assert_eq!(greeted().await, "Good day, you!");
    assert_eq!(author.answers(&["plugin", "rollback", "hello_you"])["version"], "0.1.0");
    assert_eq!(greeted().await, "Hello, you!");

    assert_eq!(author.answers(&["plugin", "list"])[0]["id"], "hello_you");
    assert!(author.says(&["plugin", "info", "hello_you"]).contains("/api/v1/hello_you"));
    author.says(&["plugin", "disable", "hello_you"]);
    server.anonymous().get("/api/v1/hello_you").await.refused(404);
    author.says(&["plugin", "enable", "hello_you"]);
    assert_eq!(greeted().await, "Hello, you!");
    author.says(&["plugin", "uninstall", "hello_you", "--purge"]);
    assert_eq!(author.answers(&["plugin", "list"]), json!([]));
    let message = author.fails(&["plugin", "info", "hello_you"], 1);
    assert!(message.contains("plugin hello_you is not installed"), "{message}");
}

/// What `plugin new` writes has a test, and the test passes.
#[test]
fn a_new_plugins_own_test_passes() {
    let author = Person::at(None);
    author.says(&["plugin", "new", "tested"]);
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["test", "--release", "--quiet"]).current_dir(author.path("tested"));
    cargo.env("CARGO_TARGET_DIR", bundle::target_folder().join("scaffold"));
    let output = cargo.output().expect("cargo runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("1 passed"), "{text}");
}

/// A plugin's settings, on a directory at rest and on a server.
#[tokio::test(flavor = "multi_thread")]
async fn settings_are_shown_set_and_taken_back() {
    let admin = Person::at(None);
    let zip = admin.path("tunable.zip");
    std::fs::write(&zip, bundle::of("tunable")).expect("a file");
    admin.says(&["plugin", "install", zip.to_str().expect("text")]);
    fn settings<'a>(words: &[&'a str]) -> Vec<&'a str> {
        [&["plugin", "settings", "tunable"], words].concat()
    }
    let set = admin.answers(&settings(&["set", "page_size=50", "token=123", "greeting=long"]));
    assert_eq!(set["values"], json!({"greeting": "long", "page_size": 50, "ready": true, "token": null}));
    assert_eq!(admin.answers(&settings(&["unset", "page_size"]))["values"]["page_size"], 20);
    let told = admin.says(&settings(&[]));
    assert!(told.contains("Rows of a page") && told.contains("(set)") && !told.contains("123"), "{told}");
    assert_eq!(told, admin.says(&settings(&["get"])));
    let message = admin.fails(&settings(&["set", "page_size=0"]), 1);
    assert!(message.contains("page_size must be a whole number from 1 to 100"), "{message}");
    admin.fails(&settings(&["set", "page_size"]), 2);

    let server = Server::start().await;
    server.admin().await.install(bundle::of("tunable")).await.ok();
    let admin = Person::at(Some(&format!("http://{}", server.address())));
    admin.logs_in();
    admin.says(&settings(&["set", "page_size=50"]));
    assert_eq!(server.anonymous().get("/api/v1/tunable").await.text, "50 Short token of 0, accepted 1");
    let message = admin.fails(&settings(&["set", "page_size=0"]), 1);
    assert!(message.contains("page_size must be a whole number from 1 to 100"), "{message}");
}

/// Without a server the same commands work on the data directory.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_server_the_directory_itself_is_changed() {
    let admin = Person::at(None);
    let zip = admin.path("hello.zip");
    std::fs::write(&zip, bundle::of("hello")).expect("a file");
    let zip = zip.to_str().expect("text");
    let message = admin.fails(&["plugin", "list"], 1);
    assert!(message.contains("--url"), "{message}");
    assert_eq!(admin.answers(&["plugin", "install", zip])["state"], "enabled");
    assert_eq!(admin.answers(&["plugin", "disable", "hello"])["state"], "disabled");
    assert_eq!(admin.answers(&["plugin", "list"])[0]["state"], "disabled");
    assert_eq!(admin.answers(&["plugin", "enable", "hello"])["state"], "enabled");
    let message = admin.fails(&["plugin", "install", zip], 1);
    assert!(message.contains("plugin hello 0.1.0 is already installed"), "{message}");
    let zip = admin.path("dict.zip");
    std::fs::write(&zip, bundle::of("dict")).expect("a file");
    admin.says(&["plugin", "install", zip.to_str().expect("text")]);
    for words in [&["plugin", "disable", "dict"], &["plugin", "uninstall", "dict"]] {
        let message = admin.fails(words, 1);
        assert!(message.contains("dict") && message.contains("plugins.required"), "{message}");
    }
    assert!(admin.says(&["plugin", "info", "dict"]).contains("required"));
    admin.says(&["migrate"]);
    let server = Server::start_on(admin.path("data")).await;
    assert_eq!(server.anonymous().get("/api/v1/hello").await.text, "Hello, world!");
    // The server that runs on the directory is found, and asks who is there.
    let message = admin.fails(&["plugin", "list"], 1);
    assert!(message.contains("backplane login"), "{message}");
}

#[test]
fn bundles_are_checked_without_a_server() {
    let author = Person::at(None);
    let write = |name: &str, bytes: Vec<u8>| std::fs::write(author.path(name), bytes).expect("a file");
    write("good.zip", bundle::of("notice"));
    write("crash.zip", bundle::of("crash_in_constructor"));
    write("garbage.zip", b"garbage".to_vec());
    let checked = author.answers(&["plugin", "check", "good.zip"]);
    assert_eq!(checked["manifest"]["id"], "notice");
    assert_eq!(checked["targets"], json!([bundle::target()]));
    let message = author.fails(&["plugin", "check", "crash.zip"], 1);
    assert!(message.contains("signal 11"), "{message}");
    let message = author.fails(&["plugin", "check", "garbage.zip"], 1);
    assert!(message.contains("not a zip"), "{message}");
    author.fails(&["plugin", "check", "nowhere.zip"], 1);
    author.fails(&["plugin", "pack", "."], 1);
    let message = author.fails(&["plugin", "new", "Not A Name"], 2);
    assert!(message.contains("Not A Name"), "{message}");
    author.fails(&["plugin", "enable"], 2);
}

#[test]
fn settings_are_shown_without_secrets_and_mistyped_ones_are_named() {
    let operator = Person::at(None);
    let mut command = operator.command(&["config", "--json"]);
    command.env("APP__ADMIN__PASSWORD", "geheim-geheim").env("APP__SERVER__PORT", "9001");
    command.env("APP__DATABASE__URL", "postgres://me:geheim@db/backplane");
    let output = command.output().expect("the program runs");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(!text.contains("geheim"), "{text}");
    let settings: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(settings["server"]["port"], 9001);
    std::fs::write(operator.path("bad.toml"), "[plugins]\nunlaod = \"never\"\n").expect("a file");
    let message = operator.fails(&["config", "--config", "bad.toml"], 1);
    assert!(message.contains("plugins.unlaod") && message.contains("plugins.unload"), "{message}");
    let output = operator.command(&["config"]).env("APP__SERVER__PROT", "1").output().expect("the program runs");
    let message = String::from_utf8(output.stderr).expect("text");
    assert!(message.contains("APP__SERVER__PORT") || message.contains("server.port"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_are_taken_listed_restored_and_deleted() {
    let person = Person::at(None);
    let bundle = person.path("notice.zip");
    std::fs::write(&bundle, bundle::of("notice")).expect("writes");
    let data = person.path("data");
    let words = |words: &[&str]| {
        let data = data.to_str().expect("text");
        [words, &["--data", data]].concat().iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()
    };
    let says = |order: &[&str]| person.says(&words(order).iter().map(String::as_str).collect::<Vec<_>>());
    says(&["plugin", "install", bundle.to_str().expect("text")]);
    assert_eq!(says(&["plugin", "snapshot", "list", "notice"]).trim(), "notice has no snapshots");
    let taken = says(&["plugin", "snapshot", "take", "notice", "--reason", "by hand"]);
    assert!(taken.starts_with("snapshot 1 of notice is taken: "), "{taken}");
    let listed = says(&["plugin", "snapshot", "list", "notice"]);
    assert!(listed.starts_with("1  ") && listed.contains("(by hand)"), "{listed}");
    assert_eq!(
        says(&["plugin", "snapshot", "restore", "notice", "1"]).trim(),
        "the tables of notice are as snapshot 1 has them"
    );
    assert_eq!(says(&["plugin", "snapshot", "delete", "notice", "1"]).trim(), "snapshot 1 of notice is deleted");
    assert_eq!(says(&["plugin", "export", "notice"]).trim(), "notice is exported to notice-export.zip");
    assert!(person.path("notice-export.zip").metadata().expect("a file").len() > 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_listed_and_run_with_and_without_a_server() {
    let server = Server::start().await;
    let (online, offline) = (Person::at(Some(&format!("http://{}", server.address()))), Person::at(None));
    online.logs_in();
    for (person, place) in [(online, None), (offline, Some("data"))] {
        let words = |words: &[&'static str]| {
            let place = place.map(|place| ["--data", place]);
            [words, place.as_ref().map_or(&[], |place| place.as_slice())].concat()
        };
        let bundle = person.path("errands.zip");
        std::fs::write(&bundle, crate::errands::errands("1.0.0", crate::errands::ALL)).expect("writes");
        person.says(&words(&["plugin", "install", "errands.zip"]));
        let listed = person.says(&words(&["plugin", "job", "list", "errands"]));
        let lines: Vec<&str> = listed.lines().collect();
        assert!(lines[0].starts_with("JOB ") && lines[1].starts_with("yearly  0 0 1 1 *  "), "{listed}");
        assert!(lines[1].ends_with("  Notes that it ran"), "{listed}");
        let ran = person.says(&words(&["plugin", "job", "run", "errands", "yearly"]));
        assert!(ran.starts_with("job yearly of errands is done after "), "{ran}");
        let told = person.fails(&words(&["plugin", "job", "run", "errands", "fails"]), 1);
        assert!(told.contains("job fails of plugin errands failed: there is no"), "{told}");
        let told = person.fails(&words(&["plugin", "job", "run", "errands", "no/such?job"]), 1);
        assert!(told.contains("plugin errands 1.0.0 has no job \"no/such?job\"; it has yearly"), "{told}");
        let listed = person.says(&words(&["plugin", "job", "list", "errands"]));
        assert!(listed.contains("done 20") && listed.contains("failed 20"), "{listed}");
        let told = person.says(&words(&["plugin", "info", "errands"]));
        assert!(told.contains("jobs: yearly, often, long, fails, panics\n"), "{told}");
        assert!(told.contains("handles events: errands.sent, core.plugin_enabled, core.user_deleted\n"), "{told}");
        assert!(told.contains("offers services: double, "), "{told}");
    }
}
