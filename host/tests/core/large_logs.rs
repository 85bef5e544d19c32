//! Logs of a million entries: every list goes by an index, and finds what a naive statement finds.
//! Times are told, not asserted: another machine has others.

use crate::server::{Answer, Role, Server, eventually, with_postgres_and};
use backplane::db::Pool;
use plugin_api::db::{Database, Dialect};
use reqwest::Method;
use std::collections::BTreeSet;
use std::time::Instant;

/// Ids of the entries; the server's own have those before, and those that come after.
const FIRST: i64 = 1_001;
const LAST: i64 = 1_001_000;
/// A statement has a minute; so many rows take some seconds.
const ENTRIES_AT_ONCE: i64 = 250_000;
const PARTS: i64 = (LAST - FIRST + 1) / ENTRIES_AT_ONCE;
/// Has the server write every statement into its log.
const STATEMENTS: (&str, &str) = ("APP__LOG__LEVEL", "info,backplane::db=trace");

/// Rows as wide as people's.
const AGENT: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0";

/// A log: its route, its table, and the columns that a row needs beside those that are filtered by.
struct Log {
    route: &'static str,
    table: &'static str,
    columns: &'static str,
    values: &'static str,
}

const LOGS: [Log; 2] = [
    Log {
        route: "/api/v1/logs/opera",
        table: "sys_opera_log",
        columns: "trace_id, method, title, path, code, cost_time, opera_time, created_time",
        values: "'x', 'GET', 'x', '/x', '200', 1.5, 0, 0",
    },
    Log {
        route: "/api/v1/logs/login",
        table: "sys_login_log",
        columns: "user_uuid, msg, login_time, created_time",
        values: "'', 'Login Success', 0, 0",
    },
];

/// What is asked for, and the condition that a naive statement has for it.
const FILTERS: [(&str, &str); 9] = [
    ("", "1 = 1"),
    ("status=1", "status = 1"),
    ("status=0", "status = 0"),
    ("username=user7x", "username = 'user7x'"),
    ("username=user1", "username LIKE '%user1%'"),
    ("username=ancient", "username = 'ancient'"),
    ("username=user1&status=0", "username LIKE '%user1%' AND status = 0"),
    ("ip=192.0.2.77", "ip LIKE '%192.0.2.77%'"),
    ("username=user&ip=192.0.2.7&status=1", "username LIKE '%user%' AND ip LIKE '%192.0.2.7%' AND status = 1"),
];

/// A page in the middle, one near the end, and where a cursor goes on.
const PLACES: [&str; 4] = ["page=1", "page=400", "page=2000", "cursor=0000000000061a80"];

/// Fills a table: fifty names, some hundred addresses, one name that has only the oldest entries.
async fn fill(database: &Database, log: &Log) {
    if database.dialect() == Dialect::Postgres {
        let next = format!("SELECT setval(pg_get_serial_sequence('{}', 'id'), {LAST})", log.table);
        database.query(next).execute().await.expect("the next id");
    }
    // The last ones first: on SQLite that alone sets the next id.
    for part in (0..PARTS).rev() {
        let first = FIRST + part * ENTRIES_AT_ONCE;
        let last = first + ENTRIES_AT_ONCE - 1;
        let numbers = match database.dialect() {
            Dialect::Sqlite => {
                format!(
                    "WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) \
                     INSERT INTO"
                )
            }
            Dialect::Postgres => {
                format!("WITH n AS (SELECT generate_series({first}::bigint, {last}::bigint) AS i) INSERT INTO")
            }
        };
        let sql = format!(
            "{numbers} {} (id, username, ip, status, user_agent, {}) SELECT i, CASE WHEN i < 2000 THEN 'ancient' ELSE 'user' || \
             (i % 50) || 'x' END, '192.0.2.' || (i / 50 % 300), CASE WHEN i % 20 = 0 THEN 0 ELSE 1 END, '{AGENT}', {} FROM n",
            log.table, log.columns, log.values
        );
        database.query(sql).execute().await.expect("rows");
    }
    if database.dialect() == Dialect::Postgres {
        eventually("every page is known to be visible to all", async || vacuumed(database, log.table).await).await;
    }
}

/// Does what its daemon does sooner or later; false if somebody still looked at the table as it was.
async fn vacuumed(database: &Database, table: &str) -> bool {
    database.query(format!("VACUUM ANALYZE {table}")).execute().await.expect("vacuumed");
    let sql = "SELECT relallvisible >= relpages - 1 FROM pg_class WHERE relname = $1";
    database.query(sql).bind(table).fetch_scalar().await.expect("a table")
}

/// The ids of a list, asked for twice: the second time is told.
async fn ids(admin: &Role, address: &str) -> Vec<i64> {
    admin.get(address).await.ok();
    let began = Instant::now();
    let list = admin.get(address).await.ok();
    eprintln!("{:6.1} ms {address}", began.elapsed().as_secs_f64() * 1_000.0);
    list["data"]["items"].as_array().expect("items").iter().map(|item| item["id"].as_i64().expect("an id")).collect()
}

/// What a list must have; entries of this test's own requests, which have come since, aside.
async fn expected(database: &Database, log: &Log, condition: &str, place: &str) -> Vec<i64> {
    let (before, offset) = match place.split_once('=') {
        Some(("page", page)) => (LAST + 1, (page.parse::<i64>().expect("a number") - 1) * 20),
        Some((_, cursor)) => (i64::from_str_radix(cursor, 16).expect("hex"), 0),
        None => unreachable!("places are pages or cursors"),
    };
    let sql = format!(
        "SELECT id FROM {} WHERE {condition} AND id < {before} ORDER BY id DESC LIMIT 20 OFFSET {offset}",
        log.table
    );
    database.query(sql).fetch_all().await.expect("ids")
}

/// The statements about `table` in the server's log that read.
/// How the count of all entries begins.
const TOTAL: &str = "SELECT (SELECT COUNT(*)";

fn statements(server: &Server, table: &str) -> BTreeSet<String> {
    let read = |line: &str| {
        let (_, quoted) = line.split_once("sql=")?;
        let sql: String = serde_json::Deserializer::from_str(quoted).into_iter().next()?.ok()?;
        // On PostgreSQL a comment comes first.
        let first = sql.rsplit_once("*/").map_or(sql.as_str(), |(_, sql)| sql).split(' ').next()?;
        let reads = ["SELECT", "WITH"].contains(&first) && sql.contains(table);
        reads.then_some(sql)
    };
    server.log().lines().filter_map(read).collect()
}

/// How the database would run a statement, whatever its parameters are.
async fn plan(database: &Database, sql: &str) -> Vec<String> {
    if database.dialect() == Dialect::Sqlite {
        let steps: Vec<(i64, i64, i64, String)> =
            database.query(format!("EXPLAIN QUERY PLAN {sql}")).fetch_all().await.expect("a plan");
        return steps.into_iter().map(|(.., detail)| detail).collect();
    }
    let parameters = (1..).take_while(|number| sql.contains(&format!("${number}"))).count();
    let nulls = vec!["NULL"; parameters].join(", ");
    let execute = if nulls.is_empty() { "EXECUTE looked_at".to_owned() } else { format!("EXECUTE looked_at({nulls})") };
    let transaction = database.begin().await.expect("a transaction");
    for step in ["SET LOCAL plan_cache_mode = force_generic_plan", &format!("PREPARE looked_at AS {sql}")] {
        transaction.query(step).execute().await.expect("prepared");
    }
    let steps = transaction.query(format!("EXPLAIN {execute}")).fetch_all().await.expect("a plan");
    transaction.query("DEALLOCATE looked_at").execute().await.expect("forgotten");
    transaction.rollback().await.expect("rolled back");
    steps
}

fn reads_whole_table(step: &str, table: &str) -> bool {
    step.contains(&format!("Seq Scan on {table}"))
        || (step.starts_with(&format!("SCAN {table}")) && !step.contains("USING"))
}

async fn check(server: &Server) {
    let admin = server.admin().await;
    let pool: Pool = server.pool().await;
    let database = pool.database();
    for log in &LOGS {
        fill(&database, log).await;
        for (filter, condition) in FILTERS {
            for place in PLACES {
                let found = ids(&admin, &format!("{}?{filter}&{place}", log.route)).await;
                let expected = expected(&database, log, condition, place).await;
                // The requests of this test push the entries of the others onto later pages.
                let moves = !filter.contains("username") && !filter.contains("ip") && place.starts_with("page");
                assert!(moves || found == expected, "{filter} {place}: {found:?} {expected:?}");
                assert!(found.is_sorted_by(|a, b| a > b), "{filter} {place}: {found:?}");
                assert_eq!(found.len(), expected.len(), "{filter} {place}");
            }
        }
        let last = ids(&admin, &format!("{}?page=50000", log.route)).await;
        assert_eq!(last.len(), 20);
        let statements = statements(server, log.table);
        assert!(statements.len() > 20, "{statements:#?}");
        for sql in statements {
            let plan = plan(&database, &sql).await;
            // Whoever counts everything reads everything; how, PostgreSQL decides by what it has vacuumed.
            if database.dialect() == Dialect::Postgres && sql.contains(TOTAL) {
                continue;
            }
            assert!(!plan.iter().any(|step| reads_whole_table(step, log.table)), "{sql}: {plan:#?}");
        }
        let began = Instant::now();
        let clear = admin.request(Method::DELETE, &format!("{}/all", log.route));
        let (cleared, read) = tokio::join!(Answer::of(clear), admin.get(log.route));
        eprintln!("{:6.1} ms to clear {}", began.elapsed().as_secs_f64() * 1_000.0, log.route);
        cleared.ok();
        read.ok();
        assert!(admin.get(log.route).await.ok()["data"]["total"].as_i64().expect("a number") < 1_000);
    }
    pool.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_a_million_entries_go_by_an_index_on_sqlite() {
    check(&Server::start_with(&[STATEMENTS]).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_of_a_million_entries_go_by_an_index_on_postgres() {
    with_postgres_and(&[STATEMENTS], async |server| check(server).await).await;
}
