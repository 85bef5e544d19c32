//! Many changes at once. That of two identical creations one wins is tested beside each thing that can be created.

use crate::send::put;
use crate::server::{Role, Server};
use futures_util::stream::{self, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const CHANGES: usize = 1_000;
/// More would only wait for each other.
const AT_ONCE: usize = 24;
/// Without a pause between them, readers would take the whole machine from the writers.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(2);

/// The entries whose ids are these, and all codes that they grant.
async fn codes_of(server: &Server, menus: &[i64]) -> BTreeSet<String> {
    let pool = server.pool().await;
    let list = menus.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
    let sql = format!("SELECT perms FROM sys_menu WHERE id IN ({list}) AND perms IS NOT NULL AND perms <> ''");
    let perms: Vec<String> = pool.database().query(sql).fetch_all().await.expect("permissions");
    pool.close().await;
    perms.iter().flat_map(|perms| perms.split(',')).map(|code| code.trim().to_owned()).collect()
}

async fn codes(member: &Role) -> BTreeSet<String> {
    let answer = member.get("/api/v1/auth/codes").await.ok();
    let codes = answer["data"].as_array().expect("codes").iter();
    codes.map(|code| code.as_str().expect("a code").to_owned()).collect()
}

/// The ids of all entries with a code, by turns in one of two sets.
async fn two_sets(server: &Server) -> [Vec<i64>; 2] {
    let pool = server.pool().await;
    let sql = "SELECT id FROM sys_menu WHERE perms IS NOT NULL AND perms <> '' ORDER BY id";
    let ids: Vec<i64> = pool.database().query(sql).fetch_all().await.expect("ids");
    pool.close().await;
    assert!(ids.len() >= 10, "{ids:?}");
    [0, 1].map(|set| ids.iter().copied().skip(set).step_by(2).collect())
}

on_both! {
    async fn a_reader_sees_one_set_of_permissions_or_the_other(server: &Server) {
        let (admin, member) = (server.admin().await, server.member(&[]).await);
        let path = "/api/v1/sys/roles/70/menus";
        let sets = two_sets(server).await;
        let expected = [codes_of(server, &sets[0]).await, codes_of(server, &sets[1]).await];
        assert_ne!(expected[0], expected[1]);
        put(&admin, path, &json!({"menus": sets[0]})).await.ok();
        let (done, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
        let changes = async {
            let change = async |turn: usize| put(&admin, path, &json!({"menus": sets[turn % 2]})).await.ok();
            let changes = stream::iter(0..CHANGES).map(change).buffer_unordered(AT_ONCE);
            assert_eq!(changes.collect::<Vec<Value>>().await.len(), CHANGES);
            done.store(true, Ordering::Release);
        };
        let read = async || {
            while !done.load(Ordering::Acquire) {
                let seen = codes(&member).await;
                assert!(expected.contains(&seen), "a mixture: {seen:?}");
                reads.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(PAUSE).await;
            }
        };
        tokio::join!(changes, read(), read());
        assert!(reads.load(Ordering::Relaxed) > 50, "{reads:?}");
        for turn in [0, 1, 0] {
            put(&admin, path, &json!({"menus": sets[turn]})).await.ok();
            assert_eq!(codes(&member).await, expected[turn], "the very next request");
        }
    }

    async fn no_toggle_is_lost(server: &Server) {
        let (admin, _member) = (server.admin().await, server.member(&[]).await);
        let user = async || admin.get("/api/v1/sys/users/70").await.ok()["data"].take();
        let before = user().await;
        for (kind, count) in [("multi_login", 200), ("staff", 200), ("status", 201)] {
            let path = format!("/api/v1/sys/users/70/permissions?type={kind}");
            let toggles = stream::iter(0..count).map(|_| crate::server::Answer::of(admin.request(Method::PUT, &path)));
            toggles.buffer_unordered(AT_ONCE).for_each(|answer| async move { drop(answer.ok()) }).await;
        }
        let after = user().await;
        for kept in ["is_multi_login", "is_staff", "is_superuser"] {
            assert_eq!(before[kept], after[kept], "{kept}");
        }
        assert_eq!((&before["status"], &after["status"]), (&json!(1), &json!(0)));
    }
}
