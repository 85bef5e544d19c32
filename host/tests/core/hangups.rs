//! Clients that hang up before their answer: what they asked for is done whole or not at all.

use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long an identity would be believed that nobody had forgotten is far more than this.
const FORGOTTEN_WITHIN: Duration = Duration::from_secs(5);
/// How often somebody hangs up, each time a little later.
const HANGUPS: u64 = 24;

on_both! {
    async fn a_change_holds_though_nobody_waited_for_its_answer(server: &Server) {
        let (admin, member) = (server.admin().await, server.member(&["sys:user:list"]).await);
        let pool = server.pool().await;
        let database = pool.database();
        let enabled = async || {
            let status = database.query("SELECT status FROM sys_user WHERE id = 70");
            status.fetch_scalar::<i64>().await.expect("a status") == 1
        };
        let mut changes = 0;
        for turn in 0..HANGUPS {
            let before = enabled().await;
            // Whoever the member is, it is remembered now.
            member.get("/api/v1/sys/users").await;
            let request = admin.request(reqwest::Method::PUT, "/api/v1/sys/users/70/permissions?type=status");
            // Only some of them get an answer.
            let _ = request.timeout(Duration::from_millis(turn / 2)).send().await;
            let since = Instant::now();
            // It was not even read, if it does not come by then.
            while enabled().await == before && since.elapsed() < Duration::from_millis(200) {}
            changes += usize::from(enabled().await != before);
            let committed = Instant::now();
            while member.get("/api/v1/sys/users").await.status != if enabled().await { 200 } else { 403 } {
                assert!(committed.elapsed() < FORGOTTEN_WITHIN, "hang-up {turn}: the member is still who they were");
            }
        }
        pool.close().await;
        assert!(changes > 0, "nothing was changed at all");
    }

    async fn a_change_that_was_given_up_is_recorded_with_who_asked(server: &Server) {
        let admin = server.admin().await;
        let given_up = async || {
            let logged = admin.get("/api/v1/logs/opera?size=200").await.ok();
            let entries = logged["data"]["items"].as_array().expect("entries").clone();
            entries.into_iter().find(|entry| entry["code"] == "499" && entry["method"] == "POST")
        };
        let began = Instant::now();
        let entry: Value = loop {
            let user = json!({"username": format!("u{}", began.elapsed().as_nanos()), "password": "abc12345", "dept_id": 1, "roles": []});
            let request = admin.request(reqwest::Method::POST, "/api/v1/sys/users").json(&user);
            // Long enough to be read, too short for the hash of the password.
            let _ = request.timeout(Duration::from_millis(15)).send().await;
            if let Some(entry) = given_up().await.filter(|entry| !entry["username"].is_null()) {
                break entry;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "nobody was recorded as having hung up");
        };
        assert_eq!((&entry["username"], &entry["status"]), (&json!("admin"), &json!(0)));
    }
}
