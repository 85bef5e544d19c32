//! `plugin sync`: a server's plugins become what a file says, by steps that never leave one without what it needs.

use crate::bundle::{self, Parts};
use crate::cli::Person;
use crate::dependencies::{plugin, states};
use crate::server::{Role, Server, with_postgres_and};
use serde_json::{Value, json};

const FREE: [(&str, &str); 1] = [("APP__PLUGINS__REQUIRED", "")];
const LEDGER_1: &str = "[dependencies]\nledger = \"^1\"";
const LEDGER_2: &str = "[dependencies]\nledger = \"^2\"";

/// An operator at a server, with a directory of bundles.
struct Operator {
    person: Person,
    admin: Role,
}

impl Operator {
    async fn of(server: &Server) -> Self {
        let person = Person::at(Some(&format!("http://{}", server.address())));
        person.logs_in();
        let operator = Self { person, admin: server.admin().await };
        operator.has_bundles();
        operator
    }

    /// ledger and basket in two versions, of which each basket accepts one ledger.
    fn has_bundles(&self) {
        std::fs::create_dir(self.person.path("bundles")).expect("a directory");
        for (id, version, needs) in [
            ("ledger", "1.0.0", ""),
            ("ledger", "2.0.0", ""),
            ("basket", "1.0.0", LEDGER_1),
            ("basket", "2.0.0", LEDGER_2),
        ] {
            self.has(&format!("{id}-{version}.zip"), plugin(id, version, needs));
        }
    }

    fn has(&self, name: &str, bundle: Vec<u8>) {
        std::fs::write(self.person.path("bundles").join(name), bundle).expect("a file");
    }

    /// Writes `plugins.toml`.
    fn wants(&self, plugins: &str) {
        std::fs::write(self.person.path("plugins.toml"), format!("[plugins]\n{plugins}\n")).expect("a file");
    }

    fn lock(&self) -> toml::Table {
        let text = std::fs::read_to_string(self.person.path("plugins.lock")).expect("a lock");
        toml::from_str(&text).expect("TOML")
    }

    /// The steps of a plan that finds some.
    #[track_caller]
    fn plans(&self, words: &[&str]) -> Vec<String> {
        let output = self.person.run(&[&["plugin", "sync", "--plan"], words].concat());
        let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(3), "{text}{errors}");
        assert!(errors.contains("the plugins are not what the file says"), "{errors}");
        text.lines().map(str::to_owned).collect()
    }

    #[track_caller]
    fn applies(&self) {
        self.person.says(&["plugin", "sync", "--apply"]);
        assert!(self.person.says(&["plugin", "sync", "--plan"]).contains("the plugins are what the file says"));
        assert_eq!(self.person.answers(&["plugin", "sync", "--plan", "--locked"])["changes"], json!([]));
    }
}

async fn plugins_become_what_the_file_says(server: &Server) {
    let operator = Operator::of(server).await;
    operator.wants("basket = \"^1\"");
    assert_eq!(operator.plans(&[]), ["install ledger 1.0.0", "enable ledger", "install basket 1.0.0", "enable basket"]);
    assert_eq!(states(&operator.admin).await, [""; 0]);
    operator.applies();
    assert_eq!(states(&operator.admin).await, ["basket 1.0.0 enabled", "ledger 1.0.0 enabled"]);
    let lock = operator.lock();
    let named: Vec<_> =
        lock["plugin"].as_array().expect("plugins").iter().map(|plugin| plugin["id"].as_str()).collect();
    assert_eq!(named, [Some("basket"), Some("ledger")]);
    assert_eq!(lock["plugin"][0]["sha256"].as_str().map(str::len), Some(64));

    // Newer ones: neither could be upgraded while the other serves.
    operator.wants("basket = \"*\"");
    assert_eq!(operator.person.answers(&["plugin", "sync", "--plan", "--locked"])["changes"], json!([]));
    let steps =
        ["disable basket meanwhile", "upgrade ledger 1.0.0 to 2.0.0", "upgrade basket 1.0.0 to 2.0.0", "enable basket"];
    assert_eq!(operator.plans(&[]), steps);
    operator.applies();
    assert_eq!(states(&operator.admin).await, ["basket 2.0.0 enabled", "ledger 2.0.0 enabled"]);

    operator.wants("basket = { enabled = false }\nledger = { version = \"^2\", enabled = false }");
    assert_eq!(operator.plans(&[]), ["disable basket", "disable ledger"]);
    operator.applies();
    assert_eq!(states(&operator.admin).await, ["basket 2.0.0 disabled", "ledger 2.0.0 disabled"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_plugins_become_what_the_file_says() {
    plugins_become_what_the_file_says(&Server::start_with(&FREE).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_plugins_become_what_the_file_says() {
    with_postgres_and(&FREE, async |server| plugins_become_what_the_file_says(server).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_is_explained_and_nothing_is_changed() {
    let server = Server::start_with(&FREE).await;
    let operator = Operator::of(&server).await;
    let refused = |plugins: &str, words: &str| {
        operator.wants(plugins);
        for mode in ["--plan", "--apply"] {
            let message = operator.person.fails(&["plugin", "sync", mode], 1);
            assert!(message.contains(words), "{message:?} does not say {words:?}");
        }
    };
    refused(
        "basket = \"^1\"\nledger = \"^2\"",
        "these do not fit together: plugins.toml asks for basket ^1; plugins.toml asks for ledger ^2; basket 1.0.0 needs \
         ledger ^1",
    );
    refused("basket = \"*\"\nledger = { enabled = false }", "plugins.toml wants ledger disabled");
    refused("nobody = \"*\"", "plugins.toml asks for nobody; nobody is not at hand");
    refused(
        "basket = { version = \"^3\", enabled = false }",
        "asks for basket ^3, and basket is at hand in 1.0.0, 2.0.0",
    );
    refused("basket = \"newest\"", "\"newest\" is no range of versions");
    operator.wants("");
    operator.has("other.zip", plugin("ledger", "1.0.0", LEDGER_1.replace("ledger", "basket").as_str()));
    let message = operator.person.fails(&["plugin", "sync", "--plan"], 1);
    assert!(message.contains("ledger 1.0.0 is in") && message.contains("with other bytes"), "{message}");
    operator.has("other.zip", b"garbage".to_vec());
    let message = operator.person.fails(&["plugin", "sync", "--plan"], 1);
    assert!(message.contains("other.zip in the directory of bundles can't be used"), "{message}");
    operator.person.fails(&["plugin", "sync"], 2);
    let message = operator.person.fails(&["plugin", "sync", "--plan", "--bundles", "nowhere"], 1);
    assert!(message.contains("cannot read nowhere"), "{message}");
    assert_eq!(states(&operator.admin).await, [""; 0]);
    assert!(!operator.person.path("plugins.lock").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_does_not_fit_is_refused() {
    let server = Server::start_with(&FREE).await;
    let operator = Operator::of(&server).await;
    let refused = |words: &str| {
        for mode in ["--plan", "--apply"] {
            let message = operator.person.fails(&["plugin", "sync", mode, "--locked"], 4);
            assert!(message.contains(words), "{message:?} does not say {words:?}");
        }
    };
    operator.wants("ledger = \"^1\"");
    refused("plugins.lock is missing");
    operator.applies();
    operator.wants("ledger = \"^2\"");
    refused("it has ledger 1.0.0, plugins.toml asks for ^2");
    operator.wants("ledger = \"^1\"\nbasket = \"*\"");
    refused("it does not name basket");
    operator.wants("ledger = \"^1\"");
    let text = std::fs::read_to_string(operator.person.path("plugins.lock")).expect("a lock");
    let sha256 = operator.lock()["plugin"][0]["sha256"].as_str().expect("a text").to_owned();
    std::fs::write(operator.person.path("plugins.lock"), text.replace(&sha256, &"0".repeat(64))).expect("a file");
    refused("is neither installed nor among the bundles");
}

/// What the file does not name stays, and is said; settings that differ are part of the plan.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_named_stays_and_settings_are_compared() {
    let server = Server::start_with(&FREE).await;
    let operator = Operator::of(&server).await;
    for id in ["hello", "notice"] {
        operator.admin.install(bundle::of(id)).await.ok();
    }
    operator.wants("notice = { settings = { data_rules = true } }");
    assert_eq!(
        operator.plans(&[]),
        ["set data_rules of notice", "left as they are, the file does not name them: hello"]
    );
    let output = operator.person.run(&["plugin", "sync", "--plan", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let step = json!({"step": "set", "id": "notice", "values": {"data_rules": true}});
    assert_eq!(report, json!({"changes": [step], "applied": false, "unlisted": ["hello"]}));
    operator.wants("notice = { settings = { data_rules = false } }");
    operator.applies();
    operator.wants("notice = { settings = { page = 1 } }");
    let message = operator.person.fails(&["plugin", "sync", "--plan"], 1);
    assert!(message.contains("plugin notice has no setting page; it has data_rules"), "{message}");
}

/// What the operator's configuration holds, no file changes: that is said, and not planned again and again.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_configuration_holds_is_not_planned_and_what_is_granted_is_locked() {
    let held = [FREE.as_slice(), &[("APP__PLUGINS__NOTICE__DATA_RULES", "true")]].concat();
    let server = Server::start_with(&held).await;
    let operator = Operator::of(&server).await;
    operator.admin.install(bundle::of("notice")).await.ok();
    let mut parts = Parts::of("capable");
    let manifest = format!("{}\n[capabilities]\ndatabase = \"read\"\n", parts.manifest());
    operator.admin.install(parts.with_manifest(&manifest).zip()).await.ok();
    operator.wants("capable = \"*\"\nnotice = { settings = { data_rules = false } }");
    let message = operator.person.fails(&["plugin", "sync", "--plan"], 1);
    assert!(
        message.contains("setting data_rules of plugin notice is held at true by the server's configuration"),
        "{message}"
    );
    operator.wants("capable = \"*\"\nnotice = { settings = { data_rules = true } }");
    operator.applies();
    assert_eq!(operator.lock()["plugin"][0]["capabilities"], toml::Value::from(vec!["database read"]));
}

/// What somebody installed by hand is not changed for a plugin that would need another version.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_named_is_not_changed_for_others() {
    let server = Server::start_with(&FREE).await;
    let operator = Operator::of(&server).await;
    operator.admin.install(plugin("ledger", "1.0.0", "")).await.ok();
    operator.wants("basket = \"^2\"");
    let message = operator.person.fails(&["plugin", "sync", "--apply"], 1);
    let premises =
        "plugins.toml asks for basket ^2; ledger =1.0.0 is enabled on the server; basket 2.0.0 needs ledger ^2";
    assert!(message.contains(premises), "{message}");
    operator.wants("basket = \"^2\"\nledger = \"*\"");
    assert_eq!(operator.plans(&[])[0], "upgrade ledger 1.0.0 to 2.0.0");
    operator.applies();
    assert_eq!(states(&operator.admin).await, ["basket 2.0.0 enabled", "ledger 2.0.0 enabled"]);
}

/// The same on a directory at rest, before the first start of its server.
#[tokio::test(flavor = "multi_thread")]
async fn a_directory_at_rest_becomes_what_the_file_says() {
    let operator = Person::at(None);
    std::fs::create_dir(operator.path("deploy")).expect("a directory");
    std::fs::create_dir(operator.path("zips")).expect("a directory");
    std::fs::write(operator.path("zips").join("hello.zip"), bundle::of("hello")).expect("a file");
    std::fs::write(operator.path("deploy/p.toml"), "[plugins]\nhello = \"*\"").expect("a file");
    let applied = operator.answers(&["plugin", "sync", "--apply", "--file", "deploy/p.toml", "--bundles", "zips"]);
    assert_eq!(applied["changes"].as_array().map(Vec::len), Some(2));
    assert!(operator.path("deploy/p.lock").exists());
    let server = Server::start_on(operator.path("data")).await;
    assert_eq!(server.anonymous().get("/api/v1/hello").await.text, "Hello, world!");
}
