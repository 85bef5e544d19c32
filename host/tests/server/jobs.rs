//! Jobs run when they fall due or are asked for, one run at a time, and what came of each is told.

use crate::cluster::with_shared;
use crate::errands::{ALL, all_done, done, ended, errands, job, refused, start, tell, until_done};
use crate::server::{Role, Server, eventually, with_postgres_and};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const SHORT: &[(&str, &str)] =
    &[("APP__PLUGINS__DRAIN_DEADLINE_MS", "200"), ("APP__PLUGINS__JOB_DEADLINE_MS", "60000")];

async fn on_both(settings: &[(&str, &str)], test: impl AsyncFn(&mut Server)) {
    test(&mut Server::start_with(settings).await).await;
    with_postgres_and(settings, test).await;
}

async fn runs(role: &Role, what: &str) -> usize {
    all_done(role, "errands").await.iter().filter(|done| *done == what).count()
}

/// How many rows there are of jobs.
async fn rows(server: &Server) -> i64 {
    let pool = server.pool().await;
    let count = pool.database().query("SELECT COUNT(*) FROM plugin_job").fetch_scalar().await.expect("a number");
    pool.close().await;
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_started_by_hand_and_told_of() {
    on_both(SHORT, async |server| {
        let admin = server.admin().await;
        admin.install(errands("1.0.0", ALL)).await.ok();
        let listed = job(&admin, "errands", "yearly").await;
        assert_eq!((&listed["title"], &listed["schedule"]), (&json!("Notes that it ran"), &json!("0 0 1 1 *")));
        assert!(listed["next_time"].as_str().expect("a time").ends_with("-01-01 00:00:00"), "{listed}");
        assert_eq!((&listed["last_run"], &listed["running_since"]), (&Value::Null, &Value::Null));

        start(&admin, "errands", "yearly").await.ok();
        let run = ended(&admin, "errands", "yearly").await;
        assert_eq!((&run["outcome"], &run["reason"]), (&json!("done"), &Value::Null), "{run}");
        assert!(run["duration_ms"].is_number() && run["began_time"].is_string(), "{run}");
        assert_eq!(done(&admin, "errands").await, ["job yearly"]);

        let settings = json!({"word": "geheim-word"});
        let set = admin.request(reqwest::Method::PUT, "/api/v1/plugins/errands/settings").json(&settings);
        crate::server::Answer::of(set).await.ok();
        start(&admin, "errands", "fails").await.ok();
        let run = ended(&admin, "errands", "fails").await;
        assert_eq!((&run["outcome"], &run["reason"]), (&json!("failed"), &json!("there is no ***")));
        start(&admin, "errands", "panics").await.ok();
        assert_eq!(ended(&admin, "errands", "panics").await["outcome"], "panicked");
        assert_eq!(admin.plugin("errands").await["strikes"], 1);
        let log = server.log();
        assert!(log.contains("job fails failed: there is no ***") && !log.contains("geheim-word"), "{log}");

        let told = admin.post("/api/v1/plugins/errands/jobs/yearlong/run").await.refused(404);
        assert_eq!(told, "plugin errands 1.0.0 has no job \"yearlong\"; it has yearly, often, long, fails, panics");
        admin.post("/api/v1/plugins/nothing/jobs/yearly/run").await.refused(404);
        let member = server.member(&[]).await;
        member.post("/api/v1/plugins/errands/jobs/yearly/run").await.refused(403);
        member.get("/api/v1/plugins/errands/jobs").await.refused(403);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_starts_its_own_jobs() {
    let server = Server::start_with(SHORT).await;
    let admin = server.admin().await;
    admin.install(errands("1.0.0", ALL)).await.ok();
    tell(&admin, "errands", "run", &json!("long")).await.ok();
    until_done(&admin, "errands", &["job long"]).await;
    assert_eq!(
        refused(&admin, "errands", "run", &json!("long")).await,
        "Busy: job long of plugin errands runs already"
    );
    assert_eq!(
        start(&admin, "errands", "long").await.refused(409),
        "job long of plugin errands runs already; it can be started again when it has ended"
    );
    assert!(job(&admin, "errands", "long").await["running_since"].is_string());
    assert_eq!(
        refused(&admin, "errands", "run", &json!("else")).await,
        "NotFound: plugin errands contributes no job \"else\"; there are: yearly, often, long, fails, panics"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_falls_due_by_its_timetable() {
    let server = Server::start_with(SHORT).await;
    let admin = server.admin().await;
    admin.install(errands("1.0.0", ALL)).await.ok();
    let next = job(&admin, "errands", "often").await["next_time"].as_str().expect("a time").to_owned();
    let began = Instant::now();
    while runs(&admin, "job often").await == 0 {
        assert!(began.elapsed() < Duration::from_secs(75), "{}", server.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let run = ended(&admin, "errands", "often").await;
    assert_eq!(run["outcome"], "done");
    // It began at a minute's beginning, in the one that was told or the one that was just beginning then.
    let began = run["began_time"].as_str().expect("a time");
    assert!(began[..16] <= next[..16], "{run}, {next} was told");
    assert!(job(&admin, "errands", "often").await["next_time"].as_str().expect("a time") > next.as_str());
    assert_eq!(runs(&admin, "job yearly").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_at_its_deadline_with_its_plugin_and_with_the_server() {
    let settings = [SHORT, &[("APP__PLUGINS__JOB_DEADLINE_MS", "300")]].concat();
    on_both(&settings, async |server| {
        let admin = server.admin().await;
        admin.install(errands("1.0.0", ALL)).await.ok();
        start(&admin, "errands", "long").await.ok();
        let run = ended(&admin, "errands", "long").await;
        assert_eq!((&run["outcome"], &run["reason"]), (&json!("timeout"), &json!("it was not done within 300 ms")));

        server.set("APP__PLUGINS__JOB_DEADLINE_MS", "60000");
        server.terminate().await;
        server.start_again().await;
        let admin = server.admin().await;
        start(&admin, "errands", "long").await.ok();
        admin.post("/api/v1/plugins/errands/disable").await.ok();
        assert_eq!(ended(&admin, "errands", "long").await["outcome"], "interrupted");
        assert_eq!(
            start(&admin, "errands", "yearly").await.refused(409),
            "plugin errands runs no jobs now: it has to be enabled, and to be granted the capability jobs"
        );
        assert_eq!(job(&admin, "errands", "yearly").await["next_time"], Value::Null);

        admin.post("/api/v1/plugins/errands/enable").await.ok();
        start(&admin, "errands", "long").await.ok();
        eventually("it runs", async || runs(&admin, "job long").await == 3).await;
        server.kill();
        server.start_again().await;
        let admin = server.admin().await;
        assert_eq!(ended(&admin, "errands", "long").await["outcome"], "interrupted");
        start(&admin, "errands", "long").await.ok();
        eventually("it runs again", async || runs(&admin, "job long").await == 4).await;
        // A new version takes over from one whose job does not end.
        admin.upload("/api/v1/plugins/errands/upgrade", errands("1.0.1", ALL)).await.ok();
        assert_eq!(ended(&admin, "errands", "long").await["outcome"], "interrupted");
        assert_eq!(runs(&admin, "job long has ended").await, 0);
        let images = || async { admin.plugin("errands").await["images"].as_array().expect("images").len() };
        eventually("the old version is unloaded", async || images().await == 1).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_asked_for_planned_and_gone_with_their_plugin() {
    on_both(SHORT, async |server| {
        let admin = server.admin().await;
        let told = admin.install(errands("1.0.0", "events = true")).await.refused(400);
        assert_eq!(
            told,
            "plugin errands 1.0.0 contributes jobs, and its plugin.toml does not ask for them: write jobs = true in \
             [capabilities]"
        );
        let plan = admin.upload("/api/v1/plugins/plans", errands("1.0.0", ALL)).await.ok();
        assert_eq!(plan["data"]["jobs"]["added"], json!(["fails", "long", "often", "panics", "yearly"]), "{plan}");
        let id = plan["data"]["id"].as_str().expect("an id");
        admin.post(&format!("/api/v1/plugins/plans/{id}/apply")).await.ok();
        assert_eq!(admin.plugin("errands").await["jobs"], json!(["yearly", "often", "long", "fails", "panics"]));
        start(&admin, "errands", "yearly").await.ok();
        ended(&admin, "errands", "yearly").await;

        // Taken back, it counts from the next start of the plugin on.
        let pool = server.pool().await;
        let revoked = pool.database().query("DELETE FROM plugin_capability WHERE capability = 'jobs'").execute().await;
        assert_eq!(revoked.expect("a row"), 1);
        admin.post("/api/v1/plugins/errands/disable").await.ok();
        admin.post("/api/v1/plugins/errands/enable").await.ok();
        start(&admin, "errands", "yearly").await.refused(409);
        let told = refused(&admin, "errands", "run", &json!("yearly")).await;
        assert_eq!(
            told,
            "Refused: plugin errands may not start jobs: it would need jobs = true in [capabilities] of its plugin.toml"
        );
        assert_eq!(job(&admin, "errands", "often").await["next_time"], Value::Null);

        // What is known of a job that nobody has belongs to nobody.
        let stray = "INSERT INTO plugin_job (plugin_id, name, due_time, began_time) VALUES ('errands', 'stray', 0, 0)";
        pool.database().query(stray).execute().await.expect("a row");
        let found = admin.get("/api/v1/plugins/doctor").await.ok()["data"]["faults"].take();
        assert_eq!(found.as_array().expect("findings").len(), 1, "{found}");
        assert_eq!(
            (&found[0]["subject"], &found[0]["name"], &found[0]["plugin"], &found[0]["problem"]),
            (&json!("job"), &json!("stray"), &json!("errands"), &json!("no_owner"))
        );
        admin.post("/api/v1/plugins/doctor/repair").await.ok();
        assert_eq!(admin.get("/api/v1/plugins/doctor").await.ok()["data"]["faults"], json!([]));
        assert_eq!(rows(server).await, 1);
        pool.close().await;

        admin.delete("/api/v1/plugins/errands?data=keep").await.ok();
        assert_eq!(rows(server).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_processes_one_runs_a_job() {
    with_shared(async |shared| {
        let shared = shared.with("APP__PLUGINS__DRAIN_DEADLINE_MS", "200");
        let (one, mut two) = (shared.node().await, shared.node().await);
        let here = one.admin().await;
        let there = two.known(&here);
        here.install(errands("1.0.0", ALL)).await.ok();

        start(&here, "errands", "long").await.ok();
        start(&there, "errands", "long").await.refused(409);
        assert!(job(&there, "errands", "long").await["running_since"].is_string());
        // A process that starts does not take what another one runs for cut off.
        two.kill();
        two.start_again().await;
        let there = two.known(&here);
        start(&there, "errands", "long").await.refused(409);
        assert_eq!(runs(&there, "job long").await, 1);

        let began = Instant::now();
        while runs(&here, "job often").await == 0 {
            assert!(began.elapsed() < Duration::from_secs(75), "{} {}", one.log(), two.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // Both have looked by then.
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(runs(&there, "job often").await, 1);
    })
    .await;
}
