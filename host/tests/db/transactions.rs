//! Transactions happen whole or not at all, whatever their owner does.

use crate::harness::eventually;
use crate::on_both;
use backplane::db::{Limits, PluginDatabase, Pool};
use plugin_api::db::{Database, DbErrorKind};
use std::sync::Arc;
use std::time::Duration;

async fn table(db: &Database) {
    db.query("CREATE TABLE t (id INTEGER PRIMARY KEY)").execute().await.expect("creates");
}

async fn count(db: &Database) -> i64 {
    db.query("SELECT count(*) FROM t").fetch_scalar().await.expect("counts")
}

on_both! {
    async fn commits_stay_and_the_rest_goes(pool: Pool) {
        let db = pool.database();
        table(&db).await;
        let tx = db.begin().await.expect("begins");
        tx.query("INSERT INTO t VALUES (1)").execute().await.expect("inserts");
        assert_eq!(tx.query("SELECT count(*) FROM t").fetch_scalar::<i64>().await, Ok(1));
        tx.commit().await.expect("commits");
        let tx = db.begin().await.expect("begins");
        tx.query("INSERT INTO t VALUES (2)").execute().await.expect("inserts");
        tx.rollback().await.expect("rolls back");
        let tx = db.begin().await.expect("begins");
        tx.query("INSERT INTO t VALUES (3)").execute().await.expect("inserts");
        drop(tx);
        // The next writer waits for the one that is being rolled back.
        db.query("INSERT INTO t VALUES (3)").execute().await.expect("inserts");
        assert_eq!(count(&db).await, 2);
    }

    async fn a_failed_statement_ends_its_transaction(pool: Pool) {
        let db = pool.database();
        table(&db).await;
        let tx = db.begin().await.expect("begins");
        tx.query("INSERT INTO t VALUES (1)").execute().await.expect("inserts");
        let error = tx.query("INSERT INTO t VALUES (1)").execute().await.expect_err("twice");
        assert_eq!(error.kind, DbErrorKind::Unique);
        let error = tx.query("INSERT INTO t VALUES (2)").execute().await.expect_err("ended");
        assert_eq!(error.kind, DbErrorKind::TransactionEnded);
        assert_eq!(tx.commit().await.expect_err("ended").kind, DbErrorKind::TransactionEnded);
        assert_eq!(count(&db).await, 0);
    }

    async fn idle_ones_are_rolled_back(pool: Pool) {
        let limits = Limits { transaction_idle: Duration::from_millis(200), ..Limits::PLUGIN };
        let service = PluginDatabase::new(&pool, limits);
        let db = Database::new(Arc::new(service.clone()));
        table(&db).await;
        let idle = db.begin().await.expect("begins");
        idle.query("INSERT INTO t VALUES (1)").execute().await.expect("inserts");
        eventually("the idle transaction is gone", async || service.open_transactions() == 0).await;
        let error = idle.query("SELECT 1").execute().await.expect_err("ended");
        assert_eq!(error.kind, DbErrorKind::TransactionEnded);
        assert_eq!(count(&db).await, 0);
        // And again: the sweeper looks after later ones, too.
        let busy = db.begin().await.expect("begins");
        for id in 0..6 {
            tokio::time::sleep(Duration::from_millis(60)).await;
            busy.query("INSERT INTO t VALUES ($1)").bind(id).execute().await.expect("not idle");
        }
        busy.commit().await.expect("commits");
        assert_eq!(count(&db).await, 6);
    }

    async fn closing_rolls_back_and_refuses(pool: Pool) {
        let service = PluginDatabase::new(&pool, Limits::PLUGIN);
        let db = Database::new(Arc::new(service.clone()));
        table(&db).await;
        let tx = db.begin().await.expect("begins");
        tx.query("INSERT INTO t VALUES (1)").execute().await.expect("inserts");
        service.close().await;
        assert_eq!(tx.commit().await.expect_err("ended").kind, DbErrorKind::TransactionEnded);
        assert_eq!(db.begin().await.expect_err("closed").kind, DbErrorKind::Unavailable);
        assert_eq!(db.query("SELECT 1").execute().await.expect_err("closed").kind, DbErrorKind::Unavailable);
        assert_eq!(count(&pool.database()).await, 0, "the server's own database goes on");
    }

    async fn writers_queue_up(pool: Pool) {
        let db = pool.database();
        db.query("CREATE TABLE n (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)").execute().await.expect("creates");
        db.query("INSERT INTO n VALUES (1, 0)").execute().await.expect("inserts");
        let add = async |db: Database| {
            let tx = db.begin().await?;
            // The lock that SQLite's transactions have from their start.
            if db.dialect() == plugin_api::db::Dialect::Postgres {
                tx.query("SELECT n FROM n FOR UPDATE").execute().await?;
            }
            let n: i64 = tx.query("SELECT n FROM n").fetch_scalar().await?;
            tx.query("UPDATE n SET n = $1").bind(n + 1).execute().await?;
            tx.commit().await
        };
        let tasks: Vec<_> = (0..100).map(|_| tokio::spawn(add(db.clone()))).collect();
        for task in tasks {
            task.await.expect("joins").expect("adds");
        }
        assert_eq!(db.query("SELECT n FROM n").fetch_scalar::<i64>().await, Ok(100));
    }

    async fn begins_that_nobody_waits_for_are_taken_back(pool: Pool) {
        let service = PluginDatabase::new(&pool, Limits::PLUGIN);
        let db = Database::new(Arc::new(service.clone()));
        for _ in 0..50 {
            let _dropped = futures_util::future::poll_immediate(db.begin()).await;
        }
        // Each of them holds a place until it has begun and is taken back.
        eventually("another one begins", async || match db.begin().await {
            Ok(tx) => tx.commit().await.is_ok(),
            Err(_) => false,
        })
        .await;
        eventually("no transaction is open", async || service.open_transactions() == 0).await;
    }
}
