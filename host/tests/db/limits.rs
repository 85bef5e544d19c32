//! A plugin takes no more of the database than it may, and mistakes don't reach the pool.

use crate::on_both;
use backplane::db::{Limits, PluginDatabase, Pool};
use plugin_api::db::{Database, DbErrorKind, Dialect};
use std::sync::Arc;
use std::time::{Duration, Instant};

const NUMBERS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) SELECT i FROM n";
const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT 1 FROM n) SELECT count(*) FROM n";

fn limited(pool: &Pool, limits: Limits) -> Database {
    Database::new(Arc::new(PluginDatabase::new(pool, limits)))
}

on_both! {
    async fn answers_have_a_size(pool: Pool) {
        let db = limited(&pool, Limits { result_bytes_max: 64 << 10, ..Limits::PLUGIN });
        for _ in 0..20 {
            let error = db.query(NUMBERS).bind(1_000_000).rows().await.expect_err("too large");
            assert_eq!(error.kind, DbErrorKind::TooLarge);
        }
        assert_eq!(db.query(NUMBERS).bind(1_000).fetch_all::<i64>().await.expect("fits").len(), 1_000);
    }

    async fn statements_have_a_deadline(pool: Pool) {
        let db = limited(&pool, Limits { statement_deadline: Duration::from_millis(100), ..Limits::PLUGIN });
        let endless = if pool.database().dialect() == Dialect::Sqlite { ENDLESS } else { "SELECT pg_sleep(60)" };
        let begun = Instant::now();
        // More of them than there are connections.
        for _ in 0..20 {
            let error = db.query(endless).rows().await.expect_err("endless");
            assert_eq!((error.kind, error.message.as_str()), (DbErrorKind::Timeout, "the statement ran longer than 100 ms"));
        }
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        assert_eq!(db.query("SELECT 1").fetch_scalar::<i64>().await, Ok(1));
        let tx = db.begin().await.expect("begins");
        assert_eq!(tx.query(endless).rows().await.expect_err("endless").kind, DbErrorKind::Timeout);
        assert_eq!(tx.commit().await.expect_err("ended").kind, DbErrorKind::TransactionEnded);
        let tx = db.begin().await.expect("the writer's place is free again");
        tx.rollback().await.expect("rolls back");
    }

    async fn transactions_have_a_number(pool: Pool) {
        let db = limited(&pool, Limits { transactions_max: 1, ..Limits::PLUGIN });
        let first = db.begin().await.expect("begins");
        let error = db.begin().await.expect_err("one is open");
        assert_eq!(error.kind, DbErrorKind::Refused);
        first.commit().await.expect("commits");
        db.begin().await.expect("begins again").commit().await.expect("commits");
    }

    async fn transaction_commands_are_refused(pool: Pool) {
        let db = limited(&pool, Limits::PLUGIN);
        let error = db.query("BEGIN").execute().await.expect_err("refused");
        assert_eq!(error.message, "BEGIN is not run as a statement; call begin() on the database");
        let error = db.query("SELECT 1; COMMIT").execute().await.expect_err("refused");
        assert_eq!(error.kind, DbErrorKind::Refused);
    }
}

/// A commit that was acknowledged is on the disk: the machine may lose its power right after it.
#[tokio::test]
async fn a_file_is_written_durably() {
    crate::harness::with_sqlite(async |pool| {
        let synchronous: i64 = pool.database().query("PRAGMA synchronous").fetch_scalar().await.expect("a number");
        assert_eq!(synchronous, 2, "FULL");
    })
    .await;
}
