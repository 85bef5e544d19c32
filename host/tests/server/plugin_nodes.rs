//! Plugins on several processes over one database: what is installed, toggled or replaced on one is
//! served, or not, by all of them.

use crate::bundle;
use crate::cluster::{OwnRedis, with_redis, with_shared};
use crate::server::{DEADLINE, Role, Server, eventually};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long a change may wait for a node that has died.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Whether routes, codes, sidebar, list and document of a node all say that notice serves.
async fn assert_notice(admin: &Role, serves: bool) {
    assert_eq!(admin.get("/api/v1/sys/notices").await.status, if serves { 200 } else { 404 });
    let codes = admin.get("/api/v1/auth/codes").await.ok();
    assert_eq!(codes["data"].as_array().expect("codes").contains(&json!("sys:notice:add")), serves);
    assert_eq!(admin.get("/api/v1/sys/menus/sidebar").await.text.contains("PluginNotice"), serves);
    assert_eq!(admin.get("/openapi.json").await.ok()["paths"].get("/api/v1/sys/notices").is_some(), serves);
}

async fn version(role: &Role) -> Value {
    role.get("/api/v1/steady").await.ok()["version"].take()
}

/// Id, version and state of every plugin.
async fn states(role: &Role) -> Vec<[Value; 3]> {
    let mut listed = role.get("/api/v1/plugins").await.ok()["data"].take();
    let plugins = listed.as_array_mut().expect("plugins");
    plugins.iter_mut().map(|plugin| ["id", "version", "state"].map(|key| plugin[key].take())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_comes_rests_and_goes_on_every_node_at_once() {
    with_shared(async |shared| {
        let (one, two) = (shared.node().await, shared.node().await);
        let here = one.admin().await;
        let there = two.known(&here);
        for _ in 0..3 {
            here.install(bundle::of("notice")).await.ok();
            assert_notice(&there, true).await;
            assert_eq!(two.plugin_files().len(), 3, "bundle, library and image: {:?}", two.plugin_files());
            let (sent, came) =
                (here.get("/api/v1/sys/plugins/notice").await, there.get("/api/v1/sys/plugins/notice").await);
            assert_eq!((came.status, came.text == sent.text), (200, true));
            there.put("/api/v1/sys/plugins/notice/status").await.ok();
            assert_notice(&here, false).await;
            here.put("/api/v1/sys/plugins/notice/status").await.ok();
            assert_notice(&there, true).await;
            let notice = json!({"title": "t", "type": 0, "status": 1, "content": "c"});
            there.post_json("/api/v1/sys/notices", &notice).await.ok();
            assert_eq!(here.get("/api/v1/sys/notices").await.ok()["data"]["total"], 1);
            there.delete("/api/v1/plugins/notice?data=purge").await.ok();
            assert_notice(&here, false).await;
            assert_eq!(states(&here).await, states(&there).await);
        }
        for node in [&one, &two] {
            eventually("no file is left", async || node.plugin_files().is_empty()).await;
        }
        let pool = one.pool().await;
        let left: i64 =
            pool.database().query("SELECT COUNT(*) FROM plugin_bundle_piece").fetch_scalar().await.expect("a count");
        pool.close().await;
        assert_eq!(left, 0, "no bundle is left in the database");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_change_on_every_node_at_once_and_later_nodes_get_their_bundles() {
    with_shared(async |shared| {
        let (one, two) = (shared.node().await, shared.node().await);
        let admin = one.admin().await;
        let admins = [admin.clone(), two.known(&admin)];
        admin.install(bundle::of("steady_one")).await.ok();
        for round in 0..12 {
            let (here, there) = (&admins[round % 2], &admins[(round + 1) % 2]);
            here.upload("/api/v1/plugins/steady/upgrade", bundle::of("steady_two")).await.ok();
            assert_eq!(version(there).await, "2.0.0", "round {round}");
            there.post("/api/v1/plugins/steady/rollback").await.ok();
            assert_eq!(version(here).await, "1.0.0", "round {round}");
        }
        admin.post("/api/v1/plugins/steady/disable").await.ok();
        let mut three = shared.node().await;
        three.known(&admin).get("/api/v1/steady").await.refused(404);
        three.known(&admin).post("/api/v1/plugins/steady/enable").await.ok();
        for node in [&one, &two, &three] {
            assert_eq!(version(&node.known(&admin)).await, "1.0.0");
        }
        three.kill();
        admin.upload("/api/v1/plugins/steady/upgrade", bundle::of("steady_two")).await.ok();
        three.start_again().await;
        assert_eq!(version(&three.known(&admin)).await, "2.0.0");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_two_nodes_make_at_once_happen_one_after_the_other() {
    with_shared(async |shared| {
        let (one, two) = (shared.node().await, shared.node().await);
        let here = one.admin().await;
        let there = two.known(&here);
        for round in 0..3 {
            let bundles = ["hello", "steady_one", "neighbour", "notice"].map(bundle::of);
            let [hello, steady, neighbour, notice] = bundles;
            let began = Instant::now();
            let answers = tokio::join!(
                here.install(hello),
                there.install(steady),
                here.install(neighbour),
                there.install(notice.clone()),
                here.install(notice),
            );
            println!("five changes at once took {:?}", began.elapsed());
            let statuses = [&answers.0, &answers.1, &answers.2].map(|answer| answer.status);
            assert_eq!(statuses, [200; 3], "round {round}: {answers:?}");
            let mut of_twins = [answers.3.status, answers.4.status];
            of_twins.sort_unstable();
            assert_eq!(of_twins, [200, 409], "round {round}: one of two installs the same");
            assert_eq!(states(&here).await, states(&there).await, "round {round}");
            assert_eq!(states(&here).await.len(), 4);
            for admin in [&here, &there] {
                assert_eq!(version(admin).await, "1.0.0");
                assert_notice(admin, true).await;
            }
            let deletions = tokio::join!(
                there.delete("/api/v1/plugins/hello?data=purge"),
                here.delete("/api/v1/plugins/steady?data=purge"),
                there.delete("/api/v1/plugins/neighbour?data=purge"),
                here.delete("/api/v1/plugins/notice?data=purge"),
            );
            for deletion in [deletions.0, deletions.1, deletions.2, deletions.3] {
                deletion.ok();
            }
            assert_eq!((states(&here).await, states(&there).await), (vec![], vec![]), "round {round}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_can_not_load_a_plugin_says_so_and_holds_up_nobody() {
    with_shared(async |shared| {
        let one = shared.node().await;
        let hurried = shared.with("APP__PLUGINS__START_DEADLINE_MS", "1");
        let two = hurried.node().await;
        let here = one.admin().await;
        let there = two.known(&here);
        here.install(bundle::of("slow_start")).await.ok();
        assert_eq!(here.plugin("slow_start").await["state"], "enabled");
        let plugin = there.plugin("slow_start").await;
        assert_eq!(plugin["state"], "failed", "{plugin}");
        assert!(plugin["reason"].as_str().expect("a reason").contains("can't be started"), "{plugin}");
        here.delete("/api/v1/plugins/slow_start?data=purge").await.ok();
        there.get("/api/v1/plugins/slow_start").await.refused(404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_killed_during_a_change_of_plugins_does_not_hold_it_up() {
    with_shared(async |shared| {
        let (one, mut two) = (shared.node().await, shared.node().await);
        let admin = one.admin().await;
        admin.install(bundle::of("steady_one")).await.ok();
        for round in 0..3 {
            let name = if round % 2 == 0 { "steady_two" } else { "steady_one" };
            let upgrade = tokio::spawn({
                let admin = admin.clone();
                async move {
                    let began = Instant::now();
                    admin.upload("/api/v1/plugins/steady/upgrade", bundle::of(name)).await.ok();
                    began.elapsed()
                }
            });
            two.kill();
            let took = upgrade.await.expect("it is answered");
            assert!(took < WAIT_MAX, "round {round}: {took:?}");
            two.start_again().await;
            assert_eq!(version(&two.known(&admin)).await, version(&admin).await, "round {round}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_every_node_serves_the_plugins_of_the_last_answer() {
    let mut redis = OwnRedis::start();
    with_redis(&redis.url(), async |shared| {
        let (one, two) = (shared.node().await, shared.node().await);
        let here = one.admin().await;
        let there = two.known(&here);
        for round in 0..2 {
            redis.stop();
            let began = Instant::now();
            here.install(bundle::of("notice")).await.ok();
            assert_notice(&there, true).await;
            there.put("/api/v1/sys/plugins/notice/status").await.ok();
            assert_notice(&here, false).await;
            redis.start_again();
            here.put("/api/v1/sys/plugins/notice/status").await.ok();
            assert_notice(&there, true).await;
            there.delete("/api/v1/plugins/notice?data=purge").await.ok();
            assert_notice(&here, false).await;
            assert!(began.elapsed() < DEADLINE, "round {round}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permission_goes_with_the_plugin_that_was_purged() {
    let single = Server::start().await;
    lose_a_permission(&single, &single).await;
    with_shared(async |shared| {
        let (one, two) = (shared.node().await, shared.node().await);
        lose_a_permission(&one, &two).await;
    })
    .await;
}

/// Somebody who has the permission on `there` when the plugin is purged `here` has it no more.
async fn lose_a_permission(here: &Server, there: &Server) {
    let admin = here.admin().await;
    admin.install(bundle::of("notice")).await.ok();
    let member = there.known(&here.member(&["sys:notice:add"]).await);
    let notice = json!({"title": "t", "type": 0, "status": 1, "content": "c"});
    member.post_json("/api/v1/sys/notices", &notice).await.ok();
    admin.delete("/api/v1/plugins/notice?data=purge").await.ok();
    member.post_json("/api/v1/sys/notices", &notice).await.refused(404);
    admin.install(bundle::of("notice")).await.ok();
    member.post_json("/api/v1/sys/notices", &notice).await.refused(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_one_node_is_shown_applied_and_forgotten_by_any() {
    with_shared(async |shared| {
        let (one, two) = (shared.node().await, shared.node().await);
        let here = one.admin().await;
        let there = two.known(&here);
        let id = |plan: &Value| plan["data"]["id"].as_str().expect("an id").to_owned();
        let path = |plan: &str, rest: &str| format!("/api/v1/plugins/plans/{plan}{rest}");

        let plan = here.upload("/api/v1/plugins/plans", bundle::of("notice")).await.ok();
        let notice = id(&plan);
        assert_eq!(there.get(&path(&notice, "")).await.ok(), plan);
        there.post(&path(&notice, "/apply")).await.ok();
        assert_notice(&here, true).await;
        // Once, on whichever node.
        for role in [&here, &there] {
            role.get(&path(&notice, "")).await.refused(404);
            role.post(&path(&notice, "/apply")).await.refused(404);
        }

        let order = json!({"id": "notice", "action": "uninstall", "data": "purge"});
        let purge = id(&there.post_json("/api/v1/plugins/plans", &order).await.ok());
        let disable = json!({"id": "notice", "action": "disable"});
        let off = id(&here.post_json("/api/v1/plugins/plans", &disable).await.ok());
        there.delete(&path(&off, "")).await.ok();
        here.post(&path(&off, "/apply")).await.refused(404);
        there.post("/api/v1/plugins/notice/disable").await.ok();
        // What it would do now is something else.
        for role in [&here, &there] {
            let told = role.post(&path(&purge, "/apply")).await.refused(409);
            assert!(told.starts_with("the plan for plugin notice is out of date"), "{told}");
        }
        let purge = id(&there.post_json("/api/v1/plugins/plans", &order).await.ok());
        // Of two at once, one does it.
        let (first, second) = (path(&purge, "/apply"), path(&purge, "/apply"));
        let (first, second) = tokio::join!(here.post(&first), there.post(&second));
        let is_one = (first.status == 200) != (second.status == 200);
        assert!(is_one && first.status.max(second.status) < 500, "{} {}", first.text, second.text);
        here.get("/api/v1/plugins/notice").await.refused(404);

        // A bundle that nobody took in goes with its plan.
        let forgotten = id(&here.upload("/api/v1/plugins/plans", bundle::of("hello")).await.ok());
        assert_eq!(here.get("/api/v1/plugins/doctor").await.ok()["data"]["faults"], json!([]));
        there.delete(&path(&forgotten, "")).await.ok();
        here.install(bundle::of("steady_one")).await.ok();
        let pool = one.pool().await;
        let sql = "SELECT COUNT(DISTINCT sha256) FROM plugin_bundle_piece";
        assert_eq!(pool.database().query(sql).fetch_scalar::<i64>().await.expect("a number"), 1);
        pool.close().await;
    })
    .await;
}
