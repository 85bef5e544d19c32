//! What goes into the database comes out of it, alike on both.

use crate::on_both;
use backplane::db::{OpenError, Pool};
use plugin_api::db::{DbErrorKind, Executor, Value};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

const TABLE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, n BIGINT, small SMALLINT, ratio DOUBLE PRECISION, name VARCHAR(64) UNIQUE, \
                     shown BOOLEAN, note TEXT NOT NULL DEFAULT '')";

#[derive(Debug, PartialEq, serde::Deserialize)]
struct Row {
    id: i64,
    n: Option<i64>,
    small: Option<i16>,
    ratio: Option<f64>,
    name: Option<String>,
    shown: Option<bool>,
}

const INSERT: &str = "INSERT INTO t (id, n, small, ratio, name, shown) VALUES ($1, $2, $3, $4, $5, $6)";

on_both! {
    async fn values_come_back_as_they_were(pool: Pool) {
        let db = pool.database();
        db.query(TABLE).execute().await.expect("creates");
        // NULL first: the statement is then remembered with other types than the second call has.
        for (id, given) in [(1, None), (2, Some(7)), (3, None), (4, Some(-1))] {
            let text = given.map(|n| format!("n{n}"));
            let done = db
                .query(INSERT)
                .bind(id)
                .bind(given)
                .bind(given)
                .bind(given.map(|_| 0.25))
                .bind(text)
                .bind(given.map(|n| n > 0))
                .execute()
                .await;
            assert_eq!(done, Ok(1), "row {id}");
        }
        let rows: Vec<Row> = db.query("SELECT * FROM t WHERE id = $1 OR id = $2 ORDER BY id").bind(1).bind(2).fetch_all().await.expect("selects");
        let empty = Row { id: 1, n: None, small: None, ratio: None, name: None, shown: None };
        let full = Row { id: 2, n: Some(7), small: Some(7), ratio: Some(0.25), name: Some("n7".to_owned()), shown: Some(true) };
        assert_eq!(rows, [empty, full]);
        let raw = db.query("SELECT shown, small FROM t WHERE id = $1").bind(4).rows().await.expect("selects");
        let row = raw.iter().next().expect("one").expect("decodes");
        assert_eq!(row.value("shown").expect("there").to_value(), Value::Bool(false));
        assert_eq!(db.query("SELECT count(*) FROM t WHERE name IS NULL").fetch_scalar::<i64>().await, Ok(2));
        assert_eq!(db.query("SELECT sum(n) FROM t").fetch_scalar::<i64>().await, Ok(6));
        assert_eq!(db.query("UPDATE t SET note = $1").bind("x").execute().await, Ok(4));
        assert_eq!(db.query("SELECT id FROM t WHERE id = 99").fetch_optional::<i64>().await, Ok(None));
        let missing = db.query("SELECT id FROM t WHERE id = 99").fetch_one::<i64>().await.expect_err("none");
        assert_eq!(missing.kind, DbErrorKind::RowNotFound);
        let returned = db.query("INSERT INTO t (id) VALUES (50) RETURNING id, note").fetch_one::<(i64, String)>().await;
        assert_eq!(returned, Ok((50, String::new())));
    }

    async fn violations_are_told_apart(pool: Pool) {
        let db = pool.database();
        db.query("CREATE TABLE p (id INTEGER PRIMARY KEY, name TEXT UNIQUE)").execute().await.expect("creates");
        let child = "CREATE TABLE c (p INTEGER NOT NULL REFERENCES p (id), n INTEGER CHECK (n < 5))";
        db.query(child).execute().await.expect("creates");
        db.query("INSERT INTO p VALUES (1, 'a')").execute().await.expect("inserts");
        for (sql, kind) in [
            ("INSERT INTO p VALUES (1, 'b')", DbErrorKind::Unique),
            ("INSERT INTO p VALUES (2, 'a')", DbErrorKind::Unique),
            ("INSERT INTO c VALUES (2, 1)", DbErrorKind::ForeignKey),
            ("INSERT INTO c VALUES (NULL, 1)", DbErrorKind::NotNull),
            ("INSERT INTO c VALUES (1, 7)", DbErrorKind::Check),
            ("SELECT nothing FROM p", DbErrorKind::Other),
        ] {
            assert_eq!(db.query(sql).execute().await.expect_err(sql).kind, kind, "{sql}");
        }
    }

    async fn a_new_column_is_seen_by_statements_of_before(pool: Pool) {
        let db = pool.database();
        db.query("CREATE TABLE w (id INTEGER)").execute().await.expect("creates");
        db.query("INSERT INTO w VALUES (1)").execute().await.expect("inserts");
        let columns = async || {
            let rows = db.query("SELECT * FROM w").rows().await.expect("selects");
            rows.columns().to_vec()
        };
        // On every connection that may come next.
        let first = futures_util::future::join_all((0..32).map(|_| columns())).await;
        assert!(first.iter().all(|names| names == &["id"]));
        let migrator = backplane::db::migrate::PluginMigrator::on_scratch(&pool, "w");
        let spec = crate::migrations::spec(1, "widen", "ALTER TABLE w ADD COLUMN name TEXT", "ALTER TABLE w DROP COLUMN name");
        migrator.apply(&[spec]).await.expect("applies");
        let then = futures_util::future::join_all((0..32).map(|_| columns())).await;
        assert!(then.iter().all(|names| names == &["id", "name"]), "{then:?}");
    }

    async fn statements_of_sea_query_run(pool: Pool) {
        use sea_query::{Expr, ExprTrait, Order, Query};
        let db = pool.database();
        db.query(TABLE).execute().await.expect("creates");
        let mut insert = Query::insert();
        insert.into_table("t").columns(["id", "name", "shown"]);
        insert.values_panic([1.into(), "it's".into(), true.into()]).values_panic([2.into(), None::<String>.into(), false.into()]);
        assert_eq!(db.statement(&insert).execute().await, Ok(2));
        let mut select = Query::select();
        select.columns(["id", "name"]).from("t").and_where(Expr::col("shown").eq(true)).order_by("id", Order::Asc).limit(10);
        let rows: Vec<(i64, Option<String>)> = db.statement(&select).fetch_all().await.expect("selects");
        assert_eq!(rows, [(1, Some("it's".to_owned()))]);
    }

    async fn futures_may_be_polled_on_any_thread(pool: Pool) {
        let answered = std::thread::spawn(move || block_on(pool.query(0, "SELECT 1", Vec::new())));
        let answered = tokio::task::spawn_blocking(|| answered.join()).await.expect("joins").expect("no panic");
        assert!(answered.is_ok(), "{answered:?}");
    }

    async fn dropped_statements_cost_nothing(pool: Pool) {
        let db = pool.database();
        db.query(TABLE).execute().await.expect("creates");
        for id in 0..100 {
            // Polled once, then dropped.
            let statement = db.query("INSERT INTO t (id) VALUES ($1)").bind(id).execute();
            let _dropped = futures_util::future::poll_immediate(statement).await;
        }
        crate::harness::eventually("every insert ends", async || {
            db.query("SELECT count(*) FROM t").fetch_scalar::<i64>().await == Ok(100)
        })
        .await;
    }
}

/// Polls on this thread, which knows no runtime.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[tokio::test]
async fn the_types_of_postgres_are_carried_or_named() {
    crate::harness::with_postgres(async |pool| {
        let db = pool.database();
        let sql = "SELECT 1.50::numeric AS a, '00000000-0000-0000-0000-000000000001'::uuid AS b, '{\"x\": 1}'::jsonb AS c, \
                   '1970-01-01 00:00:01.5Z'::timestamptz AS d, 'q'::char(1) AS e, '{\"y\":2}'::json AS f, 2.5::real AS g, \
                   '\\x0102'::bytea AS h, 7::smallint AS i";
        let rows = db.query(sql).rows().await.expect("selects");
        let row = rows.iter().next().expect("one").expect("decodes");
        let values: Vec<Value> = row.values().iter().map(|value| value.to_value()).collect();
        let expected: [Value; 9] = [
            "1.50".into(),
            "00000000-0000-0000-0000-000000000001".into(),
            "{\"x\": 1}".into(),
            1_500.into(),
            "q".into(),
            "{\"y\":2}".into(),
            2.5.into(),
            vec![1u8, 2].into(),
            7.into(),
        ];
        assert_eq!(values, expected);
        let error = db.query("SELECT '1 day'::interval AS wait").rows().await.expect_err("not carried");
        assert_eq!(error.message, "column wait is of type INTERVAL, which is not carried; select wait::text");
        let given = db.query("SELECT $1::text::timestamptz, $2::text::uuid").bind("1970-01-01 00:00:02Z").bind("00000000-0000-0000-0000-000000000002");
        assert_eq!(given.fetch_one().await, Ok((2_000, "00000000-0000-0000-0000-000000000002".to_owned())));
    })
    .await;
}

#[tokio::test]
async fn urls_are_refused_by_name() {
    let error = Pool::open("mysql://x").await.map(drop).expect_err("unknown");
    assert!(matches!(&error, OpenError::UnknownScheme { scheme } if scheme == "mysql"), "{error}");
    let error = Pool::open("postgres://u:secret@127.0.0.1:1/x").await.map(drop).expect_err("nobody listens");
    assert_eq!(error.to_string(), "connect to PostgreSQL at 127.0.0.1:1");
    let error = Pool::open("sqlite:///proc/nothing/here.db").await.map(drop).expect_err("no folder there");
    assert!(matches!(error, OpenError::Folder { .. }), "{error}");
}
