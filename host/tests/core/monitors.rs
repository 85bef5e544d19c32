//! The machine, the process and the store of shared state can be looked at.

use crate::server::Server;
use serde_json::Value;

const INFO: [&str; 15] = [
    "redis_version",
    "redis_mode",
    "role",
    "tcp_port",
    "uptime",
    "connected_clients",
    "blocked_clients",
    "used_memory_human",
    "used_memory_rss_human",
    "maxmemory_human",
    "mem_fragmentation_ratio",
    "instantaneous_ops_per_sec",
    "total_commands_processed",
    "rejected_connections",
    "keys_num",
];
/// Where `cargo xtask test` says which Redis the tests may use.
const REDIS_VARIABLE: &str = "BACKPLANE_TEST_REDIS";

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn assert_redis(report: &Value) {
    assert_eq!(keys(report), ["info", "stats"]);
    assert_eq!(keys(&report["info"]), INFO);
    assert!(
        report["info"]
            .as_object()
            .expect("an object")
            .values()
            .all(|value| value.as_str().is_some_and(|text| !text.is_empty()))
    );
    let stats = report["stats"].as_array().expect("a list");
    assert!(!stats.is_empty() && stats.iter().all(|stat| keys(stat) == ["name", "value"] && stat["value"].is_string()));
}

on_both! {
    async fn the_machine_and_the_process_are_measured(server: &Server) {
        let report = server.admin().await.get("/api/v1/monitors/server").await.ok()["data"].take();
        assert_eq!(keys(&report), ["cpu", "mem", "sys", "disk", "service"]);
        assert_eq!(keys(&report["cpu"]), ["physical_num", "logical_num", "max_freq", "min_freq", "current_freq", "usage"]);
        assert_eq!(keys(&report["mem"]), ["total", "used", "free", "usage"]);
        assert_eq!(keys(&report["sys"]), ["name", "os", "ip", "arch"]);
        let service = ["name", "version", "home", "startup", "elapsed", "cpu_usage", "mem_vms", "mem_rss", "mem_free"];
        assert_eq!(keys(&report["service"]), service);
        for disk in report["disk"].as_array().expect("disks") {
            assert_eq!(keys(disk), ["dir", "device", "type", "total", "used", "free", "usage"]);
            assert!(disk["total"].as_str().expect("text").ends_with(" GB"), "{disk}");
        }
        assert!(report["cpu"]["logical_num"].as_u64().expect("a number") >= 1);
        assert!(report["mem"]["total"].as_f64().expect("a number") > 0.1, "{report}");
        assert_eq!((&report["service"]["name"], &report["sys"]["os"]), (&"Backplane".into(), &"Linux".into()));
        assert!(report["service"]["elapsed"].as_str().expect("text").contains("second"), "{report}");
        assert!(report["service"]["mem_rss"].as_str().expect("text").ends_with(" MB"), "{report}");
        assert_eq!(report["service"]["startup"].as_str().expect("text").len(), 19);
    }

    async fn without_a_redis_what_stands_in_its_place_is_described(server: &Server) {
        let report = server.admin().await.get("/api/v1/monitors/redis").await.ok()["data"].take();
        assert_redis(&report);
        assert_eq!(report["info"]["redis_version"], "embedded");
    }

    async fn each_route_asks_for_its_code(server: &Server) {
        let member = server.member(&["monitor:server:list"]).await;
        member.get("/api/v1/monitors/server").await.ok();
        member.get("/api/v1/monitors/redis").await.refused(403);
        for path in ["/api/v1/monitors/server", "/api/v1/monitors/redis"] {
            server.anonymous().get(path).await.refused(401);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_is_asked_itself_and_one_that_is_gone_is_no_fault_of_ours() {
    let url = std::env::var(REDIS_VARIABLE)
        .unwrap_or_else(|_| panic!("{REDIS_VARIABLE} is not set: cargo xtask test starts a Redis and sets it"));
    let server = Server::start_with(&[("APP__REDIS__URL", &url)]).await;
    let report = server.admin().await.get("/api/v1/monitors/redis").await.ok()["data"].take();
    assert_redis(&report);
    assert!(
        report["info"]["redis_version"].as_str().expect("text").starts_with(|c: char| c.is_ascii_digit()),
        "{report}"
    );
    assert!(report["stats"].as_array().expect("a list").iter().any(|stat| stat["name"] == "info"), "{report}");

    let server = Server::start_with(&[("APP__REDIS__URL", "redis://127.0.0.1:1/0")]).await;
    server.admin().await.get("/api/v1/monitors/redis").await.refused(503);
}
