//! Plugins that need each other: no change leaves one without what it needs, in versions that it accepts.

use crate::bundle::Parts;
use crate::cli::Person;
use crate::cluster::with_shared;
use crate::server::{Role, Server, with_postgres_and};
use serde_json::{Value, json};

/// No plugin is required but where a test says so.
const FREE: [(&str, &str); 1] = [("APP__PLUGINS__REQUIRED", "")];

/// A check on both databases, with these settings.
macro_rules! on_both {
    ($($name:ident($settings:expr);)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(&super::Server::start_with(&$settings).await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::with_postgres_and(&$settings, async |server| super::$name(server).await).await;
            })*
        }
    };
}

on_both! {
    a_need_that_is_not_met_is_refused(super::FREE);
    another_abi_is_refused(super::FREE);
    a_version_that_others_do_not_accept_is_refused(super::FREE);
    a_circle_is_refused(super::FREE);
    what_is_optional_is_never_in_the_way(super::FREE);
    a_cascade_switches_off_what_needs_it(super::FREE);
    a_cascade_and_what_comes_meanwhile_leave_what_fits(super::FREE);
    a_cascade_that_fails_leaves_everything_on(super::FREE);
    no_cascade_reaches_what_is_required([("APP__PLUGINS__REQUIRED", "basket")]);
}

/// A bundle of a plugin with a name of six letters: one library serves for all.
pub(crate) fn plugin(id: &str, version: &str, needs: &str) -> Vec<u8> {
    let mut parts = Parts::of("steady_one").replaced("steady", id);
    if version != "1.0.0" {
        parts = Parts::of("steady_two").replaced("steady", id).replaced("2.0.0", version);
    }
    let manifest = format!("{}\n{needs}\n", parts.manifest());
    parts.with_manifest(&manifest).zip()
}

async fn install(admin: &Role, id: &str, version: &str, needs: &str) {
    admin.upload("/api/v1/plugins", plugin(id, version, needs)).await.ok();
}

pub(crate) async fn states(admin: &Role) -> Vec<String> {
    let listed = admin.get("/api/v1/plugins").await.ok();
    let words = |plugin: &Value| {
        let word = |key: &str| plugin[key].as_str().expect("a text").to_owned();
        format!("{} {} {}", word("id"), word("version"), word("state"))
    };
    listed["data"].as_array().expect("a list").iter().map(words).collect()
}

async fn a_need_that_is_not_met_is_refused(server: &Server) {
    let admin = server.admin().await;
    let offer = async |needs: &str| admin.upload("/api/v1/plugins", plugin("basket", "1.0.0", needs)).await;
    let needs = "[dependencies]\nledger = \"^2.0\"";
    let message = offer(needs).await.refused(409);
    assert_eq!(message, "plugin basket 1.0.0 needs ledger ^2.0, which is not installed; install ledger ^2.0 first");
    assert_eq!(states(&admin).await, [""; 0]);
    install(&admin, "ledger", "1.0.0", "").await;
    let message = offer(needs).await.refused(409);
    assert!(message.contains("but ledger 1.0.0 is installed; bring ledger to a version in ^2.0 first"), "{message}");
    // Off, it waits for what it needs.
    admin.upload("/api/v1/plugins?enable=false", plugin("basket", "1.0.0", needs)).await.ok();
    assert_eq!(admin.post("/api/v1/plugins/basket/enable").await.refused(409), message);
    assert_eq!(admin.plugin("basket").await["state"], "disabled");
    admin.upload("/api/v1/plugins/ledger/upgrade", plugin("ledger", "2.0.0", "")).await.ok();
    admin.post("/api/v1/plugins/basket/enable").await.ok();
    assert_eq!(states(&admin).await, ["basket 1.0.0 enabled", "ledger 2.0.0 enabled"]);
    let shown = admin.plugin("basket").await;
    let dependency = json!({"id": "ledger", "version": "^2.0", "optional": false, "installed": "2.0.0", "met": true});
    assert_eq!((&shown["depends_on"], &shown["dependencies"]), (&json!(["ledger"]), &json!([dependency])));
    let dependent = json!({"id": "basket", "version": "^2.0", "optional": false, "enabled": true});
    assert_eq!(admin.plugin("ledger").await["dependents"], json!([dependent]));
    assert!(!server.log().contains("pubgrub"), "how it was found out is nobody's business");
    let contract = admin.get("/api/v1/sys/plugins").await.ok();
    assert_eq!(contract["data"][0]["plugin"]["depends_on"], json!(["ledger"]));
}

async fn another_abi_is_refused(server: &Server) {
    let admin = server.admin().await;
    let with_abi = |range: &str| {
        let mut parts = Parts::of("steady_one").replaced("steady", "basket");
        let manifest = parts.manifest().replace("[plugin]", &format!("[plugin]\nabi = \"{range}\""));
        parts.with_manifest(&manifest).zip()
    };
    let message = admin.upload("/api/v1/plugins?enable=false", with_abi("^9.1")).await.refused(409);
    assert!(message.starts_with("plugin basket 1.0.0 needs ABI ^9.1, but this server offers ABI 1."), "{message}");
    let message = admin.upload("/api/v1/plugins", with_abi("newest")).await.refused(400);
    assert!(message.contains("plugin.abi is \"newest\": a range of versions"), "{message}");
    admin.upload("/api/v1/plugins", with_abi("^1.1")).await.ok();
    assert_eq!(admin.plugin("basket").await["abi"], "^1.1");
}

async fn a_version_that_others_do_not_accept_is_refused(server: &Server) {
    let admin = server.admin().await;
    install(&admin, "ledger", "1.0.0", "").await;
    install(&admin, "basket", "1.0.0", "[dependencies]\nledger = \"^1\"").await;
    let upgrade =
        async |version: &str| admin.upload("/api/v1/plugins/ledger/upgrade", plugin("ledger", version, "")).await;
    let message = upgrade("2.0.0").await.refused(409);
    assert_eq!(
        message,
        "plugin basket 1.0.0 needs ledger ^1, which ledger 2.0.0 is not; take a version of ledger in ^1, or upgrade or \
         disable basket first"
    );
    upgrade("1.5.0").await.ok();
    admin.post("/api/v1/plugins/basket/disable").await.ok();
    upgrade("2.0.0").await.ok();
    let message = admin.post("/api/v1/plugins/basket/enable").await.refused(409);
    assert!(message.ends_with("but ledger 2.0.0 is installed; roll it back to 1.5.0 first"), "{message}");
    admin.post("/api/v1/plugins/ledger/rollback").await.ok();
    admin.post("/api/v1/plugins/basket/enable").await.ok();
    // The other way round: basket 2 needs ledger 1.5, which a rollback of ledger would take away.
    let newer = plugin("basket", "2.0.0", "[dependencies]\nledger = \">=1.5\"");
    admin.upload("/api/v1/plugins/basket/upgrade", newer).await.ok();
    upgrade("1.4.0").await.refused(409);
    upgrade("1.6.0").await.ok();
    admin.post("/api/v1/plugins/ledger/rollback").await.ok();
    assert_eq!(states(&admin).await, ["basket 2.0.0 enabled", "ledger 1.5.0 enabled"]);
}

async fn a_circle_is_refused(server: &Server) {
    let admin = server.admin().await;
    let off =
        async |id: &str, needs: &str| admin.upload("/api/v1/plugins?enable=false", plugin(id, "1.0.0", needs)).await;
    off("basket", "[dependencies]\nledger = \"*\"").await.ok();
    let message = off("ledger", "[dependencies]\nbasket = \"*\"").await.refused(409);
    assert!(message.contains("in a circle: ledger -> basket -> ledger; one of them must do without"), "{message}");
    off("ledger", "[dependencies]\nbasket = { optional = true }").await.ok();
    admin.post("/api/v1/plugins/ledger/enable").await.ok();
    admin.post("/api/v1/plugins/basket/enable").await.ok();
}

async fn what_is_optional_is_never_in_the_way(server: &Server) {
    let admin = server.admin().await;
    let needs = "[dependencies]\nledger = { version = \"^2\", optional = true }";
    install(&admin, "basket", "1.0.0", needs).await;
    install(&admin, "ledger", "1.0.0", "").await;
    assert_eq!(admin.plugin("basket").await["dependencies"][0]["met"], false);
    admin.post("/api/v1/plugins/ledger/disable").await.ok();
    admin.delete("/api/v1/plugins/ledger").await.ok();
    assert_eq!(states(&admin).await, ["basket 1.0.0 enabled"]);
}

/// ledger <- basket <- chorus, and chorus needs ledger too.
async fn three(admin: &Role) {
    install(admin, "ledger", "1.0.0", "").await;
    install(admin, "basket", "1.0.0", "[dependencies]\nledger = \"^1.0\"").await;
    install(admin, "chorus", "1.0.0", "[dependencies]\nbasket = \"*\"\nledger = \"*\"").await;
}

async fn a_cascade_switches_off_what_needs_it(server: &Server) {
    let admin = server.admin().await;
    three(&admin).await;
    let message = admin.post("/api/v1/plugins/ledger/disable").await.refused(409);
    assert_eq!(
        message,
        "plugin ledger 1.0.0 is needed by basket 1.0.0 (needs ledger ^1.0) and chorus 1.0.0 (needs ledger); disable them \
         first, or cascade"
    );
    assert_eq!(admin.delete("/api/v1/plugins/ledger?data=purge").await.refused(409), message);
    admin.post("/api/v1/plugins/basket/disable?cascade=true").await.ok();
    assert_eq!(states(&admin).await, ["basket 1.0.0 disabled", "chorus 1.0.0 disabled", "ledger 1.0.0 enabled"]);
    admin.post("/api/v1/plugins/basket/enable").await.ok();
    admin.post("/api/v1/plugins/chorus/enable").await.ok();
    let asked = json!({"id": "ledger", "action": "uninstall", "cascade": true});
    let plan = admin.post_json("/api/v1/plugins/plans", &asked).await.ok()["data"].take();
    assert_eq!(plan["switched_off"], json!(["chorus", "basket"]));
    admin.post(&format!("/api/v1/plugins/plans/{}/apply", plan["id"].as_str().expect("a text"))).await.ok();
    assert_eq!(states(&admin).await, ["basket 1.0.0 disabled", "chorus 1.0.0 disabled"]);
    // One operation, and an entry for each plugin, by the same plan.
    let told = admin.get("/api/v1/plugins/operations?size=3").await.ok()["data"]["items"].take();
    let entry = |at: usize| ["plugin", "operation", "plan_hash"].map(|key| told[at][key].clone());
    let by = &plan["hash"];
    let expected = [("basket", "disable"), ("chorus", "disable"), ("ledger", "uninstall")];
    let expected = expected.map(|(plugin, operation)| [json!(plugin), json!(operation), by.clone()]);
    assert_eq!([entry(0), entry(1), entry(2)], expected);
    // One that nobody needs goes as it always did.
    admin.post("/api/v1/plugins/chorus/disable?cascade=true").await.ok();
    admin.delete("/api/v1/plugins/nobody?cascade=true").await.refused(404);
}

/// Nobody is let in between the steps of a cascade.
async fn a_cascade_and_what_comes_meanwhile_leave_what_fits(server: &Server) {
    let admin = server.admin().await;
    three(&admin).await;
    for _ in 0..5 {
        let cascade = admin.post("/api/v1/plugins/ledger/disable?cascade=true");
        let (off, on) = tokio::join!(cascade, admin.post("/api/v1/plugins/basket/enable"));
        off.ok();
        // Before it, basket serves already; after it, there is no ledger.
        assert!([200, 409].contains(&on.status), "{}", on.text);
        assert_eq!(states(&admin).await, ["basket 1.0.0 disabled", "chorus 1.0.0 disabled", "ledger 1.0.0 disabled"]);
        for id in ["ledger", "basket", "chorus"] {
            admin.post(&format!("/api/v1/plugins/{id}/enable")).await.ok();
        }
    }
}

/// A row of somebody else's keeps the plugin's own from going.
async fn a_cascade_that_fails_leaves_everything_on(server: &Server) {
    let admin = server.admin().await;
    three(&admin).await;
    let before = states(&admin).await;
    let pool = server.pool().await;
    for statement in ["CREATE TABLE holds (id TEXT REFERENCES plugin (id))", "INSERT INTO holds (id) VALUES ('ledger')"]
    {
        pool.database().query(statement).execute().await.expect("done");
    }
    pool.close().await;
    admin.delete("/api/v1/plugins/ledger?cascade=true").await.refused(500);
    assert_eq!(states(&admin).await, before);
    for id in ["ledger", "basket", "chorus"] {
        admin.get(&format!("/api/v1/{id}")).await.ok();
    }
}

async fn no_cascade_reaches_what_is_required(server: &Server) {
    let admin = server.admin().await;
    three(&admin).await;
    let before = states(&admin).await;
    for path in ["ledger/disable", "ledger/disable?cascade=true"] {
        let message = admin.post(&format!("/api/v1/plugins/{path}")).await.refused(409);
        assert!(message.starts_with("plugin ledger is needed by basket, which is required"), "{path}: {message}");
    }
    let message = admin.post("/api/v1/plugins/basket/disable?cascade=true").await.refused(400);
    assert!(message.starts_with("plugin basket is required"), "{message}");
    assert_eq!(states(&admin).await, before);
    admin.upload("/api/v1/plugins/ledger/upgrade", plugin("ledger", "1.5.0", "")).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_cascades_and_tells_what_is_needed() {
    let server = Server::start_with(&FREE).await;
    let operator = Person::at(Some(&format!("http://{}", server.address())));
    operator.logs_in();
    three(&server.admin().await).await;
    let told = operator.says(&["plugin", "info", "basket"]);
    assert!(told.contains("needs: ledger ^1.0\nneeded by: chorus *"), "{told}");
    let message = operator.fails(&["plugin", "disable", "basket"], 1);
    assert!(message.contains("plugin basket 1.0.0 is needed by chorus 1.0.0 (needs basket)"), "{message}");
    assert_eq!(operator.answers(&["plugin", "disable", "basket", "--cascade"])["state"], "disabled");
    operator.says(&["plugin", "enable", "basket"]);
    operator.says(&["plugin", "uninstall", "ledger", "--purge", "--cascade"]);
    let listed = operator.answers(&["plugin", "list"]);
    let states: Vec<_> = listed.as_array().expect("a list").iter().map(|plugin| &plugin["state"]).collect();
    assert_eq!(states, ["disabled", "disabled"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cascade_holds_on_every_node_at_once() {
    with_shared(async |shared| {
        let (one, two) = (shared.node().await, shared.node().await);
        let here = one.admin().await;
        let there = two.known(&here);
        three(&here).await;
        there.post("/api/v1/plugins/ledger/disable?cascade=true").await.ok();
        for id in ["ledger", "basket", "chorus"] {
            here.get(&format!("/api/v1/{id}")).await.refused(404);
            there.get(&format!("/api/v1/{id}")).await.refused(404);
        }
        assert_eq!(states(&here).await, states(&there).await);
    })
    .await;
}
